// Where playback starts and which gaps it has crossed. Instants are milliseconds since 1970, UTC.

import type { Gap, Room } from '@/api/types'

import { isFootage, spanAt, type Lane, type Span } from './lanes'
import { instant } from './time'

/** How much is shown before a gap when the reader clicks into the gap itself. */
export const RUN_UP_MS = 3_000

/** How exactly a player's position is known: gaps that begin this much before it count as crossed. */
const SLACK_MS = 400

export type StartNote = 'exact' | 'before_gap' | 'next'

export interface Start {
  camera: string
  at: number
  note: StartNote
}

function startWithin(found: readonly Span[], at: number): { at: number; note: StartNote } | undefined {
  const covered = stretches(found)
  if (covered.some((span) => span.start <= at && at < span.end)) return { at, note: 'exact' }
  const before = covered.findLast((span) => span.end <= at)
  const after = covered.find((span) => span.start > at)
  if (before && after) return { at: Math.max(before.start, before.end - RUN_UP_MS), note: 'before_gap' }
  if (after) return { at: after.start, note: 'next' }
  if (before) return { at: Math.max(before.start, before.end - RUN_UP_MS), note: 'next' }
  return undefined
}

/** Footage without the cuts in it where what it shows changes. */
function stretches(found: readonly Span[]): { start: number; end: number }[] {
  const joined: { start: number; end: number }[] = []
  for (const { start, end } of found.filter(isFootage)) {
    const last = joined.at(-1)
    if (last?.end === start) last.end = end
    else joined.push({ start, end })
  }
  return joined
}

/** Where to start in one camera's lane; undefined when the camera has no footage in the window. */
export function startInCamera(lane: Lane, at: number): Start | undefined {
  const start = startWithin(lane.spans, at)
  return start && { camera: lane.id, ...start }
}

/**
 * The camera to open for a station: one that sees it and covers the instant, those whose pictures are usable there
 * first and panoramic ones last; if none covers it, the first that has any footage.
 */
export function startInStation(
  station: string,
  at: number,
  rooms: readonly Room[],
  found: readonly Lane[],
): Start | undefined {
  const seeing = rooms
    .flatMap((room) => room.cameras)
    .filter((camera) => camera.sees.includes(station))
    .sort((left, right) => Number(left.panoramic) - Number(right.panoramic))
  const starts = seeing
    .map((camera) => found.find((lane) => lane.kind === 'camera' && lane.id === camera.id))
    .filter((lane) => lane !== undefined)
    .sort((left, right) => Number(shows(right, at)) - Number(shows(left, at)))
    .map((lane) => startInCamera(lane, at))
    .filter((start) => start !== undefined)
  return starts.find((start) => start.note === 'exact') ?? starts[0]
}

/** Where to start in a lane of a station or of a camera. */
export function startIn(lane: Lane, at: number, rooms: readonly Room[], found: readonly Lane[]): Start | undefined {
  return lane.kind === 'station' ? startInStation(lane.id, at, rooms, found) : startInCamera(lane, at)
}

function shows(lane: Lane, at: number): boolean {
  return spanAt(lane, at)?.kind === 'covered'
}

/** The gaps between two positions of a player that has moved forward; empty when it was moved back. */
export function gapsCrossed<T extends Gap>(before: number, now: number, gaps: readonly T[]): T[] {
  return gaps.filter((gap) => instant(gap.start) >= before - SLACK_MS && instant(gap.end) <= now + SLACK_MS)
}

/** The nearest gap that begins after (or ends before) an instant, for the buttons that step through gaps. */
export function neighbourGap<T extends Gap>(at: number, gaps: readonly T[], direction: 1 | -1): T | undefined {
  return direction === 1
    ? gaps.find((gap) => instant(gap.start) > at + RUN_UP_MS)
    : gaps.findLast((gap) => instant(gap.end) < at)
}

export interface Fragment {
  start: number // s on the player's time line
  duration: number // s
  programDateTime: number | null // ms since 1970
}

/** The player's position, in s, of an instant; the next fragment's start when the instant lies in a hole. */
export function positionOf(at: number, fragments: readonly Fragment[]): number | undefined {
  for (const fragment of fragments) {
    if (fragment.programDateTime === null) continue
    const offset = (at - fragment.programDateTime) / 1000
    if (offset < 0) return fragment.start
    if (offset < fragment.duration) return fragment.start + offset
  }
  return undefined
}

/** The instant that a player's position, in s, shows; undefined outside all fragments. */
export function instantOf(position: number, fragments: readonly Fragment[]): number | undefined {
  const fragment = fragments.find((each) => each.start <= position && position < each.start + each.duration)
  if (!fragment || fragment.programDateTime === null) return undefined
  return fragment.programDateTime + (position - fragment.start) * 1000
}

/** Where to jump when the player stands at the end of one buffered range and another follows; else undefined. */
export function overHole(position: number, ranges: readonly { start: number; end: number }[]): number | undefined {
  const inside = ranges.some((range) => range.start <= position && position < range.end - 0.1)
  if (inside) return undefined
  const next = ranges.find((range) => range.start > position)
  return next && next.start - position < 120 ? next.start + 0.01 : undefined
}

/** The codec of a MIME type (RFC 6381) that our cameras may record in and a browser may not play. */
export function troublesomeCodec(mimeType: string | undefined): 'H.265' | 'MJPEG' | undefined {
  if (/\b(hvc1|hev1)\b/.test(mimeType ?? '')) return 'H.265'
  return /\bmp4v\b/.test(mimeType ?? '') ? 'MJPEG' : undefined
}

/** The last fragment that begins at or before a position; the first where none does. */
export function fragmentAt<T extends Fragment>(position: number, fragments: readonly T[]): T | undefined {
  return fragments.findLast((each) => each.start <= position) ?? fragments[0]
}
