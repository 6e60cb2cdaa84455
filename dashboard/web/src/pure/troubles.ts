// What is wrong right now, the worst first: one trouble for what one thing can be blamed for. Instants are
// milliseconds since 1970, UTC.

import type { CameraState, CameraStatus, Cause, ClockStatus, NvrStatus, RecorderStatus, Status } from '@/api/types'

import type { Words } from '@/words/shape'

import { instant, localDate, localDateTime, localTime, signedSeconds } from './time'

/** Causes that lie on our side and concern all cameras that a recorder was to record. */
export type OwnCause = 'recorder_stopped' | 'disk_full' | 'overflow'

export type Trouble =
  /** The recorder runs nowhere; ``since`` its last heartbeat, null where none was ever heard. */
  | { kind: 'recorder'; since: number | null; cameras: string[] }
  | { kind: 'own'; cause: OwnCause; since: number | null; cameras: string[] }
  | { kind: 'nvr'; nvr: string; site: string; state: CameraState | null; cause: Cause; since: number; cameras: string[] }
  | {
      kind: 'camera'
      camera: string
      room: string
      state: CameraState | null // null where its cause says more than the state of its connection
      cause: Cause
      since: number | null
      dark: string[] // stations that no camera records now
      seen: string[] // stations of it that another camera records
    }
  /** The clock of a host is proven wrong, or (``doubt``) nothing vouches for it. */
  | { kind: 'clock'; host: string; clock: ClockStatus; doubt: boolean }

/** A reading is made each minute; a host that has just begun has none yet. */
const FIRST_READING_MS = 90_000

/** So many names have room in a line; of more, the first are named and all are counted. */
const STATIONS = 6
const CAMERAS = 16

const OWN: readonly OwnCause[] = ['recorder_stopped', 'disk_full', 'overflow']
const OF_THE_CONNECTION: readonly Cause[] = ['camera_disconnected', 'no_data']

export function troubles(status: Status): Trouble[] {
  const out = status.cameras.filter((camera) => camera.state === 'outage')
  const alive = status.recorders.filter((recorder) => recorder.alive)
  const told = alive.length === 0 ? nobodyRecords(status.recorders, out) : [...own(out), ...devices(status, out)]
  return [...told, ...clocks(status, alive)]
}

/** Of a red trouble footage is being lost; of any other only what it proves. */
export function losesFootage(trouble: Trouble): boolean {
  return trouble.kind !== 'clock'
}

/** A trouble in words: what it is, since when, and what follows from it or is to be done. */
export function told(trouble: Trouble, words: Words, now: number): { what: string; since: string; then: string } {
  switch (trouble.kind) {
    case 'recorder':
      return { what: words.recorderGone, since: since(trouble.since, words, now), then: lost(trouble, words, words.startRecorder) }
    case 'own': {
      const what = trouble.cause === 'recorder_stopped' ? words.workerGone : words.causes[trouble.cause]
      return { what, since: since(trouble.since, words, now), then: lost(trouble, words) }
    }
    case 'nvr': {
      const what = words.nvrTrouble(trouble.nvr, happened(trouble, words))
      return { what, since: since(trouble.since, words, now), then: lost(trouble, words, words.checkNvr) }
    }
    case 'camera': {
      const what = words.cameraTrouble(trouble.camera, happened(trouble, words))
      const stations = [
        ...(trouble.dark.length ? [words.darkStations(named(trouble.dark, words, STATIONS))] : []),
        ...(trouble.seen.length ? [words.seenByOthers(named(trouble.seen, words, STATIONS))] : []),
      ]
      return { what, since: since(trouble.since, words, now), then: [trouble.room, ...stations].join(' · ') }
    }
    case 'clock': {
      const { state, offset_s } = trouble.clock
      const said = state === null ? words.clockUnread : words.clockStates[state]
      const off = offset_s === null || trouble.doubt ? '' : ` ${signedSeconds(offset_s)}`
      const then = trouble.doubt ? words.timeUnvouched : words.timeUnproven
      return { what: words.clockTrouble(trouble.host, said + off), since: '', then }
    }
  }
}

/** What a camera does, in a word; of one that is out what its connection says, or its cause where that says more. */
export function stateWord(camera: CameraStatus, words: Words): string {
  if (camera.state !== 'outage' || !camera.outage) return words.cameraStates[camera.state]
  return happened({ state: connectionOf(camera), cause: camera.outage.cause }, words)
}

function connectionOf(camera: CameraStatus): CameraState | null {
  const ofTheConnection = OF_THE_CONNECTION.some((cause) => cause === camera.outage?.cause)
  return ofTheConnection ? (camera.connection?.state ?? null) : null
}

function happened(trouble: { state: CameraState | null; cause: Cause }, words: Words): string {
  return trouble.state === null || trouble.state === 'live' ? words.causes[trouble.cause] : words.connections[trouble.state]
}

function named(names: readonly string[], words: Words, atMost: number): string {
  return names.length > atMost ? words.someOf(names.slice(0, atMost - 1), names.length) : words.list(names)
}

function lost(trouble: { cameras: readonly string[] }, words: Words, advice = ''): string {
  return [words.notRecorded(named(trouble.cameras, words, CAMERAS)), ...(advice ? [advice] : [])].join(' · ')
}

function since(at: number | null, words: Words, now: number): string {
  if (at === null) return ''
  return words.sinceTime(localDate(at) === localDate(now) ? localTime(at) : localDateTime(at))
}

function nobodyRecords(recorders: readonly RecorderStatus[], out: readonly CameraStatus[]): Trouble[] {
  if (out.length === 0) return []
  const last = recorders.map((recorder) => instant(recorder.ended ?? recorder.seen))
  return [{ kind: 'recorder', since: last.length ? Math.max(...last) : null, cameras: out.map((each) => each.camera) }]
}

function own(out: readonly CameraStatus[]): Trouble[] {
  return OWN.flatMap((cause) => {
    const struck = out.filter((camera) => camera.outage?.cause === cause)
    if (struck.length === 0) return []
    const starts = struck.flatMap(({ outage }) => (outage?.start ? [instant(outage.start)] : []))
    const since = starts.length ? Math.min(...starts) : null
    return [{ kind: 'own' as const, cause, since, cameras: struck.map((each) => each.camera) }]
  })
}

function devices(status: Status, out: readonly CameraStatus[]): Trouble[] {
  const ofNvrs = new Set(status.nvrs.flatMap((each) => each.cameras.map((camera) => `${each.site}/${camera}`)))
  const alone = out.filter(
    (each) => !isOwn(each.outage?.cause) && !ofNvrs.has(`${each.site}/${each.camera}`),
  )
  const seen = recordedStations(status.cameras)
  const cameras = alone.map((each) => camera(each, seen))
  return [...status.nvrs.map(nvr), ...cameras.sort((one, other) => worse(one, other))]
}

function isOwn(cause: Cause | undefined): boolean {
  return OWN.some((each) => each === cause)
}

function nvr(each: NvrStatus): Trouble {
  return {
    kind: 'nvr', nvr: each.nvr, site: each.site_name, state: each.connection, cause: each.cause,
    since: instant(each.since), cameras: each.cameras,
  }
}

type CameraTrouble = Extract<Trouble, { kind: 'camera' }>

function camera(each: CameraStatus, recorded: ReadonlySet<string>): CameraTrouble {
  const cause = each.outage?.cause ?? 'unexplained'
  const seen = each.sees.filter((station) => recorded.has(seat(each, station)))
  return {
    kind: 'camera',
    camera: each.camera,
    room: each.room_name,
    state: connectionOf(each),
    cause,
    since: each.outage?.start ? instant(each.outage.start) : null,
    dark: each.sees.filter((station) => !seen.includes(station)),
    seen,
  }
}

function worse(one: CameraTrouble, other: CameraTrouble): number {
  return other.dark.length - one.dark.length || (one.since ?? 0) - (other.since ?? 0)
}

function seat(camera: CameraStatus, station: string): string {
  return `${camera.site}/${station}`
}

function recordedStations(cameras: readonly CameraStatus[]): Set<string> {
  const recording = cameras.filter((each) => each.state === 'recording')
  return new Set(recording.flatMap((each) => each.sees.map((station) => seat(each, station))))
}

function clocks(status: Status, alive: readonly RecorderStatus[]): Trouble[] {
  const now = instant(status.at)
  const found = status.host_clocks.flatMap((clock) => {
    if (clock.synchronised === true) return []
    const begun = Math.min(...alive.filter((each) => each.host === clock.host).map((each) => instant(each.started)))
    if (clock.at === null && now - begun < FIRST_READING_MS) return []
    const doubt = clock.state === null || clock.state === 'unwitnessed'
    return [{ kind: 'clock' as const, host: clock.host, clock, doubt }]
  })
  return found.sort((one, other) => Number(one.doubt) - Number(other.doubt))
}

/** Cameras for a table: those that are out first, then those that record, then the idle ones; else by room. */
export function worstFirst(cameras: readonly CameraStatus[]): CameraStatus[] {
  const rank = { outage: 0, recording: 1, idle: 2 }
  return [...cameras].sort((one, other) => rank[one.state] - rank[other.state])
}
