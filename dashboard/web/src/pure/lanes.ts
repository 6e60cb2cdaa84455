// From a report to the lanes of the timeline: one per station and camera, grouped by room.

import type { CameraCause, CameraReport, Cause, Gap, Report, Room, StationGap, StationReport } from '@/api/types'

import { instant } from './time'

export interface Span {
  kind: 'covered' | 'gap' | 'not_yet'
  start: number
  end: number
  cause?: Cause
  cameras?: readonly CameraCause[]
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

/** Cuts the window of one lane into footage, gaps and the part that is not settled yet; adds up to the window. */
export function spans(window: Edges, settledUntil: number, gaps: readonly (Gap | StationGap)[]): Span[] {
  const settled = Math.min(window.end, Math.max(window.start, settledUntil))
  const found: Span[] = []
  let at = window.start
  for (const gap of gaps) {
    const start = instant(gap.start)
    const end = instant(gap.end)
    if (start > at) found.push({ kind: 'covered', start: at, end: start })
    found.push({ kind: 'gap', start, end, cause: gap.cause, cameras: 'cameras' in gap ? gap.cameras : undefined })
    at = end
  }
  if (settled > at) found.push({ kind: 'covered', start: at, end: settled })
  at = Math.max(at, settled)
  if (at < window.end) found.push({ kind: 'not_yet', start: at, end: window.end })
  return found
}

/** The lanes of a sitting in reading order: each room's name, its stations, its cameras. */
export function lanes(rooms: readonly Room[], report: Report): Lane[] {
  const window = { start: instant(report.window.start), end: instant(report.window.end) }
  const settled = instant(report.settled_until)
  const stations = new Map<string, StationReport>(report.stations.map((station) => [station.station, station]))
  const cameras = new Map<string, CameraReport>(report.cameras.map((camera) => [camera.camera, camera]))
  const found: Lane[] = []
  for (const room of rooms) {
    found.push({ kind: 'room', id: room.id, label: room.name, spans: [] })
    for (const id of room.stations) {
      const station = stations.get(id)
      if (station) found.push({ kind: 'station', id, label: id, spans: spans(window, settled, station.gaps) })
    }
    for (const { id } of room.cameras) {
      const camera = cameras.get(id)
      if (camera) found.push({ kind: 'camera', id, label: id, spans: spans(window, settled, camera.gaps) })
    }
  }
  return found
}

export function spanAt(lane: Lane, at: number): Span | undefined {
  return lane.spans.find((span) => span.start <= at && at < span.end)
}

/** Causes that occur in the lanes, in the given order: the legend shows no colour that the chart lacks. */
export function causesShown(found: readonly Lane[], order: readonly Cause[]): Cause[] {
  const present = new Set(found.flatMap((lane) => lane.spans.map((span) => span.cause)))
  return order.filter((cause) => present.has(cause))
}
