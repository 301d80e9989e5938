/** RMSNorm: a workgroup a row; the weight's gradient in blocks of rows, then over the blocks. */
import type { RmsNorm, RmsNormGradient, RmsNormWeightGradient } from '../../../plan/operations'
import { assemble, type OperandSpec, spread, store, sumOf, teamOf } from '../kernel'
import { type Launch, type LaunchContext, reads, variantOf, writes } from '../launch'

const teamFor = (columns: number, { traits }: LaunchContext) => teamOf(traits, columns <= 512 ? 64 : 256)

export function rmsNorm(op: RmsNorm, context: LaunchContext): Launch[] {
  const [x, weight, out, inverse] = [op.x, op.weight, op.out, op.inverse].map(context.at)
  const team = teamFor(op.columns, context)
  const target = writes(out, out.type === 'f16' ? 4 : 1)
  const operands = { x: reads(x), weight: reads(weight), out: target, inverse: writes(inverse) }
  const kernel = context.kernel(`rmsNorm ${team.threads} ${variantOf(...Object.values(operands))}`, (name) =>
    assemble({
      ...{ name, operands, ...team },
      params: { rows: 'u32', columns: 'u32', epsilon: 'f32' },
      declarations: sumOf(team),
      body: `if (group >= params.rows) { return; }
let at = group * params.columns;
var square = 0.0;
for (var c = lane; c < params.columns; c += ${team.threads}u) {
  let value = f32(x[at + c]);
  square += value * value;
}
let scale = 1.0 / sqrt(sumOf(lane, square) / f32(params.columns) + params.epsilon);
if (lane == 0u) { inverse[group] = ${inverse.type}(scale); }
for (var c = lane; c < params.columns / ${target.width}u; c += ${team.threads}u) {
${scaledText(target)}
}`,
    }),
  )
  return [
    {
      kernel,
      operands: { x: x.buffer, weight: weight.buffer, out: out.buffer, inverse: inverse.buffer },
      params: { rows: op.rows, columns: op.columns, epsilon: op.epsilon },
      ...{ grid: spread(op.rows), work: 4 * op.rows * op.columns },
    },
  ]
}

/** Halves are stored four at a time, and then an invocation has four neighbours. */
function scaledText(target: OperandSpec): string {
  const of = (c: string) => `f32(x[at + ${c}]) * scale * f32(weight[${c}])`
  if (target.width === 1) return store(target, 'out', 'at + c', of('c'))
  const four = [0, 1, 2, 3].map((i) => of(`4u * c + ${i}u`))
  return store(target, 'out', 'at / 4u + c', `vec4<f32>(${four.join(', ')})`)
}

export function rmsNormGradient(op: RmsNormGradient, context: LaunchContext): Launch[] {
  const [x, weight, inverse, upstream, gradient] = [op.x, op.weight, op.inverse, op.upstream, op.gradient].map(
    context.at,
  )
  const team = teamFor(op.columns, context)
  const operands = {
    ...{ x: reads(x), weight: reads(weight), inverse: reads(inverse), upstream: reads(upstream) },
    gradient: writes(gradient),
  }
  const kernel = context.kernel(`rmsNormGradient ${team.threads} ${variantOf(...Object.values(operands))}`, (name) =>
    assemble({
      ...{ name, operands, ...team },
      params: { rows: 'u32', columns: 'u32', accumulate: 'u32' },
      declarations: sumOf(team),
      body: `if (group >= params.rows) { return; }
let at = group * params.columns;
let scale = f32(inverse[group]);
var sum = 0.0;
for (var c = lane; c < params.columns; c += ${team.threads}u) {
  sum += f32(upstream[at + c]) * f32(weight[c]) * f32(x[at + c]) * scale;
}
let mean = sumOf(lane, sum) / f32(params.columns);
for (var c = lane; c < params.columns; c += ${team.threads}u) {
  let value = scale * (f32(upstream[at + c]) * f32(weight[c]) - f32(x[at + c]) * scale * mean);
  var before = 0.0;
  if (params.accumulate != 0u) { before = f32(gradient[at + c]); }
  gradient[at + c] = ${gradient.type}(before + value);
}`,
    }),
  )
  const places = { x: x.buffer, weight: weight.buffer, inverse: inverse.buffer, upstream: upstream.buffer }
  return [
    {
      kernel,
      operands: { ...places, gradient: gradient.buffer },
      params: { rows: op.rows, columns: op.columns, accumulate: Number(op.accumulate) },
      ...{ grid: spread(op.rows), work: 10 * op.rows * op.columns },
    },
  ]
}

/** Columns of a workgroup, and rows that it takes at a time. */
const COLUMNS = 64
const LANES = 4
/** Rows of a block, and blocks, at most. */
const BLOCK = 64
const BLOCKS = 64

export function rmsNormWeightGradient(op: RmsNormWeightGradient, context: LaunchContext): Launch[] {
  const [x, inverse, upstream, gradient] = [op.x, op.inverse, op.upstream, op.gradient].map(context.at)
  const { rows, columns } = op
  const blockRows = Math.max(BLOCK, Math.ceil(rows / BLOCKS))
  const blocks = Math.ceil(rows / blockRows)
  const lanes = context.traits.subgroup > 0 ? 1 : LANES
  const sums = { type: 'f32' } as const
  const first = { x: reads(x), inverse: reads(inverse), upstream: reads(upstream), partial: writes(sums) }
  const blockwise = context.kernel(`rmsNormWeightGradient ${lanes} ${variantOf(...Object.values(first))}`, (name) =>
    assemble({
      ...{ name, operands: first, threads: COLUMNS * lanes },
      params: { rows: 'u32', columns: 'u32', blockRows: 'u32' },
      declarations: lanes > 1 ? `var<workgroup> sums: array<f32, ${COLUMNS * lanes}>;` : '',
      body: `let c = wid.x * ${COLUMNS}u + lane % ${COLUMNS}u;
let begin = wid.y * params.blockRows;
let end = min(begin + params.blockRows, params.rows);
var sum = 0.0;
if (c < params.columns) {
  for (var r = begin + lane / ${COLUMNS}u; r < end; r += ${lanes}u) {
    let at = r * params.columns + c;
    sum += f32(upstream[at]) * f32(x[at]) * f32(inverse[r]);
  }
}
${
  lanes > 1
    ? `sums[lane] = sum;
workgroupBarrier();
sum = ${Array.from({ length: lanes }, (_, i) => `sums[lane % ${COLUMNS}u + ${i * COLUMNS}u]`).join(' + ')};`
    : ''
}
if (lane < ${COLUMNS}u && c < params.columns) { partial[wid.y * params.columns + c] = sum; }`,
    }),
  )
  const second = { partial: reads(sums), gradient: writes(gradient) }
  const together = context.kernel(`rmsNormWeightGradient sum ${variantOf(...Object.values(second))}`, (name) =>
    assemble({
      ...{ name, operands: second, threads: 64 },
      params: { columns: 'u32', blocks: 'u32' },
      body: `let c = group * 64u + lane;
if (c >= params.columns) { return; }
var sum = 0.0;
for (var b = 0u; b < params.blocks; b++) { sum += partial[b * params.columns + c]; }
gradient[c] += ${gradient.type}(sum);`,
    }),
  )
  return [
    {
      kernel: blockwise,
      operands: { x: x.buffer, inverse: inverse.buffer, upstream: upstream.buffer, partial: 'scratch' },
      params: { rows, columns, blockRows },
      grid: [Math.ceil(columns / COLUMNS), blocks, 1],
      ...{ work: 3 * rows * columns, scratch: blocks * columns },
    },
    {
      kernel: together,
      operands: { partial: 'scratch', gradient: gradient.buffer },
      params: { columns, blocks },
      ...{ grid: spread(Math.ceil(columns / 64)), work: blocks * columns },
    },
  ]
}
