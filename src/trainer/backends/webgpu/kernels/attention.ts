/** Attention forward, with an online softmax over tiles of keys (arXiv 2205.14135). */
import type { Attention, AttentionDelta } from '../../../plan/operations'
import { assemble, load, spread } from '../kernel'
import { type Launch, type LaunchContext, reads, variantOf, widthOf, writes } from '../launch'
import {
  type AttentionShape,
  attentionDeclarations,
  attentionParams,
  attentionSizes,
  attentionThreads,
  attentionVariant,
  chooseAttention,
  declareRows,
  declareSums,
  type Heads,
  products,
  storeSums,
  storeWeights,
  weightedSums,
} from './attention-tiles'
import { laneAttention } from './lanes/attention'

const ROWS = [0, 1, 2, 3]

export function attention(op: Attention, context: LaunchContext): Launch[] {
  if (context.traits.subgroup > 0) return laneAttention(op, context)
  const shape = chooseAttention(op, op.heads, context.traits)
  const width = widthOf(op.headDim)
  const [q, k, v, out] = [op.q, op.k, op.v, op.out].map(context.at)
  const [documentStart, statistics] = [op.documentStart, op.statistics].map(context.at)
  const operands = {
    ...{ q: reads(q, width), k: reads(k, width), v: reads(v, width), documentStart: reads(documentStart) },
    ...{ out: writes(out, width), statistics: writes(statistics) },
  }
  const variant = `${attentionVariant(shape)} ${variantOf(...Object.values(operands))}`
  const kernel = context.kernel(`attention ${variant}`, (name) =>
    assemble({
      ...{ name, operands, params: attentionParams, threads: attentionThreads(shape) },
      declarations: attentionDeclarations(shape),
      body: body(shape, {
        q: { name: 'q', ...operands.q, count: 'params.heads', head: 'head' },
        k: { name: 'k', ...operands.k, count: 'params.kvHeads', head: 'kvHead' },
        v: { name: 'v', ...operands.v, count: 'params.kvHeads', head: 'kvHead' },
        out: { name: 'out', ...operands.out, count: 'params.heads', head: 'head' },
      }),
    }),
  )
  return [
    {
      kernel,
      operands: {
        ...{ q: q.buffer, k: k.buffer, v: v.buffer, documentStart: documentStart.buffer },
        ...{ out: out.buffer, statistics: statistics.buffer },
      },
      params: attentionSizes(op),
      grid: [Math.ceil(op.length / shape.tile), op.heads, op.batch],
      work: 2 * op.batch * op.heads * op.length ** 2 * op.headDim,
    },
  ]
}

/** Every invocation holds maximum and sum of its 4 rows, the sum of its own columns alone until the end. */
function body(shape: AttentionShape, { q, k, v, out }: Record<'q' | 'k' | 'v' | 'out', Heads>): string {
  const { tile, groups } = shape
  const across = tile / 4
  return `let block = wid.z;
let head = wid.y;
let kvHead = head * params.kvHeads / params.heads;
// Later rows attend to more keys: they come first.
let rowTile = grid.x - 1u - wid.x;
let rowBase = rowTile * ${tile}u;
let tx = lane % ${across}u;
let ty = lane / ${across}u;
${ROWS.map(
  (i) => `let t${i} = rowBase + ty * 4u + ${i}u;
var start${i} = params.length;
if (t${i} < params.length) { start${i} = u32(documentStart[block * params.length + t${i}]); }`,
).join('\n')}
var most = vec4<f32>(-1e30);
var total = vec4<f32>(0.0);
${declareSums(shape, 'sum')}
let firstTile = u32(documentStart[block * params.length + rowBase]) / ${tile}u;
for (var columnTile = firstTile; columnTile <= rowTile; columnTile++) {
let columnBase = columnTile * ${tile}u;
${declareRows('s')}
${products(shape, 's', q, 'rowBase', k, 'columnBase')}
let key = vec4<u32>(columnBase + tx * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
${ROWS.map(
  (i) => `let seen${i} = (key >= vec4<u32>(start${i})) & (key <= vec4<u32>(t${i}));
s${i} = select(vec4<f32>(-1e30), s${i} * params.scale, seen${i});
let most${i} = max(max(s${i}.x, s${i}.y), max(s${i}.z, s${i}.w));`,
).join('\n')}
partial[ty * ${across}u + tx] = vec4<f32>(most0, most1, most2, most3);
workgroupBarrier();
var largest = most;
for (var x = 0u; x < ${across}u; x++) { largest = max(largest, partial[ty * ${across}u + x]); }
let fade = exp(most - largest);
most = largest;
${ROWS.map((i) => `s${i} = select(vec4<f32>(0.0), exp(s${i} - vec4<f32>(most.${'xyzw'[i]})), seen${i});`).join('\n')}
total = total * fade + vec4<f32>(${ROWS.map((i) => `(s${i}.x + s${i}.y) + (s${i}.z + s${i}.w)`).join(', ')});
${Array.from({ length: groups }, (_, g) => ROWS.map((i) => `sum${g}_${i} *= fade.${'xyzw'[i]};`).join(' ')).join('\n')}
${storeWeights(shape, 's')}
${weightedSums(shape, 'sum', v, 'columnBase')}
}
workgroupBarrier();
partial[ty * ${across}u + tx] = total;
workgroupBarrier();
total = vec4<f32>(0.0);
for (var x = 0u; x < ${across}u; x++) { total += partial[ty * ${across}u + x]; }
let inverse = 1.0 / total;
${storeSums(shape, 'sum', out, 'rowBase', 'inverse[i]')}
if (tx == 0u) {
${ROWS.map(
  (i) =>
    `if (t${i} < params.length) { statistics[((block * params.length + t${i}) * params.heads + head) * 2u] = most.${'xyzw'[i]} + log(total.${'xyzw'[i]}); }`,
).join('\n')}
}`
}

/** Invocations a row, rows a workgroup. */
const LANES = 16
const ROWS_AT_ONCE = 16

export function attentionDelta(op: AttentionDelta, context: LaunchContext): Launch[] {
  const [out, upstream, statistics] = [op.out, op.upstream, op.statistics].map(context.at)
  const width = widthOf(op.headDim)
  const F = width === 4 ? 'vec4<f32>' : 'f32'
  const operands = { out: reads(out, width), upstream: reads(upstream, width), statistics: writes(statistics) }
  const lanes = context.traits.subgroup > 0 ? 1 : LANES
  const threads = lanes * ROWS_AT_ONCE
  const whole = width === 4 ? '(sum.x + sum.y) + (sum.z + sum.w)' : 'sum'
  const together = `sums[lane] = ${whole};
workgroupBarrier();
if (row < params.rows && lane % ${lanes}u == 0u) {
  var total = 0.0;
  for (var i = 0u; i < ${lanes}u; i++) { total += sums[lane + i]; }
  statistics[2u * row + 1u] = total;
}`
  const kernel = context.kernel(`attentionDelta ${lanes} ${variantOf(...Object.values(operands))}`, (name) =>
    assemble({
      ...{ name, operands, threads },
      params: { rows: 'u32', columns: 'u32' },
      declarations: lanes > 1 ? `var<workgroup> sums: array<f32, ${threads}>;` : '',
      body: `let row = group * ${ROWS_AT_ONCE}u + lane / ${lanes}u;
var sum = ${F}(0.0);
if (row < params.rows) {
  for (var d = lane % ${lanes}u; d < params.columns; d += ${lanes}u) {
    sum += ${load(operands.out, 'out', 'row * params.columns + d')} * ${load(operands.upstream, 'upstream', 'row * params.columns + d')};
  }
}
${lanes > 1 ? together : `if (row < params.rows) { statistics[2u * row + 1u] = ${whole}; }`}`,
    }),
  )
  return [
    {
      kernel,
      operands: { out: out.buffer, upstream: upstream.buffer, statistics: statistics.buffer },
      params: { rows: op.rows, columns: op.headDim / width },
      ...{ grid: spread(Math.ceil(op.rows / ROWS_AT_ONCE)), work: 2 * op.rows * op.headDim },
    },
  ]
}
