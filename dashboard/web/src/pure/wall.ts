// What a tile of the wall can know without a browser: what a message says, how old a picture is, whether it is live.

/** After so long without a newer picture a tile is grey. */
export const STALE_MS = 2_000
export const SIZES = [1, 4, 9, 16, 25] as const
export type Size = (typeof SIZES)[number]

const ENVELOPE_BYTES = 12

export interface Media {
  kind: 'head' | 'pictures'
  key: boolean
  past: boolean // pictures from before the tile was there
  count: number
  arrived: number // at the host, in milliseconds of its clock
  data: ArrayBuffer
}

/** A binary message; undefined for one that this page does not know. */
export function mediaOf(message: ArrayBuffer): Media | undefined {
  if (message.byteLength < ENVELOPE_BYTES) return undefined
  const view = new DataView(message)
  const kind = view.getUint8(0)
  if (kind !== 1 && kind !== 2) return undefined
  const flags = view.getUint8(1)
  return {
    kind: kind === 1 ? 'head' : 'pictures',
    key: (flags & 1) !== 0,
    past: (flags & 2) !== 0,
    count: view.getUint16(2),
    arrived: Number(view.getBigInt64(4)) / 1000,
    data: message.slice(ENVELOPE_BYTES),
  }
}

/**
 * The host's clock by that of this browser, from answers to pings: the one that was fastest is wrong by no more than
 * half its way (RFC 5905, 8). All in milliseconds; `local` is any clock that only runs on.
 */
export class HostClock {
  private answers: { way: number; offset: number }[] = []

  heard(sent: number, received: number, host: number): void {
    this.answers.push({ way: received - sent, offset: host - (sent + received) / 2 })
    if (this.answers.length > 8) this.answers.shift()
  }

  get known(): boolean {
    return this.answers.length > 0
  }

  /** Now at the host; undefined before the first answer. */
  at(local: number): number | undefined {
    const best = this.answers.reduce((one, other) => (other.way < one.way ? other : one), this.answers[0] ?? { way: 0, offset: NaN })
    return Number.isNaN(best.offset) ? undefined : local + best.offset
  }
}

export const CONDITIONS = [
  'connecting', 'playing', 'lost', 'stalled', 'refused', 'no_room', 'yielded', 'unsupported',
  'no_coder', 'coder_lost', 'no_codec', 'undecodable',
] as const
export type Condition = (typeof CONDITIONS)[number]

/** That what is shown was coded anew by the host, as which size, and what the camera sends. */
export interface Anew {
  codec: string
  shown: string
  of: string
}

const CODECS: Partial<Record<string, string>> = { h265: 'H.265', jpeg: 'JPEG' }

/** From the host's words; undefined where pictures are shown as the camera sends them. */
export function anewOf(said: unknown): Anew | undefined {
  if (typeof said !== 'object' || said === null) return undefined
  const { codec, width, height, of_width, of_height } = said as Record<string, unknown>
  return { codec: CODECS[String(codec)] ?? String(codec), shown: `${width}×${height}`, of: `${of_width}×${of_height}` }
}

export interface Seen {
  open: boolean // whether the connection to the host stands
  condition: Condition
  /** How old the newest picture is by its arrival at the host; undefined before the first or without the host's clock. */
  age: number | undefined
  /** How long ago the browser decoded another picture; undefined before the first. */
  still: number | undefined
}

export type Reason = Exclude<Condition, 'playing'> | 'offline' | 'old' | 'frozen' | 'starting'

/** Why a tile is not live now; null while it is. Arrival alone proves nothing, and nor do decoded pictures alone. */
export function reason(seen: Seen): Reason | null {
  if (!seen.open) return 'offline'
  if (seen.condition !== 'playing') return seen.condition
  if (seen.age === undefined || seen.still === undefined) return 'starting'
  if (seen.age > STALE_MS) return 'old'
  return seen.still > STALE_MS ? 'frozen' : null
}

const LAG_S = 0.12
const FAST_S = 0.35
const JUMP_S = 1

/** Pictures of a tile come so many milliseconds' worth at a time: each costs the host two fifths less than with
 * pictures one by one (bench.live). */
export const GATHER_MS = 160

/**
 * Where and how fast to play so that the newest picture is shown soon: `to` only where it must jump. `apart` is by how
 * many seconds messages with pictures come apart, which has to be there to play from.
 */
export function chase(
  now: number,
  ranges: readonly { start: number; end: number }[],
  apart = 0,
): { to?: number; rate: number } {
  const newest = ranges.at(-1)
  if (!newest) return { rate: 1 }
  const behind = newest.end - now
  if (now < newest.start || behind > JUMP_S || behind < 0) {
    return { to: Math.max(newest.start, newest.end - LAG_S - apart), rate: 1 }
  }
  return { rate: behind > FAST_S + apart ? 1.1 : 1 }
}

/** Which of `count` tiles a key moves to from tile `from`, of `columns` in a row; undefined for other keys. */
export function neighbour(key: string, from: number, count: number, columns: number): number | undefined {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key]
  if (step === undefined) return undefined
  const to = from + step
  return to >= 0 && to < count ? to : from
}

/** How pictures come: over WebRTC by WHEP, or over the WebSocket into Media Source. */
export type Way = 'whep' | 'mse'

const KEPT_ARRIVALS = 256

/** What was shown last over WebRTC: how many so far, its stamp where the browser tells, and when that was. */
export interface LastShown {
  shown: number
  stamp: number | undefined
  at: number
}

/** When pictures arrived at the host, by the stamps that they carry over WebRTC. */
export class Arrivals {
  private readonly arrived = new Map<number, number>()
  private newest: { arrived: number; heard: number } | undefined

  heard(stamp: number, arrived: number, local: number): void {
    this.newest = { arrived, heard: local }
    this.arrived.set(stamp, arrived)
    if (this.arrived.size > KEPT_ARRIVALS) this.arrived.delete(this.arrived.keys().next().value ?? stamp)
  }

  /**
   * That of the picture which is shown. Where the browser does not tell which one that is, that of the newest; unknown
   * before the first is shown, and for pictures from before the viewer was there.
   */
  of(last: LastShown | undefined): number | undefined {
    if (last === undefined || last.shown === 0) return undefined
    return last.stamp === undefined ? this.newest?.arrived : this.arrived.get(last.stamp)
  }

  /** Whether what is shown keeps up with what arrives. A camera that sends nothing is nobody's delay. */
  keptUp(last: LastShown | undefined): boolean {
    if (last === undefined || last.shown === 0 || this.newest === undefined) return false
    const of = this.of(last)
    return of !== undefined && this.newest.arrived - of <= STALE_MS && this.newest.heard - last.at <= STALE_MS
  }

  clear(): void {
    this.arrived.clear()
    this.newest = undefined
  }
}

/** After so long without pictures that keep up, WebRTC is given up for the WebSocket. */
export const WHEP_MS = 4_000
