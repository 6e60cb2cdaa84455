// Instants travel as RFC 3339 in UTC; only here do they become local time, and that is always Asia/Shanghai,
// whatever zone the reader's computer is set to.

import type { SittingTimes } from '@/api/types'

const SHANGHAI = 'Asia/Shanghai'

const parts = new Intl.DateTimeFormat('en-GB', {
  timeZone: SHANGHAI,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

interface LocalParts {
  date: string
  time: string
  milliseconds: string
}

function localParts(ms: number): LocalParts {
  const found: Record<string, string> = {}
  for (const part of parts.formatToParts(ms)) found[part.type] = part.value
  const fraction = ((Math.floor(ms) % 1000) + 1000) % 1000
  return {
    date: `${found.year}-${found.month}-${found.day}`,
    time: `${found.hour}:${found.minute}:${found.second}`,
    milliseconds: String(fraction).padStart(3, '0'),
  }
}

/** Milliseconds since 1970 of an RFC 3339 instant. */
export function instant(text: string): number {
  return Date.parse(text)
}

/** `2026-05-01` in Asia/Shanghai. */
export function localDate(ms: number): string {
  return localParts(ms).date
}

/** `09:00:05` in Asia/Shanghai. */
export function localTime(ms: number): string {
  return localParts(ms).time
}

/** `09:00:05.250` in Asia/Shanghai: for the edges of gaps, where tenths matter. */
export function preciseTime(ms: number): string {
  const local = localParts(ms)
  return `${local.time}.${local.milliseconds}`
}

/** `2026-05-01 09:00:05` in Asia/Shanghai. */
export function localDateTime(ms: number): string {
  const local = localParts(ms)
  return `${local.date} ${local.time}`
}

/** `2026-05-01 09:00` in Asia/Shanghai, of an RFC 3339 instant. */
export function localMinute(text: string): string {
  return localDateTime(instant(text)).slice(0, -3)
}

/** A span as `09:00:00 – 10:30:00`, with the day in front, and behind where it ends on another day. */
export function localSpan(from: number, to: number): string {
  const start = localParts(from)
  const end = localParts(to)
  const last = start.date === end.date ? end.time : `${end.date} ${end.time}`
  return `${start.date} ${start.time} – ${last}`
}

/** When a sitting really was, the day only where it is not the planned one; empty while it was not opened. */
export function actualSpan(sitting: SittingTimes): string {
  if (sitting.actual_start === null) return ''
  const start = instant(sitting.actual_start)
  const end = sitting.actual_end === null ? null : instant(sitting.actual_end)
  const days = new Set([instant(sitting.planned_start), start, end ?? start].map(localDate))
  if (days.size > 1) return localSpan(start, end ?? start)
  return `${localTime(start)} – ${end === null ? '' : localTime(end)}`
}

const SHANGHAI_OFFSET = '+08:00' // all year, since 1991

/** What a field for local time (`2026-05-01T09:00`) holds of an instant, in Asia/Shanghai. */
export function fieldOf(ms: number): string {
  const local = localParts(ms)
  return `${local.date}T${local.time.slice(0, 5)}`
}

/** The instant, as RFC 3339, that somebody wrote into a field for local time in Asia/Shanghai. */
export function fromField(text: string): string {
  return new Date(`${text}${SHANGHAI_OFFSET}`).toISOString()
}

/** A length of time for people: `8.0 s`, `1 min 30.0 s`, `2 h 5 min`; in Chinese `8.0 秒`, `1 分 30.0 秒`. */
export function duration(seconds: number, language: 'zh' | 'en'): string {
  const unit = language === 'zh' ? { h: '小时', min: '分', s: '秒' } : { h: 'h', min: 'min', s: 's' }
  const tenths = Math.round(seconds * 10)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} ${unit.s}`
  if (tenths < 36_000) {
    const minutes = Math.floor(tenths / 600)
    return `${minutes} ${unit.min} ${((tenths - minutes * 600) / 10).toFixed(1)} ${unit.s}`
  }
  const minutes = Math.round(tenths / 600)
  return `${Math.floor(minutes / 60)} ${unit.h} ${minutes % 60} ${unit.min}`
}

/** An offset with its sign and unit: `+7.500 s`, `−0.040 s`. */
export function signedSeconds(seconds: number, digits = 3): string {
  return `${seconds >= 0 ? '+' : '−'}${Math.abs(seconds).toFixed(digits)} s`
}

const DAY_S_PER_PPM = 0.0864

/** A drift in parts per million as what a clock gains a day: `+1.7 s`. */
export function dailyDrift(ppm: number): string {
  return signedSeconds(ppm * DAY_S_PER_PPM, 1)
}
