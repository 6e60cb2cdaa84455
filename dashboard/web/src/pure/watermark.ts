// Where a watermark stands: tiled over the whole picture, in rows that are shifted against each other, and moved with
// time, so that neither a cut nor something laid over one place takes all of it away.

export interface Tile {
  x: number
  y: number
}

/** A fraction of a tile by which all move at each step; never the same place twice in a row. */
const STEP = 0.382

/** The middles of all tiles that touch a picture of that size. */
export function tiles(width: number, height: number, tile: { width: number; height: number }, step: number): Tile[] {
  const found: Tile[] = []
  const moved = (step * STEP) % 1
  for (let row = -1, y = (moved - 0.5) * tile.height; y < height + tile.height / 2; row++, y += tile.height) {
    const shift = row % 2 === 0 ? 0 : 0.5
    for (let x = (moved + shift - 1) * tile.width; x < width + tile.width / 2; x += tile.width) found.push({ x, y })
  }
  return found
}
