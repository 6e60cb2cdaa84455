// What is on record of a sitting beside its footage: where it stands in the timeline, and its sums.

import type { Happened } from '@/api/types'

import type { Lane } from './lanes'
import { instant } from './time'

export type Step = Happened['steps'][number]['step']

export interface Point {
  kind: Step | 'incident'
  at: number
  row: number // the lane of the room's name, which has no spans
  letter: string // of an incident, as in the list beside the chart
}

/** `a` to `z`, then `aa`: numbers are those of marks. */
export function letterOf(index: number): string {
  const before = Math.floor(index / 26)
  return (before > 0 ? letterOf(before - 1) : '') + String.fromCharCode(97 + (index % 26))
}

export function pointsOf(happened: Happened, lanes: readonly Lane[]): Point[] {
  const row = (room: string) => Math.max(0, lanes.findIndex((lane) => lane.kind === 'room' && lane.id === room))
  return [
    ...happened.steps.map((each) => ({ kind: each.step, at: instant(each.at), row: row(each.room), letter: '' })),
    ...happened.incidents.map((each, index) => ({ kind: 'incident' as const, at: instant(each.at), row: row(each.room), letter: letterOf(index) })),
  ]
}

/** How often a step was taken, and between when. */
export function sums(happened: Happened): { step: Step; count: number; first: number; last: number }[] {
  const order: Step[] = ['came', 'moved', 'left']
  return order.flatMap((step) => {
    const times = happened.steps.filter((each) => each.step === step).map((each) => instant(each.at))
    return times.length ? [{ step, count: times.length, first: Math.min(...times), last: Math.max(...times) }] : []
  })
}
