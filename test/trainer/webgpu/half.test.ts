/** Tensors in half on WebGPU: operations against float64 on the same halves, whole models, frozen weights, memory. */
import { describe, expect, it, vi } from 'vitest'
import { fromF16, toF16 } from '../../../src/checkpoint/row-values'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Backend, Session } from '../../../src/trainer/backends/types'
import { fromHalves, toHalves } from '../../../src/trainer/backends/webgpu/halves'
import type { Kernel } from '../../../src/trainer/backends/webgpu/kernel'
import { launchesOf } from '../../../src/trainer/backends/webgpu/kernels/index'
import type { LaunchContext, Traits } from '../../../src/trainer/backends/webgpu/launch'
import { buildPlan } from '../../../src/trainer/plan/build'
import { planBytes } from '../../../src/trainer/plan/memory'
import type { Parameter, Plan } from '../../../src/trainer/plan/types'
import { randomValues } from '../../checkpoint/model'
import {
  batchOf,
  configOf,
  errorsOf,
  fiveSteps,
  gradientsOf,
  openCase,
  readLoss,
  readParameters,
  relativeDistance,
  storedGolden,
} from '../support/golden'
import {
  attending,
  embedding,
  gatingInto,
  norm,
  type OperationCase,
  projection,
  rotary,
} from '../support/operation-cases'
import { planOf } from '../support/run-case'
import { alignedProduct } from './cases'
import { findGpu, sharedBackend, sharedDevice } from './gpu'
import { MID } from './models'

const gpu = await findGpu()
const PATIENCE = 300_000
/** Of a value that was rounded to half once. */
const ROUNDED = 2 ** -11

interface HalfCase {
  given: OperationCase
  halves: string[]
}

function halfCases(): HalfCase[] {
  return [
    { given: embedding(31, 20, 36, 0), halves: ['table'] },
    { given: norm(7, 132, 1e-5), halves: ['out'] },
    { given: rotary(9, 2, 24, 5), halves: ['x'] },
    { given: gatingInto(1112), halves: ['gate', 'up', 'out'] },
    { given: projection(19, 44, 36, 0.5), halves: ['x', 'weight', 'out'] },
    { given: alignedProduct(37, 28, 52, false, true), halves: ['a', 'b', 'c'] },
    { given: attending([[], [3, 64]], 70, 4, 2, 12), halves: ['q', 'k', 'v', 'out'] },
  ]
}

const half = (value: number): number => fromF16(toF16(value))

/** Marks, as a plan does, and a session with the case's values in it. */
async function openHalves(backend: Backend, { given, halves }: HalfCase): Promise<[Session, Map<string, number>]> {
  const { plan, ids } = planOf(given)
  for (const name of halves) {
    plan.tensors[ids.get(name)!].half = true
    plan.buffers[ids.get(name)!].half = true
  }
  const session = await backend.open(plan)
  for (const [name, { values }] of Object.entries(given.tensors)) session.write(ids.get(name)!, values)
  return [session, ids]
}

/** The worst relative distance from float64, of tensors in half and of others; it begins each program with the same values. */
async function distances(backend: Backend, testCase: HalfCase): Promise<{ inHalf: number; others: number }> {
  const [found, ids] = await openHalves(backend, testCase)
  const [expected] = await openHalves(cpuBackend({ precision: 'f64' }), testCase)
  const worst = { inHalf: 0, others: 0 }
  for (const program of ['forward', 'backward'] as const) {
    for (const id of ids.values()) expected.write(id, await found.read(id))
    await found.run(program)
    await expected.run(program)
    for (const [name, id] of ids) {
      const kind = testCase.halves.includes(name) ? 'inHalf' : 'others'
      worst[kind] = Math.max(worst[kind], relativeDistance(await found.read(id), await expected.read(id)))
    }
  }
  found.close()
  return worst
}

/** The kernels that a plan would be run by. */
function kernelsOf({ tensors, programs }: Plan, traits: Traits): Map<string, Kernel> {
  const kernels = new Map<string, Kernel>()
  const place = (tensor: number, offset: number) => {
    const { half, dtype } = tensors[tensor]
    return { buffer: {} as GPUBuffer, offset, type: half ? ('f16' as const) : dtype }
  }
  const context: LaunchContext = {
    traits,
    at: (slice) => (typeof slice === 'number' ? place(slice, 0) : place(slice.tensor, slice.offset)),
    kernel(name, build) {
      if (!kernels.has(name)) kernels.set(name, build(name))
      return kernels.get(name)!
    },
  }
  for (const operation of Object.values(programs).flat()) launchesOf(operation, context)
  return kernels
}

describe('halves on the host', () => {
  it('are the nearest ones, ties to even, of any float32', () => {
    const exponents = randomValues(20_000, 1).map((x) => 2 ** Math.round(x * 28))
    const values = Float32Array.from(randomValues(20_000, 2), (x, i) =>
      Math.max(-65_519, Math.min(65_519, x * exponents[i])),
    )
    // Ties, of normal and subnormal halves, and the ends.
    values.set([1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 2 ** -14 - 2 ** -25, 65_519, -0, 2 ** -149])
    const { halves, wrong } = toHalves(values)
    expect(wrong).toBe(-1)
    expect(halves).toEqual(Uint16Array.from(values, toF16))
    expect(fromHalves(halves)).toEqual(Float32Array.from(values, half))
    for (const beyond of [65_520, -1e9, Number.POSITIVE_INFINITY, Number.NaN])
      expect(toHalves(Float32Array.of(0, beyond)).wrong).toBe(1)
  })
})

describe.skipIf(!gpu.found)(`halves on WebGPU (${gpu.reason})`, () => {
  it.each(halfCases().map((testCase) => [testCase.given.name, testCase] as const))(
    'as float64 computes with the same halves: %s',
    async (_, testCase) => {
      const { inHalf, others } = await distances(await sharedBackend(), testCase)
      expect(others).toBeLessThan(2e-6)
      expect(inHalf).toBeLessThan(ROUNDED)
      // They are halves indeed.
      if (testCase.halves.some((name) => name === 'out' || name === 'x')) expect(inHalf).toBeGreaterThan(ROUNDED / 20)
    },
    PATIENCE,
  )

  // On the processor the cases above ran by subgroups. Compiling takes its time: forward alone.
  it.each(
    halfCases()
      .filter(({ given }) => /^(RMSNorm|projection|attention)/.test(given.name))
      .map(({ given, halves }) => [given.name, { given: { ...given, backward: undefined }, halves }] as const),
  )(
    'as float64 computes with the same halves, by workgroups: %s',
    async (_, testCase) => {
      const { inHalf, others } = await distances(await sharedDevice({ traits: { subgroup: 0 } }), testCase)
      expect(others).toBeLessThan(2e-6)
      expect(inHalf).toBeLessThan(ROUNDED)
      expect(inHalf).toBeGreaterThan(ROUNDED / 20)
    },
    PATIENCE,
  )

  it('every kernel of a plan in half is WGSL, whatever the device chooses by', async () => {
    const { device, traits } = await sharedBackend()
    const options = { storage: 'f16', lora: { rank: 8, scale: 2, targets: ['q_proj', 'down_proj'] } } as const
    const all = buildPlan(MID.config, { ...MID, ...options })
    const adapters = buildPlan(MID.config, { ...MID, ...options, train: ({ name }) => name.includes('.lora_') })
    const onGpu = { isSoftware: false, subgroup: 0, parallelism: 128 }
    for (const chosen of [{}, { subgroup: 0 }, onGpu, { ...onGpu, parallelism: 1 }]) {
      const kernels = new Map([all, adapters].flatMap((plan) => [...kernelsOf(plan, { ...traits, ...chosen })]))
      expect([...kernels.keys()].filter((name) => name.includes('f16')).length).toBeGreaterThan(12)
      for (const { name, code } of kernels.values()) {
        if (!name.includes('f16')) continue
        const { messages } = await device.createShaderModule({ code }).getCompilationInfo()
        expect(
          messages.map(({ message }) => message),
          name,
        ).toEqual([])
      }
    }
  })

  it('what no half holds becomes infinite when it is computed, and is refused when the host writes it', async () => {
    const testCase = { given: gatingInto(4), halves: ['gate', 'up', 'out'] }
    const [session, ids] = await openHalves(await sharedBackend(), testCase)
    const [gate, up, out] = ['gate', 'up', 'out'].map((name) => ids.get(name)!)
    session.write(gate, Float32Array.of(300, 300, 300, 3))
    session.write(up, Float32Array.of(300, -300, 218, 2 ** -20))
    await session.run('forward')
    const [more, less, most, little] = await session.read(out)
    expect([Math.abs(more), Math.abs(less), most]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 65_408])
    expect(Math.abs(little / (3 / (1 + Math.exp(-3)) / 2 ** 20) - 1)).toBeLessThan(2 ** -5)
    expect(() => session.write(gate, Float32Array.of(0, 70_000), 2)).toThrow(
      /gate: its value 3 is 70000, halves end at/,
    )
    expect(() => session.write(gate, Float32Array.of(1, 2), 1)).toThrow(/2 values of gate from 1 on/)
    session.write(gate, Float64Array.of(0.1, 7), 2)
    expect(Array.from(await session.read(gate, 1, 3))).toEqual([300, half(0.1), 7])
    expect(Array.from(await session.read(gate, 3))).toEqual([7])
    session.close()
  })

  it('an activation that no half holds shows in the loss', async () => {
    const [golden] = storedGolden()
    const losses: number[] = []
    for (const storage of ['f32', 'f16'] as const) {
      const session = await openCase(await sharedBackend(), golden, { storage })
      for (const { name, tensor, shape } of session.plan.parameters)
        if (/gate_proj|up_proj/.test(name)) session.write(tensor, new Float32Array(shape[0] * shape[1]).fill(1000))
      await gradientsOf(session, [batchOf(golden, session.plan.config.vocabSize, 0)])
      losses.push(await readLoss(session))
      session.close()
    }
    expect(losses.map(Number.isFinite)).toEqual([true, false])
  })

  it.each(
    storedGolden()
      .slice(0, 2)
      .map((golden) => [golden.name, golden] as const),
  )(
    '%s: loss, gradients and five AdamW steps are near those of torch',
    async (_, golden) => {
      const errors = await errorsOf(await sharedBackend(), golden, { storage: 'f16' })
      expect(errors.loss).toBeGreaterThan(1e-5)
      // About three times what was seen on SwiftShader: 1.7e-4, 2.9e-3, 4.5e-4, 1.9e-3.
      expect(errors.loss).toBeLessThan(5e-4)
      expect(errors.gradient).toBeLessThan(1e-2)
      expect(errors.losses).toBeLessThan(1.5e-3)
      expect(errors.norms).toBeLessThan(6e-3)
      const again = await errorsOf(await sharedBackend(), golden, { storage: 'f16', checkpointing: true })
      expect(again).toEqual(errors)
    },
    PATIENCE,
  )

  it(
    'adapters on frozen halves: half the memory of the base, which never changes',
    async () => {
      const backend = await sharedBackend()
      const sizes = { hidden_size: 16, intermediate_size: 20, head_dim: 8, num_attention_heads: 2 }
      const [first] = storedGolden()
      const golden = { ...first, config: { ...first.config, ...sizes, num_key_value_heads: 1 }, documents: undefined }
      const options = {
        lora: { rank: 4, scale: 2, targets: ['q_proj', 'v_proj', 'down_proj'] },
        train: ({ name }: { name: string }) => name.includes('.lora_'),
      }
      const made = vi.spyOn(backend.device, 'createBuffer')
      const session = await openCase(backend, golden, { ...options, storage: 'f16' })
      const { plan } = session
      const allocated = made.mock.calls.filter(([{ label }]) => label?.startsWith('buffer '))
      made.mockRestore()
      // Each is a multiple of eight bytes.
      const bytes = allocated.reduce((sum, [{ size }]) => sum + size, 0)
      expect(bytes).toBeGreaterThanOrEqual(planBytes(plan))
      expect(bytes).toBeLessThan(planBytes(plan) + 16 * allocated.length)
      const whole = buildPlan(configOf(golden), { ...golden, ...options })
      const isHalved = ({ shape, trained }: Parameter) => shape.length === 2 && trained === null
      const baseSize = plan.parameters.filter(isHalved).reduce((sum, { shape }) => sum + shape[0] * shape[1], 0)
      const parameterBytes = ({ tensors, buffers, parameters }: Plan) =>
        planBytes({ buffers: parameters.map(({ tensor }) => buffers[tensors[tensor].buffer]) })
      expect(parameterBytes(whole) - parameterBytes(plan)).toBe(2 * baseSize)
      expect(planBytes(plan)).toBeLessThan(planBytes(whole) - 2 * baseSize)

      const before = await readParameters(session)
      const reference = await openCase(cpuBackend({ precision: 'f64' }), golden, options)
      for (const [name, values] of await readParameters(reference)) {
        const { shape, trained } = plan.parameters.find((parameter) => parameter.name === name)!
        if (isHalved({ shape, trained } as Parameter)) expect(before.get(name), name).toEqual(values.map(half))
        else expect(before.get(name), name).toEqual(values.map(Math.fround))
      }
      const [found, expected] = [await fiveSteps(session, golden), await fiveSteps(reference, golden)]
      found.losses.forEach((loss, i) => {
        // 8e-4 was seen.
        expect(Math.abs(loss - expected.losses[i])).toBeLessThan(2.5e-3)
      })
      for (const [name, values] of await readParameters(session))
        if (name.includes('.lora_')) expect(values, name).not.toEqual(before.get(name))
        else expect(values, name).toEqual(before.get(name))
      session.close()
    },
    PATIENCE,
  )
})
