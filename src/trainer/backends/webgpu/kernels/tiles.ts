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
  /** Loops instead of repeated text: compilers for the processor take minutes for long kernels. */
  compact: boolean
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
  /** WGSL of a load, by the element's index divided by the width: f32, or a vector of four. */
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
  return Array.from({ length: rounds(tile) }, (_, round) => `var ${tile.name}${round} = array<vec4<f32>, 4>();`).join(
    '\n',
  )
}

/** `text` for 0 to 3, written out or as a loop. */
function four(compact: boolean, variable: string, text: (i: string) => string): string {
  if (compact) return `for (var ${variable} = 0u; ${variable} < 4u; ${variable}++) {\n${text(variable)}\n}`
  return [0, 1, 2, 3].map((i) => text(`${i}u`)).join('\n')
}

/**
 * From storage to registers. A place beyond the end reads something of the buffer, which is then not taken: branches
 * would cost more.
 *
 * @param outerBase,innerBase WGSL: where the tile begins
 */
export function loadTile(tile: Tile, outerBase: string, innerBase: string): string {
  const { width, innerFirst, compact, index, outerEnd, innerEnd, element } = tile
  const inside = (o: string, l: string) => `${o} < ${outerEnd} && ${l} < ${innerEnd}`
  return each(tile, (variable, { o, l }) => {
    const rows = four(compact, 'i', (i) => {
      const [oi, li] = innerFirst ? [`(o + ${i})`, 'l'] : ['o', `(l + ${i})`]
      if (width === 4) {
        return `${variable}[${i}] = select(vec4<f32>(0.0), ${element(`(${index(oi, li)}) / 4u`)}, ${inside(oi, li)});`
      }
      return four(compact, 'c', (c) => {
        const [oc, lc] = innerFirst ? [oi, `(l + ${c})`] : [`(o + ${c})`, li]
        return `${variable}[${i}][${c}] = select(0.0, ${element(index(oc, lc))}, ${inside(oc, lc)});`
      })
    })
    return `let o = ${outerBase} + ${o} * 4u;\nlet l = ${innerBase} + ${l} * 4u;\n${rows}`
  })
}

/** From registers to workgroup memory. */
export function storeTile(tile: Tile): string {
  const { shared, at, innerFirst, compact } = tile
  return each(tile, (variable, { o, l }) =>
    four(compact, 'i', (i) => {
      const turned = [0, 1, 2, 3].map((j) => `${variable}[${j}][${i}]`).join(', ')
      const value = innerFirst ? `vec4<f32>(${turned})` : `${variable}[${i}]`
      return `${shared}[${at}u + (${l} * 4u + ${i}) * ${rowOf(tile)}u + ${o}] = ${value};`
    }),
  )
}
