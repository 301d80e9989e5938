/** DPO against torch: loss, accuracy, margin and the gradients of every parameter of a small model; then five steps of training. */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import type { Session } from '../../src/trainer/backends/types'
import { createTokenMemory } from '../../src/trainer/data/token-store'
import { answerNll, dpoWeights, positionWeights } from '../../src/trainer/objectives/dpo'
import { createPreferenceBatches, type PreferenceBlocks } from '../../src/trainer/objectives/preferences'
import { buildPlan } from '../../src/trainer/plan/build'
import { batchInputs, IGNORED } from '../../src/trainer/plan/step-inputs'
import type { StepMetrics } from '../../src/trainer/run/metrics'
import { train } from '../../src/trainer/run/train'
import { findPython, runPython } from '../support/python'
import { recipe, stage } from '../trainer/run/small-run'
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

  it('five steps of training are torch’s, whatever stands beside a pair in its block', async () => {
    const beta = 0.5
    const vocabulary = golden.config.vocab_size as number
    const preferences = preferencesOf(many(23, vocabulary))
    const length = 32
    const batches = createPreferenceBatches({ preferences, length, seed: 3, vocabulary })
    const adamw = { weightDecay: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, maxNorm: 1, learningRate: 0.01 }
    const told: StepMetrics[] = []
    await train({
      ...{ backend: cpuBackend(), config, baseRows: null, batch: 2, length, accumulate: 2, tokens: 5 * 4 * length },
      recipe: {
        ...recipe(stage('all', { ...adamw, schedule: { kind: 'constant', warmup: 0, final: 1 } })),
        objective: { kind: 'dpo', beta },
      },
      initial: async (session) => writeWeights(session, 31),
      preferences: { batches },
      onMetrics: (one) => one.kind === 'step' && told.push(one),
    })
    const steps = Array.from({ length: 5 }, (_, i) => [...batches.read(4 * i, 4).pairs])
    // More pairs than blocks, so that some stand side by side; more of them than there are, so that some come again.
    expect(steps.flat().length).toBeGreaterThan(23)
    expect(batches.rows).toBeLessThan(23)
    const query = { config: golden.config, seeds: [31, 31], pairs: many(23, vocabulary), beta, steps, adamw }
    const answer = await runPython<{ loss: number; accuracy: number; margin: number; norm: number }[]>(
      ...([python.path!, script, query] as const),
    )
    expect(told).toHaveLength(5)
    // It learns: a run that stood still would be torch's in its first step alone.
    expect(Math.max(...answer.map(({ loss }) => Math.abs(loss - Math.LN2)))).toBeGreaterThan(0.05)
    for (const [i, { loss, preferences: scores, gradientNorm }] of told.entries()) {
      expect(scores!.pairs).toBe(steps[i].length)
      expect(Math.abs(loss - answer[i].loss)).toBeLessThan(2e-5)
      expect(Math.abs(scores!.margin - answer[i].margin)).toBeLessThan(1e-4)
      // Of pairs that policy and reference see alike, rounding decides.
      if (i > 0) expect(scores!.accuracy).toBeCloseTo(answer[i].accuracy, 12)
      expect(Math.abs(gradientNorm / answer[i].norm - 1)).toBeLessThan(1e-3)
    }
  }, 300_000)
})

type Pair = readonly [prompt: readonly number[], chosen: readonly number[], rejected: readonly number[]]

/** Of other lengths, every one. */
function many(count: number, vocabulary: number): Pair[] {
  let state = 9
  const ids = (size: number) =>
    Array.from({ length: size }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return (state >>> 8) % vocabulary
    })
  return Array.from({ length: count }, (_, i) => [ids(1 + (i % 4)), ids(1 + (i % 3)), ids(1 + ((i * 2) % 5))])
}

function preferencesOf(some: readonly Pair[]) {
  const memory = createTokenMemory()
  for (const [prompt, ...answers] of some) {
    const [ids, mask] = [
      answers.flatMap((answer) => [...prompt, ...answer]),
      answers.flatMap((answer) => [...prompt.map(() => 0), ...answer.map(() => 1)]),
    ]
    memory.add(Int32Array.from(ids), Uint8Array.from(mask))
  }
  const rejected = Int32Array.from(some, ([prompt, chosen]) => prompt.length + chosen.length)
  return { store: memory.store('many', 0), pairs: some.length, rejected, left: 0 }
}
