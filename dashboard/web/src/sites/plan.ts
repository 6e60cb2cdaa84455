// A room's plan while somebody draws it: metres, x to the right and y upwards. Everything here gives a new plan back.

import type { PlanCamera, RoomPlan, Survey, SurveyedPlace } from '@/api/types'

export type Corner = [number, number]
export type Kind = 'stations' | 'obstacles' | 'doors' | 'paper_desks' | 'cameras'
export interface Chosen {
  kind: Kind
  index: number
}
export interface Box {
  x: number
  y: number
  width: number
  depth: number
}

export const STEP_M = 0.1
const LEAST_M = 0.1

const round = (metres: number) => Math.round(metres * 1000) / 1000

/** The smallest upright box around an outline. */
export function boxOf(outline: readonly (readonly number[])[]): Box {
  const xs = outline.map((corner) => corner[0] ?? 0)
  const ys = outline.map((corner) => corner[1] ?? 0)
  const x = Math.min(...xs)
  const y = Math.min(...ys)
  return { x, y, width: round(Math.max(...xs) - x), depth: round(Math.max(...ys) - y) }
}

/** The outline moved and stretched until its box is that one: whatever its shape, it keeps it. */
export function fitted(outline: readonly (readonly number[])[], box: Box): Corner[] {
  const old = boxOf(outline)
  const across = old.width ? Math.max(box.width, LEAST_M) / old.width : 1
  const along = old.depth ? Math.max(box.depth, LEAST_M) / old.depth : 1
  return outline.map((corner) => [
    round(box.x + ((corner[0] ?? 0) - old.x) * across),
    round(box.y + ((corner[1] ?? 0) - old.y) * along),
  ])
}

export function rectangle(box: Box): Corner[] {
  const { x, y, width, depth } = box
  return [[x, y], [round(x + width), y], [round(x + width), round(y + depth)], [x, round(y + depth)]]
}

/** Where something stands: its box, or of a camera the point it hangs at. */
export function placeOf(plan: RoomPlan, chosen: Chosen): Box | undefined {
  if (chosen.kind === 'cameras') {
    const camera = plan.cameras[chosen.index]
    return camera && { x: camera.at[0], y: camera.at[1], width: 0, depth: 0 }
  }
  const each = plan[chosen.kind][chosen.index]
  return each && boxOf(each.outline)
}

/** The plan with one thing moved by so much; never out of the box of the room. */
export function moved(plan: RoomPlan, chosen: Chosen, dx: number, dy: number): RoomPlan {
  const box = placeOf(plan, chosen)
  if (!box) return plan
  const room = boxOf(plan.outline)
  const x = round(Math.min(Math.max(box.x + dx, room.x), room.x + room.width - box.width))
  const y = round(Math.min(Math.max(box.y + dy, room.y), room.y + room.depth - box.depth))
  return placed(plan, chosen, { ...box, x, y })
}

/** The plan with one thing put into a box. */
export function placed(plan: RoomPlan, chosen: Chosen, box: Box): RoomPlan {
  if (chosen.kind === 'cameras') {
    return changed(plan, chosen, { at: [box.x, box.y, plan.cameras[chosen.index]?.at[2] ?? 2.8] })
  }
  const each = plan[chosen.kind][chosen.index]
  return each ? changed(plan, chosen, { outline: fitted(each.outline, box) }) : plan
}

/** The plan with some fields of one thing changed. */
export function changed(plan: RoomPlan, chosen: Chosen, fields: Record<string, unknown>): RoomPlan {
  const list = plan[chosen.kind] as readonly object[]
  return { ...plan, [chosen.kind]: list.map((each, index) => (index === chosen.index ? { ...each, ...fields } : each)) }
}

export function without(plan: RoomPlan, chosen: Chosen): RoomPlan {
  const list = plan[chosen.kind] as readonly object[]
  return { ...plan, [chosen.kind]: list.filter((_, index) => index !== chosen.index) }
}

/** Where a room that has no plan begins: an upright room with nothing in it. What nobody drew is not seen. */
export function firstPlan(): RoomPlan {
  return {
    outline: rectangle({ x: 0, y: 0, width: 8, depth: 6 }),
    height: 3,
    obstacles: [],
    stations: [],
    doors: [],
    paper_desks: [],
    no_filming: [],
    cameras: [],
  }
}

function station(id: string, box: Box) {
  return { id, outline: rectangle(box), from: 0.75, to: 1.35 }
}

/** A station in the middle of the room, to be moved from there. */
export function withStation(plan: RoomPlan, id: string): RoomPlan {
  return { ...plan, stations: [...plan.stations, station(id, middle(plan, 1.4, 1.2))] }
}

export function withObstacle(plan: RoomPlan, id: string): RoomPlan {
  const outline = rectangle(middle(plan, 0.5, 0.5))
  return { ...plan, obstacles: [...plan.obstacles, { id, outline, height: null }] }
}

/** A camera in the next corner of the room, looking at its middle. */
export function withCamera(plan: RoomPlan, id: string): RoomPlan {
  const room = boxOf(plan.outline)
  const number = plan.cameras.length
  const right = number % 2 === 1
  const far = Math.floor(number / 2) % 2 === 1
  const x = round(right ? room.x + room.width - 0.1 : room.x + 0.1)
  const y = round(far ? room.y + room.depth - 0.1 : room.y + 0.1)
  const pan = Math.round((Math.atan2(room.y + room.depth / 2 - y, room.x + room.width / 2 - x) * 180) / Math.PI)
  const camera: PlanCamera = {
    id,
    at: [x, y, Math.min(2.8, plan.height)],
    pan,
    tilt: 30,
    width_of_view: 90,
    picture: [1920, 1080],
    lens: 'rectilinear',
    roll: 0,
    k1: 0,
    k2: 0,
  }
  return { ...plan, cameras: [...plan.cameras, camera] }
}

function middle(plan: RoomPlan, width: number, depth: number): Box {
  const room = boxOf(plan.outline)
  return { x: round(room.x + (room.width - width) / 2), y: round(room.y + (room.depth - depth) / 2), width, depth }
}

/** A name of that stem that the list has not. */
export function freshName(stem: string, taken: readonly { id: string }[]): string {
  const names = new Set(taken.map((each) => each.id))
  let number = 1
  while (names.has(`${stem}${number}`)) number++
  return `${stem}${number}`
}

/** The corners of an outline as an SVG has them: y downwards. */
export function points(outline: readonly (readonly number[])[]): string {
  return outline.map((corner) => `${corner[0] ?? 0},${-(corner[1] ?? 0)}`).join(' ')
}

/** What an SVG of the plan shows, with a margin: x y width height. */
export function viewBox(plan: RoomPlan, margin = 0.5): string {
  const room = boxOf(plan.outline)
  return [room.x - margin, -(room.y + room.depth + margin), room.width + 2 * margin, room.depth + 2 * margin].join(' ')
}

/** Where a camera looks: the corners of a triangle on the plan, from it to `reach` metres away. */
export function fan(camera: PlanCamera, reach = 2): Corner[] {
  const half = Math.min(camera.width_of_view, 170) / 2
  const [x, y] = camera.at
  const edge = (degrees: number): Corner => {
    const turn = (degrees * Math.PI) / 180
    return [round(x + reach * Math.cos(turn)), round(y + reach * Math.sin(turn))]
  }
  return [[x, y], edge(camera.pan - half), edge(camera.pan), edge(camera.pan + half)]
}

/** Places that fall short first, otherwise as on the plan. */
export function shortFirst(survey: Survey): SurveyedPlace[] {
  return [...survey.places].sort((one, other) => Number(other.shortfall !== null) - Number(one.shortfall !== null))
}

/** The view that counts for a place: that of its best camera. */
export function bestView(place: SurveyedPlace): SurveyedPlace['views'][number] | undefined {
  return place.views.find((view) => view.camera === place.camera)
}

export type Lack = 'places' | 'drawn' | 'floor' | 'banned'

/** The first thing that keeps a room from being seen as it must be; undefined where nothing does. */
export function lackOf(survey: Survey): Lack | undefined {
  if (survey.covers) return undefined
  if (survey.short.length) return 'places'
  if (survey.stations_not_drawn.length) return 'drawn'
  return survey.floor_share < survey.floor_share_needed ? 'floor' : 'banned'
}
