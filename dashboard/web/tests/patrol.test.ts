import { describe, expect, it } from 'vitest'

import type { Visit, VisitSummary } from '@/api/types'
import { clock, handedOver, lacking, left, listed, nameOf, running, sittingOf, standing } from '@/patrol/patrol'

const HOUR = 3_600_000
const NOON = Date.parse('2026-05-01T04:00:00Z')
const at = (hours: number) => new Date(NOON + hours * HOUR).toISOString()

function visit(told: Partial<VisitSummary> = {}): VisitSummary {
  return {
    batch: 'b-1', number: 1, site: 's', site_name: '考场', project: '面点', basis: 'targeted', way: 'on_site',
    attended: [{ supervisor: 'd-1', badge: null }], own: false, begun: at(-1), ended: null, due: null, fed_back: null,
    published: null, answered: 0, unanswered: 17, findings: 0, ...told,
  }
}

describe('the clock of the feedback', () => {
  const ended = { ended: at(0), due: at(72) }
  it('runs from the end, is late after its instant and not on it, and stays late where it was given late', () => {
    expect(standing(visit(), NOON)).toBe('running')
    expect(standing(visit(ended), NOON + 72 * HOUR)).toBe('due')
    expect(standing(visit(ended), NOON + 72 * HOUR + 1)).toBe('late')
    expect(standing(visit({ ...ended, fed_back: at(72) }), NOON + 99 * HOUR)).toBe('given')
    expect(standing(visit({ ...ended, fed_back: at(73) }), NOON + 99 * HOUR)).toBe('given_late')
    expect(standing(visit({ ...ended, fed_back: at(1), published: at(2) }), NOON + 99 * HOUR)).toBe('published')
  })
  it('counts down in whole seconds and shows none left only when none is', () => {
    expect(left(visit(ended), NOON)).toBe(72 * 3600)
    expect(left(visit({ ...ended, fed_back: at(1) }), NOON)).toBeUndefined()
    expect(left(visit(), NOON)).toBeUndefined()
    expect(clock(72 * 3600)).toBe('72:00:00')
    expect(clock(0.2)).toBe('00:00:01')
    expect(clock(-3661)).toBe('01:01:01')
  })
})

describe('a list of visits', () => {
  const late = visit({ number: 1, ended: at(-80), due: at(-8) })
  const runs = visit({ number: 2, own: true })
  const soon = visit({ number: 3, ended: at(-70), due: at(2) })
  const later = visit({ number: 4, ended: at(-1), due: at(71) })
  const over = visit({ number: 5, own: true, ended: at(-9), due: at(63), fed_back: at(-8), published: at(-7) })
  const all = [over, later, soon, runs, late]
  it('begins with what is late, then what runs, then by the time that is left', () => {
    expect(listed(all, 'all', NOON).map((each) => each.number)).toEqual([1, 2, 3, 4, 5])
    expect(listed(all, 'open', NOON).map((each) => each.number)).toEqual([1, 2, 3, 4])
    expect(listed(all, 'own', NOON).map((each) => each.number)).toEqual([2, 5])
  })
  it('takes a finding where a visit of the batch runs, into one of mine first', () => {
    const others = visit({ number: 7 })
    expect(running([others, ...all], 'b-1').map(nameOf)).toEqual(['b-1/2', 'b-1/7'])
    expect(running(all, 'b-2')).toEqual([])
  })
})

describe('a picture', () => {
  const sittings = [{ number: 1, start: at(0), end: at(1), closed: false, cameras: [{ camera: 'c1', room: 'r', room_name: 'R' }] }]
  it('belongs to the sitting whose camera and time it is of, or to none', () => {
    expect(sittingOf(sittings, { camera: 'c1', at: at(0) })?.number).toBe(1)
    expect(sittingOf(sittings, { camera: 'c1', at: at(1) })).toBeUndefined()
    expect(sittingOf(sittings, { camera: 'c2', at: at(0) })).toBeUndefined()
  })
  it('is handed over whole or not at all', () => {
    expect(handedOver({ batch: 'b-1', camera: 'c1', at: '2026-05-01T12:00:00+08:00' })).toEqual({
      batch: 'b-1', frame: { camera: 'c1', at: '2026-05-01T04:00:00.000Z' },
    })
    expect(handedOver({ batch: 'b-1', camera: 'c1', at: 'noon' })).toBeUndefined()
    expect(handedOver({ batch: 'b-1', camera: ['c1'], at: at(0) })).toBeUndefined()
  })
  it('is asked of an online visit before it ends, once all is answered', () => {
    const whole = { ...visit({ way: 'online', unanswered: 0 }), answers: [], found: [], sittings } as unknown as Visit
    expect(lacking({ ...whole, unanswered: 1 })).toBe('answers')
    expect(lacking(whole)).toBe('frames')
    expect(lacking({ ...whole, way: 'on_site' })).toBeUndefined()
    expect(lacking({ ...whole, found: [{ severity: 'note', text: 'x', frames: [{ camera: 'c1', at: at(0) }] }] })).toBeUndefined()
  })
})
