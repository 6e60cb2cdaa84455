import { describe, expect, it } from 'vitest'

import type { StandingAlarm, WallCamera } from '@/api/types'
import { alarmsOf, arranged, keep, kept, PLAIN, turned, type Layout } from '@/wall/layout'

const camera = (id: string, room = 'R1', told: Partial<WallCamera> = {}) =>
  ({ camera: id, room, site: 's-1', county: '浈江区', batch: 'b-1', ...told }) as WallCamera
const alarm = (told: Partial<StandingAlarm>) =>
  ({ kind: 'camera_lost', site: 's-1', rooms: ['R1'], cameras: [], ...told }) as StandingAlarm
const layout = (told: Partial<Layout> = {}): Layout => ({ ...PLAIN, pinned: [], ...told })

function shelf(): Storage {
  const held = new Map<string, string>()
  return {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => void held.set(key, value),
    removeItem: (key: string) => void held.delete(key),
  } as Storage
}

describe('a layout', () => {
  it('is there again for who chose it, and forgotten when another account comes', () => {
    const here = shelf()
    const chosen = layout({ size: 25, county: '武江区', turns: 20, pinned: ['c2'] })
    keep(here, 'wu', chosen)
    expect(kept(here, 'wu')).toEqual(chosen)
    expect(kept(here, 'li')).toEqual(layout())
    expect(kept(here, 'wu')).toEqual(layout())
  })
  it('is taken for none where it is not one', () => {
    const here = shelf()
    here.setItem('kaojian.wall', '{"account":"wu","layout":{"size":7,"turns":"fast","pinned":[1,"c1"],"alarms":"only"}}')
    expect(kept(here, 'wu')).toEqual(layout({ alarms: 'only', pinned: ['c1'] }))
    here.setItem('kaojian.wall', 'nothing')
    expect(kept(here, 'wu')).toEqual(layout())
  })
})

describe('the order of tiles', () => {
  const all = [camera('c1'), camera('c2'), camera('c3', 'R2'), camera('c4', 'R2', { county: '武江区', batch: 'b-2' })]
  const ids = (told: Partial<Layout>, alarms: StandingAlarm[] = []) => arranged(all, layout(told), alarms).map((each) => each.camera)
  it('is pinned ones, then those with alarms, then as they are listed', () => {
    const alarms = [alarm({ cameras: ['c3'], rooms: ['R2'] })]
    expect(ids({}, alarms)).toEqual(['c3', 'c1', 'c2', 'c4'])
    expect(ids({ pinned: ['c4', 'c2'] }, alarms)).toEqual(['c4', 'c2', 'c3', 'c1'])
    expect(ids({ alarms: 'listed' }, alarms)).toEqual(['c1', 'c2', 'c3', 'c4'])
    expect(ids({ alarms: 'only', pinned: ['c1'] }, alarms)).toEqual(['c3'])
    expect(ids({ county: '武江区' })).toEqual(['c4'])
    expect(ids({ batch: 'b-1', site: 's-2' })).toEqual([])
  })
  it('knows the alarm of a room for all its cameras, and one that names a camera for that alone', () => {
    expect(alarmsOf(all[0]!, [alarm({})])).toHaveLength(1)
    expect(alarmsOf(all[0]!, [alarm({ cameras: ['c2'] })])).toHaveLength(0)
    expect(alarmsOf(all[0]!, [alarm({ site: 's-2' })])).toHaveLength(0)
    expect(alarmsOf(all[2]!, [alarm({})])).toHaveLength(0)
  })
  it('turns to the first page after the last', () => {
    expect([turned(0, 3), turned(2, 3), turned(0, 1)]).toEqual([1, 0, 0])
  })
})
