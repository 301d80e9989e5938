/** Whole runs on WebGPU beside the same runs on the processor: every form of training, DPO, going on after a stop. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { presetRecipe } from '../../../src/trainer/recipes/read'
import type { RunPretrainOptions } from '../../../src/trainer/run/pretrain'
import { layOutPreferences, preferenceRun } from '../run/small-preferences'
import { lasting, recipe, stage, told, twoStages } from '../run/small-run'
import { findGpu, sharedBackend } from './gpu'

const gpu = await findGpu()
/** Compiling is slow on a processor. */
vi.setConfig({ testTimeout: 300_000 })

describe.skipIf(!gpu.found)(`runs on WebGPU (${gpu.reason})`, () => {
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-gpu-runs-'))
    await layOutPreferences(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  let outs = 0
  const next = () => `out-${outs++}`

  /** The same run on both; f32 in another order of sums drifts apart by the steps. */
  async function both(options: (out: string) => RunPretrainOptions) {
    const processor = await told(options(next()))
    const device = await told({ ...options(next()), backend: await sharedBackend() })
    expect(device.steps.length).toBe(processor.steps.length)
    device.steps.forEach(({ loss, gradientNorm, step }, i) => {
      expect(Math.abs(loss - processor.steps[i].loss), `loss of step ${step}`).toBeLessThan(1e-4)
      expect(gradientNorm / processor.steps[i].gradientNorm, `norm of step ${step}`).toBeCloseTo(1, 2)
    })
    const [last, expected] = [device, processor].map(
      ({ metrics }) => metrics.findLast((one) => one.kind === 'evaluation')!,
    )
    last.sets.forEach(({ bitsPerByte, name }, i) => {
      expect(bitsPerByte / expected.sets[i].bitsPerByte, name).toBeCloseTo(1, 4)
    })
    return { processor, device }
  }

  const short = (form: string) => (out: string) => ({
    ...twoStages(folder, out),
    ...{
      tokens: 6 * 96,
      recipe: presetRecipe(form),
      learningRate: 0.01,
      gate: { bound: 1, onForget: 'warn' as const },
    },
  })

  it('two stages: first rows, then all', async () => {
    const { device } = await both((out) => twoStages(folder, out))
    expect(device.steps.at(-1)!.loss).toBeLessThan(0.93 * device.steps[0].loss)
  })

  it('low-rank adapters', async () => {
    await both(short('lora'))
  })

  it('new blocks that begin as the identity', async () => {
    const newBlocks = recipe(stage('new-blocks', { train: [{ parameters: 'new-blocks' }] }))
    const expanded = { ...newBlocks, form: { kind: 'block-expansion' as const, blocks: 2 } }
    await both((out) => ({ ...short('lora')(out), recipe: expanded }))
  })

  it('preferences, with the model before as the reference', async () => {
    const { device } = await both((out) => preferenceRun(folder, out))
    expect(device.steps[0].loss).toBeCloseTo(Math.LN2, 6)
    expect(device.steps.at(-1)!.preferences!.accuracy).toBeGreaterThan(0.9)
  })

  it('paused and taken up again: the numbers and the bytes of a run in one go', async () => {
    const backend = await sharedBackend()
    const inOneGo = { ...twoStages(folder, next()), backend }
    const whole = await told(inOneGo)
    const parts = { ...twoStages(folder, next()), backend }
    await told({ ...parts, maxSteps: 4 })
    const { metrics, result } = await told({ ...parts, resume: true })
    const found = lasting(metrics)
    expect(found.length).toBeGreaterThan(7)
    expect(found).toEqual(lasting(whole.metrics).slice(-found.length))
    expect(result.state).toEqual(whole.result.state)
    const model = ({ out }: { out: string }) => readFileSync(join(out, 'model.safetensors'))
    expect(model(parts)).toEqual(model(inOneGo))
  })
})
