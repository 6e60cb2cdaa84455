// How somebody looks at the wall: how many tiles, of what, in which order, and how fast pages turn. Kept in this browser
// for the account that chose it, and forgotten when another one comes. It names cameras by id and holds no picture.

import type { StandingAlarm, WallCamera } from '@/api/types'
import { SIZES, type Size } from '@/pure/wall'

export const TURNS_S = [0, 10, 20, 30, 60] as const
export const ALARMS = ['listed', 'first', 'only'] as const

export interface Layout {
  size: Size
  county: string
  site: string
  batch: string
  alarms: (typeof ALARMS)[number]
  /** Seconds until the next page; 0 turns none. */
  turns: (typeof TURNS_S)[number]
  /** Ids of cameras that stand before all others, in their order. */
  pinned: string[]
}

export const PLAIN: Readonly<Layout> = { size: 4, county: '', site: '', batch: '', alarms: 'first', turns: 0, pinned: [] }
const KEY = 'kaojian.wall'

type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** The layout that an account left here; a plain one, and nothing left of another's, where there is none. */
export function kept(shelf: Shelf, account: string): Layout {
  try {
    const found = JSON.parse(shelf.getItem(KEY) ?? 'null') as { account?: unknown; layout?: unknown } | null
    if (found?.account === account) return sound(found.layout)
    shelf.removeItem(KEY)
  } catch {
    // A browser that keeps nothing, or something else of that name: then the wall is as it is at first.
  }
  return { ...PLAIN, pinned: [] }
}

export function keep(shelf: Shelf, account: string, layout: Layout): void {
  try {
    shelf.setItem(KEY, JSON.stringify({ account, layout }))
  } catch {
    // It is a convenience.
  }
}

/** What somebody wrote into the browser is no layout until each part of it is one. */
function sound(told: unknown): Layout {
  const found = (typeof told === 'object' && told !== null ? told : {}) as Partial<Record<keyof Layout, unknown>>
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  return {
    size: SIZES.find((each) => each === found.size) ?? PLAIN.size,
    county: text(found.county),
    site: text(found.site),
    batch: text(found.batch),
    alarms: ALARMS.find((each) => each === found.alarms) ?? PLAIN.alarms,
    turns: TURNS_S.find((each) => each === found.turns) ?? PLAIN.turns,
    pinned: Array.isArray(found.pinned) ? found.pinned.filter((each): each is string => typeof each === 'string').slice(0, 100) : [],
  }
}

/** The alarms of a camera: those that name it, and those of its room that name no camera at all. */
export function alarmsOf(camera: WallCamera, alarms: readonly StandingAlarm[]): StandingAlarm[] {
  return alarms.filter(
    (each) =>
      each.site === camera.site &&
      (each.cameras.includes(camera.camera) || (!each.cameras.length && each.rooms.includes(camera.room))),
  )
}

/** The cameras that a layout shows, in their order: pinned ones, then those with alarms where they come first. */
export function arranged(cameras: readonly WallCamera[], layout: Layout, alarms: readonly StandingAlarm[]): WallCamera[] {
  const alarmed = (each: WallCamera) => alarmsOf(each, alarms).length > 0
  const shown = cameras.filter(
    (each) =>
      (!layout.county || each.county === layout.county) &&
      (!layout.site || each.site === layout.site) &&
      (!layout.batch || each.batch === layout.batch) &&
      (layout.alarms !== 'only' || alarmed(each)),
  )
  const place = (each: WallCamera) => {
    const pin = layout.pinned.indexOf(each.camera)
    if (pin >= 0) return pin - layout.pinned.length
    return layout.alarms === 'first' && !alarmed(each) ? 1 : 0
  }
  return shown.map((each, index) => ({ each, index })).sort((one, other) => place(one.each) - place(other.each) || one.index - other.index).map(({ each }) => each)
}

/** The page after this one, and after the last the first. */
export function turned(page: number, pages: number): number {
  return page + 1 < pages ? page + 1 : 0
}
