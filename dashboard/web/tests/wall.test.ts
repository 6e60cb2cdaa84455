import { describe, expect, it } from 'vitest'

import { anewOf, Arrivals, chase, HostClock, mediaOf, neighbour, reason, STALE_MS, type Seen } from '@/pure/wall'

const LIVE: Seen = { open: true, condition: 'playing', age: 40, still: 40 }

function message(kind: number, flags = 0, arrived = 0n): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(14))
  view.setUint8(0, kind)
  view.setUint8(1, flags)
  view.setUint16(2, 3)
  view.setBigInt64(4, arrived)
  return view.buffer
}

describe('a tile', () => {
  it('is live only while pictures arrive and are decoded', () => {
    expect(reason(LIVE)).toBeNull()
    expect(reason({ ...LIVE, age: STALE_MS + 1 })).toBe('old')
    expect(reason({ ...LIVE, still: STALE_MS + 1 })).toBe('frozen')
    expect(reason({ ...LIVE, still: undefined })).toBe('starting')
    expect(reason({ ...LIVE, age: undefined })).toBe('starting')
  })
  it('says of the camera what the host says, and nothing of it without a connection', () => {
    expect(reason({ ...LIVE, condition: 'refused' })).toBe('refused')
    expect(reason({ ...LIVE, open: false, condition: 'refused' })).toBe('offline')
  })
})

describe('what is coded anew', () => {
  it('is told with what the camera sends and as which size it is shown', () => {
    const said = { codec: 'h265', width: 854, height: 480, of_width: 1920, of_height: 1080 }
    expect(anewOf(said)).toEqual({ codec: 'H.265', shown: '854×480', of: '1920×1080' })
    expect(anewOf({ ...said, codec: 'jpeg' })?.codec).toBe('JPEG')
    expect(anewOf(null)).toBeUndefined()
    expect(anewOf(undefined)).toBeUndefined()
  })
})

describe('a message', () => {
  it('says what it is and when its picture arrived', () => {
    const media = mediaOf(message(2, 3, 1_700_000_000_123_456n))
    expect(media).toMatchObject({ kind: 'pictures', key: true, past: true, count: 3, arrived: 1_700_000_000_123.456 })
    expect(media?.data.byteLength).toBe(2)
    expect(mediaOf(message(1))?.kind).toBe('head')
  })
  it('of another kind, or cut short, is none', () => {
    expect(mediaOf(message(9))).toBeUndefined()
    expect(mediaOf(new ArrayBuffer(11))).toBeUndefined()
  })
})

describe('arrivals', () => {
  const last = { shown: 5, stamp: 3600, at: 2_000 }
  const heard = (): Arrivals => {
    const arrivals = new Arrivals()
    arrivals.heard(3600, 1_000, 2_000)
    arrivals.heard(7200, 1_040, 2_040)
    return arrivals
  }
  it('are those of the picture that is shown, and unknown for one from before', () => {
    const arrivals = heard()
    expect(arrivals.of(undefined)).toBeUndefined()
    expect(arrivals.of({ ...last, shown: 0 })).toBeUndefined()
    expect(arrivals.of(last)).toBe(1_000)
    expect(arrivals.of({ ...last, stamp: 90 })).toBeUndefined()
    expect(arrivals.of({ ...last, stamp: undefined })).toBe(1_040) // a browser that does not tell which one it shows
    arrivals.clear()
    expect(arrivals.of(last)).toBeUndefined()
  })
  it('of long ago are forgotten', () => {
    const arrivals = new Arrivals()
    for (let each = 0; each < 300; each++) arrivals.heard(each, each, each)
    expect(arrivals.of({ ...last, stamp: 10 })).toBeUndefined()
    expect(arrivals.of({ ...last, stamp: 299 })).toBe(299)
  })
  it('tell whether what is shown keeps up, also in a browser that does not tell which picture it shows', () => {
    const arrivals = heard()
    expect(arrivals.keptUp(last)).toBe(true)
    expect(arrivals.keptUp(undefined)).toBe(false)
    expect(arrivals.keptUp({ ...last, shown: 0 })).toBe(false)
    arrivals.heard(10_800, 1_000 + STALE_MS + 1, 2_100)
    expect(arrivals.keptUp(last)).toBe(false)
    expect(arrivals.keptUp({ ...last, stamp: undefined })).toBe(true)
    arrivals.heard(14_400, 1_000, 2_000 + STALE_MS + 1)
    expect(arrivals.keptUp({ ...last, stamp: undefined })).toBe(false)
  })
})

describe("the host's clock", () => {
  it('is unknown before the first answer, and then that of the fastest', () => {
    const clock = new HostClock()
    expect(clock.at(0)).toBeUndefined()
    clock.heard(0, 400, 10_350) // a slow way back
    clock.heard(1000, 1020, 11_010)
    expect(clock.at(2000)).toBe(12_000)
  })
  it('forgets answers of long ago', () => {
    const clock = new HostClock()
    clock.heard(0, 0, 5_000)
    for (let each = 1; each <= 8; each++) clock.heard(each, each + 10, 105 + each)
    expect(clock.at(0)).toBe(100)
  })
})

describe('playing', () => {
  it('jumps to the newest pictures over holes and from far behind, and hurries from a little behind', () => {
    expect(chase(0, [])).toEqual({ rate: 1 })
    expect(chase(9.9, [{ start: 0, end: 10 }])).toEqual({ rate: 1 })
    expect(chase(9.5, [{ start: 0, end: 10 }])).toEqual({ rate: 1.1 })
    expect(chase(2, [{ start: 0, end: 10 }]).to).toBeCloseTo(9.88)
    expect(chase(3, [{ start: 0, end: 4 }, { start: 20, end: 20.05 }]).to).toBe(20)
  })
  it('leave as much to play from as comes at a time', () => {
    expect(chase(9.5, [{ start: 0, end: 10 }], 0.16)).toEqual({ rate: 1 })
    expect(chase(9.4, [{ start: 0, end: 10 }], 0.16)).toEqual({ rate: 1.1 })
    expect(chase(2, [{ start: 0, end: 10 }], 0.16).to).toBeCloseTo(9.72)
  })
})

describe('keys', () => {
  it('move between tiles and stay on the wall', () => {
    expect(neighbour('ArrowRight', 0, 4, 2)).toBe(1)
    expect(neighbour('ArrowDown', 1, 4, 2)).toBe(3)
    expect(neighbour('ArrowDown', 3, 4, 2)).toBe(3)
    expect(neighbour('ArrowLeft', 0, 4, 2)).toBe(0)
    expect(neighbour('a', 0, 4, 2)).toBeUndefined()
  })
})
