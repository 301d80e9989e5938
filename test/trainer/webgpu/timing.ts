/** Times of steps and products on a WebGPU device. */
import type { Backend, Session } from '../../../src/trainer/backends/types'
import type { WebGpuBackend } from '../../../src/trainer/backends/webgpu/backend'
import { USAGE } from '../../../src/trainer/backends/webgpu/constants'
import { buildPlan, type PlanOptions } from '../../../src/trainer/plan/build'
import type { Operation } from '../../../src/trainer/plan/operations'
import { batchInputs, nextTokenLabels, updateInputs } from '../../../src/trainer/plan/step-inputs'
import type { Plan, Tensor } from '../../../src/trainer/plan/types'
import { randomValues } from '../../checkpoint/model'
import { meanWeights } from '../support/golden'
import type { TimedModel } from './models'

export async function openTimed(
  backend: Backend,
  model: TimedModel,
  options: Partial<PlanOptions> = {},
): Promise<Session> {
  const { config, batch, length } = model
  const { bindingBytes } = backend
  const session = await backend.open(buildPlan(config, { batch, length, bindingBytes, ...options }))
  for (const { shape, tensor } of session.plan.parameters) {
    const { size } = session.plan.tensors[tensor]
    const scale = shape.length === 1 ? 0.1 : 1 / Math.sqrt(shape[1])
    // The same million numbers again and again: what they are does not matter, and making them takes time.
    const values = Float32Array.from(
      randomValues(Math.min(size, 1 << 20), tensor),
      (x) => (shape.length === 1 ? 1 : 0) + x * scale,
    )
    for (let at = 0; at < size; at += values.length)
      session.write(tensor, values.subarray(0, Math.min(values.length, size - at)), at)
  }
  return session
}

/** zero, forward, backward, update. */
export async function step(session: Session, at: number): Promise<void> {
  const { plan } = session
  const ids = Int32Array.from(randomValues(plan.batch * plan.length, 7 + at), (x) =>
    Math.floor(((x + 1) / 2) * plan.config.vocabSize),
  )
  const labels = nextTokenLabels(ids, null, plan.length)
  await session.run('zero')
  await session.run('forward', batchInputs(plan, { ids, documentStart: null, labels, weights: meanWeights(labels) }))
  await session.run('backward')
  await session.run('update', updateInputs(plan, at + 1, 1e-3))
}

/** Milliseconds of a step: `count` of them under way one after the other, the loss read at the end. */
export async function timeSteps(session: Session, count: number, warmUp = 2): Promise<number> {
  for (let i = 0; i < warmUp; i++) await step(session, i)
  await session.read(session.plan.outputs.loss)
  const began = performance.now()
  for (let i = 0; i < count; i++) await step(session, warmUp + i)
  await session.read(session.plan.outputs.loss)
  return (performance.now() - began) / count
}

/** A plan of some operations over tensors of some sizes. */
export function bareplan(config: Plan['config'], sizes: number[], operations: Operation[]): Plan {
  const tensors: Tensor[] = sizes.map((size, id) => ({
    ...{ id, name: `tensor ${id}`, kind: 'parameter', dtype: 'f32', shape: [size], size, buffer: id, part: size },
  }))
  const none: Operation[] = []
  return {
    ...{ config, batch: 1, length: 1, tensors, constants: [], parameters: [] },
    buffers: sizes.map((size) => ({ dtype: 'f32', size })),
    inputs: { ...{ ids: 0, positions: 0, documentStart: 0, labels: 0, weights: 0 }, occurrences: null, step: null },
    outputs: { nll: 0, loss: 0, normSquared: null, logits: null },
    programs: { zero: none, forward: operations, backward: none, update: none, evaluate: none, logits: none },
  }
}

/** Seconds of one run of a plan's `forward`, the best of some. */
export async function timePlan(backend: Backend, plan: Plan, runs = 5): Promise<number> {
  const session = await backend.open(plan)
  try {
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i <= runs; i++) {
      const began = performance.now()
      await session.run('forward')
      await session.read(0, 0, 1)
      if (i > 0) best = Math.min(best, (performance.now() - began) / 1000)
    }
    return best
  } finally {
    session.close()
  }
}

/** Seconds from a submit with nothing in it until the host knows that it is done. */
export async function roundTrip({ device }: WebGpuBackend): Promise<number> {
  const buffer = device.createBuffer({ size: 4, usage: USAGE.copyDst })
  const began = performance.now()
  for (let i = 0; i < 20; i++) {
    device.queue.writeBuffer(buffer, 0, Float32Array.of(i))
    await device.queue.onSubmittedWorkDone()
  }
  buffer.destroy()
  return (performance.now() - began) / 20_000
}
