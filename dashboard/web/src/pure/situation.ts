// What the command view counts, and what it shows first. Nothing of the browser.

import type { CountySituation, RoomSituation, Situation, SiteSituation, StandingAlarm, TodaySitting } from '@/api/types'

/** How a room is told: something is wrong there; it is recorded; a sitting is to come or should be recorded; nothing. */
export type Tone = 'alarm' | 'recording' | 'waiting' | 'idle'

export interface Totals {
  sittings: number
  open: number
  closed: number
  recording: number
  out: number
  seated: number
  present: number
  absent: number
}

export function totals(sites: readonly SiteSituation[]): Totals {
  const sittings = sites.flatMap((site) => site.sittings)
  const rooms = sites.flatMap((site) => site.rooms)
  const sum = <T>(all: readonly T[], of: (each: T) => number) => all.reduce((before, each) => before + of(each), 0)
  return {
    sittings: sittings.length,
    open: sittings.filter((each) => each.state === 'open').length,
    closed: sittings.filter((each) => each.state === 'closed').length,
    recording: sum(rooms, (each) => each.cameras.recording),
    out: sum(rooms, (each) => each.cameras.out),
    seated: sum(sittings, (each) => each.seated),
    present: sum(sittings, (each) => each.present),
    absent: sum(sittings, (each) => each.absent),
  }
}

export function sitesOf(situation: Situation): SiteSituation[] {
  return situation.counties.flatMap((each) => each.sites)
}

/** The alarms of a room: those that name it, or cameras of its site and no room. */
export function alarmsOf(site: string, room: string, alarms: readonly StandingAlarm[]): StandingAlarm[] {
  return alarms.filter((each) => each.site === site && each.rooms.includes(room))
}

/** A camera that is wanted and out makes a room red at once; the alarm of it comes when it has lasted. */
export function toneOf(site: string, room: RoomSituation, alarms: readonly StandingAlarm[]): Tone {
  if (room.cameras.out > 0 || alarmsOf(site, room.id, alarms).length > 0) return 'alarm'
  if (room.cameras.recording > 0) return 'recording'
  return room.held ? 'waiting' : 'idle'
}

const hasAlarm = (site: SiteSituation, alarms: readonly StandingAlarm[]) =>
  site.rooms.some((room) => toneOf(site.site, room, alarms) === 'alarm') || alarms.some((each) => each.site === site.site)

/** Sites with alarms first, then those with sittings that are open, then those with others today, then the rest. */
export function rank(site: SiteSituation, alarms: readonly StandingAlarm[]): number {
  if (hasAlarm(site, alarms)) return 0
  if (site.sittings.some((each) => each.state === 'open')) return 1
  return site.sittings.length > 0 ? 2 : 3
}

/** Counties and their sites, what needs somebody first; otherwise in the order they came in. */
export function alarmsFirst(situation: Situation): CountySituation[] {
  const { alarms } = situation
  const ranked = situation.counties.map((county) => ({
    county: county.county,
    sites: [...county.sites].sort((one, other) => rank(one, alarms) - rank(other, alarms)),
  }))
  const best = (county: CountySituation) => Math.min(...county.sites.map((site) => rank(site, alarms)))
  return ranked.sort((one, other) => best(one) - best(other))
}

/** Of a sitting those rooms of the site that it is held in, by name. */
export function roomNames(site: SiteSituation, sitting: TodaySitting): string[] {
  const names = new Map(site.rooms.map((room) => [room.id, room.name]))
  return sitting.rooms.map((id) => names.get(id) ?? id)
}
