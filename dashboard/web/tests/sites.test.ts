import { describe, expect, it } from 'vitest'

import type { SetUpRoom, Survey, TriedCamera } from '@/api/types'
import { channels, cornersFrom, cornersText, deviceOf, findings, loginKept, share, withSeen } from '@/sites/camera'
import { boxOf, fan, firstPlan, fitted, freshName, lackOf, moved, placed, points, shortFirst, viewBox, withCamera, withStation, without } from '@/sites/plan'

const room: SetUpRoom = {
  id: 'r1',
  name: '一号考场',
  stations: ['A-01', 'A-02', 'A-03'],
  drawn: false,
  cameras: [
    { id: 'c1', address: null, login: false, transport: 'tcp', engine: 'auto', audio: false, substream: null, panoramic: false, nvr: null, channel: null, sees: [], drawn: false, reference: null },
  ],
}

const tried: TriedCamera = {
  codec: 'avc1.640028', width: 1920, height: 1080, pictures: 200, seconds: 8, stated_fps: 25, delivered_fps: 24.96,
  bits_per_second: 4_000_000, key_interval_s: 2, keyless_s: 2, lost_packets: 0, damaged_pictures: 0, format_changes: 0,
  clock_offset_s: -130.5, ended: null, audio: [], advice: [{ code: 'clock', zh: '时钟', en: 'clock' }], min_width: 1280,
  min_height: 720, min_fps: 15, clock_warn_s: 1, rule_pack: 'SG', held_back: false, picture: null,
}

describe('an address', () => {
  it('names its device by host and port, whatever stands behind', () => {
    expect(deviceOf('rtsp://10.0.0.8/a')).toBe('10.0.0.8:554')
    expect(deviceOf('RTSPS://10.0.0.8')).toBe('10.0.0.8:322')
    expect(deviceOf('rtsp://[fd00::8]:8554/a')).toBe('[fd00::8]:8554')
    expect(deviceOf('rtsp://10.0.0.8@10.0.0.9/a')).toBe('')
    expect(deviceOf('http://10.0.0.8/')).toBe('')
  })

  it('has a kept login only where the very device has', () => {
    const known = [{ address: 'rtsp://10.0.0.8:554/1', login: true }, { address: null, login: true }]
    expect(loginKept('rtsp://10.0.0.8/2', known)).toBe(true)
    expect(loginKept('rtsp://10.0.0.8:8554/2', known)).toBe(false)
    expect(loginKept('', known)).toBe(false)
  })

  it('stands for the channels of an NVR, 64 at most', () => {
    expect(channels('rtsp://10.0.0.9/{channel}01', 2, 3)).toEqual([
      { channel: 2, url: 'rtsp://10.0.0.9/201' },
      { channel: 3, url: 'rtsp://10.0.0.9/301' },
    ])
    expect(channels('rtsp://10.0.0.9/1', 1, 4)).toEqual([])
    expect(channels('rtsp://10.0.0.9/{channel}', 1, 900)).toHaveLength(64)
    expect(channels('rtsp://10.0.0.9/{channel}', 5, 2)).toEqual([])
  })
})

describe('a test of a camera', () => {
  const marks = (found: ReturnType<typeof findings>) => Object.fromEntries(found.map((each) => [each.name, each.mark]))

  it('marks what the server advises on, and nothing else', () => {
    expect(marks(findings(tried))).toEqual({ codec: 'good', size: 'good', rate: 'good', keys: 'good', bits: 'good', clock: 'bad', lost: 'good' })
    expect(findings(tried).find((each) => each.name === 'clock')?.value).toBe('−130.50 s (± 1 s)')
  })

  it('notes H.265, and a plan that reckons with another size', () => {
    const drawn = { ...withCamera(firstPlan(), 'c1').cameras[0]!, picture: [1280, 720] as [number, number] }
    const found = marks(findings({ ...tried, codec: 'hvc1.1.6.L120' }, drawn))
    expect([found.codec, found.plan]).toEqual(['note', 'bad'])
  })

  it('says that no two key frames came', () => {
    expect(findings({ ...tried, key_interval_s: null, keyless_s: 7.96 }).find((each) => each.name === 'keys')?.value).toBe('> 8.0 s')
  })
})

describe('stations in a picture', () => {
  it('are written as corners and read back', () => {
    expect(cornersFrom('0.1,0.2 0.4,0.2  0.4，0.8')).toEqual([[0.1, 0.2], [0.4, 0.2], [0.4, 0.8]])
    expect(cornersText([[0.1, 0.2], [0.4, 0.25555]])).toBe('0.1,0.2 0.4,0.256')
    expect(cornersFrom(' ')).toBeNull()
    for (const wrong of ['0.1,0.2', '0.1,0.2 0.3,0.4 1.2,0', '1,1 2 3', 'a,b c,d e,f']) expect(cornersFrom(wrong)).toBeUndefined()
  })

  it('stand in the order of the room, and keep their regions', () => {
    const one = withSeen([], 'A-03', true, room)
    const two = withSeen(one.map((each) => ({ ...each, region: [[0, 0], [1, 0], [1, 1]] as [number, number][] })), 'A-01', true, room)
    expect(two.map((each) => each.station)).toEqual(['A-01', 'A-03'])
    expect(two[1]?.region).toHaveLength(3)
    expect(withSeen(two, 'A-03', false, room).map((each) => each.station)).toEqual(['A-01'])
  })

  it('are clicked as shares of the picture, never outside', () => {
    const box = { left: 100, top: 50, width: 400, height: 200 }
    expect(share({ clientX: 200, clientY: 100 }, box)).toEqual([0.25, 0.25])
    expect(share({ clientX: 90, clientY: 900 }, box)).toEqual([0, 1])
  })
})

describe('a plan', () => {
  const plan = withCamera(withStation(withStation(firstPlan(), 'A-01'), 'A-02'), 'c1')

  it('begins with nothing in it, so that nothing counts as seen that nobody measured', () => {
    expect([firstPlan().stations, firstPlan().cameras]).toEqual([[], []])
    expect(boxOf(plan.stations[0]!.outline)).toEqual({ x: 3.3, y: 2.4, width: 1.4, depth: 1.2 })
    expect(plan.cameras[0]?.at).toEqual([0.1, 0.1, 2.8])
  })

  it('lets nothing be moved out of the room, and changes nothing in place', () => {
    const there = moved(plan, { kind: 'stations', index: 0 }, -50, 2)
    expect(boxOf(there.stations[0]!.outline)).toMatchObject({ x: 0, y: 4.4 })
    expect(boxOf(plan.stations[0]!.outline)).toMatchObject({ x: 3.3, y: 2.4 })
    const camera = moved(plan, { kind: 'cameras', index: 0 }, 1, 1)
    expect(camera.cameras[0]?.at).toEqual([1.1, 1.1, 2.8])
  })

  it('stretches an outline of any shape with its box', () => {
    const wedge = [[0, 0], [2, 0], [0, 1]]
    expect(fitted(wedge, { x: 1, y: 1, width: 4, depth: 3 })).toEqual([[1, 1], [5, 1], [1, 4]])
    const wider = placed(plan, { kind: 'stations', index: 1 }, { x: 1, y: 1, width: 2, depth: 0.5 })
    expect(boxOf(wider.stations[1]!.outline)).toEqual({ x: 1, y: 1, width: 2, depth: 0.5 })
  })

  it('hangs each new camera in another corner, looking inside', () => {
    const two = withCamera(plan, 'c2')
    const whole = boxOf(plan.outline)
    expect(two.cameras[1]?.at[0]).toBeCloseTo(whole.width - 0.1)
    expect(two.cameras[1]?.pan).toBeGreaterThan(90)
    expect(without(two, { kind: 'cameras', index: 0 }).cameras.map((each) => each.id)).toEqual(['c2'])
  })

  it('is drawn with y upwards', () => {
    expect(points([[1, 2], [3, 4]])).toBe('1,-2 3,-4')
    expect(viewBox({ ...plan, outline: [[0, 0], [8, 0], [8, 6], [0, 6]] })).toBe('-0.5 -6.5 9 7')
    expect(fan({ ...plan.cameras[0]!, at: [0, 0, 3], pan: 0, width_of_view: 90 }, 2)[2]).toEqual([2, 0])
  })

  it('says what keeps a room from being seen, and never nothing where something does', () => {
    const survey = { covers: false, short: [], stations_not_drawn: [], floor_share: 0.9, floor_share_needed: 0.95 } as unknown as Survey
    expect(lackOf({ ...survey, covers: true })).toBeUndefined()
    expect(lackOf({ ...survey, short: ['station A-01'], stations_not_drawn: ['A-02'] })).toBe('places')
    expect(lackOf({ ...survey, stations_not_drawn: ['A-02'] })).toBe('drawn')
    expect(lackOf(survey)).toBe('floor')
    expect(lackOf({ ...survey, floor_share: 0.96 })).toBe('banned')
  })

  it('names new things as nothing is named yet, and shows what falls short first', () => {
    expect(freshName('障碍', [{ id: '障碍1' }, { id: '障碍3' }])).toBe('障碍2')
    const place = (id: string, shortfall: string | null) => ({ id, shortfall }) as Survey['places'][number]
    const survey = { places: [place('A-01', null), place('A-02', 'hidden'), place('A-03', null)] } as unknown as Survey
    expect(shortFirst(survey).map((each) => each.id)).toEqual(['A-02', 'A-01', 'A-03'])
  })
})
