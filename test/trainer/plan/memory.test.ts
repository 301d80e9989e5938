/** Shared buffers, parts of large tensors, chunks of the head; and that nothing grows. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { LlamaConfig } from '../../../src/trainer/model/config'
import { buildPlan, type PlanOptions } from '../../../src/trainer/plan/build'
import { operandsOf } from '../../../src/trainer/plan/operands'
import { batchInputs, updateInputs } from '../../../src/trainer/plan/step-inputs'
import type { Plan } from '../../../src/trainer/plan/types'
import {
  batchOf,
  configOf,
  type GoldenCase,
  gradientsOf,
  memoryOf,
  openCase,
  readGradients,
  readLoss,
  readParameters,
  relativeDistance,
  storedGolden,
  writeWeights,
} from '../support/golden'

const [untied, tied, withDocuments] = storedGolden() as GoldenCase[]

/** Every tensor in a buffer of its own. */
function spread(plan: Plan): Plan {
  return {
    ...plan,
    tensors: plan.tensors.map((tensor) => ({ ...tensor, buffer: tensor.id })),
    buffers: plan.tensors.map(({ dtype, size }) => ({ dtype, size })),
  }
}

async function threeSteps(plan: Plan, golden: GoldenCase, precision: 'f32' | 'f64' = 'f32') {
  const session = await cpuBackend({ precision }).open(plan)
  writeWeights(session, golden.seed)
  const losses: number[] = []
  for (let step = 1; step <= 3; step++) {
    const batch = batchOf(golden, plan.config.vocabSize, step)
    await session.run('zero')
    await session.run('evaluate', batchInputs(plan, batch))
    await gradientsOf(session, [batch])
    await session.run('update', updateInputs(plan, step, 0.01))
    losses.push(await readLoss(session))
  }
  return { losses, parameters: await readParameters(session), gradients: await readGradients(session) }
}

describe('shared buffers', () => {
  const variants: [string, GoldenCase, Partial<PlanOptions>][] = [
    ['untied', untied, {}],
    ['tied', tied, {}],
    ['documents', withDocuments, {}],
    ['checkpointing', untied, { checkpointing: true }],
    ['chunks', untied, { logitsElements: 24 * 5, logits: true }],
    ['in half', untied, { storage: 'f16' }],
    ['some layers', untied, { train: ({ name }) => name.includes('layers.1') }],
  ]
  it.each(variants)('%s: the same as with a buffer for each tensor, and smaller', async (_, golden, options) => {
    const { batch, length } = golden
    const plan = buildPlan(configOf(golden), { batch, length, ...options })
    expect(await threeSteps(plan, golden)).toEqual(await threeSteps(spread(plan), golden))
    expect(memoryOf(plan)).toBeLessThan(memoryOf(spread(plan)))
    for (const { buffer, size, dtype } of plan.tensors.filter(({ buffer }) => buffer >= 0)) {
      expect(plan.buffers[buffer].size).toBeGreaterThanOrEqual(size)
      expect(plan.buffers[buffer].dtype).toBe(dtype)
    }
  })

  it.each(variants)('%s: operands of an operation never share one', (_, golden, options) => {
    const { batch, length } = golden
    const plan = buildPlan(configOf(golden), { batch, length, ...options })
    for (const operation of Object.values(plan.programs).flat()) {
      const { reads, writes } = operandsOf(operation)
      const buffers = [...new Set([...reads, ...writes])].map((id) => plan.tensors[id].buffer)
      expect(new Set(buffers).size, operation.kind).toBe(buffers.length)
      expect(new Set(writes).size, operation.kind).toBe(writes.length)
      expect(buffers.includes(-1)).toBe(false)
      // What every WebGPU device lets a shader bind.
      expect(buffers.length, operation.kind).toBeLessThanOrEqual(8)
    }
  })
})

describe('a device that binds little', () => {
  const config: LlamaConfig = {
    ...{ vocabSize: 300, hiddenSize: 16, intermediateSize: 200, layers: 1, heads: 8, kvHeads: 2, headDim: 16 },
    ...{ normEpsilon: 1e-5, ropeTheta: 1e4, ropeScaling: { type: 'default' as const }, tied: false },
    ...{ maxPositions: 64, slidingWindow: null },
  }
  const golden: GoldenCase = { ...untied, batch: 1, length: 8 }
  const bindingBytes = 7000

  it.each([false, true])('gets large matrices in parts: tied %s', async (tied) => {
    const options = { batch: 1, length: 8, train: () => ({}) }
    const whole = buildPlan({ ...config, tied }, options)
    const rows = { first: 70, count: 230 }
    const parts = buildPlan({ ...config, tied }, { ...options, bindingBytes })
    const split = parts.tensors.filter(({ part, size }) => part < size)
    expect(
      split.filter(({ kind }) => kind === 'parameter').map(({ name }) => name.replace(/^(.*\.)?(\w+)\.weight$/, '$2')),
    ).toEqual([
      'embed_tokens',
      ...['q_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      ...(tied ? [] : ['lm_head']),
    ])
    expect(parts.tensors.every(({ part }) => part * 4 <= bindingBytes)).toBe(true)
    expect(split.every(({ part, shape }) => part % shape[1] === 0 && (part * 4) % 256 === 0)).toBe(true)
    expect(crossings(parts)).toEqual([])
    const [a, b] = [await threeSteps(whole, golden, 'f64'), await threeSteps(parts, golden, 'f64')]
    for (const [name, values] of a.parameters) {
      expect(relativeDistance(b.parameters.get(name)!, values), name).toBeLessThan(1e-10)
      expect(relativeDistance(b.gradients.get(name)!, a.gradients.get(name)!), name).toBeLessThan(1e-10)
    }
    const some = { ...options, train: ({ shape }: { shape: number[] }) => (shape[0] === 300 ? { rows } : true) }
    const [c, d] = [buildPlan({ ...config, tied }, some), buildPlan({ ...config, tied }, { ...some, bindingBytes })]
    expect(crossings(d)).toEqual([])
    const [e, f] = [await threeSteps(c, golden, 'f64'), await threeSteps(d, golden, 'f64')]
    for (const [name, values] of e.parameters)
      expect(relativeDistance(f.parameters.get(name)!, values), name).toBeLessThan(1e-10)
  })

  /** Operations that touch two parts of a tensor. */
  function crossings(plan: Plan): string[] {
    const found: string[] = []
    const check = (kind: string, tensor: number, offset: number, length: number) => {
      const { part, name } = plan.tensors[tensor]
      if (Math.floor(offset / part) !== Math.floor((offset + length - 1) / part)) found.push(`${kind}: ${name}`)
    }
    for (const operation of Object.values(plan.programs).flat()) {
      const op = operation
      if (op.kind === 'matmul') {
        const { m, n, k } = op
        const [aRows, aColumns] = op.transposeA ? [k, m] : [m, k]
        const [bRows, bColumns] = op.transposeB ? [n, k] : [k, n]
        check(op.kind, op.a.tensor, op.a.offset, (aRows - 1) * op.a.stride + aColumns)
        check(op.kind, op.b.tensor, op.b.offset, (bRows - 1) * op.b.stride + bColumns)
        check(op.kind, op.c.tensor, op.c.offset, (m - 1) * op.c.stride + n)
      } else if (op.kind === 'adamw') {
        for (const { tensor, offset } of [op.parameter, op.gradient, op.m, op.v])
          check(op.kind, tensor, offset, op.length)
      } else if (op.kind === 'dot') {
        for (const { tensor, offset } of [op.a, op.b]) check(op.kind, tensor, offset, op.length)
      } else if (op.kind === 'fill') check(op.kind, op.out.tensor, op.out.offset, op.length)
      else if (op.kind === 'embed') check(op.kind, op.table.tensor, op.table.offset, op.rows * op.columns)
      else if (op.kind === 'embedGradient') check(op.kind, op.gradient.tensor, op.gradient.offset, op.rows * op.columns)
      else
        for (const id of [...operandsOf(op).reads, ...operandsOf(op).writes])
          check(op.kind, id, 0, plan.tensors[id].size)
    }
    return found
  }

  it('is told when an activation is too large for it', () => {
    const options = { batch: 4, length: 32, bindingBytes }
    expect(() => buildPlan(config, options)).toThrow(/binds at most 7000 bytes at once/)
  })
})

it('logits in chunks of any number of rows give the same', async () => {
  const whole = await threeSteps(buildPlan(configOf(untied), { batch: 2, length: 12 }), untied, 'f64')
  for (const rows of [1, 5, 24]) {
    const plan = buildPlan(configOf(untied), { batch: 2, length: 12, logitsElements: 24 * rows + 3 })
    const logits = plan.tensors.filter(({ name }) => name === 'logits of a chunk')
    expect(new Set(logits.map(({ shape }) => shape[0]))).toEqual(new Set([rows]))
    const chunks = await threeSteps(plan, untied, 'f64')
    for (const [name, values] of whole.parameters)
      expect(relativeDistance(chunks.parameters.get(name)!, values), name).toBeLessThan(1e-12)
  }
})

it('1,000 steps take no more memory than ten', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const session = await openCase(cpuBackend(), tied)
  const batch = batchOf(tied, 20, 0)
  const run = async (from: number, to: number) => {
    for (let step = from; step <= to; step++) {
      await gradientsOf(session, [batch])
      await session.run('update', updateInputs(session.plan, step, 0.001))
    }
  }
  await run(1, 200)
  collect()
  await new Promise((resolve) => setTimeout(resolve, 200))
  collect()
  const before = process.memoryUsage()
  await run(201, 1200)
  // A batch has 1 kB: one that stays a step would show. The heap also holds compiled code. Freed buffers are swept
  // beside the program, later on a busy machine.
  await vi.waitFor(
    () => {
      collect()
      const after = process.memoryUsage()
      expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2e5)
      expect(after.heapUsed - before.heapUsed).toBeLessThan(1.6e7)
    },
    { timeout: 10_000, interval: 50 },
  )
  expect(await readLoss(session)).toBeLessThan(2)
})
