import { describe, expect, it } from 'vitest'

import type { Room } from '@/api/types'
import {
  changed, columnsOf, correction, endOf, firstCameras, frameMs, gapAt, gapsOf, holds, keyOf, neighbourSpeed, PATIENCE_MS,
  SPEEDS, spotOf, told, type Clock,
} from '@/pure/sync'
import { instant } from '@/pure/time'

const T0 = instant('2026-05-01T01:00:00.000Z')
const at = (seconds: number) => T0 + seconds * 1000
const iso = (seconds: number) => new Date(at(seconds)).toISOString()
const gap = (start: number, end: number) =>
  ({ start: iso(start), end: iso(end), seconds: end - start, cause: 'no_data' }) as const

describe('the clock', () => {
  const clock: Clock = { at: T0, read: 500, speed: 4, runs: true }
  it('runs at its speed and stands when it does not run', () => {
    expect(told(clock, 1500)).toBe(at(4))
    expect(told({ ...clock, runs: false }, 1500)).toBe(T0)
  })
  it('never jumps when it is stopped or its speed changes, and jumps where it is sent', () => {
    const stopped = changed(clock, 1500, { runs: false })
    expect(told(stopped, 99_000)).toBe(at(4))
    const on = changed(changed(stopped, 99_000, { runs: true }), 99_000, { speed: 0.5 })
    expect(told(on, 101_000)).toBe(at(5))
    expect(told(changed(on, 101_000, { at: at(60) }), 101_000)).toBe(at(60))
  })
})

describe('a camera under the clock', () => {
  const files = [
    { start: 0, duration: 10, programDateTime: at(0) },
    { start: 10, duration: 10, programDateTime: at(18) },
  ]
  it('is in its footage by capture time, or in a hole with what comes after', () => {
    expect(spotOf(at(9.5), files)).toEqual({ kind: 'footage', position: 9.5 })
    expect(spotOf(at(12), files)).toEqual({ kind: 'hole', position: 10, resumes: at(18) })
    expect(spotOf(at(20), files)).toEqual({ kind: 'footage', position: 12 })
    expect(spotOf(at(-1), files)).toEqual({ kind: 'hole', position: 0, resumes: at(0) })
    expect(spotOf(at(28), files)).toEqual({ kind: 'hole' })
    expect(spotOf(at(0), [])).toEqual({ kind: 'hole' })
    expect(endOf(files)).toBe(at(28))
    expect(endOf([])).toBeUndefined()
  })
  it('is brought back against its drift, and sought only where it is far off', () => {
    expect(correction(0.01, 1)).toEqual({ kind: 'rate', rate: 1 })
    expect(correction(0.1, 1)).toEqual({ kind: 'rate', rate: 0.9 })
    expect(correction(-0.1, 1)).toEqual({ kind: 'rate', rate: 1.1 })
    expect(correction(-0.3, 1)).toEqual({ kind: 'seek' })
    expect(correction(0.3, 0.5)).toEqual({ kind: 'seek' })
    expect(correction(-0.3, 8)).toEqual({ kind: 'rate', rate: 8.3 })
  })
  it('comes to the clock from any small drift, at every speed, with rates that browsers take', () => {
    for (const speed of SPEEDS)
      for (const begun of [-0.24, 0.24]) {
        let drift = begun * (speed === 16 ? 1 : Math.min(1, speed)) // a player that lags at 16× cannot go faster
        if (speed === 16) drift = Math.abs(drift)
        for (let tick = 0; tick < 100; tick++) {
          const found = correction(drift, speed)
          if (found.kind === 'seek') throw new Error(`sought at ${drift} s, ${speed}×`)
          expect(found.rate).toBeGreaterThanOrEqual(0.0625)
          expect(found.rate).toBeLessThanOrEqual(16)
          drift += (found.rate - speed) * 0.05
        }
        expect(Math.abs(drift)).toBeLessThanOrEqual(0.1 * Math.max(1, speed))
      }
  })
  it('has all others wait while it loads, but not for ever', () => {
    expect(holds([null, null], 9_000)).toBe(false)
    expect(holds([null, 8_000], 9_000)).toBe(true)
    expect(holds([null, 9_000 - PATIENCE_MS], 9_000)).toBe(false)
    expect(holds([8_000, 9_000 - PATIENCE_MS], 9_000)).toBe(true)
  })
})

describe('several cameras', () => {
  const rooms = [
    { id: 'A', name: 'A', stations: ['A01'], cameras: ['a1', 'a2'].map((id) => ({ id, sees: [], panoramic: false })) },
    { id: 'B', name: 'B', stations: ['B01'], cameras: Array.from({ length: 12 }, (_, n) => ({ id: `b${n}`, sees: [], panoramic: false })) },
  ] as unknown as Room[]
  it('are those of the room that was looked at, nine at most', () => {
    expect(firstCameras(rooms, null)).toEqual(['a1', 'a2'])
    expect(firstCameras(rooms, 'camera:a2')).toEqual(['a1', 'a2'])
    expect(firstCameras(rooms, 'station:B01')).toHaveLength(9)
    expect(firstCameras(rooms, 'camera:gone')).toEqual(['a1', 'a2'])
    expect(firstCameras([], null)).toEqual([])
  })
  it('share the list of gaps, by time', () => {
    const found = gapsOf([{ camera: 'one', gaps: [gap(40, 50)] }, { camera: 'two', gaps: [gap(5, 9), gap(60, 61)] }] as never)
    expect(found.map((each) => [each.camera, each.start])).toEqual([['two', iso(5)], ['one', iso(40)], ['two', iso(60)]])
    expect(gapAt(at(45), found)?.camera).toBe('one')
    expect(gapAt(at(50), found)).toBeUndefined()
  })
  it('step by the picture of the fastest', () => {
    expect(frameMs([{ frame_rate: 15 }, { frame_rate: 25 }, { frame_rate: null }])).toBe(40)
    expect(frameMs([{ frame_rate: 10 }])).toBe(100)
    expect(frameMs([{ frame_rate: null }])).toBe(40)
  })
  it('stand in rows that fit a wide screen', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 9].map(columnsOf)).toEqual([1, 2, 3, 2, 3, 3, 3, 3])
  })
  it('obey keys', () => {
    expect([' ', ',', '.', '[', ']', '-', '='].map(keyOf)).toEqual(['toggle', 'back', 'forth', 'previous', 'next', 'slower', 'faster'])
    expect(keyOf('x')).toBeUndefined()
    expect([neighbourSpeed(1, 1), neighbourSpeed(16, 1), neighbourSpeed(0.5, -1)]).toEqual([2, 16, 0.5])
  })
})
