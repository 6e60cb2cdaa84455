// What of a camera is saved, and where it is: the film as it is, or a copy with a watermark.

/** How far to each side of where the player stands; all is the whole of the sitting's window. */
export const REACHES = [60, 300, 'all'] as const
export type Reach = (typeof REACHES)[number]

export interface Marking {
  watermark: boolean
  blurred: boolean
}

export interface Span {
  start: string
  end: string
}

/** The span about an instant, as far as the window goes. */
export function spanAbout(at: number, reach: Reach, window: Span): Span {
  if (reach === 'all') return window
  const start = Math.max(Date.parse(window.start), at - reach * 1000)
  const end = Math.min(Date.parse(window.end), at + reach * 1000)
  return start < end ? { start: new Date(start).toISOString(), end: new Date(end).toISOString() } : window
}

/** Blurred heads bring the watermark along: a copy that was changed says so. */
export function marked(marking: Marking): boolean {
  return marking.watermark || marking.blurred
}

export function savedAddress(batch: string, camera: string, span: Span, marking: Marking, purpose = ''): string {
  const asked = new URLSearchParams({
    start: span.start,
    end: span.end,
    ...(marking.blurred ? { blur_heads: 'true' } : {}),
    ...(purpose ? { purpose } : {}),
  })
  const file = marked(marking) ? 'screener.mp4' : 'film.mp4'
  return `/api/v1/batches/${encodeURIComponent(batch)}/cameras/${encodeURIComponent(camera)}/${file}?${asked.toString()}`
}
