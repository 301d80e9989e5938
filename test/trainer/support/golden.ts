/** Cases of test/oracle/trainer_golden.py, run by a backend. */
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Backend, Session } from '../../../src/trainer/backends/types'
import { type LlamaConfig, readLlamaConfig } from '../../../src/trainer/model/config'
import { buildPlan, type PlanOptions } from '../../../src/trainer/plan/build'
import { type Batch, batchInputs, nextTokenLabels, updateInputs } from '../../../src/trainer/plan/step-inputs'
import type { Plan } from '../../../src/trainer/plan/types'
import { randomValues } from '../../checkpoint/model'

export interface GoldenCase {
  name: string
  /** As config.json has it. */
  config: Record<string, unknown>
  seed: number
  batch: number
  length: number
  /** For each block the places at which a new document begins. */
  documents?: number[][]
  adamw: { learningRate: number; beta1: number; beta2: number; weightDecay: number; maxNorm: number }
  updates?: boolean
}

export interface Golden extends GoldenCase {
  loss: number
  /** Parameter → base64 of float32 values. */
  gradients: Record<string, string>
  /** Before each of five steps. */
  losses: number[]
  norms: number[]
}

const fixtures = new URL('../../../fixtures/trainer/', import.meta.url)

export function storedGolden(): Golden[] {
  return JSON.parse(readFileSync(new URL('golden.json', fixtures), 'utf8')).cases
}

export function configOf({ name, config }: GoldenCase): LlamaConfig {
  return readLlamaConfig(JSON.stringify(config), name)
}

/** The weights that the Python script makes, too. */
export function writeWeights(session: Session, seed: number): void {
  const sorted = [...session.plan.parameters].sort((a, b) => (a.name < b.name ? -1 : 1))
  sorted.forEach(({ shape, tensor }, i) => {
    const values = randomValues(session.plan.tensors[tensor].size, seed * 1000 + i).map(Math.fround)
    const scaled = values.map((value) => (shape.length === 1 ? 1 + value * 0.25 : value * 0.5))
    session.write(tensor, scaled)
  })
}

/** The tokens that the Python script draws for a step; every label weighs the same. */
export function batchOf({ seed, batch, length, documents }: GoldenCase, vocabSize: number, step: number): Batch {
  const drawn = randomValues(batch * length, seed * 1000 + 500 + step)
  const ids = Int32Array.from(drawn, (value) => Math.floor(((value + 1) / 2) * vocabSize))
  const documentStart = Int32Array.from(ids, (_, at) => {
    const cuts = documents?.[Math.floor(at / length)] ?? []
    return Math.max(0, ...cuts.filter((cut) => cut <= at % length))
  })
  const labels = nextTokenLabels(ids, documentStart, length)
  return { ids, documentStart, labels, weights: meanWeights(labels) }
}

export function meanWeights(labels: Int32Array): Float64Array {
  const count = labels.filter((label) => label >= 0).length
  return new Float64Array(labels.length).fill(1 / count)
}

export async function openCase(
  backend: Backend,
  golden: GoldenCase,
  options: Partial<PlanOptions> = {},
): Promise<Session> {
  const { batch, length, adamw } = golden
  const { bindingBytes } = backend
  const plan = buildPlan(configOf(golden), { batch, length, ...adamw, bindingBytes, ...options })
  const session = await backend.open(plan)
  writeWeights(session, golden.seed)
  return session
}

export async function readLoss(session: Session): Promise<number> {
  return (await session.read(session.plan.outputs.loss))[0]
}

/** zero, forward, backward. */
export async function gradientsOf(session: Session, batches: Batch[]): Promise<void> {
  await session.run('zero')
  for (const batch of batches) {
    await session.run('forward', batchInputs(session.plan, batch))
    await session.run('backward')
  }
}

/** Five steps of AdamW: the loss before each, and the gradient norms. */
export async function fiveSteps(session: Session, golden: GoldenCase): Promise<{ losses: number[]; norms: number[] }> {
  const losses: number[] = []
  const norms: number[] = []
  for (let step = 0; step < 5; step++) {
    await gradientsOf(session, [batchOf(golden, session.plan.config.vocabSize, step)])
    await session.run('update', updateInputs(session.plan, step + 1, golden.adamw.learningRate))
    losses.push(await readLoss(session))
    norms.push(Math.sqrt((await session.read(session.plan.outputs.normSquared!))[0]))
  }
  return { losses, norms }
}

/** Of every trained parameter. */
export async function readGradients(session: Session): Promise<Map<string, Float64Array>> {
  const found = new Map<string, Float64Array>()
  for (const { name, trained } of session.plan.parameters)
    if (trained) found.set(name, Float64Array.from(await session.read(trained.gradient)))
  return found
}

export async function readParameters(session: Session): Promise<Map<string, Float64Array>> {
  const found = new Map<string, Float64Array>()
  for (const { name, tensor } of session.plan.parameters) found.set(name, Float64Array.from(await session.read(tensor)))
  return found
}

/** |a - b| / |b|; NaN and infinity must be where they are expected, and do not count. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  let difference = 0
  let size = 0
  for (let i = 0; i < b.length; i++) {
    if (!Number.isFinite(b[i]) && Object.is(a[i], b[i])) continue
    difference += (a[i] - b[i]) ** 2
    size += b[i] ** 2
  }
  return size === 0 ? Math.sqrt(difference) : Math.sqrt(difference / size)
}

export function unpack(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)).buffer)
}

/** Elements of all buffers, which is what a backend allocates. */
export function memoryOf(plan: Plan): number {
  return plan.buffers.reduce((sum, { size }) => sum + size, 0)
}

export interface GoldenErrors {
  loss: number
  /** The worst parameter's relative L2 distance. */
  gradient: number
  losses: number
  /** Relative. */
  norms: number
}

/** How far a backend is from torch. */
export async function errorsOf(
  backend: Backend,
  golden: Golden,
  options: Partial<PlanOptions> = {},
): Promise<GoldenErrors> {
  const session = await openCase(backend, golden, options)
  try {
    await gradientsOf(session, [batchOf(golden, session.plan.config.vocabSize, 0)])
    const loss = Math.abs((await readLoss(session)) - golden.loss)
    const gradients = await readGradients(session)
    expect([...gradients.keys()].sort()).toEqual(Object.keys(golden.gradients).sort())
    const distances = [...gradients].map(([name, values]) => relativeDistance(values, unpack(golden.gradients[name])))
    const { losses, norms } = await fiveSteps(session, golden)
    return {
      loss,
      gradient: Math.max(...distances),
      losses: Math.max(...losses.map((value, i) => Math.abs(value - golden.losses[i]))),
      norms: Math.max(...norms.map((value, i) => Math.abs(value / golden.norms[i] - 1))),
    }
  } finally {
    session.close()
  }
}
