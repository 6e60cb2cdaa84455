import { describe, expect, it } from 'vitest'

import type { ListedAccount, Operations, PartCheck } from '@/api/types'
import { countText, inOrder, isShort, logsIn, question, queuesOf, rateText, standingOf, troubled, widths } from '@/operations/operations'
import { operationsRefusal } from '@/operations/words'
import { fromField } from '@/pure/time'

const FOUND = {
  counted_up_to: 1000,
  stores: [{ bucket: 'kaojian' }],
  queues: {
    analysis: 3,
    look: 0,
    given_up: 0,
    store: null,
    second_store: null,
    reread: 0,
    rows_set_aside: 0,
    lost: { count: 0, within_days: 30, newest: null, places: [] },
    unseen: [],
  },
} as unknown as Operations

function with_(queues: Partial<Operations['queues']>, stores = 1): Operations {
  return { ...FOUND, stores: Array(stores).fill(FOUND.stores[0]), queues: { ...FOUND.queues, ...queues } } as Operations
}
const bad = (found: Operations) => queuesOf(found).filter((each) => each.bad).map((each) => each.name)

describe('queues', () => {
  it('that empty by themselves are never red, however long', () => {
    expect(bad(with_({ analysis: 1000, store: 1000, reread: 500 }))).toEqual([])
  })
  it('of what is lost or given up are red as soon as anything is in them', () => {
    expect(bad(with_({ given_up: 1, lost: { ...FOUND.queues.lost, count: 2 } }))).toEqual(['given_up', 'lost'])
  })
  it('that nobody can count are no zero: unread spools are red, an object store that is not set up is not', () => {
    const found = queuesOf(with_({ rows_set_aside: null }))
    expect(found.find((each) => each.name === 'rows_set_aside')).toEqual({ name: 'rows_set_aside', count: null, bad: true })
    expect(found.find((each) => each.name === 'store')).toEqual({ name: 'store', count: null, bad: false })
  })
  it('to a second store are shown only where there is one', () => {
    expect(queuesOf(FOUND).some((each) => each.name === 'second_store')).toBe(false)
    expect(queuesOf(with_({ second_store: 4 }, 2)).some((each) => each.name === 'second_store')).toBe(true)
  })
  it('say where counting stopped', () => {
    expect([countText(999, 1000), countText(1000, 1000)]).toEqual(['999', '1000+'])
  })
})

describe('checks', () => {
  it('are told of in the server’s order without those that are well', () => {
    const checks = [
      { part: 'disk', state: 'fail' },
      { part: 'tls', state: 'unknown' },
      { part: 'backup', state: 'note' },
      { part: 'clock', state: 'ok' },
    ] as PartCheck[]
    const { troubles, well, fails } = troubled(checks)
    expect([troubles.map((each) => each.part), well, fails]).toEqual([['disk', 'tls', 'backup'], 1, 1])
  })
})

describe('the forecast', () => {
  it('draws bars by the greatest, and none too thin to be seen', () => {
    expect(widths([50, 100, 0.1, 0])).toEqual([50, 100, 1, 0])
    expect(widths([0, 0])).toEqual([0, 0])
    expect(widths([])).toEqual([])
  })
  it('calls nothing short that nobody measured', () => {
    expect([isShort(10, 9), isShort(10, 10), isShort(10, null)]).toEqual([true, false, false])
  })
  it('tells rates as networks are sold', () => {
    expect([rateText(16_000_000), rateText(12_500)]).toEqual(['128 Mbit/s', '0.1 Mbit/s'])
  })
})

const ACCOUNT = { name: 'chen', role: 'city_officer', open: true, disabled: null } as ListedAccount

describe('accounts', () => {
  it('that ran out are told apart from those that somebody closed', () => {
    expect(standingOf(ACCOUNT)).toBe('open')
    expect(standingOf({ ...ACCOUNT, open: false })).toBe('ranOut')
    expect(standingOf({ ...ACCOUNT, open: false, disabled: '2026-05-01T01:00:00Z' })).toBe('closed')
  })
  it('stand in order of role and name, the closed ones last', () => {
    const of = (name: string, role: ListedAccount['role'], open = true) => ({ ...ACCOUNT, name, role, open })
    const found = inOrder([of('b', 'auditor'), of('z', 'city_administrator'), of('a', 'auditor'), of('c', 'city_officer', false)])
    expect(found.map((each) => each.name)).toEqual(['z', 'a', 'b', 'c'])
  })
  it('of programs are never logged in as', () => {
    expect([logsIn('device'), logsIn('scoring_system'), logsIn('examiner')]).toEqual([false, false, true])
  })
})

describe('a question to the records', () => {
  it('asks for nothing that was left empty', () => {
    expect(question({ who: ' ', batch: '', since: '', until: '' }, undefined, fromField)).toEqual({})
  })
  it('takes local times as those of Beijing, wherever the browser is', () => {
    const asked = question({ who: ' chen ', batch: 'SG-1', since: '2026-05-01T09:00', until: '' }, 7, fromField)
    expect(asked).toEqual({ who: 'chen', batch: 'SG-1', since: '2026-05-01T01:00:00.000Z', before: 7 })
  })
})

describe('a refusal', () => {
  it('is told by its type, and one without a word in general', () => {
    expect(operationsRefusal('urn:kaojian:problem:name-taken')).toContain('用过')
    expect(operationsRefusal('')).toBe('未能完成，请稍后再试。')
  })
})
