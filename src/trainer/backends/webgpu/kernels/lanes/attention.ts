/**
 * Attention on the processor: a lane holds whole rows (queries, or keys) in registers and walks over columns (keys, or
 * queries), four at a time. All lanes of a subgroup walk over the same columns: they load the values together, a value
 * each, and hand them around. No workgroup memory, no barriers: see matmul.ts.
 */
import type { Attention, AttentionKeyValueGradient, AttentionQueryGradient } from '../../../../plan/operations'
import { assemble, type OperandSpec } from '../../kernel'
import { type Launch, type LaunchContext, type Place, reads, variantOf, writes } from '../../launch'
import { attentionParams, attentionSizes } from '../attention-tiles'
import {
  AT_ONCE,
  columnsAt,
  declareProducts,
  inner,
  keysAt,
  lines,
  named,
  outer,
  ownRows,
  positions,
  put,
  queriesAt,
  type Shape,
  statisticsAt,
  zeroes,
} from './attention-text'
import { numbers } from './text'

/** Values of a head that are registers, the text written out; beyond, compiling takes many times longer than it saves. */
const REGISTERS = 64

type Sizes = Pick<Attention, 'headDim' | 'length'>

function shapeOf({ headDim }: Sizes, { traits: { subgroup } }: LaunchContext): Shape {
  const depth = Math.ceil(headDim / subgroup) * subgroup
  const inRegisters = depth <= REGISTERS
  return { lanes: subgroup, rows: inRegisters && depth > REGISTERS / 2 ? 1 : 2, depth, inRegisters }
}

/** Halves are stored four at a time. */
const wideWrites = (place: Place): OperandSpec => writes(place, place.type === 'f16' ? 4 : 1)

const tileOf = ({ lanes, rows }: Shape): number => lanes * rows

export function laneAttention(op: Attention, context: LaunchContext): Launch[] {
  const [q, k, v, out] = [op.q, op.k, op.v, op.out].map(context.at)
  const [documentStart, statistics] = [op.documentStart, op.statistics].map(context.at)
  return launchOf('attention', op, context, {
    specs: {
      ...{ q: reads(q), k: reads(k), v: reads(v), documentStart: reads(documentStart) },
      ...{ out: wideWrites(out), statistics: writes(statistics) },
    },
    places: {
      ...{ q: q.buffer, k: k.buffer, v: v.buffer, documentStart: documentStart.buffer },
      ...{ out: out.buffer, statistics: statistics.buffer },
    },
    body: forwardBody,
    ...{ heads: op.heads, products: 2 },
  })
}

export function laneAttentionQueryGradient(op: AttentionQueryGradient, context: LaunchContext): Launch[] {
  const { specs, places } = common(op, context)
  const gradient = context.at(op.gradient)
  return launchOf('attentionQueryGradient', op, context, {
    specs: { ...specs, gradient: wideWrites(gradient) },
    places: { ...places, gradient: gradient.buffer },
    body: queryBody,
    ...{ heads: op.heads, products: 3 },
  })
}

export function laneAttentionKeyValueGradient(op: AttentionKeyValueGradient, context: LaunchContext): Launch[] {
  const { specs, places } = common(op, context)
  const [keyGradient, valueGradient] = [op.keyGradient, op.valueGradient].map(context.at)
  return launchOf('attentionKeyValueGradient', op, context, {
    specs: { ...specs, keyGradient: wideWrites(keyGradient), valueGradient: wideWrites(valueGradient) },
    places: { ...places, keyGradient: keyGradient.buffer, valueGradient: valueGradient.buffer },
    body: keyValueBody,
    ...{ heads: op.kvHeads, products: 4 },
  })
}

interface Parts<N extends string> {
  specs: Record<N, OperandSpec>
  places: Record<N, GPUBuffer>
  body: (shape: Shape, specs: Record<N, OperandSpec>) => string
  /** Heads whose rows the lanes hold: of queries, or of keys. */
  heads: number
  /** Products of a row and a column. */
  products: number
}

type AnyAttention = Attention | AttentionQueryGradient | AttentionKeyValueGradient

function launchOf<N extends string>(kind: string, op: AnyAttention, context: LaunchContext, parts: Parts<N>): Launch[] {
  const { specs, places, body, heads, products } = parts
  const shape = shapeOf(op, context)
  const variant = `${shape.lanes}×${shape.rows}×${shape.depth} ${variantOf(...Object.values<OperandSpec>(specs))}`
  const kernel = context.kernel(`lane ${kind} ${variant}`, (name) =>
    assemble({
      ...{ name, operands: specs, params: attentionParams, threads: shape.lanes, subgroup: true },
      body: body(shape, specs),
    }),
  )
  return [
    {
      kernel,
      operands: places,
      params: attentionSizes(op),
      grid: [Math.ceil(op.length / tileOf(shape)), heads, op.batch],
      work: products * op.batch * op.heads * op.length ** 2 * op.headDim,
    },
  ]
}

function common(op: AttentionQueryGradient | AttentionKeyValueGradient, context: LaunchContext) {
  const [q, k, v, upstream] = [op.q, op.k, op.v, op.upstream].map(context.at)
  const [statistics, documentStart] = [op.statistics, op.documentStart].map(context.at)
  return {
    specs: {
      ...{ q: reads(q), k: reads(k), v: reads(v), upstream: reads(upstream) },
      ...{ statistics: reads(statistics), documentStart: reads(documentStart) },
    },
    places: {
      ...{ q: q.buffer, k: k.buffer, v: v.buffer, upstream: upstream.buffer },
      ...{ statistics: statistics.buffer, documentStart: documentStart.buffer },
    },
  }
}

function forwardBody(shape: Shape, specs: Record<'q' | 'k' | 'v' | 'out', OperandSpec>): string {
  const { q, k, v, out } = named(specs)
  const tile = tileOf(shape)
  const rows = numbers(shape.rows)
  const columns = numbers(AT_ONCE)
  return `let block = wid.z;
let head = wid.y;
let kvHead = head * params.kvHeads / params.heads;
// Later rows attend to more keys: they come first.
let rowBase = (grid.x - 1u - wid.x) * ${tile}u;
${positions(shape)}
${ownRows(shape, 'own', q, queriesAt, ' * params.scale')}
${zeroes(shape, 'sum')}
${lines(
  rows.map(
    (r) => `let start${r} = u32(documentStart[block * params.length + row${r}]);
var most${r} = -1e30;
var total${r} = 0.0;`,
  ),
)}
let end = min(rowBase + ${tile}u, params.length);
for (var column = u32(documentStart[block * params.length + rowBase]); column < end; column += ${AT_ONCE}u) {
${columnsAt('key', keysAt)}
${declareProducts(shape, 's')}
${inner(shape, 's', 'own', k, 'key')}
${lines(
  rows.map(
    (r) => `${lines(
      columns.map(
        (e) => `let seen${r}_${e} = column + ${e}u >= start${r} && column + ${e}u <= t${r};
s${r}_${e} = select(-1e30, s${r}_${e}, seen${r}_${e});`,
      ),
    )}
let largest${r} = max(most${r}, ${columns.reduce((text, e) => (text ? `max(${text}, s${r}_${e})` : `s${r}_${e}`), '')});
let fade${r} = exp(most${r} - largest${r});
most${r} = largest${r};
${lines(columns.map((e) => `s${r}_${e} = select(0.0, exp(s${r}_${e} - largest${r}), seen${r}_${e});`))}
total${r} = total${r} * fade${r} + (${columns.map((e) => `s${r}_${e}`).join(' + ')});`,
  ),
)}
${outer(shape, 'sum', 's', v, 'key', 'fade')}
}
${put(shape, 'sum', out, queriesAt, (r) => `(1.0 / total${r})`)}
${lines(rows.map((r) => `if (t${r} < params.length) { statistics[${statisticsAt(`t${r}`)}] = most${r} + log(total${r}); }`))}`
}

function queryBody(shape: Shape, specs: Record<'q' | 'k' | 'v' | 'upstream' | 'gradient', OperandSpec>): string {
  const { q, k, v, upstream, gradient } = named(specs)
  const tile = tileOf(shape)
  const rows = numbers(shape.rows)
  return `let block = wid.z;
let head = wid.y;
let kvHead = head * params.kvHeads / params.heads;
let rowBase = (grid.x - 1u - wid.x) * ${tile}u;
${positions(shape)}
${ownRows(shape, 'own', q, queriesAt, ' * params.scale')}
${ownRows(shape, 'up', upstream, queriesAt)}
${zeroes(shape, 'sum')}
${lines(
  rows.map(
    (r) => `let start${r} = u32(documentStart[block * params.length + row${r}]);
let logTotal${r} = statistics[${statisticsAt(`row${r}`)}];
let delta${r} = statistics[${statisticsAt(`row${r}`)} + 1u];`,
  ),
)}
let end = min(rowBase + ${tile}u, params.length);
for (var column = u32(documentStart[block * params.length + rowBase]); column < end; column += ${AT_ONCE}u) {
${columnsAt('key', keysAt)}
${declareProducts(shape, 's')}
${declareProducts(shape, 'p')}
${inner(shape, 's', 'own', k, 'key')}
${inner(shape, 'p', 'up', v, 'key')}
${lines(
  rows.flatMap((r) =>
    numbers(AT_ONCE).map(
      (e) =>
        `s${r}_${e} = select(0.0, exp(s${r}_${e} - logTotal${r}) * (p${r}_${e} - delta${r}), column + ${e}u >= start${r} && column + ${e}u <= t${r});`,
    ),
  ),
)}
${outer(shape, 'sum', 's', k, 'key')}
}
${put(shape, 'sum', gradient, queriesAt, () => 'params.scale')}`
}

/** Rows are keys here, columns are queries. */
function keyValueBody(
  shape: Shape,
  specs: Record<'q' | 'k' | 'v' | 'upstream' | 'keyGradient' | 'valueGradient', OperandSpec>,
): string {
  const { q, k, v, upstream, keyGradient, valueGradient } = named(specs)
  const tile = tileOf(shape)
  const columns = numbers(AT_ONCE)
  return `let block = wid.z;
let kvHead = wid.y;
let rowBase = wid.x * ${tile}u;
let lastKey = rowBase + ${tile - 1}u;
let groupSize = params.heads / params.kvHeads;
${positions(shape)}
${ownRows(shape, 'own', k, keysAt, ' * params.scale')}
${ownRows(shape, 'value', v, keysAt)}
${zeroes(shape, 'dk')}
${zeroes(shape, 'dv')}
for (var member = 0u; member < groupSize; member++) {
let head = kvHead * groupSize + member;
for (var column = rowBase; column < params.length; column += ${AT_ONCE}u) {
// Documents begin in order: no later query sees these keys either.
if (u32(documentStart[block * params.length + column]) > lastKey) { break; }
${columnsAt('query', queriesAt)}
${lines(
  columns.map(
    (e) => `let at${e} = block * params.length + min(column + ${e}u, params.length - 1u);
let start${e} = select(params.length, u32(documentStart[at${e}]), column + ${e}u < params.length);
let logTotal${e} = statistics[(at${e} * params.heads + head) * 2u];
let delta${e} = statistics[(at${e} * params.heads + head) * 2u + 1u];`,
  ),
)}
${declareProducts(shape, 's')}
${declareProducts(shape, 'p')}
${inner(shape, 's', 'own', q, 'query')}
${inner(shape, 'p', 'value', upstream, 'query')}
${lines(
  numbers(shape.rows).flatMap((r) =>
    columns.map(
      (e) => `s${r}_${e} = select(0.0, exp(s${r}_${e} - logTotal${e}), t${r} >= start${e} && t${r} <= column + ${e}u);
p${r}_${e} = s${r}_${e} * (p${r}_${e} - delta${e});`,
    ),
  ),
)}
${outer(shape, 'dv', 's', upstream, 'query')}
${outer(shape, 'dk', 'p', q, 'query')}
}
}
${put(shape, 'dk', keyGradient, keysAt, () => 'params.scale')}
${put(shape, 'dv', valueGradient, keysAt, () => '1.0')}`
}
