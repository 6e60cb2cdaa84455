import { describe, expect, it } from 'vitest'

import type { Disposal } from '@/api/types'
import { personOf, sizeText, waitsFor } from '@/disposals/disposals'

const PROPOSED: Disposal = {
  number: 7,
  state: 'proposed',
  proposed: '2029-06-01T01:00:00.000Z',
  who: 'account:chen',
  reason: '保管期已满',
  digest: 'd'.repeat(64),
  lapses: '2029-07-01T01:00:00.000Z',
  batches: ['2026-0501'],
  decisions: [],
}
const once: Disposal = {
  ...PROPOSED,
  state: 'approved_once',
  decisions: [{ what: 'approved', at: PROPOSED.proposed, who: 'account:wu', role: 'city_supervisor', reason: '' }],
}

describe('a disposal list', () => {
  it('waits for everybody who may approve but who proposed it', () => {
    expect(waitsFor(PROPOSED, 'chen', 'city_officer')).toBe(false)
    expect(waitsFor(PROPOSED, 'liu', 'city_officer')).toBe(true)
    expect(waitsFor({ ...PROPOSED, who: 'local:root' }, 'chen', 'city_officer')).toBe(true)
  })
  it('waits for the other side once one has approved it', () => {
    expect(waitsFor(once, 'wu', 'city_supervisor')).toBe(false)
    expect(waitsFor(once, 'ding', 'city_supervisor')).toBe(false)
    expect(waitsFor(once, 'liu', 'city_officer')).toBe(true)
  })
  it('waits for nobody once it is settled', () => {
    for (const state of ['approved_twice', 'partly', 'carried_out', 'turned_down', 'run_out', 'voided'] as const)
      expect(waitsFor({ ...PROPOSED, state }, 'liu', 'city_officer')).toBe(false)
  })
  it('names people as they are known, and the user of the host as such', () => {
    expect([personOf('account:chen'), personOf('local:root')]).toEqual(['chen', 'local:root'])
  })
  it('tells sizes as disks are sold', () => {
    expect(sizeText(999, 'zh')).toBe('999 B')
    expect(sizeText(1_800_000_000, 'zh')).toBe('1.8 GB')
    expect(sizeText(8_600_000_000_000, 'en')).toBe('8.6 TB')
    expect(sizeText(1_234_000_000_000_000, 'en')).toBe('1,234 TB')
  })
})
