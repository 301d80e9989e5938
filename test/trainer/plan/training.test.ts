/** What trains and what does not; batches, documents and checkpointing: on the plain backend, mostly bit for bit. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Session } from '../../../src/trainer/backends/types'
import { EMBEDDING, HEAD, parameterShapes } from '../../../src/trainer/model/parameters'
import { buildPlan, type PlanOptions, type TrainSettings } from '../../../src/trainer/plan/build'
import { operandsOf } from '../../../src/trainer/plan/operands'
import { type Batch, batchInputs, nextTokenLabels, updateInputs } from '../../../src/trainer/plan/step-inputs'
import {
  batchOf,
  configOf,
  type GoldenCase,
  gradientsOf,
  meanWeights,
  memoryOf,
  openCase,
  readGradients,
  readLoss,
  readParameters,
  relativeDistance,
  storedGolden,
} from '../support/golden'

const [untied, tied, withDocuments] = storedGolden() as GoldenCase[]
const cpu = cpuBackend()
const wide = cpuBackend({ precision: 'f64' })

/** Loss and gradients of the first batch. */
async function gradients(golden: GoldenCase, options: Partial<PlanOptions> = {}, backend = cpu) {
  const session = await openCase(backend, golden, options)
  await gradientsOf(session, [batchOf(golden, session.plan.config.vocabSize, 0)])
  return { loss: await readLoss(session), gradients: await readGradients(session), plan: session.plan }
}

async function steps(session: Session, golden: GoldenCase, count: number): Promise<void> {
  for (let step = 1; step <= count; step++) {
    await gradientsOf(session, [batchOf(golden, session.plan.config.vocabSize, step)])
    await session.run('update', updateInputs(session.plan, step, 0.01))
  }
}

describe('freezing', () => {
  it('leaves out what does not train, and gives the rest the same gradients', async () => {
    const names = parameterShapes(configOf(untied)).map(({ name }) => name)
    const full = await gradients(untied)
    await fc.assert(
      fc.asyncProperty(fc.subarray(names, { minLength: 1 }), fc.boolean(), async (chosen, checkpointing) => {
        const some = await gradients(untied, { train: ({ name }) => chosen.includes(name), checkpointing })
        expect(some.loss).toBe(full.loss)
        expect([...some.gradients.keys()]).toEqual(chosen)
        for (const [name, values] of some.gradients) expect(values, name).toEqual(full.gradients.get(name))
        expect(some.plan.tensors.filter(({ kind }) => kind === 'state')).toHaveLength(2 * chosen.length)
        expect(some.plan.programs.update.filter(({ kind }) => kind === 'adamw')).toHaveLength(chosen.length)
        expect(uselessIn(some.plan)).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  /** Operations of forward and backward whose results nobody uses: no gradient, no output, no operation after them. */
  function uselessIn({ programs, tensors }: ReturnType<typeof buildPlan>): string[] {
    const useless: string[] = []
    const wanted = new Set<number>()
    for (const operation of [...programs.forward, ...programs.backward].reverse()) {
      const { reads, writes } = operandsOf(operation)
      const isKept = writes.some((id) => wanted.has(id) || ['gradient', 'output'].includes(tensors[id].kind))
      if (!isKept) useless.push(`${operation.kind} of ${writes.map((id) => tensors[id].name)}`)
      for (const id of reads) wanted.add(id)
    }
    return useless
  }

  it('computes nothing behind the last parameter that trains', () => {
    const head = buildPlan(configOf(untied), { batch: 1, length: 4, train: ({ name }) => name === HEAD })
    expect(head.programs.backward).toEqual([])
    const last = buildPlan(configOf(untied), {
      batch: 1,
      length: 4,
      train: ({ name }) => name.includes('layers.1.mlp'),
    })
    const kinds = last.programs.backward.map(({ kind }) => kind)
    expect(kinds).toEqual([...['rmsNormGradient', 'matmul', 'matmul', 'swigluGradient', 'matmul', 'matmul']])
    const value = buildPlan(configOf(untied), {
      batch: 1,
      length: 4,
      train: ({ name }) => name.includes('1.self_attn.v'),
    })
    expect(value.programs.backward.map(({ kind }) => kind)).toEqual([
      ...['rmsNormGradient', 'matmul', 'swigluGradient', 'matmul', 'matmul', 'rmsNormGradient'],
      ...['matmul', 'attentionDelta', 'attentionKeyValueGradient', 'matmul'],
    ])
  })

  it('with nothing to train there is the loss alone', async () => {
    const session = await openCase(cpu, untied, { train: () => false })
    await gradientsOf(session, [batchOf(untied, 24, 0)])
    expect(await readLoss(session)).toBe((await gradients(untied)).loss)
    expect(session.plan.programs.update).toEqual([])
    expect(session.plan.outputs.normSquared).toBeNull()
  })

  it('what is frozen does not move, what trains does', async () => {
    const session = await openCase(cpu, untied, { train: ({ name }) => /q_proj|norm/.test(name) })
    const before = await readParameters(session)
    await steps(session, untied, 3)
    for (const [name, values] of await readParameters(session)) {
      if (/q_proj|norm/.test(name)) expect(values, name).not.toEqual(before.get(name))
      else expect(values, name).toEqual(before.get(name))
    }
  })
})

describe('rows', () => {
  const ranges = { new: { first: 15, count: 5 }, base: { first: 0, count: 15 }, middle: { first: 3, count: 9 } }
  const models = { tied, untied }

  describe.each(Object.entries(models))('%s head', (_, golden) => {
    it.each(Object.entries(ranges))('%s rows train, the others stay bit for bit', async (_, rows) => {
      const train = ({ name }: { name: string }): TrainSettings | boolean =>
        name === EMBEDDING || name === HEAD ? { rows } : true
      const full = await gradients(golden)
      const some = await gradients(golden, { train })
      const session = await openCase(cpu, golden, { train, weightDecay: 0.1 })
      const before = await readParameters(session)
      await steps(session, golden, 5)
      const after = await readParameters(session)
      const matrices = session.plan.parameters.filter(({ name }) => name === EMBEDDING || name === HEAD)
      expect(matrices).toHaveLength(golden === tied ? 1 : 2)
      for (const { name, shape, trained } of matrices) {
        const [from, to] = [rows.first * shape[1], (rows.first + rows.count) * shape[1]]
        expect(some.gradients.get(name)).toEqual(full.gradients.get(name)!.slice(from, to))
        const [old, now] = [before.get(name)!, after.get(name)!]
        expect(now.slice(0, from)).toEqual(old.slice(0, from))
        expect(now.slice(to)).toEqual(old.slice(to))
        for (let i = from; i < to; i++) expect(now[i]).not.toBe(old[i])
        for (const id of [trained!.gradient, trained!.firstMoment, trained!.secondMoment])
          expect(session.plan.tensors[id].shape).toEqual([rows.count, shape[1]])
      }
    })
  })

  it('rows that are not there cannot train', () => {
    const train = () => ({ rows: { first: 20, count: 5 } })
    expect(() => buildPlan(configOf(untied), { batch: 1, length: 4, train })).toThrow(/24 rows: 5 rows from 20 on/)
  })
})

describe('settings of a parameter', () => {
  it('learning rate and decay are its own; norms do not decay', async () => {
    const session = await openCase(cpu, untied, {
      train: ({ name }) => ({
        learningRateScale: name === EMBEDDING ? 0 : 1,
        weightDecay: name === HEAD ? 0.5 : undefined,
      }),
    })
    const decays = new Map(session.plan.parameters.map(({ name, trained }) => [name, trained!.weightDecay]))
    expect(decays.get(HEAD)).toBe(0.5)
    expect(decays.get(EMBEDDING)).toBe(untied.adamw.weightDecay)
    expect(decays.get('model.norm.weight')).toBe(0)
    const before = await readParameters(session)
    await steps(session, untied, 2)
    expect((await readParameters(session)).get(EMBEDDING)).toEqual(before.get(EMBEDDING))
  })
})

describe('batches', () => {
  it.each(['untied', 'documents'])('micro-batches add up to the whole batch: %s', async (which) => {
    const golden = which === 'untied' ? untied : withDocuments
    const whole = await gradients(golden, {}, wide)
    const { length } = golden
    const batch = batchOf(golden, whole.plan.config.vocabSize, 0)
    const session = await openCase(wide, golden, { batch: 1 })
    const blocks = [0, 1].map((i): Batch => {
      const cut = <T extends Int32Array | Float64Array>(values: T) => values.slice(i * length, (i + 1) * length) as T
      const { ids, labels, documentStart, weights } = batch
      return {
        ids: cut(ids),
        labels: cut(labels),
        documentStart: cut(documentStart!),
        weights: cut(weights as Float64Array),
      }
    })
    await gradientsOf(session, blocks)
    expect(Math.abs((await readLoss(session)) - whole.loss)).toBeLessThan(1e-14)
    for (const [name, values] of await readGradients(session))
      expect(relativeDistance(values, whole.gradients.get(name)!), name).toBeLessThan(1e-13)
  })

  it('a document in a block is the document alone', async () => {
    const { length } = withDocuments
    const session = await openCase(wide, withDocuments)
    const { ids, documentStart, labels } = batchOf(withDocuments, 16, 0)
    const weights = Float64Array.from(labels, (_, at) => 1 / (3 + at))
    await gradientsOf(session, [{ ids, documentStart, labels, weights }])
    const nll = await session.read(session.plan.outputs.nll)
    const summed = new Map<string, Float64Array>()
    for (let at = 0; at < ids.length; ) {
      const place = at % length
      let end = at + 1
      while (end % length !== 0 && documentStart![end] === documentStart![at]) end++
      expect(documentStart![at]).toBe(place)
      const alone = await openCase(wide, withDocuments, { batch: 1, length: end - at })
      const document = { ids: ids.slice(at, end), documentStart: null, labels: labels.slice(at, end) }
      await gradientsOf(alone, [{ ...document, weights: weights.slice(at, end) }])
      const own = await alone.read(alone.plan.outputs.nll)
      own.forEach((value, i) => {
        expect(Math.abs(value - nll[at + i])).toBeLessThan(1e-13)
      })
      for (const [name, values] of await readGradients(alone)) {
        const sum = summed.get(name) ?? new Float64Array(values.length)
        values.forEach((value, i) => {
          sum[i] += value
        })
        summed.set(name, sum)
      }
      at = end
    }
    for (const [name, values] of await readGradients(session))
      expect(relativeDistance(values, summed.get(name)!), name).toBeLessThan(1e-12)
  })

  it('checkpointing changes no bit, and keeps less', async () => {
    const deep = { ...untied, config: { ...untied.config, num_hidden_layers: 6 } }
    const kept = await gradients(deep)
    const again = await gradients(deep, { checkpointing: true })
    expect(again.loss).toBe(kept.loss)
    expect(again.gradients).toEqual(kept.gradients)
    const activations = (plan: typeof kept.plan) =>
      memoryOf(plan) - plan.tensors.reduce((sum, { kind, size }) => sum + (kind === 'activation' ? 0 : size), 0)
    expect(activations(again.plan)).toBeLessThan(activations(kept.plan) / 2)
  })
})

describe('evaluation', () => {
  it('gives the same loss, and the logits that it comes from', async () => {
    const session = await openCase(wide, untied, { logits: true, logitsElements: 24 * 5 })
    const batch = batchOf(untied, 24, 0)
    const inputs = batchInputs(session.plan, batch)
    await gradientsOf(session, [batch])
    const [loss, nll] = [await readLoss(session), await session.read(session.plan.outputs.nll)]
    await session.run('zero')
    await session.run('evaluate', inputs)
    expect(await readLoss(session)).toBe(loss)
    expect(await session.read(session.plan.outputs.nll)).toEqual(nll)
    await session.run('logits', inputs)
    const logits = await session.read(session.plan.outputs.logits!)
    batch.labels.forEach((label, at) => {
      const row = Array.from(logits.slice(at * 24, (at + 1) * 24))
      const sum = row.reduce((total, value) => total + Math.exp(value), 0)
      expect(nll[at]).toBeCloseTo(label < 0 ? 0 : Math.log(sum) - row[label], 12)
    })
  })

  it('labels that are ignored weigh nothing', async () => {
    const session = await openCase(wide, untied)
    const batch = batchOf(untied, 24, 0)
    const labels = batch.labels.map((label, at) => (at % 2 ? label : -100))
    await gradientsOf(session, [{ ...batch, labels, weights: meanWeights(labels) }])
    const nll = await session.read(session.plan.outputs.nll)
    const counted = Array.from(nll).filter((_, at) => labels[at] >= 0)
    expect(Array.from(nll).filter((value) => value === 0)).toHaveLength(labels.length - counted.length)
    const mean = counted.reduce((a, b) => a + b, 0) / counted.length
    expect(Math.abs((await readLoss(session)) - mean)).toBeLessThan(1e-14)
  })
})

describe('a step that goes wrong', () => {
  it('leaves the model as it was, and says so by its norm', async () => {
    const session = await openCase(cpu, untied)
    const batch = batchOf(untied, 24, 0)
    const before = await readParameters(session)
    await gradientsOf(session, [{ ...batch, weights: batch.weights.map(() => Number.POSITIVE_INFINITY) }])
    await session.run('update', updateInputs(session.plan, 1, 0.01))
    expect(Number.isFinite((await session.read(session.plan.outputs.normSquared!))[0])).toBe(false)
    expect(await readParameters(session)).toEqual(before)
  })
})

it('labels are the next tokens of the same document', () => {
  const ids = Int32Array.of(5, 6, 7, 8, 9, 10)
  expect([...nextTokenLabels(ids, null, 3)]).toEqual([6, 7, -100, 9, 10, -100])
  expect([...nextTokenLabels(ids, Int32Array.of(0, 1, 1, 0, 0, 2), 3)]).toEqual([-100, 7, -100, 9, -100, -100])
})
