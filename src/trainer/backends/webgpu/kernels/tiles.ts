/**
 * Tiles of matrices in the memory of a workgroup, as text. A tile of `outer` rows or columns and `depth` steps of the
 * inner sum lies there as vec4 of four neighbours along the outer axis: element [l][outer / 4]. Whichever axis runs
 * through memory, an invocation loads blocks of 4 × 4, and turns them in registers where it has to.
 */
export interface Tile {
  /** Names of variables begin with it. */
  name: string
  /** Of the tile: rows of A, or columns of B. A multiple of 4. */
  outer: number
  /** A multiple of 4. */
  depth: number
  /** Whether neighbours in memory are neighbours along the inner sum. */
  innerFirst: boolean
  /** Elements of a load. */
  width: 1 | 4
  threads: number
  /** The first invocation that loads. */
  firstLane: number
  /** The array in workgroup memory, and where the tile begins in it (vec4). */
  shared: string
  at: number
  /** WGSL of the element index for outer index `o` and inner index `l`, and of their limits. */
  index: (o: string, l: string) => string
  outerEnd: string
  innerEnd: string
  /** WGSL of an element, by its index divided by the width. */
  element: (index: string) => string
}

/** vec4 from one row of the tile to the next one. */
export function rowOf({ outer }: Pick<Tile, 'outer'>): number {
  return outer / 4
}

/** vec4 of workgroup memory. */
export function sizeOf(tile: Pick<Tile, 'outer' | 'depth'>): number {
  return rowOf(tile) * tile.depth
}

/** Blocks that each invocation loads. */
function rounds({ outer, depth, threads }: Tile): number {
  return Math.ceil(((outer / 4) * (depth / 4)) / threads)
}

function each(tile: Tile, write: (variable: string, block: { o: string; l: string; place: string }) => string): string {
  const { name, outer, depth, threads, firstLane, innerFirst } = tile
  const [across, down] = [outer / 4, depth / 4]
  const blocks = across * down
  const parts: string[] = []
  for (let round = 0; round < rounds(tile); round++) {
    const e = `(lane + ${round * threads}u - ${firstLane}u)`
    const o = innerFirst ? `(${e} / ${down}u)` : `(${e} % ${across}u)`
    const l = innerFirst ? `(${e} % ${down}u)` : `(${e} / ${across}u)`
    const text = write(`${name}${round}`, { o, l, place: e })
    // Below the first lane the index wraps around to beyond the last block.
    parts.push(blocks === threads && firstLane === 0 ? `{\n${text}\n}` : `if (${e} < ${blocks}u) {\n${text}\n}`)
  }
  return parts.join('\n')
}

/** Registers for one tile: declared outside the loop. */
export function declareTile(tile: Tile): string {
  return Array.from({ length: rounds(tile) }, (_, round) =>
    [0, 1, 2, 3].map((i) => `var ${tile.name}${round}_${i} = vec4<f32>(0.0);`).join(' '),
  ).join('\n')
}

/** From storage to registers. @param outerBase,innerBase WGSL: where the tile begins */
export function loadTile(tile: Tile, outerBase: string, innerBase: string): string {
  const { width, innerFirst, index, outerEnd, innerEnd, element } = tile
  return each(tile, (variable, { o, l }) => {
    const lines = [`let o = ${outerBase} + ${o} * 4u;`, `let l = ${innerBase} + ${l} * 4u;`]
    // Read, then judged: a place beyond the end reads something of the buffer, and branches would cost more.
    const inside = (oi: string, li: string) => `(${oi}) < ${outerEnd} && (${li}) < ${innerEnd}`
    for (let i = 0; i < 4; i++) {
      const [oi, li] = innerFirst ? [`o + ${i}u`, 'l'] : ['o', `l + ${i}u`]
      if (width === 4) {
        const value = `vec4<f32>(${element(`(${index(`(${oi})`, `(${li})`)}) / 4u`)})`
        lines.push(`${variable}_${i} = select(vec4<f32>(0.0), ${value}, ${inside(oi, li)});`)
        continue
      }
      const values = [0, 1, 2, 3].map((c) => {
        const [oc, lc] = innerFirst ? [oi, `l + ${c}u`] : [`o + ${c}u`, li]
        return `select(0.0, f32(${element(index(`(${oc})`, `(${lc})`))}), ${inside(oc, lc)})`
      })
      lines.push(`${variable}_${i} = vec4<f32>(${values.join(', ')});`)
    }
    return lines.join('\n')
  })
}

/** From registers to workgroup memory. */
export function storeTile(tile: Tile): string {
  const { shared, at, innerFirst } = tile
  const row = rowOf(tile)
  return each(tile, (variable, { o, l }) =>
    [0, 1, 2, 3]
      .map((i) => {
        const value = innerFirst
          ? `vec4<f32>(${[0, 1, 2, 3].map((j) => `${variable}_${j}.${'xyzw'[i]}`).join(', ')})`
          : `${variable}_${i}`
        return `${shared}[${at}u + (${l} * 4u + ${i}u) * ${row}u + ${o}] = ${value};`
      })
      .join('\n'),
  )
}
