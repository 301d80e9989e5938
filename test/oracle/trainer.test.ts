/** The trainer against transformers and torch: fresh models, stored goldens, and exported folders. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RowDtype } from '../../src/checkpoint/row-values'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import type { Values } from '../../src/trainer/backends/types'
import { loadParameters, openModel } from '../../src/trainer/load'
import { buildPlan } from '../../src/trainer/plan/build'
import { batchInputs } from '../../src/trainer/plan/step-inputs'
import { saveModel } from '../../src/trainer/save'
import { findPython, runPython } from '../support/python'
import {
  batchOf,
  errorsOf,
  fiveSteps,
  type Golden,
  type GoldenCase,
  openCase,
  readParameters,
  relativeDistance,
  storedGolden,
  unpack,
} from '../trainer/support/golden'

const python = findPython(['transformers', 'torch', 'safetensors'])
const script = fileURLToPath(new URL('trainer_golden.py', import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-trainer-oracle-'))
afterAll(() => rmSync(temporary, { recursive: true }))

const adamw = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, weightDecay: 0.1, maxNorm: 1 }
const llama = {
  ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 97, hidden_size: 32 },
  ...{ intermediate_size: 44, num_hidden_layers: 3, num_attention_heads: 4, num_key_value_heads: 2 },
  ...{ rms_norm_eps: 1e-5, rope_theta: 10_000, max_position_embeddings: 256, tie_word_embeddings: false },
}
const fresh: (GoldenCase & { updates: true })[] = [
  { name: 'Llama', config: llama, seed: 11, batch: 2, length: 40, adamw, updates: true },
  {
    name: 'linear rope, tied, documents',
    config: { ...llama, tie_word_embeddings: true, rope_scaling: { rope_type: 'linear', factor: 4 } },
    ...{ seed: 12, batch: 3, length: 33, documents: [[5, 6, 30], [], [1, 32]], adamw, updates: true },
  },
  {
    name: 'Llama 3 rope, one key head',
    config: {
      ...{ ...llama, num_key_value_heads: 1, head_dim: 16, rope_theta: 500 },
      rope_scaling: {
        ...{ rope_type: 'llama3', factor: 4, low_freq_factor: 1, high_freq_factor: 4 },
        original_max_position_embeddings: 128,
      },
    },
    ...{ seed: 13, batch: 1, length: 200, adamw, updates: true },
  },
  {
    name: 'Mistral with a window as long as a block',
    config: { ...llama, architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: 48 },
    ...{ seed: 14, batch: 1, length: 48, adamw, updates: true },
  },
]

describe.skipIf(!python.path)(`the trainer (${python.reason})`, () => {
  let answers: (Golden & { updates: Record<string, string> })[]
  beforeAll(async () => {
    const models = readFileSync(new URL('../../fixtures/trainer/models.json', import.meta.url), 'utf8')
    const cases = [...fresh, ...JSON.parse(models).cases]
    answers = (await runPython<{ cases: typeof answers }>(python.path!, script, { cases })).cases
  })

  it('the stored goldens are what torch says here', () => {
    const stored = storedGolden()
    expect(answers).toHaveLength(fresh.length + stored.length)
    answers.slice(fresh.length).forEach((answer, i) => {
      const golden = stored[i]
      expect({ ...answer, loss: 0, gradients: {}, losses: [], norms: [] }).toEqual({
        ...{ ...golden, loss: 0, gradients: {}, losses: [], norms: [] },
      })
      expect(Math.abs(answer.loss - golden.loss)).toBeLessThan(1e-6)
      for (const [name, values] of Object.entries(golden.gradients))
        expect(relativeDistance(unpack(answer.gradients[name]), unpack(values)), name).toBeLessThan(2e-6)
    })
  })

  it.each(fresh.map(({ name }, i) => [name, i] as const))('%s: loss, gradients, five steps, update', async (_, i) => {
    const errors = await errorsOf(cpuBackend(), answers[i])
    expect(errors.loss).toBeLessThan(1e-5)
    expect(errors.gradient).toBeLessThan(1e-5)
    expect(errors.losses).toBeLessThan(2e-5)
    const session = await openCase(cpuBackend(), answers[i])
    const before = await readParameters(session)
    await fiveSteps(session, answers[i])
    for (const [name, values] of await readParameters(session)) {
      const update = values.map((value, at) => value - before.get(name)![at])
      expect(relativeDistance(update, unpack(answers[i].updates[name])), name).toBeLessThan(1e-3)
    }
  })

  it('transformers gives the logits of exported folders, whatever the dtype', async () => {
    const folders: [string, number[][]][] = []
    const ours: Values[] = []
    for (const dtype of ['F32', 'BF16', 'F16'] as const) {
      for (const golden of [fresh[0], fresh[1], fresh[3]]) {
        const folder = join(temporary, `${golden.seed}-${dtype}`)
        await exportTrained(golden, folder, dtype)
        const { ids, logits } = await logitsOf(folder, golden)
        folders.push([folder, [Array.from(ids)]])
        ours.push(logits)
      }
    }
    const { logits } = await runPython<{ logits: string[] }>(python.path!, script, { folders })
    expect(logits).toHaveLength(9)
    ours.forEach((values, i) => {
      expect(relativeDistance(values, unpack(logits[i])), folders[i][0]).toBeLessThan(3e-6)
    })
  })
})

/** After five steps; the first model in shards. */
async function exportTrained(golden: GoldenCase, folder: string, dtype: RowDtype): Promise<void> {
  const session = await openCase(cpuBackend(), golden)
  await fiveSteps(session, golden)
  const config = new TextEncoder().encode(JSON.stringify(golden.config))
  const shardBytes = golden === fresh[0] ? 20_000 : undefined
  await saveModel(session, folder, { config, tokenizer: null, dtype, shardBytes })
}

async function logitsOf(folder: string, golden: GoldenCase): Promise<{ ids: Int32Array; logits: Values }> {
  const model = await openModel(folder)
  const options = { batch: 1, length: golden.length, logits: true, train: () => false }
  const plan = buildPlan(model.config, options)
  const session = await cpuBackend().open(plan)
  await loadParameters(model, session)
  const batch = batchOf({ ...golden, batch: 1, documents: undefined }, plan.config.vocabSize, 9)
  await session.run('logits', batchInputs(plan, batch))
  return { ids: batch.ids, logits: await session.read(plan.outputs.logits!) }
}
