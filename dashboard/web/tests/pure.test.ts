import { describe, expect, it } from 'vitest'

import type { Report, Room } from '@/api/types'
import { chartOption, colourOf, details, escaped, laneAt, titleOf, tooltip, GRID, LANE_HEIGHT } from '@/pure/chart'
import { causesShown, lanes, occurs, spanAt, spans, type Lane, type Span } from '@/pure/lanes'
import { CAUSES, CAUSE_COLOURS, COVERED, DOUBTFUL, NOT_YET, PROPOSAL_COLOURS, UNUSABLE, VERDICT_COLOURS } from '@/pure/palette'
import { fileAddress, playlistAddress } from '@/api/client'
import { fragmentAt, gapsCrossed, instantOf, neighbourGap, overHole, positionOf, startInCamera, startInStation, troublesomeCodec } from '@/pure/playback'
import { duration, fieldOf, fromField, instant, localDateTime, localSpan, preciseTime } from '@/pure/time'
import { tiles } from '@/pure/watermark'
import { en } from '@/words/en'
import { zh } from '@/words/zh'

const T0 = instant('2026-05-01T01:00:00.000Z')
const at = (seconds: number) => T0 + seconds * 1000
const iso = (seconds: number) => new Date(at(seconds)).toISOString()
const gap = (start: number, end: number) =>
  ({ start: iso(start), end: iso(end), seconds: end - start, cause: 'camera_disconnected' }) as const

describe('time', () => {
  it('is local to Shanghai wherever the reader sits', () => {
    expect(localDateTime(T0)).toBe('2026-05-01 09:00:00')
    expect(preciseTime(T0 + 7)).toBe('09:00:00.007')
    expect(localDateTime(instant('2026-04-30T16:00:00Z'))).toBe('2026-05-01 00:00:00')
  })
  it('prints the day once unless a span crosses midnight', () => {
    expect(localSpan(T0, at(90))).toBe('2026-05-01 09:00:00 – 09:01:30')
    expect(localSpan(T0, at(86_400))).toBe('2026-05-01 09:00:00 – 2026-05-02 09:00:00')
  })
  it('is written into fields as in Shanghai', () => {
    expect(fieldOf(T0)).toBe('2026-05-01T09:00')
    expect(fromField('2026-05-01T09:00')).toBe('2026-05-01T01:00:00.000Z')
    expect(fromField(fieldOf(instant('2026-12-31T16:30:00Z')))).toBe('2026-12-31T16:30:00.000Z')
  })
  it('prints lengths for people, carrying over at full units', () => {
    expect(duration(8, 'zh')).toBe('8.0 秒')
    expect(duration(59.96, 'en')).toBe('1 min 0.0 s')
    expect(duration(90, 'zh')).toBe('1 分 30.0 秒')
    expect(duration(3599.99, 'en')).toBe('1 h 0 min')
    expect(duration(7500, 'en')).toBe('2 h 5 min')
  })
})

describe('spans', () => {
  const window = { start: at(0), end: at(80) }
  it('divide the window without holes or overlaps', () => {
    const found = spans(window, at(80), [gap(0, 2), gap(20, 28), gap(28, 30)])
    expect(found.map((span) => span.kind)).toEqual(['gap', 'covered', 'gap', 'gap', 'covered'])
    expect(found[0]?.start).toBe(window.start)
    expect(found.at(-1)?.end).toBe(window.end)
    found.slice(1).forEach((span, index) => expect(span.start).toBe(found[index]?.end))
  })
  it('end in what is not settled yet while a sitting runs', () => {
    expect(spans(window, at(30), []).map((span) => [span.kind, span.end])).toEqual([
      ['covered', at(30)],
      ['not_yet', at(80)],
    ])
    expect(spans(window, at(-5), []).map((span) => span.kind)).toEqual(['not_yet'])
  })
})

const rooms: Room[] = [
  {
    id: 'A',
    name: 'Room A',
    stations: ['A01', 'A02'],
    cameras: [
      { id: 'wide', sees: ['A01', 'A02'], panoramic: true },
      { id: 'near', sees: ['A01'], panoramic: false },
    ],
  },
]
const report = {
  window: { start: iso(0), end: iso(80) },
  settled_until: iso(80),
  stations: [
    { station: 'A01', gaps: [{ ...gap(20, 28), cameras: [{ camera: 'near', cause: 'no_data' }] }], unusable: [], unverified: [] },
    { station: 'A02', gaps: [], unusable: [], unverified: [] },
  ],
  cameras: [
    { camera: 'near', gaps: [gap(20, 28)], faults: [], unverified: [] },
    { camera: 'wide', gaps: [gap(50, 80)], faults: [], unverified: [] },
  ],
} as unknown as Report

describe('lanes', () => {
  const found = lanes(rooms, report)
  it('stand in reading order, each room with its stations and cameras', () => {
    expect(found.map((lane) => `${lane.kind}:${lane.id}`)).toEqual([
      'room:A', 'station:A01', 'station:A02', 'camera:wide', 'camera:near',
    ])
  })
  it('tell what lies at an instant', () => {
    expect(spanAt(found[1] as Lane, at(21))?.cameras).toEqual([{ camera: 'near', cause: 'no_data' }])
    expect(spanAt(found[1] as Lane, at(28))?.kind).toBe('covered')
  })
  it('show in the legend what occurs, in the order of rank', () => {
    expect(causesShown(found, CAUSES)).toEqual(['camera_disconnected'])
    expect(causesShown([], CAUSES)).toEqual([])
  })
})

const span = (start: number, end: number) => ({ start: iso(start), end: iso(end), seconds: end - start })
const fault = (name: string, start: number, end: number) => ({ ...span(start, end), fault: name, measured: 0.1, limit: 0.2 })
/** A cloth over A01 at 30 to 40, black pictures at 35 to 45 and a camera turned at 60 to 70, too slow all along. */
const looked = {
  ...report,
  stations: [
    {
      station: 'A01', gaps: [],
      unusable: [{ ...span(30, 40), cameras: [{ camera: 'near', fault: null }, { camera: 'wide', fault: 'black' }] }],
      unverified: [span(60, 70), span(72, 74)],
    },
    { station: 'A02', gaps: [], unusable: [], unverified: [] },
  ],
  cameras: [
    { camera: 'near', gaps: [gap(20, 28)], faults: [fault('moved', 60, 70)], unverified: [span(60, 70)] },
    {
      camera: 'wide', gaps: [gap(44, 50)], unverified: [span(30, 36)],
      faults: [fault('wrong_rate', 0, 80), fault('black', 35, 44), fault('frozen', 38, 44)],
    },
  ],
} as unknown as Report

describe('lanes of footage that was looked at', () => {
  const found = lanes(rooms, looked)
  const lane = (id: string) => found.find((each) => each.id === id) as Lane
  const told = (id: string) => lane(id).spans.map((each) => [each.kind, (each.start - T0) / 1000, (each.end - T0) / 1000])
  it('tell unusable and doubtful time of a station from footage', () => {
    expect(told('A01')).toEqual([
      ['covered', 0, 30], ['unusable', 30, 40], ['covered', 40, 60], ['doubtful', 60, 70], ['covered', 70, 72],
      ['doubtful', 72, 74], ['covered', 74, 80],
    ])
    expect(spanAt(lane('A01'), at(65))?.shown).toEqual([{ camera: 'near', fault: 'moved' }])
    expect(spanAt(lane('A01'), at(73))?.shown).toEqual([])
  })
  it('let what is known to be unusable win over a doubt, and a gap over both', () => {
    expect(told('wide')).toEqual([
      ['covered', 0, 30], ['doubtful', 30, 35], ['unusable', 35, 38], ['unusable', 38, 44], ['gap', 44, 50], ['covered', 50, 80],
    ])
    expect(spanAt(lane('wide'), at(40))?.shown?.map((each) => each.fault)).toEqual(['black', 'frozen'])
    expect(spanAt(lane('wide'), at(10))?.kind).toBe('covered')
  })
  it('add up to the window and occur in the legend', () => {
    for (const { spans } of found.filter((each) => each.kind !== 'room')) {
      expect(spans[0]?.start).toBe(at(0))
      expect(spans.at(-1)?.end).toBe(at(80))
      spans.slice(1).forEach((each, index) => expect(each.start).toBe(spans[index]?.end))
    }
    expect(occurs(found, 'unusable') && occurs(found, 'doubtful')).toBe(true)
    expect(occurs(lanes(rooms, report), 'unusable')).toBe(false)
  })
  it('name what each camera shows, in colours of their own', () => {
    const [cloth, turned] = [spanAt(lane('A01'), at(35)), spanAt(lane('A01'), at(65))] as [Span, Span]
    expect(titleOf(cloth, zh)).toBe('有录像，画面不可用')
    expect(details(cloth, zh)).toEqual(['摄像机 near: 被遮挡', '摄像机 wide: 黑屏'])
    expect(titleOf(turned, en)).toBe('Footage, nobody can tell')
    expect(details(turned, en)).toEqual(['Camera near: camera moved'])
    expect([cloth, turned].map(colourOf)).toEqual([UNUSABLE, DOUBTFUL])
    expect(tooltip(lane('A01'), cloth, zh, 'zh')).toContain('摄像机 near: 被遮挡')
  })
  it('are footage: playback starts in them, and of two cameras in the one that shows something', () => {
    expect(startInCamera(lane('near'), at(65))).toEqual({ camera: 'near', at: at(65), note: 'exact' })
    expect(startInCamera(lane('wide'), at(46))).toEqual({ camera: 'wide', at: at(41), note: 'before_gap' })
    expect(startInStation('A01', at(65), rooms, found)?.camera).toBe('wide')
    expect(startInStation('A01', at(42), rooms, found)?.camera).toBe('near')
  })
})

describe('playback', () => {
  it('knows H.265 and Motion JPEG by the codecs of a MIME type', () => {
    expect(troublesomeCodec('video/mp4;codecs=hvc1.1.6.L93.B0')).toBe('H.265')
    expect(troublesomeCodec('video/mp4;codecs=mp4v')).toBe('MJPEG')
    expect(troublesomeCodec('video/mp4;codecs=mp4v.6C')).toBe('MJPEG')
    expect(troublesomeCodec('video/mp4;codecs=avc1.42c01f')).toBeUndefined()
    expect(troublesomeCodec(undefined)).toBeUndefined()
  })
  it('offers the file that lies at a position', () => {
    const files = [0, 10].map((start) => ({ start, duration: 10, programDateTime: at(start) }))
    expect(fragmentAt(12, files)).toBe(files[1])
    expect(fragmentAt(40, files)).toBe(files[1])
    expect(fragmentAt(-1, files)).toBe(files[0])
    expect(fragmentAt(0, [])).toBeUndefined()
    expect(fileAddress('/api/v1/footage/a/b.mp4/media.m4s')).toBe('/api/v1/footage/a/b.mp4/file.mp4')
  })

  const found = lanes(rooms, report)
  const near = found.find((lane) => lane.id === 'near') as Lane
  const wide = found.find((lane) => lane.id === 'wide') as Lane
  it('starts at the instant, or a little before a gap, or at the nearest footage', () => {
    expect(startInCamera(near, at(10))).toEqual({ camera: 'near', at: at(10), note: 'exact' })
    expect(startInCamera(near, at(22))).toEqual({ camera: 'near', at: at(17), note: 'before_gap' })
    expect(startInCamera(wide, at(60))).toEqual({ camera: 'wide', at: at(47), note: 'next' })
    expect(startInCamera({ ...near, spans: [] }, at(10))).toBeUndefined()
  })
  it('shows a station by its own camera first and by another where that one has a gap', () => {
    expect(startInStation('A01', at(10), rooms, found)?.camera).toBe('near')
    expect(startInStation('A01', at(22), rooms, found)?.camera).toBe('wide')
    expect(startInStation('A09', at(22), rooms, found)).toBeUndefined()
  })
  it('notes the gaps it has crossed, and none when it was moved back or stands', () => {
    const gaps = [gap(20, 28), gap(50, 52)]
    expect(gapsCrossed(at(19.9), at(28.1), gaps)).toEqual([gaps[0]])
    expect(gapsCrossed(at(10), at(10.2), gaps)).toEqual([])
    expect(gapsCrossed(at(30), at(10), gaps)).toEqual([])
    expect(gapsCrossed(at(0), at(60), gaps)).toEqual(gaps)
  })
  it('steps to the gap before and after', () => {
    const gaps = [gap(20, 28), gap(50, 52)]
    expect(neighbourGap(at(30), gaps, 1)).toEqual(gaps[1])
    expect(neighbourGap(at(30), gaps, -1)).toEqual(gaps[0])
    expect(neighbourGap(at(60), gaps, 1)).toBeUndefined()
  })
  it('finds its position by each file’s own clock, across gaps', () => {
    const files = [
      { start: 0, duration: 10, programDateTime: at(0) },
      { start: 10, duration: 10, programDateTime: at(18) },
    ]
    expect(positionOf(at(5), files)).toBe(5)
    expect(positionOf(at(20), files)).toBe(12)
    expect(positionOf(at(14), files)).toBe(10)
    expect(positionOf(at(40), files)).toBeUndefined()
    expect(positionOf(at(0), [])).toBeUndefined()
    expect(instantOf(12, files)).toBe(at(20))
    expect(instantOf(9.5, files)).toBe(at(9.5))
    expect(instantOf(20, files)).toBeUndefined()
  })
  it('jumps over a hole in what is loaded, and only there', () => {
    const ranges = [{ start: 0, end: 6 }, { start: 9, end: 20 }]
    expect(overHole(5.95, ranges)).toBeCloseTo(9.01)
    expect(overHole(3, ranges)).toBeUndefined()
    expect(overHole(19.95, ranges)).toBeUndefined()
  })
})

describe('chart', () => {
  const found = lanes(rooms, report)
  it('finds the lane under the pointer', () => {
    expect(laneAt(found, GRID.top + LANE_HEIGHT * 1.5)?.id).toBe('A01')
    expect(laneAt(found, GRID.top - 3)).toBeUndefined()
    expect(laneAt(found, GRID.top + LANE_HEIGHT * 5.5)).toBeUndefined()
  })
  it('escapes names from outside in tooltips', () => {
    expect(escaped('<b>&"\'')).toBe('&lt;b&gt;&amp;&quot;&#39;')
    const lane: Lane = { kind: 'camera', id: 'x', label: '<img src=x>', spans: [] }
    const html = tooltip(lane, { kind: 'gap', start: at(20), end: at(28), cause: 'no_data' }, zh, 'zh')
    expect(html).not.toContain('<img')
    expect(html).toContain('断档 · 有连接无画面')
    expect(html).toContain('8.0 秒')
  })
  it('draws one item per span, in the language asked for', () => {
    const input = {
      lanes: found, window: { start: at(0), end: at(80) }, cursor: at(5), chosen: 'station:A01', marks: [], points: [], view: { start: at(0), end: at(80) },
      phases: [{ id: 'W2' as const, start: iso(0), end: iso(80) }],
    }
    const option = chartOption(input, en, 'en') as { series: { data: unknown[] }[]; yAxis: { data: string[] } }
    expect(option.series[0]?.data).toHaveLength(found.flatMap((lane) => lane.spans).length)
    expect(option.yAxis.data[1]).toBe('{chosen|Station A01}')
  })
})

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((from) => {
    const channel = parseInt(hex.slice(from, from + 2), 16) / 255
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

describe('palette', () => {
  it('has verdicts and proposals that can be read (WCAG AA)', () => {
    for (const { text, background } of [...Object.values(VERDICT_COLOURS), ...Object.values(PROPOSAL_COLOURS)]) {
      expect(contrast(text, background)).toBeGreaterThan(4.5)
    }
  })
  it('has a colour of its own for every cause, none of them that of footage', () => {
    const colours = [...Object.values(CAUSE_COLOURS), COVERED, NOT_YET, UNUSABLE, DOUBTFUL]
    expect(new Set(colours).size).toBe(colours.length)
  })
})

describe('a playlist', () => {
  const asked = (why?: { purpose?: string; permit?: string }) => playlistAddress('c/1', iso(0), iso(9), why)

  it('is asked for with why, or under a permit', () => {
    expect(asked()).toBe('/api/v1/cameras/c%2F1/playlist.m3u8?start=2026-05-01T01%3A00%3A00.000Z&end=2026-05-01T01%3A00%3A09.000Z')
    expect(new URL(asked({ purpose: '复核 & 比对' }), 'http://x').searchParams.get('purpose')).toBe('复核 & 比对')
    expect(asked({ permit: '20260501-0a/b' })).toContain('/api/v1/permits/20260501-0a%2Fb/cameras/c%2F1/playlist.m3u8?')
    expect(asked({ purpose: '' })).toBe(asked())
  })
})

describe('a watermark', () => {
  const tile = { width: 160, height: 90 }

  it('leaves no part of the picture of the size of two tiles without a mark, whenever', () => {
    const bare: string[] = []
    for (const [width, height] of [[560, 315], [1366, 768], [100, 60]] as const)
      for (let step = 0; step < 40; step++) {
        const found = tiles(width, height, tile, step)
        for (let x = 0; x <= width; x += 40)
          for (let y = 0; y <= height; y += 40)
            if (!found.some((at) => Math.abs(at.x - x) <= tile.width && Math.abs(at.y - y) <= tile.height))
              bare.push(`${width}x${height} at ${x}, ${y} in step ${step}`)
      }
    expect(bare).toEqual([])
  })
  it('moves at every step', () => {
    for (let step = 0; step < 40; step++)
      expect(tiles(560, 315, tile, step)[0]).not.toEqual(tiles(560, 315, tile, step + 1)[0])
  })
})
