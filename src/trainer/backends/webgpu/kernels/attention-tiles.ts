/**
 * What the kernels of attention share. A workgroup owns T rows (queries, or keys) and walks over tiles of T columns (keys,
 * or queries); an invocation holds 4 × 4 of the T × T products, and 4 rows of what is summed over the columns.
 */
import type { Attention } from '../../../plan/operations'
import { type KernelSource, load, type OperandSpec, store } from '../kernel'
import type { Traits } from '../launch'
import { declareTile, loadTile, rowOf, storeTile, type Tile } from './tiles'

export interface AttentionShape {
  /** T: 32, or 64. */
  tile: number
  /** Values of a head, or columns, in workgroup memory at once. */
  depth: number
  /** Groups of T columns that hold a head's values. */
  groups: number
  /** See Tile. */
  compact: boolean
}

export const attentionThreads = ({ tile }: AttentionShape): number => (tile / 4) ** 2

function bytesOf({ tile, depth, groups }: AttentionShape): number {
  const slices = Math.max(2 * depth * tile, depth * groups * tile)
  return 4 * (slices + tile * tile + (tile / 4) * tile)
}

type Sizes = Pick<Attention, 'batch' | 'length' | 'heads' | 'headDim'>

/** @param rows heads of which each has its own workgroups: query or key heads */
export function chooseAttention({ batch, length, headDim }: Sizes, rows: number, traits: Traits): AttentionShape {
  const fits = (shape: AttentionShape) =>
    bytesOf(shape) <= traits.sharedBytes && attentionThreads(shape) <= traits.invocations
  const compact = traits.isSoftware
  const wide = { compact, tile: 64, depth: 16, groups: Math.ceil(headDim / 64) }
  const fills = batch * rows * Math.ceil(length / 64) >= traits.parallelism
  if (fits(wide) && fills && !traits.isSoftware) return wide
  const narrow = { compact, tile: 32, depth: 16, groups: Math.ceil(headDim / 32) }
  return fits(narrow) ? narrow : { ...narrow, depth: 4 }
}

/** Sizes that all kernels of attention take, and where a workgroup stands. */
export const attentionParams: KernelSource['params'] = {
  ...{ length: 'u32', heads: 'u32', kvHeads: 'u32', headDim: 'u32', scale: 'f32' },
}

export function attentionSizes(op: Pick<Attention, 'length' | 'heads' | 'kvHeads' | 'headDim' | 'scale'>) {
  const { length, heads, kvHeads, headDim, scale } = op
  return { length, heads, kvHeads, headDim, scale }
}

export function attentionDeclarations(shape: AttentionShape): string {
  const { tile, depth, groups } = shape
  const slices = Math.max((2 * depth * tile) / 4, (depth * groups * tile) / 4)
  return `var<workgroup> slices: array<vec4<f32>, ${slices}>;
var<workgroup> weights: array<vec4<f32>, ${(tile * tile) / 4}>;
var<workgroup> partial: array<vec4<f32>, ${(tile / 4) ** 2}>;`
}

/** Values of heads in storage: [N, count, headDim]. */
export interface Heads extends OperandSpec {
  /** Operand. */
  name: string
  /** WGSL: heads of a position, and which of them. */
  count: string
  head: string
}

const place = ({ count, head }: Heads, position: string): string =>
  `((block * params.length + ${position}) * ${count} + ${head}) * params.headDim`

/** `s0` … `s3`: 4 rows of 4 columns, the inner products of the rows' and columns' values of a head. */
export function products(
  shape: AttentionShape,
  into: string,
  left: Heads,
  leftBase: string,
  right: Heads,
  rightBase: string,
): string {
  const { tile, depth, compact } = shape
  const threads = attentionThreads(shape)
  const blocks = (tile * depth) / 16
  const tileOf = (heads: Heads, name: string, side: 0 | 1): Tile => ({
    ...{ name, outer: tile, depth, innerFirst: true, width: heads.width, threads, compact },
    ...{ firstLane: side === 1 && 2 * blocks <= threads ? blocks : 0, shared: 'slices', at: (side * tile * depth) / 4 },
    index: (o, l) => `${place(heads, o)} + ${l}`,
    ...{ outerEnd: 'params.length', innerEnd: 'params.headDim' },
    element: (index) => load(heads, heads.name, index),
  })
  const [a, b] = [tileOf(left, 'a', 0), tileOf(right, 'b', 1)]
  const rows = [0, 1, 2, 3]
  return `for (var d = 0u; d < params.headDim; d += ${depth}u) {
${declareTile(a)}
${declareTile(b)}
${loadTile(a, leftBase, 'd')}
${loadTile(b, rightBase, 'd')}
workgroupBarrier();
${storeTile(a)}
${storeTile(b)}
workgroupBarrier();
for (var l = 0u; l < ${depth}u; l++) {
let x = slices[l * ${rowOf(a)}u + ty];
let y = slices[${b.at}u + l * ${rowOf(b)}u + tx];
${rows.map((i) => `${into}${i} += x.${'xyzw'[i]} * y;`).join('\n')}
}
}`
}

export function declareRows(name: string, value = '0.0'): string {
  return [0, 1, 2, 3].map((i) => `var ${name}${i} = vec4<f32>(${value});`).join(' ')
}

/** Zeroes: sums of 4 rows and all their columns of a head. */
export function declareSums({ groups }: AttentionShape, name: string): string {
  return Array.from({ length: groups }, (_, g) => declareRows(`${name}${g}_`)).join('\n')
}

/** Rows of weights to workgroup memory: `weights[column][row / 4]`. A barrier must follow. */
export function storeWeights({ tile }: AttentionShape, from: string): string {
  return [0, 1, 2, 3]
    .map((c) => {
      const values = [0, 1, 2, 3].map((i) => `${from}${i}.${'xyzw'[c]}`).join(', ')
      return `weights[(tx * 4u + ${c}u) * ${tile / 4}u + ty] = vec4<f32>(${values});`
    })
    .join('\n')
}

/** `sums[row][d] += Σ over columns of weights[column][row] · values[column][d]`. */
export function weightedSums(shape: AttentionShape, sums: string, values: Heads, columnBase: string): string {
  const { tile, depth, groups } = shape
  const threads = attentionThreads(shape)
  const across = (groups * tile) / 4
  const at = `${place(values, 'position')} + d`
  const take =
    values.width === 4
      ? `if (position < params.length && d < params.headDim) { value = ${load(values, values.name, `(${at}) / 4u`)}; }`
      : `if (position < params.length) { for (var c = 0u; c < 4u; c++) {
if (d + c < params.headDim) { value[c] = ${load(values, values.name, `${at} + c`)}; } } }`
  const adds: string[] = []
  for (let g = 0; g < groups; g++) {
    adds.push(`let y${g} = slices[l * ${across}u + tx + ${(g * tile) / 4}u];`)
    for (let i = 0; i < 4; i++) adds.push(`${sums}${g}_${i} += x.${'xyzw'[i]} * y${g};`)
  }
  return `for (var base = 0u; base < ${tile}u; base += ${depth}u) {
workgroupBarrier();
for (var e = lane; e < ${depth * across}u; e += ${threads}u) {
let position = ${columnBase} + base + e / ${across}u;
let d = (e % ${across}u) * 4u;
var value = vec4<f32>(0.0);
${take}
slices[e] = value;
}
workgroupBarrier();
for (var l = 0u; l < ${depth}u; l++) {
let x = weights[(base + l) * ${tile / 4}u + ty];
${adds.join('\n')}
}
}
workgroupBarrier();`
}

/** Writes 4 rows of sums, times `factor`: WGSL that knows the row `i` within the four. */
export function storeSums(
  { tile, groups }: AttentionShape,
  sums: string,
  target: Heads,
  rowBase: string,
  factor: string,
): string {
  const names = [0, 1, 2, 3].flatMap((i) => Array.from({ length: groups }, (_, g) => `${sums}${g}_${i}`))
  const put =
    target.width === 4
      ? `if (d < params.headDim) { ${store(target, target.name, '(at + d) / 4u', 'value')} }`
      : `for (var c = 0u; c < 4u; c++) {
if (d + c < params.headDim) { ${store(target, target.name, 'at + d + c', 'value[c]')} } }`
  return `{
var all = array<vec4<f32>, ${names.length}>(${names.join(', ')});
for (var i = 0u; i < 4u; i++) {
let position = ${rowBase} + ty * 4u + i;
if (position >= params.length) { break; }
let at = ${place(target, 'position')};
for (var g = 0u; g < ${groups}u; g++) {
let d = (tx + g * ${tile / 4}u) * 4u;
let value = all[i * ${groups}u + g] * ${factor};
${put}
}
}
}`
}

/** For the names of kernels. */
export function attentionVariant({ tile, depth, groups, compact }: AttentionShape): string {
  return `${tile} ${depth} ${groups}${compact ? ' compact' : ''}`
}
