import { describe, expect, it } from 'vitest'

import { marked, savedAddress, spanAbout } from '@/saving/saving'

const WINDOW = { start: '2026-05-01T00:59:50.000Z', end: '2026-05-01T03:00:00.000Z' }
const NINE = Date.parse('2026-05-01T01:00:00Z')

describe('saving', () => {
  it('is of the time about where the player stands, and never of more than the window', () => {
    expect(spanAbout(NINE, 60, WINDOW)).toEqual({ start: WINDOW.start, end: '2026-05-01T01:01:00.000Z' })
    expect(spanAbout(NINE + 3_600_000, 300, WINDOW)).toEqual({ start: '2026-05-01T01:55:00.000Z', end: '2026-05-01T02:05:00.000Z' })
    expect(spanAbout(NINE, 'all', WINDOW)).toEqual(WINDOW)
    expect(spanAbout(NINE - 86_400_000, 60, WINDOW)).toEqual(WINDOW)
  })

  it('takes the film as it is only where neither mark nor blurring is wanted', () => {
    const to = (watermark: boolean, blurred: boolean) => new URL(savedAddress('b 1', 'c1', WINDOW, { watermark, blurred }, '复核申诉'), 'https://x')
    expect(to(false, false).pathname).toBe('/api/v1/batches/b%201/cameras/c1/film.mp4')
    expect(to(true, false).pathname).toBe('/api/v1/batches/b%201/cameras/c1/screener.mp4')
    expect(to(true, false).searchParams.get('blur_heads')).toBeNull()
    expect(to(false, true).searchParams.get('blur_heads')).toBe('true')
    expect(to(false, true).pathname).toContain('screener')
    expect(to(true, true).searchParams.get('purpose')).toBe('复核申诉')
    expect(to(true, true).searchParams.get('start')).toBe(WINDOW.start)
  })

  it('marks what is blurred: a copy that was changed says so', () => {
    expect(marked({ watermark: false, blurred: true })).toBe(true)
  })
})
