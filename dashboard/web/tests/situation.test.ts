// What the command view counts and shows first.
import { describe, expect, it } from 'vitest'

import type { RoomSituation, SiteSituation, Situation, StandingAlarm, TodaySitting } from '@/api/types'
import { alarmsFirst, alarmsOf, roomNames, toneOf, totals } from '@/pure/situation'

function room(id: string, recording = 0, out = 0, held = true): RoomSituation {
  return { id, name: `${id} 试室`, stations: 4, cameras: { recording, out, idle: 0 }, held: held ? { batch: 'b', number: 1 } : null }
}

function sitting(state: TodaySitting['state'], seated = 0, present = 0, absent = 0): TodaySitting {
  const at = '2026-05-01T01:00:00Z'
  const times = { planned_start: at, planned_end: at, actual_start: null, actual_end: null }
  return { number: 1, state, ...times, batch: 'b', project: 'p', rooms: ['r1'], seated, present, absent }
}

function site(name: string, sittings: TodaySitting[] = [], rooms: RoomSituation[] = []): SiteSituation {
  return { site: name, site_name: name, sittings, rooms }
}

function alarm(at: string | null, rooms: string[] = []): StandingAlarm {
  const nothing = { stations: [], cameras: [], batch: null, sitting: null, zh: '', en: '' }
  return { kind: 'camera_lost', site: at, since: '2026-05-01T01:00:00Z', rooms, ...nothing }
}

describe('a room', () => {
  it('is red as soon as a wanted camera is out, before any alarm', () => {
    expect(toneOf('s', room('r1', 2, 1), [])).toBe('alarm')
  })
  it('is red for an alarm of its own and not for that of another room or site', () => {
    expect(toneOf('s', room('r1', 2), [alarm('s', ['r1'])])).toBe('alarm')
    expect(toneOf('s', room('r1', 2), [alarm('s', ['r2']), alarm('t', ['r1']), alarm(null)])).toBe('recording')
    expect(alarmsOf('s', 'r1', [alarm('t', ['r1'])])).toEqual([])
  })
  it('waits for its sitting, or is nobody’s', () => {
    expect(toneOf('s', room('r1'), [])).toBe('waiting')
    expect(toneOf('s', room('r1', 0, 0, false), [])).toBe('idle')
  })
})

describe('the whole', () => {
  it('adds up sittings, cameras and candidates', () => {
    const sites = [site('a', [sitting('open', 30, 28, 2), sitting('closed', 10, 10)], [room('r1', 3, 1)]), site('b', [], [room('r1', 2)])]
    expect(totals(sites)).toEqual({ sittings: 2, open: 1, closed: 1, recording: 5, out: 1, seated: 40, present: 38, absent: 2 })
    expect(totals([]).sittings).toBe(0)
  })
  it('shows first what needs somebody: alarms, what is open, what is today, the rest', () => {
    const county = (name: string, ...sites: SiteSituation[]) => ({ county: name, sites })
    const situation: Situation = {
      at: '2026-05-01T01:00:00Z',
      watched: true,
      looked: null,
      alarms: [alarm('red')],
      counties: [
        county('quiet', site('none')),
        county('today', site('planned', [sitting('planned')]), site('open', [sitting('open')])),
        county('worst', site('idle'), site('red')),
      ],
    }
    const found = alarmsFirst(situation)
    expect(found.map((each) => each.county)).toEqual(['worst', 'today', 'quiet'])
    expect(found[0]?.sites.map((each) => each.site)).toEqual(['red', 'idle'])
    expect(found[1]?.sites.map((each) => each.site)).toEqual(['open', 'planned'])
  })
  it('names the rooms of a sitting, by id where the site has none of that name any more', () => {
    expect(roomNames(site('s', [], [room('r1')]), { ...sitting('open'), rooms: ['r1', 'gone'] })).toEqual(['r1 试室', 'gone'])
  })
})
