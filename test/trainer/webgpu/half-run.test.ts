/** Runs that store in half on WebGPU: beside float32, with what has not trained saved as it was, and going on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import { loadParameters, openModel } from '../../../src/trainer/load'
import { buildPlan } from '../../../src/trainer/plan/build'
import type { StepMetrics } from '../../../src/trainer/run/metrics'
import { layOutRun, recipe, stage, told, twoStages } from '../run/small-run'
import { readParameters } from '../support/golden'
import { findGpu, sharedDevice } from './gpu'

const gpu = await findGpu()
/** Compiling is slow on a processor. */
vi.setConfig({ testTimeout: 300_000 })

describe.skipIf(!gpu.found)(`runs in half on WebGPU (${gpu.reason})`, () => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-half-runs-'))
    await layOutRun(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const options = (out: string) => ({
    ...twoStages(folder, out),
    ...{ tokens: 6 * 96, learningRate: 0.01, gate: { bound: 1, onForget: 'warn' as const } },
    recipe: {
      ...recipe(stage('adapters', { train: [{ parameters: 'adapters' }] })),
      form: { kind: 'lora' as const, rank: 4, alpha: 8, targets: ['q_proj', 'down_proj'] },
    },
  })

  it('adapters: near float32 on the processor, the base is saved to the last bit, and only the same storage goes on', async () => {
    const backend = await sharedDevice({ storage: 'f16' })
    const whole = await told(options('whole'))
    const given = { ...options('half'), backend }
    await told({ ...given, maxSteps: 3 })
    await expect(told({ ...given, backend: cpuBackend(), resume: true })).rejects.toMatchObject({
      code: 'mismatch',
      message: expect.stringContaining('the storage was f16, now it is f32'),
    })
    await told({ ...given, resume: true })
    const inOneGo = await told({ ...options('one'), backend })
    expect(inOneGo.steps).toHaveLength(6)
    const far = (of: (one: StepMetrics) => number) =>
      Math.max(...inOneGo.steps.map((one, i) => Math.abs(of(one) / of(whole.steps[i]) - 1)))
    expect(far(({ loss }) => loss)).toBeLessThan(1e-5)
    expect(far(({ gradientNorm }) => gradientNorm)).toBeLessThan(1e-2)
    // Float32 would be nearer.
    expect(far(({ gradientNorm }) => gradientNorm)).toBeGreaterThan(1e-5)
    expect(JSON.parse(readFileSync(join(given.out, 'run.json'), 'utf8')).options.storage).toBe('f16')
    const model = (out: string) => readFileSync(join(out, 'model.safetensors'))
    expect(model(given.out).equals(model(join(folder, 'one')))).toBe(true)

    const base = await parametersOf(join(folder, 'model'))
    for (const [name, values] of await parametersOf(given.out)) {
      const distance = Math.max(...values.map((value, i) => Math.abs(value - base.get(name)![i])))
      // Merged with what was learned, upon weights that were never rounded: steps of Adam are as large as the rate.
      if (!/(q|down)_proj/.test(name)) expect(distance, name).toBe(0)
      else expect(distance, name).toBeLessThan(0.1)
    }
  })
})

async function parametersOf(folder: string): Promise<Map<string, Float64Array>> {
  const model = await openModel(folder)
  const plan = buildPlan(model.config, { batch: 1, length: 4, train: () => false })
  const session = await cpuBackend().open(plan)
  await loadParameters(model, session)
  return readParameters(session)
}
