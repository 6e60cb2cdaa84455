// From a report to the lanes of the timeline: one per station and camera, grouped by room.

import type { CameraCause, CameraFault, CameraReport, Cause, Fault, Gap, Report, Room, StationGap, StationReport } from '@/api/types'

import { instant } from './time'

export interface Span {
  /** Unusable and doubtful are footage: of what shows nothing usable, and of which nobody can tell. Never gaps. */
  kind: 'covered' | 'gap' | 'unusable' | 'doubtful' | 'not_yet'
  start: number
  end: number
  cause?: Cause
  cameras?: readonly CameraCause[]
  shown?: readonly CameraFault[]
}

export interface Lane {
  kind: 'room' | 'station' | 'camera'
  id: string
  label: string
  spans: Span[]
}

interface Edges {
  start: number
  end: number
}

/** What pictures show over a part of the footage. */
export interface Part extends Edges {
  kind: 'unusable' | 'doubtful'
  shown: readonly CameraFault[]
}

/** Faults that clauses of their own judge, as in analysis/views.py: the footage is usable all the same. */
const OF_THEIR_OWN: ReadonlySet<Fault> = new Set<Fault>(['wrong_size', 'wrong_rate'])
/** Faults that leave something to be seen, and nobody knows what. */
const DOUBTS: ReadonlySet<Fault> = new Set<Fault>(['moved'])

/** What a fault makes of the footage that has it. */
export function judgedAs(fault: Fault): 'covered' | 'unusable' | 'doubtful' {
  if (OF_THEIR_OWN.has(fault)) return 'covered'
  return DOUBTS.has(fault) ? 'doubtful' : 'unusable'
}

/** Whether there is footage of a span, whatever it shows. */
export function isFootage(span: Span): boolean {
  return span.kind === 'covered' || span.kind === 'unusable' || span.kind === 'doubtful'
}

/**
 * Cuts the window of one lane into footage by what it shows, gaps and the part that is not settled yet; adds up to
 * the window.
 */
export function spans(
  window: Edges,
  settledUntil: number,
  gaps: readonly (Gap | StationGap)[],
  parts: readonly Part[] = [],
): Span[] {
  const settled = Math.min(window.end, Math.max(window.start, settledUntil))
  const found: Span[] = []
  let at = window.start
  for (const gap of gaps) {
    const start = instant(gap.start)
    const end = instant(gap.end)
    if (start > at) found.push(...seen({ start: at, end: start }, parts))
    found.push({ kind: 'gap', start, end, cause: gap.cause, cameras: 'cameras' in gap ? gap.cameras : undefined })
    at = end
  }
  if (settled > at) found.push(...seen({ start: at, end: settled }, parts))
  at = Math.max(at, settled)
  if (at < window.end) found.push({ kind: 'not_yet', start: at, end: window.end })
  return found
}

/** Cuts a stretch of footage where what it shows changes. What is known to be unusable wins over a doubt. */
function seen(footage: Edges, parts: readonly Part[]): Span[] {
  const here = parts.filter((part) => overlap(part, footage))
  const edges = new Set([footage.start, footage.end])
  for (const { start, end } of here) {
    edges.add(Math.max(start, footage.start))
    edges.add(Math.min(end, footage.end))
  }
  const sorted = [...edges].sort((left, right) => left - right)
  const found: Span[] = []
  sorted.slice(1).forEach((end, index) => {
    const next = piece({ start: sorted[index] as number, end }, here)
    const last = found.at(-1)
    if (last && alike(last, next)) last.end = end
    else found.push(next)
  })
  return found
}

function piece(edges: Edges, parts: readonly Part[]): Span {
  const holding = parts.filter((part) => overlap(part, edges))
  const kind = holding.some((part) => part.kind === 'unusable') ? 'unusable' : holding.length ? 'doubtful' : 'covered'
  if (kind === 'covered') return { kind, ...edges }
  return { kind, ...edges, shown: holding.filter((part) => part.kind === kind).flatMap((part) => part.shown) }
}

function alike(one: Span, other: Span): boolean {
  return one.kind === other.kind && JSON.stringify(one.shown) === JSON.stringify(other.shown)
}

function overlap(one: Edges, other: Edges): boolean {
  return one.start < other.end && other.start < one.end
}

function edgesOf(span: { start: string; end: string }): Edges {
  return { start: instant(span.start), end: instant(span.end) }
}

/** What a camera's pictures show. */
export function cameraParts(camera: CameraReport): Part[] {
  const faults = camera.faults.filter(({ fault }) => judgedAs(fault) === 'unusable')
  return [
    ...faults.map((each): Part => ({ kind: 'unusable', ...edgesOf(each), shown: [{ camera: camera.camera, fault: each.fault }] })),
    ...camera.unverified.map((each): Part => ({ kind: 'doubtful', ...edgesOf(each), shown: doubts([camera], edgesOf(each)) })),
  ]
}

/** What the pictures of a station show; ``seeing`` are the cameras that see it. */
export function stationParts(station: StationReport, seeing: readonly CameraReport[]): Part[] {
  return [
    ...station.unusable.map((each): Part => ({ kind: 'unusable', ...edgesOf(each), shown: each.cameras })),
    ...station.unverified.map((each): Part => ({ kind: 'doubtful', ...edgesOf(each), shown: doubts(seeing, edgesOf(each)) })),
  ]
}

/** Why nobody can tell what cameras show in a span, as far as that is known: empty where nothing could be compared. */
export function doubts(cameras: readonly CameraReport[], span: Edges): CameraFault[] {
  return cameras.flatMap(({ camera, faults }) => {
    const why = faults.filter(({ fault }) => DOUBTS.has(fault)).filter((each) => overlap(edgesOf(each), span))
    return [...new Set(why.map(({ fault }) => fault))].map((fault) => ({ camera, fault }))
  })
}

/** The lanes of a sitting in reading order: each room's name, its stations, its cameras. */
export function lanes(rooms: readonly Room[], report: Report): Lane[] {
  const window = edgesOf(report.window)
  const settled = instant(report.settled_until)
  const stations = new Map<string, StationReport>(report.stations.map((station) => [station.station, station]))
  const cameras = new Map<string, CameraReport>(report.cameras.map((camera) => [camera.camera, camera]))
  const found: Lane[] = []
  for (const room of rooms) {
    found.push({ kind: 'room', id: room.id, label: room.name, spans: [] })
    for (const id of room.stations) {
      const station = stations.get(id)
      if (!station) continue
      const parts = stationParts(station, seeingOf(rooms, id, cameras))
      found.push({ kind: 'station', id, label: id, spans: spans(window, settled, station.gaps, parts) })
    }
    for (const { id } of room.cameras) {
      const camera = cameras.get(id)
      if (!camera) continue
      found.push({ kind: 'camera', id, label: id, spans: spans(window, settled, camera.gaps, cameraParts(camera)) })
    }
  }
  return found
}

/** The reports of the cameras that see a station. */
export function seeingOf(
  rooms: readonly Room[],
  station: string,
  cameras: ReadonlyMap<string, CameraReport>,
): CameraReport[] {
  return rooms
    .flatMap((room) => room.cameras)
    .filter((camera) => camera.sees.includes(station))
    .flatMap((camera) => cameras.get(camera.id) ?? [])
}

export function spanAt(lane: Lane, at: number): Span | undefined {
  return lane.spans.find((span) => span.start <= at && at < span.end)
}

/** Causes that occur in the lanes, in the given order: the legend shows no colour that the chart lacks. */
export function causesShown(found: readonly Lane[], order: readonly Cause[]): Cause[] {
  const present = new Set(found.flatMap((lane) => lane.spans.map((span) => span.cause)))
  return order.filter((cause) => present.has(cause))
}

/** Whether a kind of span occurs in the lanes. */
export function occurs(found: readonly Lane[], kind: Span['kind']): boolean {
  return found.some((lane) => lane.spans.some((span) => span.kind === kind))
}
