import { describe, expect, it } from 'vitest'

import type { CameraStatus, Day, DayCandidate, DayParcel, Readiness, ScheduledBatch } from '@/api/types'
import {
  camerasOf, current, doneAt, freeStations, mayDo, next, nextStage, reds, skipped, standing, stopping, tally, todays, unconfirmed,
} from '@/day/day'
import { instant } from '@/pure/time'

const at = (time: string, day = '2026-05-01') => `${day}T${time}:00+08:00`
const ms = (time: string) => instant(at(time))

function candidate(ticket: string, other: Partial<DayCandidate> = {}): DayCandidate {
  return {
    candidate: ticket, name: '', number: '', subjects: ['实操'], seat: 'A01', station: 'A01', present: null, signed: null, check: null,
    moved: 0, left: null, violations: [], ...other,
  }
}

function day(state: 'planned' | 'open' | 'closed', other: Partial<Day> = {}): Day {
  return {
    batch: 'b-1', project: '', site: 's-1', site_name: '', at: at('08:00'),
    sitting: {
      number: 1, state, planned_start: at('09:00'), planned_end: at('10:00'),
      actual_start: state === 'planned' ? null : at('09:00'), actual_end: state === 'closed' ? at('10:00') : null,
    },
    phases: { begin: at('08:30'), start: at('09:00'), end: at('10:00'), finish: at('10:15') },
    marks: [], rooms: [], unplaced: [], parcels: [], ...other,
  }
}

const PARCEL: DayParcel = { parcel: 'SJ-1', subject: '笔试', seal: '', copies: null, handed: [] }
const handed = (...stages: DayParcel['handed'][number]['stage'][]): DayParcel => ({
  ...PARCEL, handed: stages.map((stage) => ({ stage, at: at('08:00'), given_by: '', taken_by: '', seal: '', intact: null })),
})
const marked = (...marks: Day['marks'][number]['mark'][]): Day['marks'] => marks.map((mark) => ({ mark, at: at('08:50') }))

type Check = Readiness['checks'][number]
const check = (item: Check['item'], verdict: Check['verdict'], room = ''): Check => ({
  item, room, subject: '', verdict, zh: '', en: '', do_zh: '', do_en: '',
})

function readiness(room: Check[], whole: Check[] = [], signed: 'go' | 'outdated' | undefined = undefined): Readiness {
  return {
    batch: 'b-1', sitting: 1, site: 's-1', site_sha256: '', made: at('08:00'), trial: null, go: false, code: -2, code_zh: '', code_en: '',
    rooms: [{ room: 'A', code: -2, code_zh: '', code_en: '', checks: room }], checks: whole,
    signed: signed
      ? { number: 1, at: at('08:40'), signer: '', go: true, reason: '', digest: '', good_until: null, standing: signed as never }
      : null,
  }
}

describe('the sittings of a day', () => {
  const batch = (id: string, ...sittings: [string, 'planned' | 'open' | 'closed', string?][]): ScheduledBatch => ({
    id, project: '', site_name: '', county: '',
    sittings: sittings.map(([time, state, on], index) => ({
      number: index + 1, state, planned_start: at(time, on), planned_end: at(time, on), actual_start: null, actual_end: null, rooms: [],
    })),
  })

  it('are those of today in Shaoguan and those that still run, by their start', () => {
    const found = todays([batch('b', ['14:00', 'planned'], ['09:00', 'planned', '2026-05-02']), batch('a', ['23:00', 'open', '2026-04-30'], ['00:05', 'closed'])], ms('00:30'))
    expect(found.map((each) => `${each.batch}/${each.number}`)).toEqual(['a/1', 'a/2', 'b/1'])
  })

  it('begin with the one that runs, then the next one, then the last', () => {
    const of = (...states: ('planned' | 'open' | 'closed')[]) =>
      current(todays([batch('b', ...states.map((state, index) => [`1${index}:00`, state] as [string, typeof state]))], ms('09:00')))?.number
    expect(of('closed', 'open', 'planned')).toBe(2)
    expect(of('closed', 'planned', 'planned')).toBe(2)
    expect(of('closed', 'closed')).toBe(2)
    expect(of()).toBeUndefined()
  })
})

describe('the next step', () => {
  it('goes from the check over the papers and the rules to the start', () => {
    const papers = { parcels: [PARCEL] }
    expect(next(day('planned', papers), readiness([]), ms('08:10'))).toEqual({ step: 'check', due: ms('08:30') })
    expect(next(day('planned', papers), readiness([], [], 'outdated'), ms('08:10'))?.step).toBe('check')
    expect(next(day('planned', papers), readiness([], [], 'go'), ms('08:45'))?.step).toBe('opened')
    expect(next(day('planned', { ...papers, marks: marked('opened') }), readiness([], [], 'go'), ms('08:50'))?.step).toBe('read')
    expect(next(day('planned', { ...papers, marks: marked('opened', 'read') }), readiness([], [], 'go'), ms('08:55'))).toEqual({ step: 'start', due: ms('09:00') })
  })

  it('is the start from the planned start on, whatever was not done: an exam waits for no check', () => {
    expect(next(day('planned', { parcels: [PARCEL] }), readiness([check('trial', 'fail', 'A')]), ms('09:00'))?.step).toBe('start')
  })

  it('leads to the closing, over the papers where there are any', () => {
    expect(next(day('open'), undefined, ms('09:30'))).toEqual({ step: 'close', due: ms('10:00') })
    expect(next(day('open', { parcels: [PARCEL] }), undefined, ms('10:00'))?.step).toBe('collected')
    expect(next(day('open', { parcels: [PARCEL], marks: marked('collected') }), undefined, ms('10:05'))?.step).toBe('sealed')
    expect(next(day('open', { parcels: [PARCEL], marks: marked('collected', 'sealed') }), undefined, ms('10:09'))?.step).toBe('close')
    expect(next(day('closed', { parcels: [PARCEL], marks: marked('collected') }), undefined, ms('10:20'))?.step).toBe('sealed')
    expect(next(day('closed'), undefined, ms('10:20'))).toBeUndefined()
  })

  it('may be another one: marks at any time, opening and closing once', () => {
    expect([mayDo('start', day('open')), mayDo('close', day('planned')), mayDo('close', day('open')), mayDo('close', day('closed'))]).toEqual([false, false, true, false])
    expect([mayDo('sealed', day('planned')), mayDo('sealed', day('closed')), mayDo('check', day('open'))]).toEqual([true, true, false])
    const signed = readiness([], [], 'go')
    expect([doneAt('check', day('planned'), signed), doneAt('check', day('planned'), readiness([])), doneAt('start', day('open'))]).toEqual([ms('08:40'), undefined, ms('09:00')])
  })
})

describe('what is red', () => {
  const found = readiness(
    [check('signs', 'pending', 'A'), check('equipment', 'fail', 'A'), check('trial', 'warn', 'A'), check('station', 'unknown', 'A'), check('plan', 'pass', 'A'), check('tools', 'not_applicable', 'A')],
    [check('store', 'unknown')],
  )

  it('is told room by room, the worst first; what is unknown stops as what failed does', () => {
    expect(reds(found).map(({ room, checks }) => [room, checks.map((each) => each.item)])).toEqual([['', ['store']], ['A', ['equipment', 'station', 'signs', 'trial']]])
    expect(stopping(found)).toBe(4)
    expect(stopping(readiness([check('trial', 'warn', 'A')]))).toBe(0)
  })

  it('is confirmed with one touch only where a person can see it and nobody said that it is wrong', () => {
    expect(unconfirmed(found, 'A')).toEqual(['signs'])
    expect(unconfirmed(found, 'B')).toEqual([])
  })
})

describe('the roll', () => {
  const RULING = { at: at('09:10'), what: '', handling: '', excludes: true }
  it('tells of each candidate how they stand, and counts whom nobody told of', () => {
    const all = [
      candidate('1'), candidate('2', { present: true }), candidate('3', { present: false }), candidate('4', { present: true, left: at('09:40') }),
      candidate('5', { present: true, violations: [{ ...RULING, excludes: false }, RULING] }),
    ]
    expect(all.map(standing)).toEqual(['open', 'present', 'absent', 'left', 'excluded'])
    expect(tally(all)).toEqual({ planned: 5, present: 3, absent: 1, open: 1 })
  })

  it('offers the stations where nobody is or is still to come', () => {
    const rooms = [{
      room: 'A', name: '一', stations: ['A01', 'A02', 'A03', 'A04'], incidents: [], signed: [],
      candidates: [
        candidate('1', { station: 'A01', present: true }), candidate('2', { station: 'A02', present: false }),
        candidate('3', { station: 'A03' }), candidate('4', { station: 'A04', present: true, left: at('09:20') }),
      ],
    }]
    expect(freeStations(day('open', { rooms })).map((each) => each.station)).toEqual(['A02', 'A04'])
  })
})

describe('cameras and papers', () => {
  it('shows the cameras of the sitting\'s own rooms, those that are out first', () => {
    const camera = (name: string, room: string, state: CameraStatus['state'], site = 's-1') => ({ camera: name, room, state, site }) as CameraStatus
    const rooms = [{ room: 'A', name: '', stations: [], candidates: [], incidents: [], signed: [] }]
    const found = camerasOf(day('open', { rooms }), [
      camera('c1', 'A', 'recording'), camera('c2', 'A', 'outage'), camera('c3', 'B', 'outage'), camera('c4', 'A', 'outage', 's-2'), camera('c5', 'A', 'idle'),
    ])
    expect(found.map((each) => each.camera)).toEqual(['c2', 'c5', 'c1'])
  })

  it('goes on after the last hand-over and tells what was left out', () => {
    expect(nextStage(PARCEL)).toBe('fetched')
    expect([nextStage(handed('fetched', 'kept')), skipped(handed('fetched', 'kept'))]).toEqual(['collected', ['carried']])
    expect([nextStage(handed('filed')), skipped(handed('fetched', 'carried', 'kept', 'collected', 'sealed', 'filed'))]).toEqual([undefined, []])
  })
})
