// Which part of a sitting the timeline shows: from all of it to one second. Pure; milliseconds since 1970.

import { localDate } from './time'

export interface View {
  start: number
  end: number
}

/** Below a second nothing is to be told apart: pictures come some twenty times in it. */
export const NARROWEST_MS = 1_000
/** How much one press of a key or button changes. */
const ZOOM = 0.5
const PAN = 0.25
/** Where a view that follows playback has it, as a share of its width. */
const LEAD = 0.1

/** The view nearest to one that was asked for: inside the limits, and no narrower than is of use. */
export function within(view: View, limits: View): View {
  const width = Math.max(Math.min(NARROWEST_MS, limits.end - limits.start), Math.min(view.end - view.start, limits.end - limits.start))
  const start = Math.max(limits.start, Math.min(view.start, limits.end - width))
  return { start, end: start + width }
}

/** Narrower by a factor below 1, wider by one above; ``around`` stays where it is. */
export function zoomed(view: View, around: number, factor: number, limits: View): View {
  const width = Math.max(Math.min(NARROWEST_MS, limits.end - limits.start), (view.end - view.start) * factor)
  const share = Math.max(0, Math.min(1, (around - view.start) / (view.end - view.start)))
  const start = around - share * width
  return within({ start, end: start + width }, limits)
}

export function panned(view: View, share: number, limits: View): View {
  const by = (view.end - view.start) * share
  return within({ start: view.start + by, end: view.end + by }, limits)
}

/** The view that keeps playback in sight, as long as the reader did not look away from it. */
export function following(view: View, before: number, now: number, limits: View): View {
  const inside = (at: number) => view.start <= at && at <= view.end
  if (!inside(before) || inside(now)) return view
  const start = now - (view.end - view.start) * LEAD
  return within({ start, end: start + view.end - view.start }, limits)
}

/** What a key does to the view; undefined where it does nothing. ``cursor`` is where playback is. */
export function viewByKey(key: string, view: View, cursor: number | null, limits: View): View | undefined {
  const middle = (view.start + view.end) / 2
  const around = cursor !== null && view.start <= cursor && cursor <= view.end ? cursor : middle
  if (key === '+' || key === '=') return zoomed(view, around, ZOOM, limits)
  if (key === '-') return zoomed(view, around, 1 / ZOOM, limits)
  if (key === 'ArrowLeft') return panned(view, -PAN, limits)
  if (key === 'ArrowRight') return panned(view, PAN, limits)
  return key === 'Home' || key === '0' ? { ...limits } : undefined
}

const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400]
const MOST_TICKS = 10

/** Where the axis has ticks: round times of day in Asia/Shanghai, which is whole hours from UTC. */
export function ticksOf(view: View): number[] {
  const step = 1000 * (STEPS_S.find((each) => (view.end - view.start) / (each * 1000) <= MOST_TICKS) ?? 14_400)
  const first = Math.ceil(view.start / step) * step
  const count = Math.max(0, Math.floor((view.end - first) / step) + 1)
  return Array.from({ length: count }, (_, index) => first + index * step)
}

const TIME = /^([01]?\d|2[0-3])[:：]([0-5]\d)(?:[:：]([0-5]\d)(\.\d{1,3})?)?$/
const DAY_MS = 86_400_000

/** The instant of a time of day in Asia/Shanghai within the limits, which may cross midnight; undefined for none. */
export function readTime(text: string, limits: View): number | undefined {
  const found = TIME.exec(text.trim())
  if (!found) return undefined
  const [, hours, minutes, seconds = '00', fraction = ''] = found
  const at = Date.parse(`${localDate(limits.start)}T${(hours ?? '').padStart(2, '0')}:${minutes}:${seconds}${fraction}+08:00`)
  return [at, at + DAY_MS].find((each) => limits.start - NARROWEST_MS < each && each < limits.end + NARROWEST_MS)
}
