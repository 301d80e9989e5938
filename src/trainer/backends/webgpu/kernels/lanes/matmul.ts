/**
 * Products on the processor: a subgroup computes a tile of C in registers alone. Its lanes own neighbouring columns; what
 * all of them need of A is loaded by the lanes together, a value each, and handed around. Workgroup memory and barriers,
 * which a GPU is fast at, cost such drivers more than the product itself.
 */
import type { Matmul } from '../../../../plan/operations'
import { assemble, type Kernel, load, type OperandSpec, store } from '../../kernel'
import { type Launch, type LaunchContext, reads, variantOf, widthOf, writes } from '../../launch'
import { numbers } from './text'

/** Rows of a tile, and columns of a lane: as much arithmetic for each load as compiles within a second. */
const ROWS = 16
const COLUMNS = 8

type Specs = Record<'a' | 'b' | 'c', OperandSpec>

export function laneMatmul(op: Matmul, context: LaunchContext): Launch[] {
  const { m, n, k, transposeA, transposeB, scale, accumulate } = op
  const lanes = context.traits.subgroup
  const [a, b, c] = [op.a, op.b, op.c].map(context.at)
  // Halves are stored four at a time, and loaded so where all of a lane's come in fours.
  const bWidth = b.type === 'f16' && lanes % 4 === 0 ? widthOf(b.offset, op.b.stride, transposeB ? k : n) : 1
  const specs: Specs = { a: reads(a), b: reads(b, bWidth), c: writes(c, c.type === 'f16' ? 4 : 1) }
  const variant = `${ROWS}×${COLUMNS}×${lanes}${transposeA ? ' Aᵀ' : ''}${transposeB ? ' Bᵀ' : ''}`
  const kernel = context.kernel(`lane matmul ${variant} ${variantOf(...Object.values(specs))}`, (name) =>
    kernelOf(name, lanes, specs, transposeA, transposeB),
  )
  return [
    {
      kernel,
      operands: { a: a.buffer, b: b.buffer, c: c.buffer },
      params: {
        ...{ m, n, k, aOffset: a.offset, aStride: op.a.stride, bOffset: b.offset, bStride: op.b.stride },
        ...{ cOffset: c.offset, cStride: op.c.stride, scale, accumulate: Number(accumulate) },
      },
      grid: [Math.ceil(n / (COLUMNS * lanes)), Math.ceil(m / ROWS), 1],
      work: 2 * m * n * k,
    },
  ]
}

function kernelOf(name: string, lanes: number, specs: Specs, transposeA: boolean, transposeB: boolean): Kernel {
  const [rows, columns, steps] = [numbers(ROWS), numbers(COLUMNS), numbers(lanes)]
  // Column c of a lane: next to that of the next lane, or in fours where four are stored or loaded at a time.
  const width = transposeB ? specs.c.width : Math.max(specs.b.width, specs.c.width)
  const apart = (c: number) => Math.floor(c / width) * width * lanes + (c % width)
  const groups = numbers(Math.ceil(ROWS / lanes))
  const sums = rows.flatMap((r) => columns.map((c) => `s${r}_${c}`))
  // Of A the lanes load neighbours along its rows in memory: steps of the inner sum, or rows of the product.
  const beginA = transposeA
    ? groups.map((g) => `let a${g} = params.aOffset + min(rowBase + ${g * lanes}u + lane, params.m - 1u);`)
    : rows.map((r) => `let a${r} = params.aOffset + min(rowBase + ${r}u, params.m - 1u) * params.aStride;`)
  const beginB = columns.map(
    (c) =>
      `let b${c} = params.bOffset + min(column + ${apart(c)}u, params.n - ${transposeB ? 1 : specs.b.width}u)${transposeB ? ' * params.bStride' : ''};`,
  )
  const elementB = (c: number, step: string) =>
    load(specs.b, 'b', `b${c} + ${transposeB ? step : `(${step}) * params.bStride`}`)
  // Element ye_c is step l + e, column c.
  const loadB = () => {
    if (specs.b.width === 1)
      return steps.flatMap((e) => columns.map((c) => `let y${e}_${c} = ${elementB(c, `l + ${e}u`)};`))
    const inFours = (count: number) => numbers(count / 4).map((i) => 4 * i)
    const four = (name: string, at: string, part: (i: number) => string) => [
      `let ${name} = ${load(specs.b, 'b', `(${at}) / 4u`)};`,
      ...numbers(4).map((i) => `let ${part(i)} = ${name}.${'xyzw'[i]};`),
    ]
    if (transposeB)
      return inFours(lanes).flatMap((e) =>
        columns.flatMap((c) => four(`v${e}_${c}`, `b${c} + l + ${e}u`, (i) => `y${e + i}_${c}`)),
      )
    return steps.flatMap((e) =>
      inFours(COLUMNS).flatMap((c) =>
        four(`v${e}_${c}`, `b${c} + (l + ${e}u) * params.bStride`, (i) => `y${e}_${c + i}`),
      ),
    )
  }
  const restB = (c: number) => {
    if (specs.b.width === 1) return `let y${c} = ${elementB(c, 'l')};`
    const [at, part] = transposeB ? [`b${c} + l`, 'l % 4u'] : [`b${c - (c % 4)} + l * params.bStride`, `${c % 4}u`]
    return `let y${c} = ${load(specs.b, 'b', `(${at}) / 4u`)}[${part}];`
  }
  const loadA = transposeA
    ? steps.flatMap((e) =>
        groups.map((g) => `let x${e}_${g} = ${load(specs.a, 'a', `a${g} + (l + ${e}u) * params.aStride`)};`),
      )
    : []
  const product = (r: number) => {
    const own = transposeA ? '' : `let x = ${load(specs.a, 'a', `a${r} + l + lane`)};`
    const factor = (e: number) =>
      transposeA ? `subgroupBroadcast(x${e}_${Math.floor(r / lanes)}, ${r % lanes}u)` : `subgroupBroadcast(x, ${e}u)`
    return `{
${own}
${steps.map((e) => `let w${e} = ${factor(e)};`).join('\n')}
${columns.map((c) => `s${r}_${c} += ${steps.map((e) => `w${e} * y${e}_${c}`).join(' + ')};`).join('\n')}
}`
  }
  const rest = (r: number) => {
    const at = transposeA ? `params.aOffset + l * params.aStride + min(rowBase + ${r}u, params.m - 1u)` : `a${r} + l`
    return `{ let w = ${load(specs.a, 'a', at)}; ${columns.map((c) => `s${r}_${c} += w * y${c};`).join(' ')} }`
  }
  const next = width === 1 ? `j * ${lanes}u` : `(j / 4u) * ${4 * lanes}u + j % 4u`
  const ones = () => `for (var j = 0u; j < ${COLUMNS}u; j++) {
let at = params.cOffset + row * params.cStride + column + ${next};
if (column + ${next} >= params.n) { break; }
var value = params.scale * all[i * ${COLUMNS}u + j];
if (params.accumulate != 0u) { value += ${load(specs.c, 'c', 'at')}; }
${store(specs.c, 'c', 'at', 'value')}
}`
  const fours = () => `for (var j = 0u; j < ${COLUMNS / 4}u; j++) {
let first = column + j * ${4 * lanes}u;
if (first >= params.n) { break; }
let at = (params.cOffset + row * params.cStride + first) / 4u;
let four = i * ${COLUMNS}u + j * 4u;
var value = params.scale * vec4<f32>(all[four], all[four + 1u], all[four + 2u], all[four + 3u]);
if (params.accumulate != 0u) { value += ${load(specs.c, 'c', 'at')}; }
${store(specs.c, 'c', 'at', 'value')}
}`
  return assemble({
    ...{ name, operands: specs, threads: lanes, subgroup: true },
    params: {
      ...{ m: 'u32', n: 'u32', k: 'u32', aOffset: 'u32', aStride: 'u32', bOffset: 'u32', bStride: 'u32' },
      ...{ cOffset: 'u32', cStride: 'u32', scale: 'f32', accumulate: 'u32' },
    },
    body: `let rowBase = wid.y * ${ROWS}u;
let column = wid.x * ${COLUMNS * lanes}u + lane * ${width}u;
${[...beginA, ...beginB, ...sums.map((sum) => `var ${sum} = 0.0;`)].join('\n')}
var l = 0u;
for (; l + ${lanes}u <= params.k; l += ${lanes}u) {
${loadB().join('\n')}
${[...loadA, ...rows.map(product)].join('\n')}
}
for (; l < params.k; l++) {
${columns.map(restB).join('\n')}
${rows.map(rest).join('\n')}
}
var all = array<f32, ${sums.length}>(${sums.join(', ')});
for (var i = 0u; i < ${ROWS}u; i++) {
let row = rowBase + i;
if (row >= params.m) { break; }
${specs.c.width === 4 ? fours() : ones()}
}`,
  })
}
