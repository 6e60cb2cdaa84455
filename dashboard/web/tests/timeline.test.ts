import { describe, expect, it } from 'vitest'

import type { Happened } from '@/api/types'
import { axisTime, chartOption } from '@/pure/chart'
import { letterOf, pointsOf, sums } from '@/pure/happened'
import type { Lane } from '@/pure/lanes'
import { instant, localTime } from '@/pure/time'
import { following, NARROWEST_MS, panned, readTime, ticksOf, viewByKey, within, zoomed } from '@/pure/zoom'
import { en } from '@/words/en'

const T0 = instant('2026-05-01T01:00:00.000Z')
const at = (seconds: number) => T0 + seconds * 1000
const iso = (seconds: number) => new Date(at(seconds)).toISOString()
const EIGHT_HOURS = { start: at(0), end: at(8 * 3600) }

describe('a view of the timeline', () => {
  it('goes from eight hours to a second and back, and stays inside', () => {
    let view = EIGHT_HOURS
    for (let step = 0; step < 40; step++) {
      view = zoomed(view, at(7 * 3600), 0.5, EIGHT_HOURS)
      expect(view.start).toBeLessThanOrEqual(at(7 * 3600))
      expect(view.end).toBeGreaterThanOrEqual(at(7 * 3600))
    }
    expect(view.end - view.start).toBe(NARROWEST_MS)
    for (let step = 0; step < 40; step++) view = zoomed(view, at(0), 2, EIGHT_HOURS)
    expect(view).toEqual(EIGHT_HOURS)
  })
  it('keeps what is pointed at where it is', () => {
    const found = zoomed({ start: at(0), end: at(100) }, at(25), 0.5, EIGHT_HOURS)
    expect(found).toEqual({ start: at(12.5), end: at(62.5) })
  })
  it('moves, and stops at the ends', () => {
    expect(panned({ start: at(100), end: at(200) }, 0.25, EIGHT_HOURS)).toEqual({ start: at(125), end: at(225) })
    expect(panned({ start: at(10), end: at(110) }, -0.25, EIGHT_HOURS)).toEqual({ start: at(0), end: at(100) })
    expect(within({ start: at(-50), end: at(9 * 3600) }, EIGHT_HOURS)).toEqual(EIGHT_HOURS)
    expect(within({ start: at(0), end: at(9) }, { start: at(0), end: at(0.5) })).toEqual({ start: at(0), end: at(0.5) })
  })
  it('follows playback, unless the reader looks elsewhere', () => {
    const view = { start: at(100), end: at(200) }
    expect(following(view, at(199), at(201), EIGHT_HOURS)).toEqual({ start: at(191), end: at(291) })
    expect(following(view, at(150), at(151), EIGHT_HOURS)).toBe(view)
    expect(following(view, at(500), at(501), EIGHT_HOURS)).toBe(view)
  })
  it('obeys keys, zooming about playback where that is in sight', () => {
    const view = { start: at(100), end: at(200) }
    expect(viewByKey('+', view, at(100), EIGHT_HOURS)).toEqual({ start: at(100), end: at(150) })
    expect(viewByKey('+', view, at(900), EIGHT_HOURS)).toEqual({ start: at(125), end: at(175) })
    expect(viewByKey('-', view, null, EIGHT_HOURS)).toEqual({ start: at(50), end: at(250) })
    expect(viewByKey('ArrowRight', view, null, EIGHT_HOURS)).toEqual({ start: at(125), end: at(225) })
    expect(viewByKey('Home', view, null, EIGHT_HOURS)).toEqual(EIGHT_HOURS)
    expect(viewByKey('x', view, null, EIGHT_HOURS)).toBeUndefined()
  })
  it('reads times of day as in Shanghai, also past midnight, and no others', () => {
    expect(readTime('09:05', EIGHT_HOURS)).toBe(at(300))
    expect(readTime(' 9：05：07.5 ', EIGHT_HOURS)).toBe(at(307.5))
    expect(readTime('08:59:00', EIGHT_HOURS)).toBeUndefined()
    expect(readTime('25:00', EIGHT_HOURS)).toBeUndefined()
    expect(readTime('noon', EIGHT_HOURS)).toBeUndefined()
    const night = { start: instant('2026-05-01T15:30:00Z'), end: instant('2026-05-01T17:00:00Z') }
    expect(readTime('00:30', night)).toBe(instant('2026-05-01T16:30:00Z'))
  })
  it('has some round ticks at any width', () => {
    for (let seconds = 1; seconds <= 12 * 3600; seconds *= 1.7) {
      const view = { start: at(1234.567), end: at(1234.567 + seconds) }
      const ticks = ticksOf(view)
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(11)
      expect(ticks.every((tick) => view.start <= tick && tick <= view.end)).toBe(true)
    }
    expect(ticksOf({ start: at(0), end: at(80) }).map(localTime)).toContain('09:00:30')
  })
  it('has an axis as exact as its ticks', () => {
    expect(axisTime(at(5))).toBe(localTime(at(5)))
    expect(axisTime(at(5.25))).toBe('09:00:05.250')
  })
})

const lanes = ['A', 'B'].flatMap((id): Lane[] => [
  { kind: 'room', id, label: id, spans: [] },
  { kind: 'station', id: `${id}01`, label: `${id}01`, spans: [] },
])
const happened: Happened = {
  steps: [
    { step: 'came', at: iso(-60), room: 'A', candidate: null, station: null },
    { step: 'came', at: iso(-30), room: 'B', candidate: null, station: null },
    { step: 'left', at: iso(90), room: 'B', candidate: null, station: null },
  ],
  incidents: [
    { room: 'B', kind: 'power_cut', at: iso(20), minutes: null, until: null, what: null, handling: null },
    { room: 'gone', kind: 'other', at: iso(40), minutes: null, until: null, what: null, handling: null },
  ],
}

describe('what is on record of the rooms', () => {
  it('stands in the lane of its room, incidents by letters', () => {
    expect(pointsOf(happened, lanes).map((each) => [each.kind, each.row, each.letter])).toEqual([
      ['came', 0, ''], ['came', 2, ''], ['left', 2, ''], ['incident', 2, 'a'], ['incident', 0, 'b'],
    ])
    expect([0, 25, 26, 52].map(letterOf)).toEqual(['a', 'z', 'aa', 'ba'])
  })
  it('is summed up', () => {
    expect(sums(happened)).toEqual([
      { step: 'came', count: 2, first: at(-60), last: at(-30) },
      { step: 'left', count: 1, first: at(90), last: at(90) },
    ])
  })
  it('is drawn with a line through all lanes for each incident', () => {
    const window = { start: at(0), end: at(80) }
    const option = chartOption(
      { lanes, window, phases: [], marks: [], points: pointsOf(happened, lanes), view: window, cursor: null, chosen: null }, en, 'en',
    ) as { series: { markLine: { data: { xAxis: number }[] }; markPoint: { data: { coord: number[] }[] } }[] }
    expect(option.series[0]?.markLine.data.map((each) => each.xAxis)).toEqual([at(20), at(40)])
    expect(option.series[0]?.markPoint.data.map((each) => each.coord[1])).toEqual([0, 2, 2, 2, 0])
  })
})
