import { embeddingParameters, kvBytes, trainingFlops } from '../bench/costs'
import type { ModelShape } from '../bench/types'
import { countBelow, rarestOf, usesBySize } from './piece-uses'
import type { TakenBack } from './take-back'
import type { PlanRow, Rarest } from './types'

export interface RowInputs {
  baseIds: number
  model: ModelShape
  steps: readonly TakenBack[][]
  /** Tokens of the measured text by size. */
  curve: Float64Array
  measured: { bytes: number; syllables: number }
  /** By id, in the text that was learned from. */
  uses: Float64Array
  learnedSyllables: number
  trainingTokens: number
  enough: number
  multipleOf: number
}

/** The sizes of a plan: none, those at which all ids are a multiple of `multipleOf`, and all. */
export function planSizes(baseIds: number, most: number, multipleOf: number): number[] {
  const sizes = [0]
  for (let size = multipleOf - (baseIds % multipleOf); size < most; size += multipleOf) sizes.push(size)
  if (most > 0) sizes.push(most)
  return sizes
}

/** One row a size, rising. */
export function planRows(inputs: RowInputs): PlanRow[] {
  const { baseIds, model, steps, curve, measured, uses, learnedSyllables, trainingTokens, enough } = inputs
  const most = steps.length - 1
  const rarest = new Map<number, { uses: Rarest; expected: Rarest; rareShare: number }>()
  const sizes = planSizes(baseIds, most, inputs.multipleOf)
  usesBySize(uses, steps, baseIds, sizes, (size, sorted) => {
    if (size === 0) return
    // The text that was learned from has about as many tokens a syllable as the measured text.
    const times = trainingTokens / ((learnedSyllables * curve[size]) / measured.syllables)
    const own = rarestOf(sorted)
    rarest.set(size, {
      uses: own,
      expected: { least: own.least * times, p5: own.p5 * times, p10: own.p10 * times },
      rareShare: countBelow(sorted, enough / times) / size,
    })
  })
  return sizes.map((pieces) => {
    const ids = baseIds + pieces
    const tokens = curve[pieces]
    const flops = trainingFlops(model, ids, tokens / (measured.bytes / 1e6))
    return {
      pieces,
      vocabulary: ids,
      tokens,
      tokensPerSyllable: tokens / measured.syllables,
      saved: 1 - tokens / curve[0],
      shareOfGain: curve[0] === curve[most] ? 0 : (curve[0] - tokens) / (curve[0] - curve[most]),
      lastThousand: pieces === 0 ? null : lastThousand(inputs, pieces),
      addedParameters: embeddingParameters(model, ids).both - embeddingParameters(model, baseIds).both,
      addedSoftmaxFlops: 2 * model.hidden * pieces,
      trainingFlopsPerMegabyte: flops,
      // 2 · N a token forward, 6 · N with the backward pass.
      inferenceFlopsPerMegabyte: flops / 3,
      kvBytesPer1000Syllables: kvBytes(model, (1000 * tokens) / measured.syllables),
      uses: rarest.get(pieces)?.uses ?? null,
      expected: rarest.get(pieces)?.expected ?? null,
      rareShare: rarest.get(pieces)?.rareShare ?? 0,
    }
  })
}

/** What the last thousand pieces of a size save and cost, or all of them where there are fewer. */
function lastThousand({ baseIds, model, curve }: RowInputs, pieces: number): PlanRow['lastThousand'] {
  const from = Math.max(0, pieces - 1000)
  const before = trainingFlops(model, baseIds + from, 1)
  return {
    saves: 1 - curve[pieces] / curve[from],
    costs: trainingFlops(model, baseIds + pieces, 1) / before - 1,
  }
}
