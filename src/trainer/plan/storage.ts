/**
 * Which tensors are stored in half. Two halves share a word of memory, so that they are written four at a time, and a
 * tensor of which an operation could not do that stays as it is.
 */
import { operandsOf } from './operands'
import type { Operation } from './operations'
import type { Tensor, TensorId } from './types'

/** `f16`: frozen weights, and the activations that the way back reads, in 16 bits; all arithmetic is in float32. */
export type Storage = 'f32' | 'f16'

/** Operations that read halves as well. */
const READERS: ReadonlySet<Operation['kind']> = new Set([
  ...(['embed', 'matmul', 'rope', 'attention', 'attentionDelta'] as const),
  ...(['attentionQueryGradient', 'attentionKeyValueGradient', 'swiglu', 'swigluGradient'] as const),
])

/** Takes the mark of those back that cannot be. */
export function settleHalves(tensors: readonly Tensor[], operations: Iterable<Operation>): void {
  for (const operation of operations) {
    const { reads, writes } = operandsOf(operation)
    for (const id of reads) if (!READERS.has(operation.kind)) delete tensors[id].half
    for (const id of writes) if (!writesFours(operation, id)) delete tensors[id].half
  }
}

function writesFours(op: Operation, tensor: TensorId): boolean {
  const fours = (...values: number[]) => values.every((value) => value % 4 === 0)
  switch (op.kind) {
    case 'matmul':
      return fours(op.c.offset, op.c.stride, op.n)
    case 'rmsNorm':
      return tensor === op.out && fours(op.columns)
    case 'rope':
      return fours(op.headDim / 2)
    case 'attention':
      return tensor === op.out && fours(op.headDim)
    case 'swiglu':
      return fours(op.length)
    default:
      return false
  }
}
