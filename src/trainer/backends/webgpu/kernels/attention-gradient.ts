/** Gradients of attention: the weights are computed again, tile by tile. */
import type { AttentionKeyValueGradient, AttentionQueryGradient } from '../../../plan/operations'
import { assemble } from '../kernel'
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
import { laneAttentionKeyValueGradient, laneAttentionQueryGradient } from './lanes/attention'

const ROWS = [0, 1, 2, 3]

type Named = Record<'q' | 'k' | 'v' | 'upstream', Heads>

const statisticsAt = (t: string): string => `((block * params.length + ${t}) * params.heads + head) * 2u`

/** A workgroup: T queries of a head. */
export function attentionQueryGradient(op: AttentionQueryGradient, context: LaunchContext): Launch[] {
  if (context.traits.subgroup > 0) return laneAttentionQueryGradient(op, context)
  const shape = chooseAttention(op, op.heads, context.traits)
  const { operands, places, heads, width } = common(op, context)
  const gradient = context.at(op.gradient)
  const all = { ...operands, gradient: writes(gradient, width) }
  const target: Heads = { name: 'gradient', ...all.gradient, count: 'params.heads', head: 'head' }
  const variant = `${attentionVariant(shape)} ${variantOf(...Object.values(all))}`
  const kernel = context.kernel(`attentionQueryGradient ${variant}`, (name) =>
    assemble({
      ...{ name, operands: all, params: attentionParams, threads: attentionThreads(shape) },
      declarations: attentionDeclarations(shape),
      body: queryBody(shape, heads, target),
    }),
  )
  return [
    {
      kernel,
      operands: { ...places, gradient: gradient.buffer },
      params: attentionSizes(op),
      grid: [Math.ceil(op.length / shape.tile), op.heads, op.batch],
      work: 3 * op.batch * op.heads * op.length ** 2 * op.headDim,
    },
  ]
}

/** A workgroup: T keys of a key head, over the queries of all heads that read it. */
export function attentionKeyValueGradient(op: AttentionKeyValueGradient, context: LaunchContext): Launch[] {
  if (context.traits.subgroup > 0) return laneAttentionKeyValueGradient(op, context)
  const shape = chooseAttention(op, op.kvHeads, context.traits)
  const { operands, places, heads, width } = common(op, context)
  const [keyGradient, valueGradient] = [op.keyGradient, op.valueGradient].map(context.at)
  const all = { ...operands, keyGradient: writes(keyGradient, width), valueGradient: writes(valueGradient, width) }
  const target = (name: 'keyGradient' | 'valueGradient'): Heads => ({
    ...{ name, ...all[name], count: 'params.kvHeads', head: 'kvHead' },
  })
  const variant = `${attentionVariant(shape)} ${variantOf(...Object.values(all))}`
  const kernel = context.kernel(`attentionKeyValueGradient ${variant}`, (name) =>
    assemble({
      ...{ name, operands: all, params: attentionParams, threads: attentionThreads(shape) },
      declarations: attentionDeclarations(shape),
      body: keyValueBody(shape, heads, target('keyGradient'), target('valueGradient')),
    }),
  )
  return [
    {
      kernel,
      operands: { ...places, keyGradient: keyGradient.buffer, valueGradient: valueGradient.buffer },
      params: attentionSizes(op),
      grid: [Math.ceil(op.length / shape.tile), op.kvHeads, op.batch],
      work: 4 * op.batch * op.heads * op.length ** 2 * op.headDim,
    },
  ]
}

function common(op: AttentionQueryGradient | AttentionKeyValueGradient, context: LaunchContext) {
  const width = widthOf(op.headDim)
  const [q, k, v, upstream] = [op.q, op.k, op.v, op.upstream].map(context.at)
  const [statistics, documentStart] = [op.statistics, op.documentStart].map(context.at)
  const operands = {
    ...{ q: reads(q, width), k: reads(k, width), v: reads(v, width), upstream: reads(upstream, width) },
    ...{ statistics: reads(statistics), documentStart: reads(documentStart) },
  }
  const places = {
    ...{ q: q.buffer, k: k.buffer, v: v.buffer, upstream: upstream.buffer },
    ...{ statistics: statistics.buffer, documentStart: documentStart.buffer },
  }
  const query = { count: 'params.heads', head: 'head' }
  const key = { count: 'params.kvHeads', head: 'kvHead' }
  const heads: Named = {
    ...{ q: { name: 'q', ...operands.q, ...query }, upstream: { name: 'upstream', ...operands.upstream, ...query } },
    ...{ k: { name: 'k', ...operands.k, ...key }, v: { name: 'v', ...operands.v, ...key } },
  }
  return { operands, places, heads, width }
}

function queryBody(shape: AttentionShape, { q, k, v, upstream }: Named, gradient: Heads): string {
  const { tile } = shape
  const across = tile / 4
  return `let block = wid.z;
let head = wid.y;
let kvHead = head * params.kvHeads / params.heads;
let rowTile = grid.x - 1u - wid.x;
let rowBase = rowTile * ${tile}u;
let tx = lane % ${across}u;
let ty = lane / ${across}u;
${ROWS.map(
  (i) => `let t${i} = rowBase + ty * 4u + ${i}u;
var start${i} = params.length;
var logTotal${i} = 0.0;
var delta${i} = 0.0;
if (t${i} < params.length) {
start${i} = u32(documentStart[block * params.length + t${i}]);
logTotal${i} = statistics[${statisticsAt(`t${i}`)}];
delta${i} = statistics[${statisticsAt(`t${i}`)} + 1u];
}`,
).join('\n')}
${declareSums(shape, 'sum')}
let firstTile = u32(documentStart[block * params.length + rowBase]) / ${tile}u;
for (var columnTile = firstTile; columnTile <= rowTile; columnTile++) {
let columnBase = columnTile * ${tile}u;
${declareRows('s')}
${declareRows('p')}
${products(shape, 's', q, 'rowBase', k, 'columnBase')}
${products(shape, 'p', upstream, 'rowBase', v, 'columnBase')}
let key = vec4<u32>(columnBase + tx * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
${ROWS.map(
  (i) => `let seen${i} = (key >= vec4<u32>(start${i})) & (key <= vec4<u32>(t${i}));
s${i} = select(vec4<f32>(0.0), exp(s${i} * params.scale - logTotal${i}) * (p${i} - delta${i}), seen${i});`,
).join('\n')}
${storeWeights(shape, 's')}
${weightedSums(shape, 'sum', k, 'columnBase')}
}
${storeSums(shape, 'sum', gradient, 'rowBase', 'params.scale')}`
}

/** Rows are keys here, columns are queries. */
function keyValueBody(
  shape: AttentionShape,
  { q, k, v, upstream }: Named,
  keyGradient: Heads,
  valueGradient: Heads,
): string {
  const { tile } = shape
  const across = tile / 4
  return `let block = wid.z;
let kvHead = wid.y;
let rowTile = wid.x;
let rowBase = rowTile * ${tile}u;
let tx = lane % ${across}u;
let ty = lane / ${across}u;
let groupSize = params.heads / params.kvHeads;
let lastKey = rowBase + ${tile - 1}u;
${declareSums(shape, 'dk')}
${declareSums(shape, 'dv')}
for (var member = 0u; member < groupSize; member++) {
let head = kvHead * groupSize + member;
for (var columnTile = rowTile; columnTile * ${tile}u < params.length; columnTile++) {
let columnBase = columnTile * ${tile}u;
// Documents begin in order: no later query sees these keys either.
if (u32(documentStart[block * params.length + columnBase]) > lastKey) { break; }
${declareRows('s')}
${declareRows('p')}
${products(shape, 's', k, 'rowBase', q, 'columnBase')}
${products(shape, 'p', v, 'rowBase', upstream, 'columnBase')}
let query = vec4<u32>(columnBase + tx * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
var start = vec4<u32>(params.length);
var logTotal = vec4<f32>(0.0);
var delta = vec4<f32>(0.0);
${ROWS.map((c) => {
  const part = 'xyzw'[c]
  return `if (query.${part} < params.length) {
start.${part} = u32(documentStart[block * params.length + query.${part}]);
logTotal.${part} = statistics[${statisticsAt(`query.${part}`)}];
delta.${part} = statistics[${statisticsAt(`query.${part}`)} + 1u];
}`
}).join('\n')}
${ROWS.map(
  (i) => `let key${i} = vec4<u32>(rowBase + ty * 4u + ${i}u);
let seen${i} = (key${i} >= start) & (key${i} <= query);
s${i} = select(vec4<f32>(0.0), exp(s${i} * params.scale - logTotal), seen${i});
p${i} = s${i} * (p${i} - delta);`,
).join('\n')}
${storeWeights(shape, 's')}
${weightedSums(shape, 'dv', upstream, 'columnBase')}
${storeWeights(shape, 'p')}
${weightedSums(shape, 'dk', q, 'columnBase')}
}
}
${storeSums(shape, 'dk', keyGradient, 'rowBase', 'params.scale')}
${storeSums(shape, 'dv', valueGradient, 'rowBase', '1.0')}`
}
