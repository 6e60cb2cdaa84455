// What ECharts is told to draw. Pure: lanes, phases and words in, an option out.

import type { CustomSeriesRenderItem, EChartsOption } from 'echarts'

import type { Fault, MarkReport, PhaseId } from '@/api/types'
import type { Words } from '@/words/shape'

import type { Point } from './happened'
import type { Lane, Span } from './lanes'
import { CAUSE_COLOURS, COVERED, DOUBTFUL, INCIDENT, MARK, NOT_YET, PHASE_TINTS, STEP_COLOURS, UNUSABLE } from './palette'
import { duration, instant, localTime, preciseTime } from './time'
import { NARROWEST_MS, ticksOf, type View } from './zoom'

export const GRID = { left: 170, right: 24, top: 26, bottom: 66 }
export const LANE_HEIGHT = 24
export const BAR_HEIGHT = 16
// As in style.css: a canvas inherits nothing.
const FONTS =
  '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Helvetica Neue", Arial, sans-serif'
const NARROWEST_MARK = 3 // px: a gap of a second in a day must still be seen

export interface ChartInput {
  lanes: readonly Lane[]
  window: { start: number; end: number }
  phases: readonly { id: PhaseId; start: string; end: string }[]
  marks: readonly MarkReport[]
  points: readonly Point[]
  view: View
  cursor: number | null
  chosen: string | null
}

interface Item {
  value: [lane: number, start: number, end: number]
  span: Span
  lane: Lane
}

export function chartHeight(lanes: number): number {
  return GRID.top + lanes * LANE_HEIGHT + GRID.bottom
}

/** The lane under a pixel of the chart, counted from its top. */
export function laneAt(lanes: readonly Lane[], pixelY: number): Lane | undefined {
  return lanes[Math.floor((pixelY - GRID.top) / LANE_HEIGHT)]
}

/** The instant out of what ECharts makes of a pixel. */
export function instantAt(converted: unknown): number | undefined {
  const first: unknown = Array.isArray(converted) ? converted[0] : undefined
  return typeof first === 'number' && Number.isFinite(first) ? Math.round(first) : undefined
}

export function colourOf(span: Span): string {
  if (span.kind === 'gap') return span.cause ? CAUSE_COLOURS[span.cause] : NOT_YET
  return { covered: COVERED, unusable: UNUSABLE, doubtful: DOUBTFUL, not_yet: NOT_YET }[span.kind]
}

/** What a span is called: a gap by its cause, footage by whether it is usable. */
export function titleOf(span: Span, words: Words): string {
  if (span.kind === 'gap') return `${words.gap} · ${span.cause ? words.causes[span.cause] : ''}`
  const said = { covered: words.covered, unusable: words.unusablePicture, doubtful: words.doubtfulPicture, not_yet: words.notYet }
  return said[span.kind]
}

/** What each camera adds to a span: the cause of its gap, or what is wrong with its pictures. */
export function details(span: Span, words: Words): string[] {
  const causes = (span.cameras ?? []).map(({ camera, cause }) => `${words.camera} ${camera}: ${words.causes[cause]}`)
  const faults = (span.shown ?? []).map(({ camera, fault }) => `${words.camera} ${camera}: ${faultName(fault, words)}`)
  return [...causes, ...faults]
}

/** A fault's name; null is that something stood before the station. */
export function faultName(fault: Fault | null, words: Words): string {
  return fault === null ? words.obstructed : words.faults[fault]
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)
}

/** The tooltip of one span, as HTML without styles, which the page may not have inline; every name from outside is escaped. */
export function tooltip(lane: Lane, span: Span, words: Words, language: 'zh' | 'en'): string {
  const kind = lane.kind === 'station' ? words.station : words.camera
  const lines = [
    `<b>${escaped(kind)} ${escaped(lane.label)}</b>`,
    `<svg width="16" height="10" aria-hidden="true"><rect width="10" height="10" fill="${colourOf(span)}"/></svg>${escaped(titleOf(span, words))}`,
    `${preciseTime(span.start)} – ${preciseTime(span.end)}`,
    duration((span.end - span.start) / 1000, language),
    ...details(span, words).map(escaped),
  ]
  return lines.join('<br>')
}

const WEIGHTS: Record<Span['kind'], number> = { covered: 0, not_yet: 0, doubtful: 1, unusable: 2, gap: 3 }

const drawSpan: CustomSeriesRenderItem = (params, api) => {
  const lane = api.value(0) as number
  const from = api.coord([api.value(1), lane])
  const to = api.coord([api.value(2), lane])
  const area = params.coordSys as unknown as { x: number; y: number; width: number; height: number }
  const weight = api.value(3) as number
  const left = Math.max(from[0] ?? 0, area.x)
  const right = Math.min(to[0] ?? 0, area.x + area.width)
  if (right < area.x || left > area.x + area.width || right < left) return null
  const width = weight > 0 ? Math.max(right - left, NARROWEST_MARK) : right - left
  return {
    type: 'rect',
    shape: { x: left, y: (from[1] ?? 0) - BAR_HEIGHT / 2, width, height: BAR_HEIGHT },
    style: { fill: api.visual('color') as string },
    // The graver lies over the rest, so that a widened mark of a short gap is not painted over by what follows.
    z2: 1 + weight,
  }
}

function items(lanes: readonly Lane[]): object[] {
  return lanes.flatMap((lane, index) =>
    lane.spans.map((span) => ({
      value: [index, span.start, span.end, WEIGHTS[span.kind]],
      itemStyle: { color: colourOf(span) },
      span,
      lane,
    })),
  )
}

function laneLabel(lane: Lane, chosen: string | null, words: Words): string {
  if (lane.kind === 'room') return `{room|${lane.label}}`
  const style = chosen === `${lane.kind}:${lane.id}` ? 'chosen' : lane.kind
  return `{${style}|${lane.kind === 'station' ? words.station : words.camera} ${lane.label}}`
}

function phaseAreas(input: ChartInput, words: Words): object {
  return {
    silent: true,
    label: { position: 'insideTop', distance: -20, color: '#38424f', fontSize: 12, fontWeight: 600 },
    data: input.phases.map((phase) => [
      { name: `${phase.id} ${words.phases[phase.id]}`, xAxis: instant(phase.start), itemStyle: { color: PHASE_TINTS[phase.id] } },
      { xAxis: instant(phase.end) },
    ]),
  }
}

function verticalLines(input: ChartInput): object {
  const edges = [...new Set(input.phases.slice(1).map((phase) => instant(phase.start)))]
  const lines: object[] = edges.map((at) => ({ xAxis: at, lineStyle: { color: '#1a4b8c', type: 'dashed', width: 1 } }))
  lines.push(...input.marks.map((each) => ({ xAxis: instant(each.at), lineStyle: { color: MARK, type: 'solid', width: 1 } })))
  const incidents = input.points.filter((each) => each.kind === 'incident')
  lines.push(...incidents.map((each) => ({ xAxis: each.at, lineStyle: { color: INCIDENT, type: 'dotted', width: 1 } })))
  if (input.cursor !== null) {
    lines.push({ xAxis: input.cursor, lineStyle: { color: '#000', type: 'solid', width: 2 } })
  }
  return { silent: true, symbol: 'none', animation: false, label: { show: false }, data: lines }
}

/** Numbered as in the list beside the chart, in the first lane, which is the name of a room and has no spans. */
function numberedMarks(input: ChartInput): object {
  return {
    silent: true,
    symbol: 'circle',
    symbolSize: 17,
    animation: false,
    itemStyle: { color: MARK },
    data: [
      ...input.points.map(pointMark),
      ...input.marks.map((each, index) => ({ coord: [instant(each.at), 0], label: signed(String(index + 1)) })),
    ],
  }
}

function signed(text: string): object {
  return { show: true, position: 'inside', formatter: text, color: '#fff', fontSize: 11, fontWeight: 700 }
}

/** A tick for what a candidate did, a square with its letter for an incident, in the lane of the room's name. */
function pointMark({ kind, at, row, letter }: Point): object {
  const coord = [at, row]
  if (kind === 'incident') return { coord, symbol: 'roundRect', symbolSize: [16, 16], itemStyle: { color: INCIDENT }, label: signed(letter) }
  return { coord, symbol: 'rect', symbolSize: [2, 12], itemStyle: { color: STEP_COLOURS[kind] }, label: { show: false } }
}

/** A label of the axis, as exact as its tick is. */
export function axisTime(at: number): string {
  return at % 1000 === 0 ? localTime(at) : preciseTime(at)
}

export function chartOption(input: ChartInput, words: Words, language: 'zh' | 'en'): EChartsOption {
  const labels = input.lanes.map((lane) => laneLabel(lane, input.chosen, words))
  return {
    animation: false,
    textStyle: { fontFamily: FONTS },
    grid: { ...GRID, containLabel: false },
    tooltip: {
      trigger: 'item',
      confine: true,
      textStyle: { color: '#1f2733', fontSize: 13 },
      formatter: (params) => {
        const item = (params as unknown as { data: Item }).data
        return tooltip(item.lane, item.span, words, language)
      },
    },
    xAxis: {
      type: 'time',
      min: input.window.start,
      max: input.window.end,
      axisTick: { customValues: ticksOf(input.view) },
      axisLabel: { customValues: ticksOf(input.view), color: '#38424f', hideOverlap: true, formatter: (value: number) => axisTime(value) },
      axisLine: { lineStyle: { color: '#7b8694' } },
      splitLine: { show: true, lineStyle: { color: '#e6ebf0' } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: labels,
      axisTick: { show: false },
      axisLine: { show: false },
      axisLabel: {
        interval: 0,
        margin: 12,
        width: GRID.left - 20,
        overflow: 'truncate',
        rich: {
          room: { fontWeight: 700, color: '#12355f', fontSize: 13, align: 'right' },
          station: { color: '#1f2733', fontSize: 12 },
          camera: { color: '#596473', fontSize: 12 },
          chosen: { color: '#1a4b8c', fontSize: 12, fontWeight: 700 },
        },
      },
      splitLine: { show: true, lineStyle: { color: '#f0f3f7' } },
    },
    dataZoom: [
      {
        type: 'slider',
        filterMode: 'weakFilter',
        minValueSpan: NARROWEST_MS,
        bottom: 8,
        height: 22,
        showDataShadow: false,
        borderColor: '#cfd6df',
        fillerColor: 'rgba(26, 75, 140, 0.12)',
        handleStyle: { color: '#1a4b8c' },
        labelFormatter: (value: number) => localTime(value),
      },
      { type: 'inside', filterMode: 'weakFilter', minValueSpan: NARROWEST_MS, zoomOnMouseWheel: 'ctrl', moveOnMouseWheel: 'shift', moveOnMouseMove: true },
    ],
    series: [
      {
        id: 'spans',
        type: 'custom',
        renderItem: drawSpan,
        clip: true,
        encode: { x: [1, 2], y: 0 },
        data: items(input.lanes) as never,
        markArea: phaseAreas(input, words) as never,
        markLine: verticalLines(input) as never,
        markPoint: numberedMarks(input) as never,
      },
    ],
  }
}
