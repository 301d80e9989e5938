/** DPO from a file of pairs to a folder: what is learned, measured and kept; a run that goes on; what is refused. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Backend } from '../../../src/trainer/backends/types'
import type { EvaluationMetrics, Metrics, StepMetrics } from '../../../src/trainer/run/metrics'
import type { RunPretrainOptions } from '../../../src/trainer/run/pretrain'
import { layOutPreferences, preferenceRun } from './small-preferences'
import { lasting, recipe, stage, told } from './small-run'

let folder: string
let whole: Awaited<ReturnType<typeof told>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-dpo-'))
  await layOutPreferences(folder)
  whole = await told(preferenceRun(folder, 'whole'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bytes = (...path: string[]) => readFileSync(join(folder, ...path))
const evaluationsOf = (metrics: readonly Metrics[]) =>
  metrics.filter((one): one is EvaluationMetrics => one.kind === 'evaluation')
const notesOf = (metrics: readonly Metrics[]) => metrics.flatMap((one) => (one.kind === 'note' ? [one.text] : []))
const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length

/** How often programs ran before the first update. */
function counting(runs: string[]): Backend {
  const backend = cpuBackend()
  return {
    ...backend,
    async open(plan) {
      const session = await backend.open(plan)
      return {
        ...session,
        run(program, inputs) {
          runs.push(program)
          return session.run(program, inputs)
        },
      }
    },
  }
}

describe('what is learned', () => {
  it('begins at ln 2, where policy and reference are the same, and tells the answers apart', () => {
    const { steps, metrics } = whole
    expect(steps[0].loss).toBeCloseTo(Math.LN2, 12)
    expect(steps[0].preferences).toMatchObject({ accuracy: 0, margin: 0 })
    const last = steps.slice(-3)
    expect(mean(last.map(({ loss }) => loss))).toBeLessThan(0.8 * Math.LN2)
    expect(mean(last.map(({ preferences }) => preferences!.accuracy))).toBeGreaterThan(0.9)
    expect(mean(last.map(({ preferences }) => preferences!.margin))).toBeGreaterThan(0.2)
    // Four blocks, some with two pairs.
    expect(steps.every(({ preferences }) => preferences!.pairs > 4)).toBe(true)
    const apart = ({ lossOf }: StepMetrics) => lossOf.rejected - lossOf.chosen
    expect(apart(steps.at(-1)!)).toBeGreaterThan(apart(steps[0]))
    expect(notesOf(metrics)).toContainEqual(
      expect.stringMatching(/^preferences: 3\d pairs in \d+ blocks, which the run/),
    )
  })

  it('prompts that are held out are measured by their loss and accuracy, and guarded text by its bits', () => {
    const evaluations = evaluationsOf(whole.metrics)
    expect(evaluations.map(({ step }) => step)).toEqual([0, 4, 8])
    const [first] = evaluations
    expect(first.preferences).toEqual([
      { name: 'pairs', pairs: expect.any(Number), loss: Math.LN2, accuracy: 0, margin: 0 },
    ])
    expect(first.sets.map(({ name, role }) => `${name} ${role}`)).toEqual(['odd guarded'])
    expect(first.jointScore).toBe(1)
    const { preferences, jointScore, gate } = evaluations.at(-1)!
    expect(preferences![0].loss).toBeLessThan(0.85 * Math.LN2)
    expect(preferences![0].accuracy).toBeGreaterThan(0.9)
    expect(jointScore).toBeCloseTo(preferences![0].loss / Math.LN2 + 10 * Math.max(0, gate.worsened! - 0.05), 10)
    const note = notesOf(whole.metrics).find((text) => text.startsWith('preferences'))!
    expect(Number(/(\d+) pairs/.exec(note)![1]) + first.preferences![0].pairs).toBe(40)
  })

  it('the steps do not hang on how a step is divided, and none on the rest of its block', async () => {
    const given = { ...preferenceRun(folder, 'divided'), batch: 4, accumulate: 1, evaluateEvery: 100 }
    const { steps } = await told({ ...given, maxSteps: 3 })
    expect(steps.map(({ preferences }) => preferences!.pairs)).toEqual(
      whole.steps.slice(0, 3).map(({ preferences }) => preferences!.pairs),
    )
    // The order in which float32 gradients are added up.
    for (const [i, { loss }] of steps.entries()) expect(Math.abs(loss - whole.steps[i].loss)).toBeLessThan(1e-5)
  })

  it('named pairs are measured on instead, and then all of the data is learned', async () => {
    const given = { ...preferenceRun(folder, 'named'), evaluate: [join(folder, 'other.jsonl')], maxSteps: 1 }
    const { metrics } = await told(given)
    expect(evaluationsOf(metrics)[0].preferences).toMatchObject([{ name: 'other', pairs: 6, loss: Math.LN2 }])
    expect(notesOf(metrics)).toContainEqual(expect.stringContaining('preferences: 40 pairs in '))
  })

  it('adapters begin as the model itself, and only they and the reference know pairs', async () => {
    const given = preferenceRun(folder, 'adapters')
    const form = { kind: 'lora' as const, rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] }
    const adapters = stage('adapters', { train: [{ parameters: 'adapters' }], learningRate: 0.02 })
    const { steps } = await told({ ...given, recipe: { ...given.recipe, form, stages: [adapters] } })
    expect(steps[0].loss).toBeCloseTo(Math.LN2, 12)
    expect(steps.at(-1)!.loss).toBeLessThan(Math.LN2 - 0.003)
    expect(existsSync(join(given.out, 'adapter', 'adapter_config.json'))).toBe(true)
  })
})

describe('a run that goes on', () => {
  async function expectSame(out: string, changes: Partial<RunPretrainOptions> = {}): Promise<Metrics[]> {
    const { metrics, result } = await told({ ...preferenceRun(folder, out), resume: true, ...changes })
    const found = lasting(metrics)
    expect(found).toEqual(lasting(whole.metrics).slice(-found.length))
    expect(result.state).toEqual(whole.result.state)
    for (const path of [
      ['model.safetensors'],
      ['reference.json'],
      ['checkpoints', 'step-00000008', 'tensors.safetensors'],
    ])
      expect(bytes(out, ...path)).toEqual(bytes('whole', ...path))
    return metrics
  }

  it.each([2, 3])(
    'after step %i: the same steps and bits, and the reference is not computed again',
    async (maxSteps) => {
      const out = `paused-${maxSteps}`
      await told({ ...preferenceRun(folder, out), maxSteps })
      const written = statSync(join(folder, out, 'reference.json')).mtimeMs
      const runs: string[] = []
      const metrics = await expectSame(out, { backend: counting(runs) })
      expect(notesOf(metrics).filter((text) => text.startsWith('reference'))).toEqual([])
      expect(statSync(join(folder, out, 'reference.json')).mtimeMs).toBe(written)
      // Straight into a step: two micro-batches are evaluated, then learned from.
      expect(runs.slice(0, 7).join(' ')).toBe('evaluate evaluate zero forward backward forward backward')
    },
  )

  it('without the file of the reference, it is what it was: the model at the beginning, not the one that goes on', async () => {
    await told({ ...preferenceRun(folder, 'lost'), maxSteps: 5 })
    rmSync(join(folder, 'lost', 'reference.json'))
    expect(notesOf(await expectSame('lost'))).toContainEqual(
      expect.stringMatching(/^reference: what the model .* 40 pairs/),
    )
  })

  it('a file of another key is not believed, a damaged one is refused', async () => {
    await told({ ...preferenceRun(folder, 'foreign'), maxSteps: 2 })
    const path = join(folder, 'foreign', 'reference.json')
    const stored = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...stored, key: 'x', learned: stored.learned.map(() => 1) }))
    await expectSame('foreign')
    await told({ ...preferenceRun(folder, 'damaged'), maxSteps: 2 })
    for (const text of ['{', '{}', JSON.stringify({ ...stored, learned: [1, null] })]) {
      writeFileSync(join(folder, 'damaged', 'reference.json'), text)
      await expect(told({ ...preferenceRun(folder, 'damaged'), resume: true })).rejects.toMatchObject({
        ...{
          code: 'bad-file',
          message: expect.stringContaining('reference.json'),
          hint: expect.stringContaining('remove'),
        },
      })
    }
  })

  it('interrupted while the reference is computed, it begins again', async () => {
    const controller = new AbortController()
    const onProgress = (name: string) => name === 'reference' && controller.abort()
    const given = { ...preferenceRun(folder, 'early'), signal: controller.signal, onProgress }
    await expect(told(given)).rejects.toMatchObject({ code: 'aborted' })
    expect(existsSync(join(folder, 'early', 'reference.json'))).toBe(false)
    await expectSame('early')
  })

  it('other pairs are another run', async () => {
    const given = { ...preferenceRun(folder, 'whole'), resume: true, data: [join(folder, 'other.jsonl')], heldOut: 100 }
    await expect(told(given)).rejects.toThrow(/the data is not that of the run/)
  })

  describe.skipIf(process.platform === 'win32')('kill -9 (needs POSIX signals)', () => {
    let module: string
    beforeAll(async () => {
      module = join(folder, 'kill.mjs')
      const { build } = await import('esbuild')
      await build({
        entryPoints: [fileURLToPath(new URL('./kill-entry.ts', import.meta.url))],
        outfile: module,
        ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
        external: ['webgpu', 'sentencepiece-js', 'llama3-tokenizer-js', 'llama-tokenizer-js', '@codingame/*'],
        banner: { js: "import { createRequire as _r } from 'node:module'; const require = _r(import.meta.url)" },
      })
    })

    // In the reference, in a step of the first stage, in an update of the second.
    it.each([
      ['evaluate', 1],
      ['forward', 6],
      ['update', 5],
    ] as const)('at the %s no. %i', async (what, at) => {
      const out = `killed-${what}-${at}`
      const child = spawnSync(process.execPath, [module, folder, out, what, String(at), 'dpo'], { encoding: 'utf8' })
      expect(child.signal, child.stderr).toBe('SIGKILL')
      await expectSame(out)
    })
  })
})

describe('refused before anything is written', () => {
  it.each<[string, () => Partial<RunPretrainOptions>, string, RegExp]>([
    [
      'replay',
      () => ({ replay: [join(folder, 'en.txt')] }),
      'unsupported',
      /learns from pairs alone, but --replay is there/,
    ],
    [
      'replay of a stage',
      () => ({ recipe: { ...recipe(stage('all', { replayShare: 0.1 })), objective: { kind: 'dpo', beta: 0.1 } } }),
      'unsupported',
      /but replay-share of stage all is there/,
    ],
    ['text', () => ({ data: [join(folder, 'ko.txt')] }), 'bad-file', /ko\.txt:1: is no JSON/],
    ['conversations', () => ({ data: [join(folder, 'chat.jsonl')] }), 'bad-file', /chat\.jsonl:1: is no preference/],
    ['no template', () => ({ chatTemplate: undefined }), 'unsupported', /no chat template/],
    ['blocks that hold no pair', () => ({ length: 8 }), 'bad-file', /none of \d+ pairs fits into a block of 8/],
    [
      'a name twice',
      () => ({ guard: [`pairs=${join(folder, 'odd.txt')}`] }),
      'bad-option',
      /two texts .* called pairs/,
    ],
  ])('%s', async (name, changes, code, message) => {
    writeFileSync(join(folder, 'chat.jsonl'), '{"messages": [{"role": "user", "content": "a"}]}\n')
    const given = { ...preferenceRun(folder, `refused-${name}`), ...changes() }
    await expect(told(given)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    expect(existsSync(given.out)).toBe(false)
  })
})
