/**
 * Freezing, as compilers remove dead code: the way back is written for all parameters alike, and what nobody uses is left
 * out. So nothing is computed behind the last parameter that trains.
 */
import { operandsOf } from './operands'
import type { Operation } from './operations'
import type { Tensor, TensorId } from './types'

/**
 * @param operations in their order
 * @returns those whose results reach something that outlives the step: a gradient, an output, a parameter
 */
export function usedOperations(tensors: readonly Tensor[], operations: readonly Operation[]): Set<Operation> {
  const used = new Set<Operation>()
  const wanted = new Set<TensorId>()
  for (let at = operations.length - 1; at >= 0; at--) {
    const { reads, writes } = operandsOf(operations[at])
    if (!writes.some((id) => tensors[id].kind !== 'activation' || wanted.has(id))) continue
    used.add(operations[at])
    for (const id of reads) wanted.add(id)
  }
  return used
}
