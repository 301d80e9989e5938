/** What happens once a step: zeros before the micro-batches, and AdamW after them. */
import { addActivation, type Draft, slicesOf } from './draft'
import type { Operation } from './operations'
import type { Parameter, TensorId } from './types'

export interface AdamWOptions {
  beta1: number
  beta2: number
  epsilon: number
  /** The global gradient norm that is not exceeded; 0 for none. */
  maxNorm: number
}

export function zeroOperations(draft: Draft, loss: TensorId): Operation[] {
  const operations: Operation[] = [{ kind: 'fill', out: { tensor: loss, offset: 0 }, value: 0, length: 1 }]
  for (const { gradient } of trainedOf(draft)) {
    const { size } = draft.tensors[gradient]
    for (const { slices, length } of slicesOf(draft, [{ tensor: gradient, offset: 0 }], size))
      operations.push({ kind: 'fill', out: slices[0], value: 0, length })
  }
  return operations
}

export function updateOperations(
  draft: Draft,
  normSquared: TensorId,
  step: TensorId,
  { maxNorm, ...adam }: AdamWOptions,
): Operation[] {
  const operations: Operation[] = []
  for (const { gradient } of trainedOf(draft)) {
    const { size } = draft.tensors[gradient]
    for (const { slices, length } of slicesOf(draft, [{ tensor: gradient, offset: 0 }], size)) {
      const [a] = slices
      operations.push({ kind: 'dot', a, b: a, out: normSquared, length, accumulate: operations.length > 0 })
    }
  }
  const clip = addActivation(draft, 'clip', 2)
  operations.push({ kind: 'clip', normSquared, out: clip, maxNorm })
  for (const { shape, tensor, trained } of draft.parameters.values()) {
    if (!trained) continue
    const { rows, gradient, firstMoment, secondMoment, weightDecay, learningRateScale } = trained
    const columns = shape[shape.length - 1]
    const starts = [
      { tensor, offset: rows.first * columns },
      { tensor: gradient, offset: 0 },
      { tensor: firstMoment, offset: 0 },
      { tensor: secondMoment, offset: 0 },
    ]
    for (const { slices, length } of slicesOf(draft, starts, rows.count * columns)) {
      const [parameter, gradient, m, v] = slices
      const rates = { ...adam, weightDecay, learningRateScale }
      operations.push({ kind: 'adamw', parameter, gradient, m, v, clip, step, length, ...rates })
    }
  }
  return operations
}

function trainedOf({ parameters }: Draft): NonNullable<Parameter['trained']>[] {
  return [...parameters.values()].flatMap(({ trained }) => trained ?? [])
}
