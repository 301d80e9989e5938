/** DPO against torch: loss, accuracy, margin and the gradients of every parameter of a small model. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import type { Session } from '../../src/trainer/backends/types'
import { answerNll, dpoWeights, positionWeights } from '../../src/trainer/objectives/dpo'
import type { PreferenceBlocks } from '../../src/trainer/objectives/preferences'
import { buildPlan } from '../../src/trainer/plan/build'
import { batchInputs, IGNORED } from '../../src/trainer/plan/step-inputs'
import { findPython, runPython } from '../support/python'
import {
  configOf,
  type GoldenCase,
  readGradients,
  relativeDistance,
  storedGolden,
  unpack,
  writeWeights,
} from '../trainer/support/golden'

const python = findPython(['transformers', 'torch'])
const script = fileURLToPath(new URL('dpo_torch.py', import.meta.url))

const golden = storedGolden()[0] as GoldenCase
const config = configOf(golden)
const beta = 0.2
interface Answer {
  loss: number
  accuracy: number
  margin: number
  gradients: Record<string, string>
}

/** Prompt, chosen, rejected. */
const pairs = [
  [
    [1, 5, 9],
    [3, 4, 2],
    [7, 2],
  ],
  [[2], [8, 8, 8, 1], [11, 13, 17]],
  [[20, 21], [22], [23, 1, 2, 3]],
] as const

/** A pair a row: prompt and chosen answer, prompt and rejected answer. */
function blocksOf(length: number): PreferenceBlocks {
  const size = pairs.length * length
  const blocks: PreferenceBlocks = {
    ...{ rows: pairs.length, length, tokens: 0, targets: 0, positions: new Int32Array(size) },
    ...{ ids: new Int32Array(size), labels: new Int32Array(size).fill(IGNORED) },
    documentStart: Int32Array.from({ length: size }, (_, at) => at % length),
    ...{ answer: new Int32Array(size).fill(-1), pairs: Int32Array.from(pairs.keys()) },
  }
  pairs.forEach(([prompt, ...answers], row) => {
    let column = 0
    answers.forEach((answer, side) => {
      const ids = [...prompt, ...answer]
      ids.forEach((id, i) => {
        const at = row * length + column + i
        blocks.ids[at] = id
        blocks.documentStart[at] = column
        if (i + 1 < prompt.length || i + 1 === ids.length) return
        blocks.labels[at] = ids[i + 1]
        blocks.answer[at] = 2 * row + side
      })
      column += ids.length
    })
  })
  return blocks
}

async function sums(session: Session, blocks: PreferenceBlocks): Promise<Float64Array> {
  await session.run('evaluate', batchInputs(session.plan, { ...blocks, weights: new Float64Array(blocks.ids.length) }))
  return answerNll(blocks, await session.read(session.plan.outputs.nll))
}

describe.skipIf(!python.path)(`direct preference optimization (${python.reason})`, () => {
  it('torch computes the same loss and gradients', async () => {
    const blocks = blocksOf(16)
    const open = async (seed: number) => {
      const session = await cpuBackend().open(buildPlan(config, { batch: blocks.rows, length: blocks.length }))
      writeWeights(session, seed)
      return session
    }
    const [policy, reference] = [await open(31), await open(32)]
    const step = dpoWeights(await sums(policy, blocks), await sums(reference, blocks), beta)
    await policy.run('zero')
    const weights = positionWeights(blocks, step.weights)
    await policy.run('forward', batchInputs(policy.plan, { ...blocks, weights }))
    await policy.run('backward')
    const query = { config: golden.config, seeds: [31, 32], pairs, beta }
    const answer = await runPython<Answer>(python.path!, script, query)
    expect(Math.abs(step.loss - answer.loss)).toBeLessThan(1e-5)
    expect(step.accuracy).toBe(answer.accuracy)
    expect(Math.abs(step.margin - answer.margin)).toBeLessThan(1e-5)
    const gradients = await readGradients(policy)
    expect([...gradients.keys()].sort()).toEqual(Object.keys(answer.gradients).sort())
    for (const [name, values] of gradients)
      expect(relativeDistance(values, unpack(answer.gradients[name])), name).toBeLessThan(1e-5)
  }, 300_000)
})
