import { describe, expect, it } from 'vitest'

import type { Suspicion } from '@/api/types'
import { batchesOf, shown } from '@/suspicions/suspicions'

const odd = (sort: Suspicion['sort'], ...batches: string[]): Suspicion => ({
  sort,
  about: [],
  batches,
  zh: '',
  en: '',
  rests_on: [],
})
const TWICE = odd('two_places', 'b-2', 'b-1')
const BURST = odd('burst', 'b-1')

describe('suspicions', () => {
  it('are shown by sort and by each batch that they tell of', () => {
    expect(shown([TWICE, BURST], 'all', '')).toEqual([TWICE, BURST])
    expect(shown([TWICE, BURST], 'burst', '')).toEqual([BURST])
    expect(shown([TWICE, BURST], 'all', 'b-2')).toEqual([TWICE])
    expect(shown([TWICE, BURST], 'burst', 'b-2')).toEqual([])
    expect(batchesOf([TWICE, BURST])).toEqual(['b-1', 'b-2'])
  })
})
