/** A batch as the tensors of a plan want it: made on the host, so that no operation depends on values. */

import { KoVocabError } from '../../errors'
import type { StepInput } from '../backends/types'
import type { Plan } from './types'

/** A label that is none, as in torch. */
export const IGNORED = -100

/** A micro-batch: N = batch · length positions, block after block. */
export interface Batch {
  ids: Int32Array
  /**
   * For each position the index within its block at which its document begins; ascending within a block. Null: a block is
   * one document.
   */
  documentStart: Int32Array | null
  /** The id to be predicted at each position, below 0 where there is none; {@link nextTokenLabels} makes them. */
  labels: Int32Array
  /** Weight of each position's loss: 1 / label tokens of all micro-batches of the step, as a rule. */
  weights: Float32Array | Float64Array
}

/** Each position's next token, and {@link IGNORED} at the last position of a document or block. */
export function nextTokenLabels(ids: Int32Array, documentStart: Int32Array | null, length: number): Int32Array {
  return ids.map((_, at) => {
    const place = at % length
    if (place + 1 === length) return IGNORED
    return documentStart === null || documentStart[at + 1] === documentStart[at] ? ids[at + 1] : IGNORED
  })
}

/**
 * The inputs of `forward`, `evaluate` and `logits`. Rotary positions count from the beginning of each document.
 *
 * @throws KoVocabError `bad-option` for an id or a document start out of range, or a wrong length
 */
export function batchInputs(plan: Plan, { ids, documentStart, labels, weights }: Batch): StepInput[] {
  const { inputs, length, config } = plan
  const positions = plan.batch * length
  for (const [name, values] of Object.entries({ ids, documentStart, labels, weights })) {
    if (values === null || values.length === positions) continue
    const blocks = `${plan.batch} blocks of ${length} positions`
    throw new KoVocabError('bad-option', `${name} has ${values.length} values, ${blocks} need ${positions}`)
  }
  const outside = ids.findIndex((id) => id < 0 || id >= config.vocabSize)
  if (outside >= 0) throw outOfRange('ids', outside, ids[outside], `0 to ${config.vocabSize - 1}`)
  const noLabel = labels.findIndex((label) => label >= config.vocabSize)
  if (noLabel >= 0) throw outOfRange('labels', noLabel, labels[noLabel], `below ${config.vocabSize}`)
  const starts = documentStart ?? new Int32Array(positions)
  const rotary = new Int32Array(positions)
  for (let at = 0; at < positions; at++) {
    const place = at % length
    const before = place === 0 ? 0 : starts[at - 1]
    if (starts[at] !== before && starts[at] !== place)
      throw outOfRange('documentStart', at, starts[at], `${before} or ${place}`)
    rotary[at] = place - starts[at]
  }
  const list: StepInput[] = [
    { tensor: inputs.ids, values: ids },
    { tensor: inputs.positions, values: rotary },
    { tensor: inputs.documentStart, values: starts },
    { tensor: inputs.labels, values: labels },
    { tensor: inputs.weights, values: weights },
  ]
  if (inputs.occurrences) {
    const { tokens, starts, order } = occurrencesOf(ids)
    list.push(
      { tensor: inputs.occurrences.tokens, values: tokens },
      { tensor: inputs.occurrences.starts, values: starts },
      { tensor: inputs.occurrences.order, values: order },
    )
  }
  return list
}

/**
 * The input of `update`.
 *
 * @param step counted from 1
 */
export function updateInputs(plan: Plan, step: number, learningRate: number): StepInput[] {
  const { step: tensor } = plan.inputs
  const adam = plan.programs.update.find((operation) => operation.kind === 'adamw')
  if (tensor === null || !adam) throw new KoVocabError('bad-option', 'nothing trains in this plan')
  const values = Float64Array.of(learningRate, 1 - adam.beta1 ** step, 1 - adam.beta2 ** step, 0)
  return [{ tensor, values }]
}

/** PlanInputs.occurrences: ids ascending, so that equal batches give equal tables. */
export function occurrencesOf(ids: Int32Array): { tokens: Int32Array; starts: Int32Array; order: Int32Array } {
  const count = ids.length
  const order = Int32Array.from({ length: count }, (_, at) => at).sort((a, b) => ids[a] - ids[b] || a - b)
  const tokens = new Int32Array(count).fill(-1)
  const starts = new Int32Array(count + 1).fill(count)
  let found = 0
  for (let i = 0; i < count; i++) {
    if (i > 0 && ids[order[i]] === ids[order[i - 1]]) continue
    tokens[found] = ids[order[i]]
    starts[found++] = i
  }
  return { tokens, starts, order }
}

function outOfRange(name: string, at: number, value: number, expected: string): KoVocabError {
  return new KoVocabError('bad-option', `${name}[${at}] is ${value}, expected ${expected}`)
}
