// What is computed of visits 督导: which are shown first, how the clock of the feedback stands, what a frame belongs to.
// Instants are milliseconds since 1970, UTC.

import type { FrameRef, Visit, VisitSitting, VisitSummary } from '@/api/types'
import { instant } from '@/pure/time'

export type Which = 'own' | 'open' | 'all'

/** A visit as addresses and lists name it. */
export function nameOf(visit: Pick<VisitSummary, 'batch' | 'number'>): string {
  return `${visit.batch}/${visit.number}`
}

export type Standing = 'running' | 'due' | 'late' | 'given' | 'given_late' | 'published'

/** How a visit stands. Its feedback is late from the instant it is due on, also where it was given after that. */
export function standing(visit: VisitSummary, now: number): Standing {
  if (visit.ended === null || visit.due === null) return 'running'
  const due = instant(visit.due)
  if (visit.fed_back === null) return now > due ? 'late' : 'due'
  if (visit.published !== null) return 'published'
  return instant(visit.fed_back) > due ? 'given_late' : 'given'
}

/** Seconds until the feedback is due, negative once it is over; undefined where it was given or the visit runs. */
export function left(visit: VisitSummary, now: number): number | undefined {
  if (visit.due === null || visit.fed_back !== null) return undefined
  return (instant(visit.due) - now) / 1000
}

/** A length of time as hours, minutes and seconds, `71:59:05`; rounded so that nothing is left only when it is over. */
export function clock(seconds: number): string {
  const whole = Math.ceil(Math.abs(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`
}

const FIRST: Record<Standing, number> = { late: 0, running: 1, due: 2, given_late: 3, given: 3, published: 4 }

/** Those of a sort: late feedback first, then those that run, then by when their feedback is due, then the latest. */
export function listed(visits: readonly VisitSummary[], which: Which, now: number): VisitSummary[] {
  const wanted = visits.filter((each) => which === 'all' || (which === 'own' ? each.own : each.published === null))
  const key = (each: VisitSummary) => FIRST[standing(each, now)]
  return wanted.sort((one, other) => {
    if (key(one) !== key(other)) return key(one) - key(other)
    if (one.fed_back === null && one.due !== null && other.due !== null) return instant(one.due) - instant(other.due)
    return instant(other.begun) - instant(one.begun)
  })
}

/** The visits of a batch that run, to which a finding can be added: those of who asks first, then the latest. */
export function running(visits: readonly VisitSummary[], batch: string): VisitSummary[] {
  return visits
    .filter((each) => each.batch === batch && each.ended === null)
    .sort((one, other) => Number(other.own) - Number(one.own) || other.number - one.number)
}

/** The sitting whose pictures a frame is of; undefined where no sitting of the batch uses that camera then. */
export function sittingOf(sittings: readonly VisitSitting[], frame: FrameRef): VisitSitting | undefined {
  const at = instant(frame.at)
  return sittings.find(
    (each) => instant(each.start) <= at && at < instant(each.end) && each.cameras.some((of) => of.camera === frame.camera),
  )
}

/** What a page's address hands on from the wall or from footage: of which batch, and which picture; undefined where it is not whole. */
export function handedOver(query: Record<string, unknown>): { batch: string; frame: FrameRef } | undefined {
  const { batch, camera, at } = query
  if (typeof batch !== 'string' || typeof camera !== 'string' || typeof at !== 'string') return undefined
  if (!batch || !camera || Number.isNaN(instant(at))) return undefined
  return { batch, frame: { camera, at: new Date(instant(at)).toISOString() } }
}

/** Why a visit cannot end yet: questions without an answer, or an online one that names no picture. */
export function lacking(visit: Visit): 'answers' | 'frames' | undefined {
  if (visit.unanswered > 0) return 'answers'
  const frames = [...visit.answers, ...visit.found].flatMap((each) => each.frames)
  return visit.way === 'online' && frames.length === 0 ? 'frames' : undefined
}

/** The cameras of all sittings by id, each once, with the room. */
export function camerasOf(sittings: readonly VisitSitting[]): { camera: string; room: string }[] {
  const found = new Map(sittings.flatMap((each) => each.cameras).map((each) => [each.camera, each.room_name]))
  return [...found].map(([camera, room]) => ({ camera, room })).sort((one, other) => one.camera.localeCompare(other.camera))
}
