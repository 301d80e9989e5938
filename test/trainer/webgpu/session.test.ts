/** Sessions on WebGPU: values in and out, memory over many steps, and what goes wrong. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import { nodeWebGpuBackend } from '../../../src/trainer/backends/gpu-node'
import { webgpuBackend } from '../../../src/trainer/backends/webgpu/backend'
import { createProfiler } from '../../../src/trainer/backends/webgpu/profile'
import { buildPlan } from '../../../src/trainer/plan/build'
import { batchInputs, updateInputs } from '../../../src/trainer/plan/step-inputs'
import { batchOf, configOf, gradientsOf, openCase, readLoss, storedGolden } from '../support/golden'
import { findGpu, ownBackend, sharedBackend } from './gpu'
import { MID } from './models'

const gpu = await findGpu()
/** Compiling is slow on a processor. */
vi.setConfig({ testTimeout: 300_000 })
const golden = storedGolden()[0]
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const plan = buildPlan(configOf(golden), { batch: 1, length: 4, train: () => false })
const { ids, weights } = plan.inputs

/** The same device, with a count of the objects that were made on it, by the method that made them. */
function counting(device: GPUDevice): { made: Map<string, number>; device: GPUDevice } {
  const made = new Map<string, number>()
  const proxy = new Proxy(device, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...given: unknown[]) => {
        if (String(name).startsWith('create')) made.set(String(name), (made.get(String(name)) ?? 0) + 1)
        return value.apply(target, given)
      }
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
  return { made, device: proxy }
}

describe.skipIf(!gpu.found)(`a session on WebGPU (${gpu.reason})`, () => {
  it('gives back what is written, from any place on, and takes copies', async () => {
    const session = await (await sharedBackend()).open(plan)
    const values = Float64Array.of(0.1, 0.2, 0.3, 0.4)
    session.write(weights, values)
    values[0] = 9
    session.write(weights, Float32Array.of(7), 2)
    const all = await session.read(weights)
    expect(Array.from(all)).toEqual([0.1, 0.2, 7, 0.4].map(Math.fround))
    expect(Array.from(await session.read(weights, 1, 2))).toEqual([0.2, 7].map(Math.fround))
    session.write(ids, Int32Array.of(-1, 2_000_000_000), 1)
    expect(await session.read(ids)).toEqual(Int32Array.of(0, -1, 2_000_000_000, 0))
    session.close()
  })

  it('refuses what does not fit, and everything once it is closed', async () => {
    const session = await (await sharedBackend()).open(plan)
    expect(() => session.write(ids, Float32Array.of(1))).toThrow(/ids holds i32, not the values of a Float32Array/)
    expect(() => session.write(weights, Float32Array.of(1, 2), 3)).toThrow(/do not fit/)
    session.close()
    session.close()
    expect(() => session.write(ids, Int32Array.of(1))).toThrow(/closed/)
    await expect(session.read(ids)).rejects.toThrow(/closed/)
    await expect(session.run('zero')).rejects.toThrow(/closed/)
  })

  it('keeps the order of calls that nobody waits for', async () => {
    const session = await openCase(await sharedBackend(), golden)
    const batch = batchOf(golden, session.plan.config.vocabSize, 0)
    await gradientsOf(session, [batch, batch])
    const expected = await readLoss(session)
    const inputs = batchInputs(session.plan, batch)
    void session.run('zero')
    for (let i = 0; i < 2; i++) {
      void session.run('forward', inputs)
      void session.run('backward')
    }
    expect(await readLoss(session)).toBe(expected)
    session.close()
  })

  it('makes nothing on the device while steps run, and 1,000 of them need no more memory', async () => {
    const backend = await ownBackend()
    const { made, device } = counting(backend.device)
    const counted = await nodeWebGpuBackend({ device })
    const session = await openCase(counted, { ...golden, batch: 1, length: 3, documents: undefined })
    const batch = batchOf({ ...golden, batch: 1, length: 3 }, session.plan.config.vocabSize, 0)
    const inputs = batchInputs(session.plan, batch)
    const readings: NodeJS.MemoryUsage[] = []
    const once = async (step: number) => {
      await session.run('zero')
      await session.run('forward', inputs)
      await session.run('backward')
      await session.run('update', updateInputs(session.plan, step, 1e-3))
    }
    await once(1)
    await readLoss(session)
    expect([...made.keys()]).toContain('createComputePipelineAsync')
    made.clear()
    for (let step = 2; step <= 1001; step++) {
      await once(step)
      if (step % 50 !== 1) continue
      await readLoss(session)
      collect()
      readings.push(process.memoryUsage())
    }
    // A buffer or bind group made at each step shows here whatever its size; readings share one buffer.
    expect(made.get('createCommandEncoder')).toBeGreaterThan(999)
    expect(Object.fromEntries(made)).toEqual({ createCommandEncoder: made.get('createCommandEncoder') })
    // What is kept raises the floor between the first readings and the last, 800 steps apart. 2 kB a step show in buffers
    // of JavaScript, 5 kB on its heap, which also holds compiled code; of what the driver has, 125 kB: the process takes
    // and gives back tens of MB at a time.
    const grown = (what: 'arrayBuffers' | 'heapUsed' | 'rss') => {
      const sizes = readings.map((reading) => reading[what])
      return Math.min(...sizes.slice(-5)) - Math.min(...sizes.slice(0, 5))
    }
    expect(grown('arrayBuffers')).toBeLessThan(1.5e6)
    expect(grown('heapUsed')).toBeLessThan(4e6)
    expect(grown('rss')).toBeLessThan(1e8)
    session.close()
    backend.destroy()
  })

  it('refuses a plan that the device cannot hold, by name', async () => {
    const backend = await sharedBackend()
    const most = backend.device.limits.maxBufferSize
    const large = { ...MID.config, vocabSize: Math.ceil(most / 4 / MID.config.hiddenSize) + 1 }
    const whole = buildPlan(large, { batch: 1, length: 4, train: () => false })
    await expect(backend.open(whole)).rejects.toThrow(/model.embed_tokens.weight \[\d+,128\] needs \d+ bytes/)
    // The device goes on.
    const session = await backend.open(plan)
    session.close()
  })

  // A driver that refuses its own largest buffer: a real shortage, where GPUs would need all of their memory filled.
  it.skipIf(!/swiftshader/i.test(gpu.reason))(
    'a driver without memory left: an error that says what to do, and the device goes on',
    async () => {
      const backend = await sharedBackend()
      const rows = backend.device.limits.maxBufferSize / 4 / MID.config.hiddenSize
      const large = buildPlan({ ...MID.config, vocabSize: rows }, { batch: 1, length: 4, train: () => false })
      await expect(backend.open(large)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(/out of GPU memory when memory for a plan of \d+ MiB was allocated/),
        hint: expect.stringMatching(/smaller batch/),
      })
      const session = await backend.open(plan)
      session.write(weights, Float32Array.of(1))
      expect((await session.read(weights))[0]).toBe(1)
      session.close()
    },
  )

  it('a fault on the device is not swallowed: the next call rejects', async () => {
    const backend = await ownBackend()
    const session = await backend.open(plan)
    backend.device.createBuffer({ size: 16, usage: 0xffff_0000 })
    await backend.device.queue.onSubmittedWorkDone()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(session.run('zero')).rejects.toMatchObject({ name: 'KoVocabError', code: 'unsupported' })
    backend.destroy()
  })

  it('a lost device rejects the next call, and says what to do', async () => {
    const backend = await ownBackend()
    const session = await backend.open(plan)
    const reading = session.read(weights)
    backend.device.destroy()
    await reading.catch((error) => expect(error.name).toBe('KoVocabError'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(session.run('zero')).rejects.toMatchObject({
      message: expect.stringMatching(/device was lost/),
      hint: expect.stringMatching(/resume from the last checkpoint/),
    })
    await expect(session.read(weights)).rejects.toThrow(/device was lost/)
    expect(() => session.write(weights, Float32Array.of(1))).toThrow(/device was lost/)
    await expect(backend.open(plan)).rejects.toThrow(/device was lost/)
    session.close()
  })

  it('timestamps are refused by name where they are missing', async () => {
    const { device } = await sharedBackend()
    const bare = { features: new Set(), limits: device.limits } as unknown as GPUDevice
    expect(() => createProfiler(bare)).toThrow(/no timestamps/)
  })
})

describe('without WebGPU', () => {
  it('says what is missing', async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU
    await expect(webgpuBackend({ gpu })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/finds no adapter/),
    })
    const adapter = { limits: { maxStorageBuffersPerShaderStage: 4 } } as unknown as GPUAdapter
    await expect(webgpuBackend({ gpu, adapter })).rejects.toThrow(/4 storage buffers, 8 are needed/)
  })
})
