import { describe, expect, it } from 'vitest'

import { filmAddress } from '@/api/client'
import type { Act, Found, FoundStay, SeenSpan } from '@/api/types'
import { choices, emptyWish, isEmpty, missing, partsOf, playFrom, questions, totals, wantsPurpose, withheld } from '@/retrieval/retrieval'

const SEEN: SeenSpan = {
  start: '2026-05-01T01:00:00.000Z',
  end: '2026-05-01T01:01:40.000Z',
  verdict: 'fail',
  zh: '',
  en: '',
  covered: [
    { start: '2026-05-01T01:00:00.000Z', end: '2026-05-01T01:00:25.000Z', seconds: 25 },
    { start: '2026-05-01T01:00:50.000Z', end: '2026-05-01T01:01:40.000Z', seconds: 50 },
  ],
  gaps: [{ start: '2026-05-01T01:00:25.000Z', end: '2026-05-01T01:00:50.000Z', seconds: 25, cause: 'no_data', cameras: [] }],
  unusable: [{ start: '2026-05-01T01:01:30.000Z', end: '2026-05-01T01:01:40.000Z', seconds: 10 }],
}

const STAY: FoundStay = {
  batch: 'b-1',
  project: '',
  sitting: 1,
  candidate: 'T001',
  subject: '实操',
  superseded: false,
  site: 's',
  site_name: '',
  site_now: '',
  county: '',
  room: 'A',
  room_name: '',
  room_now: '',
  station: 'A01',
  cameras: ['c1'],
  window: { start: '2026-05-01T00:50:00.000Z', end: '2026-05-01T01:10:00.000Z' },
  verdict: 'fail',
  spans: [SEEN],
  closed: null,
  kept_until: '2029-05-01T16:00:00.000Z',
  held: false,
  disposal: null,
  watch: 'now',
  save: 'now',
  says_why: false,
}

const FOUND: Found = { by: 'place', made: SEEN.start, people: [], stays: [], left_off: 0, may_ask: true }

function allowed(...acts: Act[]): (act: Act) => boolean {
  return (act) => acts.includes(act)
}

describe('what may be looked for', () => {
  it('is nothing by certificate, name or document for whom these are not shown', () => {
    expect(choices(allowed())).toEqual(['ticket', 'place'])
    expect(choices(allowed('roster'))).toEqual(['ticket', 'name', 'number', 'place'])
    expect(choices(allowed('certificates', 'roster'))[0]).toBe('either')
  })

  it('says what is wanting before anything is asked', () => {
    const wish = emptyWish()
    expect(missing(wish)).toBe('text')
    expect(missing({ ...wish, text: '  ' })).toBe('text')
    expect(missing({ ...wish, text: '00017' })).toBeNull()
    expect(missing({ ...wish, by: 'name', text: '考生甲' })).toBe('batch')
    expect(missing({ ...wish, by: 'name', text: '考生甲', batch: 'b-1' })).toBeNull()
    expect(missing({ ...wish, by: 'place', station: 'A01' })).toBe('place')
    expect(missing({ ...wish, by: 'place', at: '2026-05-01T09:00' })).toBe('place')
    expect(missing({ ...wish, by: 'place', at: '2026-05-01T09:00', station: 'A01' })).toBeNull()
    expect(missing({ ...wish, by: 'place', batch: 'b-1' })).toBeNull()
  })

  it('is a certificate first and then a ticket, and never both at once', () => {
    const wish = { ...emptyWish(), text: ' 00017 ', batch: ' b-1 ', at: '2026-05-01T09:00:05' }
    const places = { batch: 'b-1', at: '2026-05-01T01:00:05.000Z' }
    expect(questions(wish)).toEqual([{ ...places, certificate: '00017' }, { ...places, ticket: '00017' }])
    expect(questions({ ...wish, by: 'number' })).toEqual([{ ...places, number: '00017' }])
    expect(questions({ ...wish, by: 'place' })).toEqual([places])
  })
})

describe('what was found', () => {
  it('is laid out as shares of its span that add up', () => {
    const parts = partsOf(SEEN)
    expect(parts.map(({ kind, cause, left, width }) => [kind, cause, left, width])).toEqual([
      ['covered', null, 0, 25],
      ['covered', null, 50, 50],
      ['gap', 'no_data', 25, 25],
      ['unusable', null, 90, 10],
    ])
    expect(totals(SEEN)).toEqual({ covered: 75, missing: 25 })
    expect(partsOf({ ...SEEN, covered: [], gaps: [], unusable: [] })).toEqual([])
  })

  it('is played from the instant that was asked for, if it lies inside', () => {
    expect(playFrom(STAY, '2026-05-01T01:00:30.000Z')).toBe('2026-05-01T01:00:30.000Z')
    expect(playFrom(STAY, SEEN.end)).toBe(SEEN.start)
    expect(playFrom(STAY, undefined)).toBe(SEEN.start)
    expect(playFrom({ ...STAY, spans: [] }, undefined)).toBe(STAY.window.start)
  })

  it('asks for a purpose only of who has to say one and may save', () => {
    expect(wantsPurpose({ ...FOUND, stays: [STAY] })).toBe(false)
    expect(wantsPurpose({ ...FOUND, stays: [{ ...STAY, says_why: true }] })).toBe(true)
    expect(wantsPurpose({ ...FOUND, stays: [{ ...STAY, says_why: true, save: 'once_closed' }] })).toBe(false)
    expect(isEmpty(FOUND)).toBe(true)
    expect(isEmpty({ ...FOUND, stays: [STAY] })).toBe(false)
    expect((['now', 'never', 'once_closed', 'disposed', 'no_footage'] as const).map(withheld)).toEqual([
      null,
      null,
      'once_closed',
      'disposed',
      'no_footage',
    ])
  })

  it('has films whose address says for what they are saved', () => {
    expect(filmAddress('b 1', 'c/1', SEEN.start, SEEN.end)).toBe(
      '/api/v1/batches/b%201/cameras/c%2F1/film.mp4?start=2026-05-01T01%3A00%3A00.000Z&end=2026-05-01T01%3A01%3A40.000Z',
    )
    expect(filmAddress('b', 'c', SEEN.start, SEEN.end, ' 复核成绩 ')).toContain('&purpose=%E5%A4%8D')
  })
})
