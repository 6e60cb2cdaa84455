// What somebody writes of a camera at the page, and what is made of the answer of a test. Pure.

import type { PlanCamera, SeenStation, SetUpCamera, SetUpNvr, SetUpRoom, TriedCamera } from '@/api/types'

export interface CameraForm {
  id: string
  url: string
  user: string
  password: string
  transport: 'tcp' | 'udp'
  panoramic: boolean
  audio: boolean
  substream: string
  nvr: string
  channel: string
  sees: SeenStation[]
}

/** Paths of the channels of NVRs of those who make most of them, as they are delivered. */
export const CHANNEL_PATHS = {
  hikvision: '/Streaming/Channels/{channel}01',
  dahua: '/cam/realmonitor?channel={channel}&subtype=0',
  uniview: '/unicast/c{channel}/s0/live',
} as const
export type Maker = keyof typeof CHANNEL_PATHS

/** The form of a camera as it is set up; without, an empty one, or one for a channel of an NVR. */
export function formOf(camera?: SetUpCamera, through?: SetUpNvr): CameraForm {
  return {
    id: camera?.id ?? '',
    url: camera?.address ?? (through?.address ? `${through.address}${CHANNEL_PATHS.hikvision}` : 'rtsp://'),
    user: '',
    password: '',
    transport: camera?.transport ?? 'tcp',
    panoramic: camera?.panoramic ?? false,
    audio: camera?.audio ?? false,
    substream: camera?.substream ?? '',
    nvr: camera?.nvr ?? through?.id ?? '',
    channel: camera?.channel ? String(camera.channel) : '',
    sees: camera?.sees.map((each) => ({ ...each })) ?? [],
  }
}

export function loginOf(form: { user: string; password: string }): { user: string; password: string } | null {
  return form.user ? { user: form.user, password: form.password } : null
}

/** Host and port of an address, "" where it cannot be read. */
export function deviceOf(url: string): string {
  const found = /^rtsps?:\/\/(\[[0-9a-f:.]+\]|[^/:@\s]+)(?::(\d+))?(?:[/?]|$)/i.exec(url.trim())
  if (!found) return ''
  const port = found[2] ?? (url.toLowerCase().startsWith('rtsps') ? '322' : '554')
  return `${found[1]?.toLowerCase()}:${port}`
}

/** Whether a login is kept for the device at an address, by the cameras and NVRs of the site that are shown. */
export function loginKept(url: string, known: readonly { address: string | null; login: boolean }[]): boolean {
  const device = deviceOf(url)
  return device !== '' && known.some((each) => each.login && each.address !== null && deviceOf(each.address) === device)
}

/** The addresses of channels of an NVR: `{channel}` in the address stands for the number. */
export function channels(template: string, from: number, to: number): { channel: number; url: string }[] {
  if (!template.includes('{channel}') || !Number.isInteger(from) || !Number.isInteger(to)) return []
  const last = Math.min(to, from + 63)
  return Array.from({ length: Math.max(0, last - from + 1) }, (_, step) => ({
    channel: from + step,
    url: template.replaceAll('{channel}', String(from + step)),
  }))
}

/** The camera of a site that has that address already. */
export function knownAt(url: string, rooms: readonly SetUpRoom[]): string | undefined {
  return rooms.flatMap((room) => room.cameras).find((each) => each.address === url)?.id
}

export type Mark = 'good' | 'bad' | 'note'
export interface Finding {
  name: 'codec' | 'size' | 'rate' | 'keys' | 'bits' | 'clock' | 'lost' | 'plan'
  value: string
  mark: Mark
}

const MARKED: Record<string, Finding['name']> = {
  resolution: 'size',
  frame_rate: 'rate',
  key_frames: 'keys',
  clock: 'clock',
  packet_loss: 'lost',
}

/** H.265 is recorded as it is; browsers that cannot play it show it nowhere. */
export function isH265(codec: string): boolean {
  return /^(hvc1|hev1)/.test(codec)
}

/** What a test found, number by number; what the server advises on is bad. `drawn` is how the plan has the camera. */
export function findings(tried: TriedCamera, drawn?: PlanCamera): Finding[] {
  const bad = new Set(tried.advice.map((each) => MARKED[each.code]))
  const mark = (name: Finding['name']): Mark => (bad.has(name) ? 'bad' : 'good')
  const keys = tried.key_interval_s === null ? `> ${tried.keyless_s.toFixed(1)} s` : `${tried.key_interval_s.toFixed(1)} s`
  const rate = `${tried.delivered_fps.toFixed(1)} / ${tried.stated_fps === null ? '?' : String(Math.round(tried.stated_fps * 10) / 10)}`
  const offset = tried.clock_offset_s
  const found: Finding[] = [
    { name: 'codec', value: tried.codec, mark: isH265(tried.codec) ? 'note' : 'good' },
    { name: 'size', value: `${tried.width}×${tried.height} (≥ ${tried.min_width}×${tried.min_height})`, mark: mark('size') },
    { name: 'rate', value: `${rate} (≥ ${tried.min_fps})`, mark: mark('rate') },
    { name: 'keys', value: keys, mark: mark('keys') },
    { name: 'bits', value: `${(tried.bits_per_second / 1e6).toFixed(2)} Mbit/s`, mark: 'good' },
    {
      name: 'clock',
      value: offset === null ? '?' : `${offset < 0 ? '−' : '+'}${Math.abs(offset).toFixed(2)} s (± ${tried.clock_warn_s} s)`,
      mark: mark('clock'),
    },
    { name: 'lost', value: `${tried.lost_packets} / ${tried.damaged_pictures}`, mark: mark('lost') },
  ]
  if (drawn && (drawn.picture[0] !== tried.width || drawn.picture[1] !== tried.height)) {
    found.push({ name: 'plan', value: `${drawn.picture[0]}×${drawn.picture[1]}`, mark: 'bad' })
  }
  return found
}

/** Corners as people write them: `0.10,0.25 0.42,0.25 …`; undefined where they are not. */
export function cornersFrom(text: string): [number, number][] | null | undefined {
  const words = text.trim().split(/\s+/).filter(Boolean)
  if (!words.length) return null
  const corners = words.map((word) => word.split(/[,，]/).map(Number))
  const wrong = (corner: number[]) => corner.length !== 2 || corner.some((each) => !(each >= 0 && each <= 1))
  return words.length < 3 || corners.some(wrong) ? undefined : (corners as [number, number][])
}

export function cornersText(corners: readonly (readonly number[])[] | null | undefined): string {
  return (corners ?? []).map((corner) => corner.map((each) => (Math.round(each * 1000) / 1000).toString()).join(',')).join(' ')
}

/** Stations with those seen first as the room has them. */
export function withSeen(sees: readonly SeenStation[], station: string, seen: boolean, room: SetUpRoom): SeenStation[] {
  const kept = new Map(sees.map((each) => [each.station, each]))
  if (seen) kept.set(station, kept.get(station) ?? { station, region: null })
  else kept.delete(station)
  return room.stations.flatMap((each) => kept.get(each) ?? [])
}

/** Where a click on a picture lies in it, as shares of width and height. */
export function share(event: { clientX: number; clientY: number }, box: { left: number; top: number; width: number; height: number }): [number, number] {
  const clamp = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000
  return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)]
}
