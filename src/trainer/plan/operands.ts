/** Which tensors an operation reads and which it writes. */
import type { Operation } from './operations'
import type { TensorId } from './types'

export interface Operands {
  reads: TensorId[]
  /** A tensor that is only added to, or written in part, stands in `reads` too: what was there matters. */
  writes: TensorId[]
}

export function operandsOf(operation: Operation): Operands {
  const op = operation
  switch (op.kind) {
    case 'fill':
      return { reads: [], writes: [op.out.tensor] }
    case 'add':
      return { reads: [op.a, op.b], writes: [op.out] }
    case 'dot':
      return adding([op.a.tensor, op.b.tensor], [op.out], op.accumulate)
    case 'embed':
      return { reads: [op.ids, op.table.tensor], writes: [op.out] }
    case 'embedGradient':
      return adding([op.tokens, op.starts, op.order, op.upstream], [op.gradient.tensor], true)
    case 'rmsNorm':
      return { reads: [op.x, op.weight], writes: [op.out, op.inverse] }
    case 'rmsNormGradient':
      return adding([op.x, op.weight, op.inverse, op.upstream], [op.gradient], op.accumulate)
    case 'rmsNormWeightGradient':
      return adding([op.x, op.inverse, op.upstream], [op.gradient], true)
    case 'matmul':
      return adding([op.a.tensor, op.b.tensor], [op.c.tensor], op.accumulate)
    case 'rope':
      return adding([op.positions, op.cos, op.sin], [op.x], true)
    case 'attention':
      return { reads: [op.q, op.k, op.v, op.documentStart], writes: [op.out, op.statistics] }
    case 'attentionDelta':
      return adding([op.out, op.upstream], [op.statistics], true)
    case 'attentionQueryGradient':
      return {
        reads: [op.q, op.k, op.v, op.statistics, op.upstream, op.documentStart],
        writes: [op.gradient],
      }
    case 'attentionKeyValueGradient':
      return {
        reads: [op.q, op.k, op.v, op.statistics, op.upstream, op.documentStart],
        writes: [op.keyGradient, op.valueGradient],
      }
    case 'swiglu':
      return { reads: [op.gate, op.up], writes: [op.out] }
    case 'swigluGradient':
      if (op.into === undefined) return adding([op.upstream], [op.gate, op.up], true)
      return { reads: [op.gate, op.up, op.upstream], writes: [op.into, op.upstream] }
    case 'crossEntropy': {
      const reads = op.gradient ? [op.logits, op.labels, op.weights] : [op.logits, op.labels]
      return { reads, writes: op.gradient ? [op.nll, op.logits] : [op.nll] }
    }
    case 'clip':
      return { reads: [op.normSquared], writes: [op.out] }
    case 'adamw':
      return adding([op.gradient.tensor, op.clip, op.step], [op.parameter.tensor, op.m.tensor, op.v.tensor], true)
  }
}

function adding(reads: TensorId[], writes: TensorId[], adds: boolean): Operands {
  return { reads: adds ? [...reads, ...writes] : reads, writes }
}
