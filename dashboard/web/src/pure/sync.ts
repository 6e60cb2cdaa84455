// One clock for several cameras: the instant of capture that all of them show. Pure: where each camera's player
// belongs, how it comes there, and when all wait. Instants are milliseconds since 1970, UTC; drifts are seconds.

import type { CameraReport, Gap, Room } from '@/api/types'

import type { Fragment } from './playback'
import { instant } from './time'

export const SPEEDS = [0.5, 1, 2, 4, 8, 16] as const
/** How many cameras are played beside each other at most: more are not told apart on a screen. */
export const MOST = 9

/** Browsers refuse other rates (Chromium, `media::kMinRate` and `kMaxRate`). */
const SLOWEST = 0.0625
const FASTEST = 16

/** A drift below this is no more than how exactly a player tells its position. */
const NEAR_S = 0.02
/** Up to this, a player is brought back by playing a little faster or slower, which nobody sees. */
const FAR_S = 0.25
const MOST_CHANGE = 0.25 // of the speed

/** How long all cameras wait for one that loads; then they go on without it. */
export const PATIENCE_MS = 4_000

/** `at` is shown when the page's own clock (`performance.now`) reads `read`. */
export interface Clock {
  at: number
  read: number
  speed: number
  runs: boolean
}

export function told(clock: Clock, now: number): number {
  return clock.runs ? clock.at + (now - clock.read) * clock.speed : clock.at
}

/** The clock from now on, with what changes; the rest goes on without a jump. */
export function changed(clock: Clock, now: number, change: Partial<Pick<Clock, 'at' | 'speed' | 'runs'>>): Clock {
  return { ...clock, at: told(clock, now), read: now, ...change }
}

/** Where an instant is in a camera's footage: a player's position in s, or a hole and what comes after it. */
export type Spot =
  | { kind: 'footage'; position: number }
  | { kind: 'hole'; position?: number; resumes?: number }

export function spotOf(at: number, fragments: readonly Fragment[]): Spot {
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null) continue
    const offset = (at - programDateTime) / 1000
    if (offset < 0) return { kind: 'hole', position: start, resumes: programDateTime }
    if (offset < duration) return { kind: 'footage', position: start + offset }
  }
  return { kind: 'hole' }
}

/** When the footage of a list ends; undefined where it has none. */
export function endOf(fragments: readonly Fragment[]): number | undefined {
  const last = fragments.findLast((each) => each.programDateTime !== null)
  return last && (last.programDateTime as number) + last.duration * 1000
}

export type Correction = { kind: 'rate'; rate: number } | { kind: 'seek' }

/** How a player comes back to the clock; ``drift`` is how far ahead of it its picture is, in s of capture. */
export function correction(drift: number, speed: number): Correction {
  const apace = Math.max(1, speed)
  if (Math.abs(drift) > FAR_S * apace) return { kind: 'seek' }
  if (Math.abs(drift) <= NEAR_S * apace) return { kind: 'rate', rate: speed }
  // Gone within a second, unless that would be seen.
  const change = Math.max(-MOST_CHANGE, Math.min(MOST_CHANGE, -drift / speed))
  const rate = Math.round(speed * (1 + change) * 100) / 100
  return { kind: 'rate', rate: Math.max(SLOWEST, Math.min(FASTEST, rate)) }
}

/** Whether all wait: some camera has been loading, and not for too long. ``since`` is when each began, or null. */
export function holds(since: readonly (number | null)[], now: number): boolean {
  return since.some((began) => began !== null && now - began < PATIENCE_MS)
}

/** How long a picture of the fastest of these cameras lasts, in ms; 40 where no camera's rate is known. */
export function frameMs(cameras: readonly Pick<CameraReport, 'frame_rate'>[]): number {
  const fastest = Math.max(0, ...cameras.map((camera) => camera.frame_rate ?? 0))
  return fastest > 0 ? 1000 / fastest : 40
}

export interface CameraGap extends Gap {
  camera: string
}

/** The gaps of these cameras by time, those that begin together in the order of the cameras. */
export function gapsOf(cameras: readonly Pick<CameraReport, 'camera' | 'gaps'>[]): CameraGap[] {
  const found = cameras.flatMap(({ camera, gaps }) => gaps.map((gap) => ({ ...gap, camera })))
  return found.sort((left, right) => instant(left.start) - instant(right.start))
}

export function gapAt<T extends Gap>(at: number, gaps: readonly T[]): T | undefined {
  return gaps.find((gap) => instant(gap.start) <= at && at < instant(gap.end))
}

/** How many tiles stand in a row: three wide pictures beside each other are larger than two over one. */
export function columnsOf(tiles: number): number {
  return tiles === 3 ? 3 : Math.max(1, Math.ceil(Math.sqrt(tiles)))
}

/** The cameras to begin with: those that see a station, of the room of a camera or station, else of the first room. */
export function firstCameras(rooms: readonly Room[], chosen: string | null): string[] {
  const [kind, id] = (chosen ?? '').split(/:(.*)/s)
  const room = rooms.find((each) =>
    kind === 'station' ? each.stations.includes(id ?? '') : each.cameras.some((camera) => camera.id === id),
  )
  return ((room ?? rooms[0])?.cameras ?? []).slice(0, MOST).map((camera) => camera.id)
}

export type Key = 'toggle' | 'back' | 'forth' | 'previous' | 'next' | 'slower' | 'faster'

const KEYS: Readonly<Record<string, Key>> = {
  ' ': 'toggle', k: 'toggle', ',': 'back', '.': 'forth', '[': 'previous', ']': 'next', '-': 'slower', '+': 'faster', '=': 'faster',
}

/** What a key of the keyboard does to the players. */
export function keyOf(key: string): Key | undefined {
  return KEYS[key]
}

/** The speed one step away, as far as there is one. */
export function neighbourSpeed(speed: number, direction: 1 | -1): number {
  const index = SPEEDS.findIndex((each) => each === speed)
  return SPEEDS[index + direction] ?? speed
}
