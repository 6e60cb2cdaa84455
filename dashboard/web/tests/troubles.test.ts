import { describe, expect, it } from 'vitest'

import type { CameraStatus, Cause, ClockStatus, RecorderStatus, Status } from '@/api/types'
import { stateWord, told, troubles, worstFirst } from '@/pure/troubles'
import { instant } from '@/pure/time'
import { en } from '@/words/en'
import { zh } from '@/words/zh'

const NOW = instant('2026-05-01T01:00:30.000Z')
const iso = (seconds: number) => new Date(NOW + seconds * 1000).toISOString()

const recording: CameraStatus = {
  camera: 'c1', site: 's', site_name: '考场', room: 'A', room_name: '一号考场', sees: ['A01'], nvr: null, channel: null,
  state: 'recording', last_frame: iso(-1), clock_offset_s: 0.1, outage: null, connection: null,
}

function out(camera: string, cause: Cause, seconds: number | null, more: Partial<CameraStatus> = {}): CameraStatus {
  const start = seconds === null ? null : iso(seconds)
  return { ...recording, camera, state: 'outage', outage: { start, cause, detail: '' }, ...more }
}

const recorder: RecorderStatus = { id: 'r', host: 'h', started: iso(-600), seen: iso(0), ended: null, alive: true }
const kept: ClockStatus = {
  host: 'h', at: iso(-10), state: 'synchronised', synchronised: true, by: 'ntp', offset_s: 0, error_s: 0.02,
}

function status(cameras: CameraStatus[], more: Partial<Status> = {}): Status {
  return { at: iso(0), recorders: [recorder], cameras, nvrs: [], host_clocks: [kept], webhooks: [], broken_glass: [], ...more }
}

function lines(found: Status, words = zh): string[] {
  return troubles(found).map((trouble) => {
    const { what, since, then } = told(trouble, words, NOW)
    return [what, since, then].filter(Boolean).join(' | ')
  })
}

describe('troubles', () => {
  it('are none while all that is wanted is recorded', () => {
    expect(troubles(status([recording, { ...recording, camera: 'c2', state: 'idle' }]))).toEqual([])
  })

  it('name a camera, since when, and the stations that nobody records now', () => {
    const lost = { state: 'lost' as const, since: iso(-10), detail: '', changes: 1 }
    const found = status([
      { ...recording, sees: ['A02'] },
      out('c2', 'camera_disconnected', -10, { connection: lost, sees: ['A01', 'A02'] }),
    ])
    expect(lines(found)).toEqual([
      '摄像机 c2 断线 | 自 09:00:20 起 | 一号考场 · 工位 A01 没有录像 · 工位 A02 仍由其他摄像机录像',
    ])
    expect(lines(found, en)).toEqual([
      'Camera c2: Disconnected | since 09:00:20 | 一号考场 · no footage of station A01 · station A02 still recorded by another camera',
    ])
  })

  it('name the first of many stations and count them all', () => {
    const sees = Array.from({ length: 16 }, (_, number) => `S${number + 1}`)
    expect(lines(status([out('c2', 'no_data', -10, { sees })]))[0]).toContain('工位 S1、S2、S3、S4、S5 等 16 个 没有录像')
    expect(lines(status([out('c2', 'no_data', -10, { sees })]), en)[0]).toContain('S4, S5 and 11 more')
  })

  it('do not take a station of another site for recorded', () => {
    const found = status([{ ...recording, site: 'other' }, out('c2', 'no_data', -10)])
    expect(lines(found)[0]).toContain('工位 A01 没有录像')
  })

  it('tell an NVR once, and none of its cameras beside it', () => {
    const channels = [1, 2].map((channel) => out(`n${channel}`, 'camera_disconnected', -10, { nvr: 'nvr-1', channel }))
    const nvr = {
      nvr: 'nvr-1', site: 's', site_name: '考场', since: iso(-9), cause: 'camera_disconnected' as const,
      connection: null, cameras: ['n1', 'n2'],
    }
    expect(lines(status(channels, { nvrs: [nvr] }))).toEqual([
      '硬盘录像机 nvr-1 摄像机断线 | 自 09:00:21 起 | 没有录像的摄像机: n1、n2 · 请检查其电源与网络',
    ])
  })

  it('tell a full disk once, with the cameras it struck, since the first', () => {
    expect(lines(status([out('c1', 'disk_full', -5), out('c2', 'disk_full', -8)]))).toEqual([
      '磁盘已满 | 自 09:00:22 起 | 没有录像的摄像机: c1、c2',
    ])
  })

  it('tell a dead recorder once, since its last heartbeat, with the day where it was another', () => {
    const dead = { ...recorder, alive: false, seen: iso(-86_400) }
    const cameras = [out('c1', 'recorder_stopped', null), out('c2', 'recorder_stopped', null)]
    expect(lines(status(cameras, { recorders: [dead], host_clocks: [] }))).toEqual([
      '录像服务未运行 | 自 2026-04-30 09:00:30 起 | 没有录像的摄像机: c1、c2 · 请启动录像服务',
    ])
    expect(troubles(status([{ ...recording, state: 'idle' }], { recorders: [dead], host_clocks: [] }))).toEqual([])
  })

  it('come in the order of what they cost: all cameras of one cause, an NVR, dark stations, the clock', () => {
    const nvr = {
      nvr: 'nvr-1', site: 's', site_name: '考场', since: iso(-9), cause: 'no_data' as const,
      connection: 'stalled' as const, cameras: ['n1', 'n2'],
    }
    const found = status(
      [
        { ...recording, sees: ['A02'] },
        out('seen', 'no_data', -60, { sees: ['A02'] }),
        out('dark', 'no_data', -1),
        out('n1', 'no_data', -9),
        out('n2', 'no_data', -9),
        out('full', 'disk_full', -1, { sees: [] }),
      ],
      { nvrs: [nvr], host_clocks: [{ ...kept, state: 'off', synchronised: false, by: 'server', offset_s: 7.5 }] },
    )
    expect(troubles(found).map((trouble) => trouble.kind)).toEqual(['own', 'nvr', 'camera', 'camera', 'clock'])
    expect(lines(found).slice(2).map((line) => line.split(' | ')[0])).toEqual([
      '摄像机 dark 有连接无画面', '摄像机 seen 有连接无画面', '录像主机 h 时钟不准 +7.500 s',
    ])
  })

  it('say of a clock that nothing vouches for that it is in doubt, but not before it could be read', () => {
    const unread = { ...kept, at: null, state: null, synchronised: null, by: null, offset_s: null, error_s: null }
    const begun = { ...recorder, started: iso(-20) }
    expect(troubles(status([], { host_clocks: [unread], recorders: [begun] }))).toEqual([])
    expect(lines(status([], { host_clocks: [unread] }))).toEqual([
      '录像主机 h 时钟没有核对记录 | 录像时间无从证实，录像存在不受影响',
    ])
  })
})

describe('cameras of the status', () => {
  it('stand with those that are out first, and else in the order they came', () => {
    const idle = { ...recording, camera: 'a', state: 'idle' as const }
    const found = worstFirst([idle, recording, out('b', 'no_data', -1), out('c', 'no_data', -9)])
    expect(found.map((camera) => camera.camera)).toEqual(['b', 'c', 'c1', 'a'])
  })
  it('are called by what their connection says, or by their cause where that says more', () => {
    const connection = { state: 'refused' as const, since: iso(-1), detail: '', changes: 1 }
    expect(stateWord(recording, zh)).toBe('录像中')
    expect(stateWord(out('c', 'camera_disconnected', -1, { connection }), zh)).toBe('被拒绝')
    expect(stateWord(out('c', 'disk_full', -1, { connection }), zh)).toBe('磁盘已满')
    expect(stateWord(out('c', 'no_data', -1), en)).toBe('Connected, no picture')
  })
})
