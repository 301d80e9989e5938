/**
 * Products of matrices in tiles: a workgroup a tile of C, an invocation some rows × columns of it in registers, slices of
 * A and B in workgroup memory, the next ones on their way while the present ones are multiplied. Where C has too few
 * tiles to fill the device the inner sum is cut, and the parts are added in a second dispatch, always in the same order.
 */
import type { Matmul } from '../../../plan/operations'
import { assemble, load, type OperandSpec, store } from '../kernel'
import { type Launch, type LaunchContext, type Place, reads, type Traits, variantOf, widthOf, writes } from '../launch'
import { elementwise } from './elementwise'
import { laneMatmul } from './lanes/matmul'
import { declareTile, loadTile, rowOf, sizeOf, storeTile, type Tile } from './tiles'

export interface MatmulShape {
  /** Of the workgroup's tile of C. */
  rows: number
  columns: number
  /** Steps of the inner sum in workgroup memory. */
  depth: number
  /** Of an invocation, in groups of four. */
  rowGroups: number
  columnGroups: number
  /** Speed of one workgroup, relative: what tuning measured. */
  speed: number
}

export const MATMUL_SHAPES: readonly MatmulShape[] = [
  { rows: 128, columns: 128, depth: 16, rowGroups: 2, columnGroups: 2, speed: 1 },
  { rows: 128, columns: 64, depth: 16, rowGroups: 2, columnGroups: 1, speed: 0.75 },
  { rows: 64, columns: 64, depth: 16, rowGroups: 2, columnGroups: 2, speed: 0.75 },
  { rows: 64, columns: 64, depth: 16, rowGroups: 1, columnGroups: 1, speed: 0.55 },
  { rows: 32, columns: 32, depth: 16, rowGroups: 1, columnGroups: 1, speed: 0.4 },
  { rows: 128, columns: 128, depth: 8, rowGroups: 2, columnGroups: 2, speed: 0.9 },
  { rows: 128, columns: 128, depth: 32, rowGroups: 2, columnGroups: 2, speed: 0.9 },
]

/** On a processor few invocations with much to do are best, and one shape for all sizes: compiling takes longest. */
const SOFTWARE_SHAPES = [MATMUL_SHAPES[2]]

export interface MatmulChoice {
  shape: MatmulShape
  /** Parts of the inner sum. */
  splits: number
}

/** Elements of the parts of C together, at most. */
const SCRATCH = 1 << 23

const threadsOf = ({ rows, columns, rowGroups, columnGroups }: MatmulShape): number =>
  (rows / (4 * rowGroups)) * (columns / (4 * columnGroups))

const sharedBytes = ({ rows, columns, depth }: MatmulShape): number => (rows + columns) * depth * 4

/** The shape and the cut of the inner sum for which the last workgroup is expected to end first. */
export function chooseMatmul(
  { m, n, k }: Pick<Matmul, 'm' | 'n' | 'k'>,
  { sharedBytes: bytes, invocations, parallelism, isSoftware, matmulShape }: Traits,
): MatmulChoice {
  let best: MatmulChoice | undefined
  let bestTime = Number.POSITIVE_INFINITY
  const usual = isSoftware ? SOFTWARE_SHAPES : MATMUL_SHAPES
  for (const shape of matmulShape === undefined ? usual : [MATMUL_SHAPES[matmulShape]]) {
    if (sharedBytes(shape) > bytes || threadsOf(shape) > invocations) continue
    const tiles = Math.ceil(m / shape.rows) * Math.ceil(n / shape.columns)
    // A workgroup of 64 invocations leaves room for others beside it.
    const slots = parallelism * (256 / threadsOf(shape))
    for (let splits = 1; splits <= 64; splits *= 2) {
      if (splits > 1 && (k / splits < 2 * shape.depth || splits * m * (n + 3) > SCRATCH)) break
      const steps = Math.ceil(k / splits / shape.depth) * shape.depth
      const waves = Math.ceil((tiles * splits) / slots)
      const product = (waves * shape.rows * shape.columns * steps * (256 / threadsOf(shape))) / shape.speed
      // A second dispatch, and parts that go out to memory and come back.
      const addition = splits > 1 ? 128 * 128 * 64 + (32 * splits * m * n) / parallelism : 0
      if (product + addition >= bestTime) continue
      bestTime = product + addition
      best = { shape, splits }
    }
  }
  return best!
}

export function matmul(op: Matmul, context: LaunchContext): Launch[] {
  if (context.traits.subgroup > 0) return laneMatmul(op, context)
  const { m, n, k, transposeA, transposeB, scale } = op
  const { isSoftware } = context.traits
  const [a, b, c] = [context.at(op.a), context.at(op.b), context.at(op.c)]
  const { shape, splits } = chooseMatmul(op, context.traits)
  const isSplit = splits > 1
  // Rows of the parts are padded, so that they can always be written four at a time.
  const partStride = Math.ceil(n / 4) * 4
  const target = isSplit ? { type: 'f32' as const, offset: 0 } : c
  const cStride = isSplit ? partStride : op.c.stride
  const specs = {
    a: reads(a, widthOf(a.offset, op.a.stride, transposeA ? m : k)),
    b: reads(b, widthOf(b.offset, op.b.stride, transposeB ? k : n)),
    // One variant less where compiling takes longest.
    c: writes(target, isSplit || target.type === 'f16' ? 4 : isSoftware ? 1 : widthOf(c.offset, op.c.stride, n)),
  }
  const variant = `${shape.rows}×${shape.columns}×${shape.depth}/${threadsOf(shape)}${transposeA ? ' Aᵀ' : ''}${transposeB ? ' Bᵀ' : ''}${isSoftware ? ' compact' : ''}`
  const kernel = context.kernel(`matmul ${variant} ${variantOf(...Object.values(specs))}`, (name) =>
    matmulKernel(name, shape, specs, transposeA, transposeB, isSoftware),
  )
  const kPart = Math.ceil(k / splits / shape.depth) * shape.depth
  const product: Launch = {
    kernel,
    operands: { a: a.buffer, b: b.buffer, c: isSplit ? 'scratch' : c.buffer },
    params: {
      ...{ m, n: isSplit ? partStride : n, k, kPart },
      bColumns: n,
      ...{ aOffset: a.offset, aStride: op.a.stride, bOffset: b.offset, bStride: op.b.stride },
      ...{ cOffset: target.offset, cStride, cPart: m * partStride },
      ...{ scale: isSplit ? 1 : scale, accumulate: Number(!isSplit && op.accumulate) },
    },
    grid: [Math.ceil(n / shape.columns), Math.ceil(m / shape.rows), splits],
    work: 2 * m * n * k,
  }
  if (!isSplit) return [product]
  return [{ ...product, scratch: splits * m * partStride }, addParts(op, context, c, splits, partStride)]
}

/** `c (+)= scale · Σ parts`. */
function addParts(op: Matmul, context: LaunchContext, c: Place, splits: number, partStride: number): Launch {
  const width = widthOf(op.n, c.offset, op.c.stride)
  const target = writes(c, width)
  return elementwise(context, 'matmul sum', {
    operands: { c: [target, c.buffer], part: [reads({ type: 'f32' }, width), 'scratch'] },
    params: {
      ...{ columns: 'u32', offset: 'u32', stride: 'u32', partStride: 'u32', partSize: 'u32', parts: 'u32' },
      ...{ scale: 'f32', accumulate: 'u32' },
    },
    values: {
      ...{ columns: op.n / width, offset: c.offset / width, stride: op.c.stride / width },
      ...{ partStride: partStride / width, partSize: (op.m * partStride) / width, parts: splits },
      ...{ scale: op.scale, accumulate: Number(op.accumulate) },
    },
    count: (op.m * op.n) / width,
    work: splits,
    body: `let row = i / params.columns;
let column = i % params.columns;
var sum = F(0.0);
for (var p = 0u; p < params.parts; p++) { sum += part[p * params.partSize + row * params.partStride + column]; }
let at = params.offset + row * params.stride + column;
var before = F(0.0);
if (params.accumulate != 0u) { before = ${load(target, 'c', 'at')}; }
${store(target, 'c', 'at', 'before + params.scale * sum')}`,
  })
}

function matmulKernel(
  name: string,
  shape: MatmulShape,
  specs: Record<'a' | 'b' | 'c', OperandSpec>,
  transposeA: boolean,
  transposeB: boolean,
  compact: boolean,
) {
  const { rows, columns, depth, rowGroups, columnGroups } = shape
  const threads = threadsOf(shape)
  const across = columns / (4 * columnGroups)
  const down = rows / (4 * rowGroups)
  const shared = { depth, threads, compact, innerEnd: 'end' }
  const left: Tile = {
    ...{ ...shared, name: 'a', outer: rows, innerFirst: !transposeA, width: specs.a.width },
    ...{ firstLane: 0, shared: 'tileA', at: 0, outerEnd: 'params.m' },
    index: (o, l) => `params.aOffset + ${transposeA ? `${l} * params.aStride + ${o}` : `${o} * params.aStride + ${l}`}`,
    element: (index) => load(specs.a, 'a', index),
  }
  const leftBlocks = (rows * depth) / 16
  const bothBlocks = leftBlocks + (columns * depth) / 16
  const right: Tile = {
    ...{ ...shared, name: 'b', outer: columns, innerFirst: transposeB, width: specs.b.width },
    // Different invocations where there are enough of them.
    ...{ firstLane: bothBlocks <= threads ? leftBlocks : 0, shared: 'tileB', at: 0, outerEnd: 'params.bColumns' },
    index: (o, l) => `params.bOffset + ${transposeB ? `${o} * params.bStride + ${l}` : `${l} * params.bStride + ${o}`}`,
    element: (index) => load(specs.b, 'b', index),
  }
  const multiply: string[] = []
  const sums: string[] = []
  for (let r = 0; r < rowGroups; r++) multiply.push(`let x${r} = tileA[l * ${rowOf(left)}u + ty + ${r * down}u];`)
  for (let g = 0; g < columnGroups; g++) multiply.push(`let y${g} = tileB[l * ${rowOf(right)}u + tx + ${g * across}u];`)
  const names: string[] = []
  for (let r = 0; r < rowGroups; r++)
    for (let i = 0; i < 4; i++) {
      for (let g = 0; g < columnGroups; g++) {
        const sum = `s${r}_${i}_${g}`
        names.push(sum)
        sums.push(`var ${sum} = vec4<f32>(0.0);`)
        multiply.push(`${sum} += x${r}.${'xyzw'[i]} * y${g};`)
      }
    }
  return assemble({
    ...{ name, operands: specs, threads },
    params: {
      ...{ m: 'u32', n: 'u32', k: 'u32', kPart: 'u32', bColumns: 'u32' },
      ...{ aOffset: 'u32', aStride: 'u32', bOffset: 'u32', bStride: 'u32' },
      ...{ cOffset: 'u32', cStride: 'u32', cPart: 'u32', scale: 'f32', accumulate: 'u32' },
    },
    declarations: `var<workgroup> tileA: array<vec4<f32>, ${sizeOf(left)}>;
var<workgroup> tileB: array<vec4<f32>, ${sizeOf(right)}>;`,
    body: `let tx = lane % ${across}u;
let ty = lane / ${across}u;
let rowBase = wid.y * ${rows}u;
let columnBase = wid.x * ${columns}u;
let begin = wid.z * params.kPart;
let end = min(begin + params.kPart, params.k);
${sums.join('\n')}
${declareTile(left)}
${declareTile(right)}
// Slices are loaded before the previous ones are multiplied, so that they are under way meanwhile.
for (var base = begin; ; base += ${depth}u) {
if (base < end) {
${loadTile(left, 'rowBase', 'base')}
${loadTile(right, 'columnBase', 'base')}
}
if (base > begin) {
for (var l = 0u; l < ${depth}u; l++) {
${multiply.join('\n')}
}
}
if (base >= end) { break; }
workgroupBarrier();
${storeTile(left)}
${storeTile(right)}
workgroupBarrier();
}
var all = array<vec4<f32>, ${sums.length}>(${names.join(', ')});
for (var i = 0u; i < ${4 * rowGroups}u; i++) {
let row = rowBase + (ty + (i / 4u) * ${down}u) * 4u + i % 4u;
if (row >= params.m) { continue; }
for (var g = 0u; g < ${columnGroups}u; g++) {
let column = columnBase + (tx + g * ${across}u) * 4u;
let sum = all[i * ${columnGroups}u + g];
${putText(specs.c)}
}
}`,
  })
}

/** Four neighbours of a row of C. */
function putText(spec: OperandSpec): string {
  const at = 'params.cOffset + wid.z * params.cPart + row * params.cStride + column'
  if (spec.width === 4)
    return `if (column >= params.n) { continue; }
let at = (${at}) / 4u;
var value = params.scale * sum;
if (params.accumulate != 0u) { value += ${load(spec, 'c', 'at')}; }
${store(spec, 'c', 'at', 'value')}`
  return `let at = ${at};
for (var e = 0u; e < 4u; e++) {
if (column + e >= params.n) { break; }
var value = params.scale * sum[e];
if (params.accumulate != 0u) { value += ${load(spec, 'c', 'at + e')}; }
${store(spec, 'c', 'at + e', 'value')}
}`
}
