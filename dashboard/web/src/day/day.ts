// An exam day as its operator goes through it: which sitting, which step is next, what is red and what to do about it.
// Instants are milliseconds since 1970, UTC.

import type {
  CameraStatus, Day, DayCandidate, DayParcel, Mark, Readiness, ReadinessCheck, ScheduledBatch, Stage, Verdict,
} from '@/api/types'
import { instant, localDate } from '@/pure/time'

/** One sitting of today, or one that still runs. */
export interface Today {
  batch: string
  number: number
  project: string
  site: string
  rooms: readonly string[]
  start: number
  end: number
  state: 'planned' | 'open' | 'closed'
}

/** Today's sittings in Shaoguan and those that are still open from an earlier day, by their start. */
export function todays(batches: readonly ScheduledBatch[], now: number): Today[] {
  const found = batches.flatMap((batch) =>
    batch.sittings
      .filter((each) => each.state === 'open' || localDate(instant(each.planned_start)) === localDate(now))
      .map((each) => ({
        batch: batch.id, number: each.number, project: batch.project, site: batch.site_name, rooms: each.rooms,
        start: instant(each.planned_start), end: instant(each.planned_end), state: each.state,
      })),
  )
  return found.sort((one, other) => one.start - other.start || one.batch.localeCompare(other.batch))
}

/** Which of them is worked on: the one that runs, else the next one, else the last one. */
export function current(sittings: readonly Today[]): Today | undefined {
  return sittings.find((each) => each.state === 'open') ?? sittings.find((each) => each.state === 'planned') ?? sittings.at(-1)
}

/** The steps of a day, in their order: the check, the opening and the closing are acts, the others are marks. */
export const STEPS = ['check', 'opened', 'read', 'start', 'collected', 'sealed', 'close'] as const
export type Step = (typeof STEPS)[number]
export const PHASE_OF: Record<Step, 'W1' | 'W2' | 'W3'> = {
  check: 'W1', opened: 'W1', read: 'W1', start: 'W2', collected: 'W3', sealed: 'W3', close: 'W3',
}
const OF_PAPERS: readonly Step[] = ['opened', 'collected', 'sealed']

export function markOf(step: Step): Mark | undefined {
  return step === 'check' || step === 'start' || step === 'close' ? undefined : step
}

/** When a step was done; undefined where it was not. Of a check that is over only the report tells whether it was. */
export function doneAt(step: Step, day: Day, readiness?: Readiness): number | undefined {
  switch (step) {
    case 'check':
      return readiness?.signed?.standing === 'go' ? instant(readiness.signed.at) : undefined
    case 'start':
      return day.sitting.actual_start === null ? undefined : instant(day.sitting.actual_start)
    case 'close':
      return day.sitting.actual_end === null ? undefined : instant(day.sitting.actual_end)
    default: {
      const found = day.marks.find((each) => each.mark === step)
      return found ? instant(found.at) : undefined
    }
  }
}

/** Whether a step may be done now. A mark may be made, and corrected, at any time; opening and closing only once. */
export function mayDo(step: Step, day: Day): boolean {
  const { state } = day.sitting
  if (step === 'check' || step === 'start') return state === 'planned'
  if (step === 'close') return state === 'open'
  return true
}

export interface Next {
  step: Step
  /** From when on it is due; earlier it may be done all the same. */
  due: number
}

/**
 * The next big act; undefined once nothing is left. An exam never waits for its check: from the planned start on the
 * start is next. Without a parcel on record nothing of papers is proposed.
 */
export function next(day: Day, readiness: Readiness | undefined, now: number): Next | undefined {
  const { state } = day.sitting
  const start = instant(day.phases.start)
  const end = instant(day.phases.end)
  const due: Record<Step, number> = {
    check: instant(day.phases.begin), opened: start, read: start, start, collected: end, sealed: end, close: end,
  }
  const of: Record<typeof state, readonly Step[]> = {
    planned: now >= start ? ['start'] : ['check', 'opened', 'read', 'start'],
    open: ['collected', 'sealed', 'close'],
    closed: ['collected', 'sealed'],
  }
  const step = of[state].find(
    (each) => doneAt(each, day, readiness) === undefined && (day.parcels.length > 0 || !OF_PAPERS.includes(each)),
  )
  return step && { step, due: due[step] }
}

// --- Go or no go ------------------------------------------------------------------------------------------------------

export const CONFIRMABLE = ['signs', 'notice', 'equipment', 'tools', 'materials'] as const
export type Confirmable = (typeof CONFIRMABLE)[number]

const WORST: readonly Verdict[] = ['fail', 'unknown', 'pending', 'warn']

export function stops(verdict: Verdict): boolean {
  return verdict === 'fail' || verdict === 'unknown' || verdict === 'pending'
}

export function confirmable(check: ReadinessCheck): check is ReadinessCheck & { item: Confirmable } {
  return check.room !== '' && CONFIRMABLE.some((each) => each === check.item)
}

export interface Reds {
  /** '' for what concerns the whole sitting. */
  room: string
  checks: ReadinessCheck[]
}

/** What stands against a go or is to be known, room by room, the worst first; rooms with nothing are left out. */
export function reds(readiness: Readiness): Reds[] {
  const rooms = [{ room: '', checks: readiness.checks }, ...readiness.rooms]
  return rooms
    .map(({ room, checks }) => ({
      room,
      checks: checks
        .filter((each) => WORST.includes(each.verdict))
        .sort((one, other) => WORST.indexOf(one.verdict) - WORST.indexOf(other.verdict)),
    }))
    .filter((each) => each.checks.length > 0)
}

/** How many lines stand against a go. */
export function stopping(readiness: Readiness): number {
  return reds(readiness).flatMap((each) => each.checks).filter((each) => stops(each.verdict)).length
}

/** What nobody said of a room yet, to be confirmed with one touch; what was found wrong there is looked at one by one. */
export function unconfirmed(readiness: Readiness, room: string): Confirmable[] {
  const checks = readiness.rooms.find((each) => each.room === room)?.checks ?? []
  return checks.filter(confirmable).filter(unsaid).map((each) => each.item)
}

/** Whether a line says no more than that nobody confirmed it. */
export function unsaid(check: ReadinessCheck): boolean {
  return confirmable(check) && (check.verdict === 'unknown' || check.verdict === 'pending')
}

// --- The roll ---------------------------------------------------------------------------------------------------------

export type Standing = 'open' | 'present' | 'absent' | 'left' | 'excluded'

export function standing(who: DayCandidate): Standing {
  if (who.violations.some((each) => each.excludes)) return 'excluded'
  if (who.left !== null) return 'left'
  return who.present === null ? 'open' : who.present ? 'present' : 'absent'
}

export interface Tally {
  planned: number
  present: number
  absent: number
  open: number
}

export function tally(candidates: readonly DayCandidate[]): Tally {
  const count = (wanted: boolean | null) => candidates.filter((each) => each.present === wanted).length
  return { planned: candidates.length, present: count(true), absent: count(false), open: count(null) }
}

/** Stations of a room where nobody sits: where a candidate can move to. */
export function freeStations(day: Day): { room: string; station: string }[] {
  return day.rooms.flatMap((room) => {
    const taken = new Set(room.candidates.filter((each) => each.present !== false && each.left === null).map((each) => each.station))
    return room.stations.filter((each) => !taken.has(each)).map((station) => ({ room: room.name, station }))
  })
}

// --- Cameras and papers -----------------------------------------------------------------------------------------------

const OUT_FIRST = { outage: 0, idle: 1, recording: 2 }

/** The cameras of a sitting's rooms, those that are out first. */
export function camerasOf(day: Day, cameras: readonly CameraStatus[]): CameraStatus[] {
  const rooms = day.rooms.map((each) => each.room)
  return cameras
    .filter((each) => each.site === day.site && rooms.includes(each.room))
    .sort((one, other) => OUT_FIRST[one.state] - OUT_FIRST[other.state] || one.camera.localeCompare(other.camera))
}

export const HANDED = ['fetched', 'carried', 'kept', 'collected', 'sealed', 'filed'] as const
export type Handed = (typeof HANDED)[number]

/** The stage after the last one that is on record; undefined where that was the last. Gaps are told and not refilled. */
export function nextStage(parcel: DayParcel): Handed | undefined {
  const last = Math.max(-1, ...parcel.handed.map((each) => HANDED.indexOf(each.stage as Handed)))
  return HANDED[last + 1]
}

/** Stages of which later ones are on record and they are not. */
export function skipped(parcel: DayParcel): Stage[] {
  const done = new Set<Stage>(parcel.handed.map((each) => each.stage))
  const last = Math.max(-1, ...parcel.handed.map((each) => HANDED.indexOf(each.stage as Handed)))
  return HANDED.filter((each, index) => index < last && !done.has(each))
}
