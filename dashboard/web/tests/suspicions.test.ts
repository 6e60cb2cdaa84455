import { afterEach, describe, expect, it } from 'vitest'

import { account } from '@/access/account'
import type { Account, Role, Suspicion } from '@/api/types'
import { batchesOf, mayLook, shown } from '@/suspicions/suspicions'

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

describe('the page of suspicions', () => {
  afterEach(() => {
    account.value = null
  })

  it('is for who looks into them, and may see cases', () => {
    const as = (role: Role, may: Account['may']): boolean => {
      account.value = { role, may } as Account
      return mayLook.value
    }
    for (const role of ['city_officer', 'city_supervisor', 'county_supervisor', 'auditor'] as const) {
      expect(as(role, ['cases'])).toBe(true)
      expect(as(role, [])).toBe(false)
    }
    expect(as('site_operator', ['cases'])).toBe(false)
  })
})
