/** The loop itself, without files: stages, what it tells, the gate, what goes wrong. */
import { describe, expect, it } from 'vitest'
import { KoVocabError } from '../../../src/errors'
import { emptyBase } from '../../../src/extend/from-nothing'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Backend, Session } from '../../../src/trainer/backends/types'
import { createDocumentEncoder } from '../../../src/trainer/data/document-encoder'
import { tokensInMemory } from '../../../src/trainer/data/token-store'
import { evaluationSet } from '../../../src/trainer/evaluate/sets'
import { HEAD } from '../../../src/trainer/model/parameters'
import { buildPlan } from '../../../src/trainer/plan/build'
import { batchInputs, updateInputs } from '../../../src/trainer/plan/step-inputs'
import { presetRecipe } from '../../../src/trainer/recipes/read'
import type { Metrics } from '../../../src/trainer/run/metrics'
import { mixedData } from '../../../src/trainer/run/mixed-data'
import { train } from '../../../src/trainer/run/train'
import type { TrainOptions } from '../../../src/trainer/run/types'
import { randomValues } from '../../checkpoint/model'
import { koreanText } from '../../support/fixtures'
import { configOf, readParameters, storedGolden } from '../support/golden'
import { lasting, recipe, stage } from './small-run'

const config = { ...configOf(storedGolden()[0]), vocabSize: 264 }
const tokenizer = emptyBase('sentencepiece')
const encoder = createDocumentEncoder(tokenizer)
const utf8 = (text: string) => new TextEncoder().encode(text)
/** Bytes that Korean hardly has: what is learned makes them ever less likely. */
const odd = ['~^|QZXJ{}~^|QZ'.repeat(4), 'XJ{}|^~ZQXJ'.repeat(4)].map(utf8)

async function koreanDocuments(): Promise<Uint8Array[]> {
  const lines = (await koreanText()).split('\n').filter((line) => line.trim() !== '')
  return Array.from({ length: 200 }, (_, i) => utf8(lines.slice(3 * i, 3 * i + 3).join('\n')))
}

/** Random weights, norms of 1, and a head that is so small that all ids are about as likely. */
async function initial(session: Session): Promise<void> {
  for (const [i, { name, tensor, shape }] of session.plan.parameters.entries()) {
    const values = randomValues(session.plan.tensors[tensor].size, i)
    session.write(
      tensor,
      shape.length === 1 ? values.fill(1) : values.map((value) => value / (name === HEAD ? 400 : 4)),
    )
  }
}

async function options(changes: Partial<TrainOptions> = {}): Promise<TrainOptions> {
  const store = await tokensInMemory(await koreanDocuments(), encoder, 'ko')
  return {
    ...{ backend: cpuBackend(), config, recipe: recipe(stage('all')), baseRows: 260, initial },
    batches: mixedData({ data: [{ name: 'ko', store }], length: 16, seed: 1, vocabulary: 264 }),
    ...{ tokens: 20 * 64, batch: 2, length: 16, accumulate: 2 },
    ...changes,
  }
}

async function tell(given: TrainOptions) {
  const metrics: Metrics[] = []
  const result = await train({ ...given, onMetrics: (one) => metrics.push(one) })
  const steps = metrics.flatMap((one) => (one.kind === 'step' ? [one] : []))
  const evaluations = metrics.flatMap((one) => (one.kind === 'evaluation' ? [one] : []))
  return { result, metrics, steps, evaluations }
}

describe('steps', () => {
  it('are those of the plan, by hand', async () => {
    const given = await options({ tokens: 3 * 64 })
    const { steps, result } = await tell(given)
    const session = await cpuBackend().open(
      buildPlan(config, { ...{ batch: 2, length: 16, weightDecay: 0.1 }, beta2: 0.95 }),
    )
    await initial(session)
    const { plan } = session
    const batches = given.batches!({ replayShare: undefined, read: [] })
    for (const [i, { loss, gradientNorm, learningRate, lossOf }] of steps.entries()) {
      const { ids, labels, documentStart, targets } = batches.read(4 * i, 4)
      await session.run('zero')
      const nll: number[] = []
      for (const at of [0, 32]) {
        const part = (values: Int32Array) => values.slice(at, at + 32)
        const weights = Float32Array.from(part(labels), (label) => (label < 0 ? 0 : 1 / targets))
        const batch = { ids: part(ids), labels: part(labels), documentStart: part(documentStart), weights }
        await session.run('forward', batchInputs(plan, batch))
        nll.push(...(await session.read(plan.outputs.nll)))
        await session.run('backward')
      }
      await session.run('update', updateInputs(plan, i + 1, learningRate))
      expect(loss).toBe((await session.read(plan.outputs.loss))[0])
      expect(gradientNorm).toBe(Math.sqrt((await session.read(plan.outputs.normSquared!))[0]))
      expect(lossOf.ko).toBeCloseTo(nll.reduce((a, b) => a + b) / targets, 12)
      expect(loss).toBeCloseTo(lossOf.ko, 5)
    }
    expect(result).toMatchObject({ ended: 'done', steps: 3, state: { step: 3, tokens: 192, stage: 1, read: [12] } })
  })

  it('learn Korean: the loss falls', async () => {
    const { steps, metrics } = await tell(await options({ tokens: 120 * 64 }))
    const mean = (some: typeof steps) => some.reduce((sum, { loss }) => sum + loss, 0) / some.length
    expect(mean(steps.slice(0, 5))).toBeGreaterThan(5)
    expect(mean(steps.slice(-10))).toBeLessThan(0.75 * mean(steps.slice(0, 5)))
    expect(steps.at(-1)).toMatchObject({ step: 120, steps: 120, secondsLeft: 0, tokens: 120 * 64 })
    expect(metrics[0]).toMatchObject({ kind: 'note', text: expect.stringMatching(/stage 1 of 1, all: 120 steps/) })
    expect(steps.every(({ flops }, i) => i === 0 || flops > steps[i - 1].flops)).toBe(true)
  })

  it('memory is flat over a thousand steps', async () => {
    const given = await options({ tokens: 1000 * 16, batch: 1, accumulate: 1 })
    const used: number[] = []
    const onMetrics = (one: Metrics) => {
      if (one.kind === 'step' && one.step % 250 === 0) used.push(process.memoryUsage().arrayBuffers)
    }
    await train({ ...given, onMetrics })
    expect(used).toHaveLength(4)
    // What is waiting for the collector: a batch is some KB.
    expect(Math.max(...used) - used[0]).toBeLessThan(64e6)
  })
})

describe('stages', () => {
  it('each trains its own, from where the one before has ended, whatever carries the weights', async () => {
    const two = recipe(
      stage('head', { train: [{ parameters: 'head', rows: 'new' }], replayShare: 0 }),
      stage('layers', { train: [{ parameters: 'layers' }], learningRate: 1e-3 }),
    )
    const kept: Map<string, Float64Array>[] = []
    const before: Map<string, Float64Array>[] = []
    const given = await options({
      ...{ recipe: two, tokens: 8 * 64 },
      initial: async (session) => {
        await initial(session)
        before.push(await readParameters(session))
      },
      keep: async (_, session) => void kept.push(await readParameters(session)),
    })
    const { steps, result } = await tell(given)
    expect(steps.map((one) => one.stage)).toEqual([...Array(4).fill('head'), ...Array(4).fill('layers')])
    expect(kept).toHaveLength(1)
    for (const [name, values] of kept[0]) {
      const was = before[0].get(name)!
      const changed = values.findIndex((value, i) => value !== was[i])
      if (name === HEAD) expect(changed, name).toBe(260 * config.hiddenSize)
      else if (name.startsWith('model.layers.')) expect(changed, name).toBeGreaterThanOrEqual(0)
      else expect(changed, name).toBe(-1)
    }
    const memory = new Map<number, Map<string, Float64Array>>()
    const store: NonNullable<TrainOptions['checkpoints']>['store'] = {
      async save(session, { step }) {
        memory.set(step, await readParameters(session))
        return `step ${step}`
      },
      async load({ plan, write }, { step }) {
        for (const { name, tensor } of plan.parameters) write(tensor, memory.get(step)!.get(name)!)
      },
    }
    const stored = await tell({ ...given, checkpoints: { every: 100, store } })
    expect(lasting(stored.metrics)).toEqual(lasting((await tell(given)).metrics))
    expect([...memory.keys()]).toEqual([4, 8])
    expect(stored.result.state).toEqual(result.state)
  })

  it('read on where the stage before has ended, with another share of replay', async () => {
    const ko = await tokensInMemory(await koreanDocuments(), encoder, 'ko')
    const en = await tokensInMemory(odd, encoder, 'en')
    const data = mixedData({
      ...{ data: [{ name: 'ko', store: ko }], replay: [{ name: 'en', store: en }], replayShare: 0.5 },
      ...{ length: 16, seed: 1, vocabulary: 264 },
    })
    const first = data({ replayShare: 0, read: [] })
    expect([...first.read(0, 8).sources]).toEqual(Array(8).fill(0))
    const second = data({ replayShare: undefined, read: first.counts(8) })
    const rows = second.read(0, 8)
    expect([...rows.sources].reduce((a, b) => a + b, 0)).toBe(4)
    // The next four Korean rows, not the first ones again.
    const next = first.read(8, 4)
    const korean = [...rows.sources].flatMap((source, row) =>
      source === 0 ? [...rows.ids.subarray(16 * row, 16 * row + 16)] : [],
    )
    expect(korean).toEqual([...next.ids])
    expect(second.epochs(8)[0]).toBeCloseTo(first.epochs(12)[0])
    expect(() =>
      mixedData({ data: [{ name: 'ko', store: ko }], length: 16, seed: 1, vocabulary: 264 })({
        replayShare: 0.1,
        read: [],
      }),
    ).toThrow(/no text for it/)
  })

  it('presets for extended models train', async () => {
    for (const name of ['eeve', 'new-rows', 'two-stage']) {
      const { result } = await tell(await options({ recipe: presetRecipe(name), tokens: 16 * 64 }))
      expect(result, name).toMatchObject({ ended: 'done', steps: 16 })
    }
  })
})

describe('evaluations', () => {
  const fast = stage('all', { learningRate: 0.02 })
  const withSets = async (changes: Partial<TrainOptions>) => {
    const documents = (await koreanDocuments()).slice(-4)
    const sets = [
      await evaluationSet({ name: 'ko', role: 'target', documents, tokenizer }),
      await evaluationSet({ name: 'odd', role: 'guarded', documents: odd, tokenizer }),
    ]
    const kept: string[] = []
    const keep: TrainOptions['keep'] = async (what, _, { step }) => void kept.push(`${what} ${step}`)
    const told = await tell(
      await options({ recipe: recipe(fast), tokens: 10 * 64, evaluation: { sets, every: 4 }, keep, ...changes }),
    )
    return { ...told, kept }
  }

  it('before the first step, every so many, at the end; the best is kept', async () => {
    const { evaluations, kept, result } = await withSets({ gate: { bound: 100, onForget: 'stop' } })
    expect(evaluations.map(({ step }) => step)).toEqual([0, 4, 8, 10])
    expect(evaluations[0]).toMatchObject({ jointScore: 1, best: true, tokens: 0, gate: { state: 'ok', worsened: 0 } })
    const scores = evaluations.map(({ sets }) => sets[0].bitsPerByte / evaluations[0].sets[0].bitsPerByte)
    expect(evaluations.map(({ jointScore }) => jointScore)).toEqual(scores)
    const best = evaluations.filter((one) => one.best && one.step > 0).map(({ step }) => `best ${step}`)
    expect(kept).toEqual([...best, 'last 10'])
    expect(result.state.best!.score).toBe(Math.min(...scores))
  })

  it('slow: later steps are slower, by what the gate says', async () => {
    const { steps, evaluations } = await withSets({ tokens: 14 * 64, gate: { bound: 0.001, onForget: 'slow' } })
    const { step, gate } = evaluations.find((one) => one.gate.state === 'slow')!
    expect(gate).toMatchObject({ rateScale: 0.5, bound: 0.001 })
    expect(gate.worsened).toBeGreaterThan(0.001)
    expect(step).toBeLessThan(12)
    const plain = await withSets({ tokens: 14 * 64, gate: { bound: 0.001, onForget: 'warn' } })
    const ratesAfter = (some: typeof steps) => some.slice(step, step + 2).map(({ learningRate }) => learningRate)
    expect(ratesAfter(plain.steps).map((rate) => rate / 2)).toEqual(ratesAfter(steps))
    expect(plain.metrics).toContainEqual(
      expect.objectContaining({
        kind: 'note',
        step,
        text: expect.stringMatching(/% worse than before the first step, 0\.10 % is/),
      }),
    )
  })

  it('stop: the run is over, with its last model', async () => {
    const { result, steps, kept } = await withSets({ tokens: 14 * 64, gate: { bound: 0.001, onForget: 'stop' } })
    expect(result).toMatchObject({ ended: 'forgot', steps: 14, state: { step: 8, gate: { state: 'stop' } } })
    expect(steps).toHaveLength(8)
    expect(kept.at(-1)).toBe('last 8')
  })
})

describe('what goes wrong', () => {
  it('a rate that is too high: diverged, and nothing after the last good state is saved', async () => {
    const saved: number[] = []
    const store = {
      save: async (_: Session, { step }: { step: number }) => {
        saved.push(step)
        return `step-${step}`
      },
      load: async () => {},
    }
    const wild = stage('all', { learningRate: 1e4, maxNorm: 0, schedule: { kind: 'constant', warmup: 0, final: 1 } })
    const given = await options({ recipe: recipe(wild), tokens: 60 * 64, checkpoints: { every: 1, store } })
    await expect(tell(given)).rejects.toMatchObject({
      code: 'diverged',
      message: expect.stringMatching(/training has diverged: step \d+: .*; the last checkpoint is of step 1: step-1/),
      hint: expect.stringContaining('--learning-rate'),
    })
    expect(saved).toEqual([1])
  })

  it('weights that are NaN: diverged at the first step', async () => {
    const broken = async (session: Session) => {
      await initial(session)
      session.write(session.plan.parameters[2].tensor, Float32Array.of(Number.NaN), 3)
    }
    await expect(tell(await options({ initial: broken }))).rejects.toThrow(/step 1: the loss is NaN/)
  })

  it('a device that is lost: its error, and the last checkpoint', async () => {
    let runs = 0
    const lost: Backend = {
      ...cpuBackend(),
      async open(plan) {
        const session = await cpuBackend().open(plan)
        const run: Session['run'] = async (...work) => {
          if (++runs > 30) throw new KoVocabError('unsupported', 'the device was lost', 'try again')
          return session.run(...work)
        }
        return { ...session, run }
      },
    }
    const store = { save: async () => 'here', load: async () => {} }
    await expect(tell(await options({ backend: lost, checkpoints: { every: 2, store } }))).rejects.toMatchObject({
      code: 'unsupported',
      message: 'the device was lost; the last checkpoint is of step 4: here',
      hint: 'try again',
    })
  })

  it('what is asked for that cannot be', async () => {
    await expect(tell(await options({ accumulate: 0 }))).rejects.toThrow(/accumulate is 0/)
    await expect(tell(await options({ tokens: 0 }))).rejects.toThrow(/tokens is 0/)
    await expect(tell(await options({ gate: { bound: -1, onForget: 'warn' } }))).rejects.toThrow(/bound .* is -1/)
    await expect(tell(await options({ evaluation: { sets: [], every: 0.5 } }))).rejects.toThrow(
      /evaluation\.every is 0\.5/,
    )
    const all = recipe(stage('a', { train: [{ parameters: 'head', rows: 'new' }] }))
    await expect(tell(await options({ recipe: all, baseRows: null }))).rejects.toThrow(/rows: new/)
  })
})
