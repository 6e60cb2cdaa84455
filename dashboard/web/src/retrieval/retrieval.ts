// What is computed for looking for footage: what to ask for, in which order, and how a stay is laid out as a bar.

import type { Act, Cause, Found, FoundStay, Leave, RetrievalQuestion, SeenSpan } from '@/api/types'
import { fromField, instant } from '@/pure/time'

/** By what somebody looks; `either` is a certificate or else a ticket, whichever there is. */
export type Choice = 'either' | 'certificate' | 'ticket' | 'name' | 'number' | 'place'

/** The form. `at` is local time as its field holds it; empty text is what is not said. */
export interface Wish {
  by: Choice
  text: string
  batch: string
  site: string
  room: string
  station: string
  camera: string
  at: string
}

export function emptyWish(by: Choice = 'either'): Wish {
  return { by, text: '', batch: '', site: '', room: '', station: '', camera: '', at: '' }
}

/** What somebody may look by; who is shown no certificates or no names elsewhere does not look by them. */
export function choices(may: (act: Act) => boolean): Choice[] {
  const found: Choice[] = may('certificates') ? ['either', 'certificate', 'ticket'] : ['ticket']
  if (may('roster')) found.push('name', 'number')
  return [...found, 'place']
}

/** What is wanting before anything can be asked; null where nothing is. */
export type Missing = 'text' | 'batch' | 'place'

export function missing(wish: Wish): Missing | null {
  if (wish.by === 'place') {
    const narrow = wish.site.trim() || wish.station.trim() || wish.camera.trim()
    return wish.batch.trim() || (narrow && wish.at) ? null : 'place'
  }
  if (!wish.text.trim()) return 'text'
  return wish.by === 'name' && !wish.batch.trim() ? 'batch' : null
}

/** What to ask for, one after another, until something is found. */
export function questions(wish: Wish): Partial<RetrievalQuestion>[] {
  const { text: _, by: __, at, ...places } = wish
  const narrowed: Partial<RetrievalQuestion> = {}
  for (const [name, value] of Object.entries(places)) {
    if (value.trim()) narrowed[name as keyof typeof places] = value.trim()
  }
  if (at) narrowed.at = fromField(at)
  const text = wish.text.trim()
  switch (wish.by) {
    case 'place':
      return [narrowed]
    case 'either':
      return [{ ...narrowed, certificate: text }, { ...narrowed, ticket: text }]
    default:
      return [{ ...narrowed, [wish.by]: text }]
  }
}

export function isEmpty(found: Found): boolean {
  return found.people.length === 0 && found.stays.length === 0
}

export interface Part {
  kind: 'covered' | 'gap' | 'unusable'
  cause: Cause | null
  left: number // % of the span
  width: number
}

/** The parts of a span, as shares of it; what is not usable lies over what is covered. Empty while nothing is decided. */
export function partsOf(seen: SeenSpan): Part[] {
  const start = instant(seen.start)
  const length = instant(seen.end) - start
  const part = (kind: Part['kind'], each: { start: string; end: string }, cause: Cause | null = null): Part => ({
    kind,
    cause,
    left: ((instant(each.start) - start) / length) * 100,
    width: ((instant(each.end) - instant(each.start)) / length) * 100,
  })
  return [
    ...seen.covered.map((each) => part('covered', each)),
    ...seen.gaps.map((each) => part('gap', each, each.cause)),
    ...seen.unusable.map((each) => part('unusable', each)),
  ]
}

/** Seconds of a span that have footage, and that have none. */
export function totals(seen: SeenSpan): { covered: number; missing: number } {
  const sum = (all: readonly { seconds: number }[]) => all.reduce((total, each) => total + each.seconds, 0)
  return { covered: sum(seen.covered), missing: sum(seen.gaps) }
}

/** Where to begin to play: at the instant that was asked for, else where the candidate's own time begins. */
export function playFrom(stay: FoundStay, at: string | undefined): string {
  const asked = at === undefined ? undefined : instant(at)
  const inside = asked !== undefined && stay.spans.some((each) => instant(each.start) <= asked && asked < instant(each.end))
  return inside ? new Date(asked).toISOString() : (stay.spans[0]?.start ?? stay.window.start)
}

/** Whether films may be saved now, and a purpose is still to be said for them. */
export function wantsPurpose(found: Found): boolean {
  const all = [...found.stays, ...found.people.flatMap((each) => each.stays)]
  return all.some((each) => each.says_why && each.save === 'now')
}

/** Why something may not be done, where there is a word to say; never and now say nothing. */
export function withheld(leave: Leave): 'once_closed' | 'disposed' | 'no_footage' | null {
  return leave === 'now' || leave === 'never' ? null : leave
}
