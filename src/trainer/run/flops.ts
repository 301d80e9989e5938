/** Floating-point operations of a step, counted from the operations that the plan runs: what is frozen costs nothing. */
import type { Operation } from '../plan/operations'
import type { Plan, ProgramName } from '../plan/types'

/** Of one run of a program: what it always costs, and what each pair of a query and a key it may look at adds. */
export interface ProgramFlops {
  fixed: number
  perPair: number
}

/** An evaluation of exp, log or a square root is one, as a multiplication is. */
export function flopsOf({ programs }: Plan, name: ProgramName): ProgramFlops {
  const sum = { fixed: 0, perPair: 0 }
  for (const operation of programs[name]) {
    sum.fixed += fixedOf(operation)
    sum.perPair += perPairOf(operation)
  }
  return sum
}

/** Pairs (position, position it may look at) of blocks whose documents begin at `documentStart`, within the block. */
export function attendedPairs(documentStart: Int32Array, length: number): number {
  let pairs = 0
  for (let at = 0; at < documentStart.length; at++) pairs += (at % length) - documentStart[at] + 1
  return pairs
}

function fixedOf(op: Operation): number {
  switch (op.kind) {
    case 'matmul':
      return 2 * op.m * op.n * op.k
    case 'dot':
      return 2 * op.length
    case 'add':
      return op.length
    // Sums over the positions of an id: a position is added once.
    case 'embedGradient':
      return op.positions * op.columns
    case 'rmsNorm':
      return 4 * op.rows * op.columns
    case 'rmsNormGradient':
      return 8 * op.rows * op.columns
    case 'rmsNormWeightGradient':
      return 3 * op.rows * op.columns
    case 'rope':
      return 3 * op.rows * op.heads * op.headDim
    case 'attentionDelta':
      return 2 * op.rows * op.headDim
    case 'swiglu':
      return 5 * op.length
    case 'swigluGradient':
      return 10 * op.length
    case 'crossEntropy':
      return (op.gradient ? 6 : 3) * op.rows * op.vocabulary
    case 'adamw':
      return 14 * op.length
    default:
      return 0
  }
}

/** A product of vectors of headDim values takes 2 · headDim, and scores are computed again where they are not stored. */
function perPairOf(op: Operation): number {
  switch (op.kind) {
    // q · k, and P · v.
    case 'attention':
      return op.heads * (4 * op.headDim + 3)
    // q · k again, upstream · v, S · k.
    case 'attentionQueryGradient':
      return op.heads * (6 * op.headDim + 4)
    // q · k again, upstream · v, S · q, P · upstream.
    case 'attentionKeyValueGradient':
      return op.heads * (8 * op.headDim + 4)
    default:
      return 0
  }
}
