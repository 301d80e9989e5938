/** Rows of the embedding to positions, and gradients of positions to the rows of a table. */
import type { Embed, EmbedGradient } from '../../../plan/operations'
import { assemble, load, spread, store, storedType } from '../kernel'
import { type Launch, type LaunchContext, reads, variantOf, widthOf, writes } from '../launch'
import { elementwise } from './elementwise'

const THREADS = 64

export function embed(op: Embed, context: LaunchContext): Launch[] {
  const [ids, table, out] = [context.at(op.ids), context.at(op.table), context.at(op.out)]
  const width = widthOf(op.columns, table.offset)
  const specs = { out: writes(out, width), table: reads(table, width), ids: reads(ids) }
  return [
    elementwise(context, 'embed', {
      operands: {
        out: [specs.out, out.buffer],
        table: [specs.table, table.buffer],
        ids: [specs.ids, ids.buffer],
      },
      params: { columns: 'u32', offset: 'u32', firstRow: 'u32', rows: 'u32' },
      values: {
        columns: op.columns / width,
        offset: table.offset / width,
        ...{ firstRow: op.firstRow, rows: op.rows },
      },
      ...{ count: (op.positions * op.columns) / width, work: 1 },
      // An id before the first row wraps around to beyond the last.
      body: `let row = u32(ids[i / params.columns]) - params.firstRow;
if (row >= params.rows) { return; }
${store(specs.out, 'out', 'i', load(specs.table, 'table', 'params.offset + row * params.columns + i % params.columns'))}`,
    }),
  ]
}

/** One workgroup a distinct id: the only one that touches its row. */
export function embedGradient(op: EmbedGradient, context: LaunchContext): Launch[] {
  const [tokens, starts, order, upstream] = [op.tokens, op.starts, op.order, op.upstream].map(context.at)
  const gradient = context.at(op.gradient)
  const width = widthOf(op.columns, gradient.offset)
  const operands = {
    ...{ tokens: reads(tokens), starts: reads(starts), order: reads(order) },
    ...{ upstream: reads(upstream, width), gradient: writes(gradient, width) },
  }
  const F = width === 4 ? 'vec4<f32>' : 'f32'
  const kernel = context.kernel(`embedGradient ${variantOf(operands.upstream, operands.gradient)}`, (name) =>
    assemble({
      ...{ name, operands, threads: THREADS },
      params: { positions: 'u32', columns: 'u32', offset: 'u32', firstRow: 'u32', rows: 'u32' },
      body: `if (group >= params.positions) { return; }
let token = tokens[group];
let row = u32(token) - params.firstRow;
if (token < 0 || row >= params.rows) { return; }
let first = u32(starts[group]);
let end = u32(starts[group + 1u]);
for (var c = lane; c < params.columns; c += ${THREADS}u) {
  var sum = ${F}(0.0);
  for (var s = first; s < end; s++) { sum += ${F}(upstream[u32(order[s]) * params.columns + c]); }
  gradient[params.offset + row * params.columns + c] += ${storedType(operands.gradient)}(sum);
}`,
    }),
  )
  const places = { tokens: tokens.buffer, starts: starts.buffer, order: order.buffer }
  return [
    {
      kernel,
      operands: { ...places, upstream: upstream.buffer, gradient: gradient.buffer },
      params: {
        positions: op.positions,
        columns: op.columns / width,
        offset: gradient.offset / width,
        ...{ firstRow: op.firstRow, rows: op.rows },
      },
      grid: spread(op.positions),
      work: op.positions * op.columns,
    },
  ]
}
