/** Pairs of answers of which one has what the other lacks, and the options of a run of DPO on them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { RunPretrainOptions } from '../../../src/trainer/run/pretrain'
import { layOutRun, recipe, stage } from './small-run'

/** The chosen answer is in Korean. */
export function writePairs(path: string, from: number, count: number): void {
  const pairs = Array.from({ length: count }, (_, i) => {
    const [a, b] = [(from + i) % 10, (from + i) % 7]
    return { prompt: `${from + i}: ${a}+${b}`, chosen: `${a + b}입니다`, rejected: `it is ${a + b}` }
  })
  writeFileSync(path, `${pairs.map((pair) => JSON.stringify(pair)).join('\n')}\n`)
}

/** Short, so that a block holds several pairs. */
const template = `{% for message in messages %}{% if message.role == 'assistant' %}{% generation %}{{ message.content + eos_token }}{% endgeneration %}{% else %}{{ message.content }}
{% endif %}{% endfor %}`

/** As layOutRun, and `pairs.jsonl`, `other.jsonl` with pairs of other prompts. */
export async function layOutPreferences(folder: string): Promise<void> {
  await layOutRun(folder)
  writePairs(join(folder, 'pairs.jsonl'), 0, 40)
  writePairs(join(folder, 'other.jsonl'), 100, 6)
}

/** Two stages of 3 and 5 steps of 2 · 2 blocks, in which the same pairs come again. */
export function preferenceRun(folder: string, out: string): RunPretrainOptions {
  return {
    model: join(folder, 'model'),
    data: [join(folder, 'pairs.jsonl')],
    guard: [`odd=${join(folder, 'odd.txt')}`],
    chatTemplate: { text: template, source: 'short.jinja' },
    recipe: {
      ...recipe(
        stage('rows', { train: [{ parameters: 'embedding' }, { parameters: 'head' }], share: 3, weightDecay: 0 }),
        stage('all', { share: 5, weightDecay: 0 }),
      ),
      objective: { kind: 'dpo', beta: 0.2 },
    },
    backend: cpuBackend(),
    out: join(folder, out),
    tokens: 8 * 4 * 96,
    ...{ length: 96, batch: 2, accumulate: 2, seed: 7 },
    ...{ evaluateEvery: 4, heldOut: 5, saveEvery: 2 },
    gate: { bound: 0.05, onForget: 'slow' },
  }
}
