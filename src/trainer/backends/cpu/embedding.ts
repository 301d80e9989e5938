import type { Embed, EmbedGradient } from '../../plan/operations'
import type { Memory } from './memory'

export function embed(op: Embed, memory: Memory): void {
  const { positions, columns, firstRow, rows } = op
  const ids = memory.ints(op.ids)
  const table = memory.floats(op.table.tensor)
  const out = memory.floats(op.out)
  for (let position = 0; position < positions; position++) {
    const row = ids[position] - firstRow
    if (row < 0 || row >= rows) continue
    const from = op.table.offset + row * columns
    out.set(table.subarray(from, from + columns), position * columns)
  }
}

export function embedGradient(op: EmbedGradient, memory: Memory): void {
  const { positions, columns, firstRow, rows } = op
  const tokens = memory.ints(op.tokens)
  const starts = memory.ints(op.starts)
  const order = memory.ints(op.order)
  const upstream = memory.floats(op.upstream)
  const gradient = memory.floats(op.gradient.tensor)
  const sum = new Float64Array(columns)
  for (let i = 0; i < positions; i++) {
    const row = tokens[i] - firstRow
    if (row < 0 || row >= rows) continue
    sum.fill(0)
    for (let s = starts[i]; s < starts[i + 1]; s++) {
      const from = order[s] * columns
      for (let c = 0; c < columns; c++) sum[c] += upstream[from + c]
    }
    const to = op.gradient.offset + row * columns
    for (let c = 0; c < columns; c++) gradient[to + c] += sum[c]
  }
}
