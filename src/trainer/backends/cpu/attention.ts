import type {
  Attention,
  AttentionDelta,
  AttentionKeyValueGradient,
  AttentionQueryGradient,
} from '../../plan/operations'
import type { Floats, Memory } from './memory'

/** Where the values of a head begin: [N, heads, headDim]. */
function placeOf(position: number, heads: number, head: number, headDim: number): number {
  return (position * heads + head) * headDim
}

function inner(a: Floats, aAt: number, b: Floats, bAt: number, length: number): number {
  let sum = 0
  for (let d = 0; d < length; d++) sum += a[aAt + d] * b[bAt + d]
  return sum
}

/** Calls `each` with every block, position and query head: rows of the batch, the place of q, and its key head. */
function everyQuery(
  { batch, length, heads, kvHeads, headDim }: Pick<Attention, 'batch' | 'length' | 'heads' | 'kvHeads' | 'headDim'>,
  each: (block: number, t: number, qAt: number, row: number, kvHead: number) => void,
): void {
  for (let position = 0; position < batch * length; position++) {
    const t = position % length
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor((head * kvHeads) / heads)
      each(position - t, t, placeOf(position, heads, head, headDim), position * heads + head, kvHead)
    }
  }
}

export function attention(op: Attention, memory: Memory): void {
  const { kvHeads, headDim, scale } = op
  const q = memory.floats(op.q)
  const k = memory.floats(op.k)
  const v = memory.floats(op.v)
  const out = memory.floats(op.out)
  const statistics = memory.floats(op.statistics)
  const documentStart = memory.ints(op.documentStart)
  const scores = new Float64Array(op.length)
  const sum = new Float64Array(headDim)
  everyQuery(op, (block, t, qAt, row, kvHead) => {
    const first = documentStart[block + t]
    let most = Number.NEGATIVE_INFINITY
    for (let j = first; j <= t; j++) {
      scores[j] = scale * inner(q, qAt, k, placeOf(block + j, kvHeads, kvHead, headDim), headDim)
      if (scores[j] > most) most = scores[j]
    }
    let total = 0
    sum.fill(0)
    for (let j = first; j <= t; j++) {
      const weight = Math.exp(scores[j] - most)
      total += weight
      const vAt = placeOf(block + j, kvHeads, kvHead, headDim)
      for (let d = 0; d < headDim; d++) sum[d] += weight * v[vAt + d]
    }
    statistics[2 * row] = most + Math.log(total)
    for (let d = 0; d < headDim; d++) out[qAt + d] = sum[d] / total
  })
}

export function attentionDelta(op: AttentionDelta, memory: Memory): void {
  const { rows, headDim } = op
  const out = memory.floats(op.out)
  const upstream = memory.floats(op.upstream)
  const statistics = memory.floats(op.statistics)
  for (let row = 0, at = 0; row < rows; row++, at += headDim)
    statistics[2 * row + 1] = inner(upstream, at, out, at, headDim)
}

export function attentionQueryGradient(op: AttentionQueryGradient, memory: Memory): void {
  const { kvHeads, headDim, scale } = op
  const q = memory.floats(op.q)
  const k = memory.floats(op.k)
  const v = memory.floats(op.v)
  const statistics = memory.floats(op.statistics)
  const upstream = memory.floats(op.upstream)
  const gradient = memory.floats(op.gradient)
  const documentStart = memory.ints(op.documentStart)
  const sum = new Float64Array(headDim)
  everyQuery(op, (block, t, qAt, row, kvHead) => {
    sum.fill(0)
    for (let j = documentStart[block + t]; j <= t; j++) {
      const kAt = placeOf(block + j, kvHeads, kvHead, headDim)
      const weight = Math.exp(scale * inner(q, qAt, k, kAt, headDim) - statistics[2 * row])
      const s = weight * (inner(upstream, qAt, v, kAt, headDim) - statistics[2 * row + 1])
      for (let d = 0; d < headDim; d++) sum[d] += s * k[kAt + d]
    }
    for (let d = 0; d < headDim; d++) gradient[qAt + d] = scale * sum[d]
  })
}

export function attentionKeyValueGradient(op: AttentionKeyValueGradient, memory: Memory): void {
  const { batch, length, heads, kvHeads, headDim, scale } = op
  const q = memory.floats(op.q)
  const k = memory.floats(op.k)
  const v = memory.floats(op.v)
  const statistics = memory.floats(op.statistics)
  const upstream = memory.floats(op.upstream)
  const keyGradient = memory.floats(op.keyGradient)
  const valueGradient = memory.floats(op.valueGradient)
  const documentStart = memory.ints(op.documentStart)
  const group = heads / kvHeads
  const keySum = new Float64Array(headDim)
  const valueSum = new Float64Array(headDim)
  for (let position = 0; position < batch * length; position++) {
    const j = position % length
    const block = position - j
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const kAt = placeOf(position, kvHeads, kvHead, headDim)
      keySum.fill(0)
      valueSum.fill(0)
      for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
        for (let t = j; t < length && documentStart[block + t] <= j; t++) {
          const qAt = placeOf(block + t, heads, head, headDim)
          const row = (block + t) * heads + head
          const weight = Math.exp(scale * inner(q, qAt, k, kAt, headDim) - statistics[2 * row])
          const s = weight * (inner(upstream, qAt, v, kAt, headDim) - statistics[2 * row + 1])
          for (let d = 0; d < headDim; d++) {
            keySum[d] += s * q[qAt + d]
            valueSum[d] += weight * upstream[qAt + d]
          }
        }
      }
      for (let d = 0; d < headDim; d++) {
        keyGradient[kAt + d] = scale * keySum[d]
        valueGradient[kAt + d] = valueSum[d]
      }
    }
  }
}
