/** A small Llama with a byte vocabulary, Korean and English text, and the options of a run on them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { emptyBase } from '../../../src/extend/from-nothing'
import { saveTokenizer } from '../../../src/tokenizer/save'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import { HEAD } from '../../../src/trainer/model/parameters'
import type { Recipe, Stage } from '../../../src/trainer/recipes/types'
import type { Metrics, StepMetrics } from '../../../src/trainer/run/metrics'
import { pretrain, type RunPretrainOptions } from '../../../src/trainer/run/pretrain'
import { llamaTensors, safetensorsOf, writeModel } from '../../checkpoint/model'
import { koreanText } from '../../support/fixtures'

/** Ids of the tokenizer, and rows of the model: four of them are padding. */
export const [IDS, ROWS] = [260, 264]

/** `model/`, `ko.txt` (real user-interface text, four lines a document), `en.txt` (this project's licence, by paragraph), `odd.txt`. */
export async function layOutRun(folder: string): Promise<void> {
  await saveTokenizer(emptyBase('sentencepiece'), join(folder, 'model'))
  writeModel(join(folder, 'model'), { rows: ROWS, hidden: 16, layers: 2 })
  // All ids are about as likely at the beginning: what is not seen becomes less so.
  const tensors = llamaTensors({ rows: ROWS, hidden: 16, layers: 2 }).map((tensor) =>
    tensor.name === HEAD ? { ...tensor, values: tensor.values.map((value) => value / 100) } : tensor,
  )
  writeFileSync(join(folder, 'model', 'model.safetensors'), safetensorsOf(tensors))
  const lines = (await koreanText()).split('\n').filter((line) => line.trim() !== '')
  const documents = Array.from({ length: 150 }, (_, i) => lines.slice(4 * i, 4 * i + 4).join('\n'))
  writeFileSync(join(folder, 'ko.txt'), `${documents.join('\n\n')}\n`)
  // Bytes that the others hardly have: what is learned of them makes these ever less likely.
  writeFileSync(join(folder, 'odd.txt'), `${'~^|QZXJ{}~^|QZ'.repeat(4)}\n\n${'XJ{}|^~ZQXJ'.repeat(4)}\n`)
  writeFileSync(join(folder, 'en.txt'), readFileSync(new URL('../../../LICENSE', import.meta.url)))
}

export const stage = (name: string, changes: Partial<Stage> = {}): Stage => ({
  ...{ name, train: [{ parameters: 'all' }], share: 1, learningRate: 0.02, weightDecay: 0.1 },
  ...{ schedule: { kind: 'cosine', warmup: 0.1, final: 0.1 }, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, maxNorm: 1 },
  ...changes,
})

export const recipe = (...stages: Stage[]): Recipe => ({
  ...{ name: 'small', description: '', objective: { kind: 'causal-lm' }, form: null, stages },
})

/** Two stages of 5 and 6 steps of 2 · 2 · 24 tokens, the second one with less to replay. */
export function twoStages(folder: string, out: string): RunPretrainOptions {
  return {
    model: join(folder, 'model'),
    data: [join(folder, 'ko.txt')],
    replay: [join(folder, 'en.txt')],
    guard: [join(folder, 'odd.txt')],
    watch: [`seen=${join(folder, 'en.txt')}`],
    replayShare: 0.4,
    recipe: recipe(
      stage('rows', { train: [{ parameters: 'embedding' }, { parameters: 'head' }], share: 5 }),
      stage('all', { share: 6, replayShare: 0.25 }),
    ),
    backend: cpuBackend(),
    out: join(folder, out),
    tokens: 11 * 96,
    ...{ length: 24, batch: 2, accumulate: 2, seed: 7 },
    ...{ evaluateEvery: 3, evaluateBytes: 300, heldOut: 5, saveEvery: 2 },
    gate: { bound: 0.016, onForget: 'slow' },
  }
}

/** Runs, and gives what it told. */
export async function told(options: RunPretrainOptions) {
  const metrics: Metrics[] = []
  const result = await pretrain({ ...options, onMetrics: (one) => metrics.push(one) })
  const steps = metrics.filter((one): one is StepMetrics => one.kind === 'step')
  return { result, metrics, steps }
}

/** What of a run must be the same, however often it was interrupted: notes and speed are not. */
export function lasting(metrics: readonly Metrics[]): Metrics[] {
  return metrics.flatMap((one): Metrics[] => {
    if (one.kind === 'note') return []
    return one.kind === 'step' ? [{ ...one, tokensPerSecond: 0, secondsLeft: null }] : [one]
  })
}
