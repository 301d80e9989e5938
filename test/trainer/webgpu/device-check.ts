/**
 * What a device computes, how exactly and how fast, in one run: for machines on which the project's tests are not
 * installed. See bundle.ts. Parts can be chosen: `node device-check.mjs cases golden peak matmul mid large profile`.
 */
import { nodeWebGpuBackend } from '../../../src/trainer/backends/gpu-node'
import type { WebGpuBackend } from '../../../src/trainer/backends/webgpu/backend'
import { MATMUL_SHAPES } from '../../../src/trainer/backends/webgpu/kernels/matmul'
import { measurePeak, type Peak } from '../../../src/trainer/backends/webgpu/peak'
import type { Matmul } from '../../../src/trainer/plan/operations'
import { errorsOf, storedGolden } from '../support/golden'
import { allCases, distanceOf } from './cases'
import { flopsOf, LARGE, MID, SMALL, type TimedModel } from './models'
import { bareplan, openTimed, roundTrip, step, timePlan, timeSteps } from './timing'

const say = (line = '') => console.log(line)
const exp = (value: number) => value.toExponential(1)
const tera = (value: number) => (value / 1e12).toPrecision(3)

const chosen = process.argv.slice(2)
const wants = (part: string) => chosen.length === 0 || chosen.includes(part)

async function device(backend: WebGpuBackend): Promise<void> {
  const { device, description, traits } = backend
  say(`device: ${description}`)
  say(`traits: ${JSON.stringify(traits)}`)
  say(`features: ${[...device.features].join(' ')}`)
  const limits = device.limits as unknown as Record<string, number>
  for (const name of [
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxComputeWorkgroupStorageSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxStorageBuffersPerShaderStage',
    'minUniformBufferOffsetAlignment',
  ])
    say(`  ${name} ${limits[name]}`)
  say(`round trip: ${((await roundTrip(backend)) * 1e6).toFixed(0)} µs`)
}

async function cases(backend: WebGpuBackend): Promise<void> {
  let wrong = 0
  for (const given of allCases()) {
    const { worst, tensor } = await distanceOf(backend, given)
    const isRight = worst < 2e-6
    if (!isRight) wrong++
    say(`${isRight ? 'ok   ' : 'WRONG'} ${exp(worst)} ${tensor}: ${given.name}`)
  }
  say(`operations: ${wrong} wrong`)
}

async function golden(backend: WebGpuBackend): Promise<void> {
  for (const given of storedGolden())
    for (const options of [{}, { logitsElements: 1, checkpointing: true }]) {
      const { loss, gradient, losses, norms } = await errorsOf(backend, given, options)
      const isRight = loss < 1e-5 && gradient < 1e-5 && losses < 2e-5 && norms < 1e-5
      const parts = `loss ${exp(loss)} gradient ${exp(gradient)} five losses ${exp(losses)} norms ${exp(norms)}`
      say(`${isRight ? 'ok   ' : 'WRONG'} ${parts}: ${given.name} ${JSON.stringify(options)}`)
    }
}

const FORMS = [
  [false, true],
  [false, false],
  [true, false],
]

/** Products of all forms; many of them in one program, so that the way to the device does not count. */
async function products(backend: WebGpuBackend, peak: Peak): Promise<void> {
  const sizes = backend.traits.isSoftware ? [256] : [256, 512, 1024, 2048, 4096]
  say('products, TFLOP/s: x·Wᵀ, dy·W, dyᵀ·x; as chosen (share of the peak), then with each shape of tile')
  for (const size of sizes) {
    const rates = await ratesOf(backend, size)
    say(`  ${size}: ${rates.map((rate) => `${tera(rate)} (${((100 * rate) / peak.flops).toFixed(0)}%)`).join(' ')}`)
  }
  if (backend.traits.isSoftware) return
  for (const [index, { rows, columns, depth, rowGroups, columnGroups }] of MATMUL_SHAPES.entries()) {
    const { device } = backend
    const fixed = await nodeWebGpuBackend({ device, traits: { matmulShape: index } })
    const parts: string[] = []
    for (const size of [512, 2048, 4096]) parts.push(`${size}: ${(await ratesOf(fixed, size)).map(tera).join(' ')}`)
    say(`  ${rows}×${columns}×${depth}, ${4 * rowGroups}×${4 * columnGroups} each: ${parts.join('   ')}`)
  }
}

async function ratesOf(backend: WebGpuBackend, size: number): Promise<number[]> {
  const count = backend.traits.isSoftware ? 1 : Math.max(2, Math.min(200, Math.round(1e12 / (2 * size ** 3))))
  const rates: number[] = []
  for (const [transposeA, transposeB] of FORMS) {
    const view = (tensor: number) => ({ tensor, offset: 0, stride: size })
    const product: Matmul = {
      ...{ kind: 'matmul', a: view(0), b: view(1), c: view(2), m: size, n: size, k: size, transposeA, transposeB },
      ...{ accumulate: false, scale: 1 },
    }
    const plan = bareplan(MID.config, [size * size, size * size, size * size], Array(count).fill(product))
    rates.push((2 * size ** 3 * count) / (await timePlan(backend, plan, 3)))
  }
  return rates
}

async function timed(backend: WebGpuBackend, model: TimedModel, peak: Peak | null, count: number): Promise<void> {
  const opened = performance.now()
  const session = await openTimed(backend, model)
  const open = performance.now() - opened
  const first = performance.now()
  await step(session, 0)
  await session.read(session.plan.outputs.loss)
  const compiled = performance.now() - first
  const milliseconds = await timeSteps(session, count)
  const rate = flopsOf(model) / (milliseconds / 1000)
  const share = peak ? ` (${((100 * rate) / peak.flops).toFixed(0)}% of the peak)` : ''
  const loss = (await session.read(session.plan.outputs.loss))[0]
  const tokens = (model.batch * model.length) / (milliseconds / 1000)
  say(
    `${model.name}: ${milliseconds.toFixed(2)} ms a step, ${tokens.toFixed(0)} tokens/s, ${tera(rate)} TFLOP/s${share}, loss ${loss}`,
  )
  say(
    `  opened in ${open.toFixed(0)} ms, first step ${compiled.toFixed(0)} ms, bytes ${session.plan.buffers.reduce((sum, { size }) => sum + 4 * size, 0)}`,
  )
  session.close()
}

async function profile(model: TimedModel, peak: Peak | null): Promise<void> {
  const backend = await nodeWebGpuBackend({ profile: true })
  const session = await openTimed(backend, model)
  await step(session, 0)
  await session.read(session.plan.outputs.loss)
  await backend.profile()
  for (let i = 1; i <= 3; i++) await step(session, i)
  await session.read(session.plan.outputs.loss)
  const entries = await backend.profile()
  const total = entries.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  say(`profile of ${model.name}: ${(total / 3).toFixed(2)} ms on the device a step`)
  for (const { kernel, milliseconds, dispatches, work } of entries) {
    const rate = work / (milliseconds / 1000)
    const share = peak ? ` ${((100 * rate) / peak.flops).toFixed(1)}%` : ''
    say(
      `  ${(milliseconds / 3).toFixed(3).padStart(9)} ms ${String(dispatches / 3).padStart(5)} × ${tera(rate)} TFLOP/s${share}  ${kernel}`,
    )
  }
  session.close()
  backend.destroy()
}

/** Time of a dispatch that does next to nothing, one after the other on the same element. */
async function overhead(backend: WebGpuBackend): Promise<void> {
  const fill = { kind: 'fill', out: { tensor: 0, offset: 0 }, value: 1, length: 4 } as const
  const [few, many] = [await time(200), await time(2200)]
  say(`dispatch: ${(((many - few) / 2000) * 1e6).toFixed(2)} µs`)
  async function time(count: number): Promise<number> {
    return timePlan(backend, bareplan(MID.config, [4], Array(count).fill(fill)))
  }
}

const backend = await nodeWebGpuBackend()
await device(backend)
if (wants('cases')) await cases(backend)
if (wants('golden')) await golden(backend)
let peak: Peak | null = null
if (wants('peak') || wants('matmul')) {
  peak = await measurePeak(backend.device)
  say(`peak: ${tera(peak.flops)} TFLOP/s float32, ${(peak.bytes / 1e9).toPrecision(3)} GB/s`)
}
if (wants('peak')) await overhead(backend)
if (wants('matmul')) await products(backend, peak!)
if (wants('small')) await timed(backend, SMALL, peak, 20)
if (wants('mid')) await timed(backend, MID, peak, backend.traits.isSoftware ? 3 : 50)
if (wants('large') && !backend.traits.isSoftware) await timed(backend, LARGE, peak, 10)
if (wants('profile') && backend.device.features.has('timestamp-query'))
  for (const model of backend.traits.isSoftware ? [MID] : [MID, LARGE]) await profile(model, peak)
process.exit(0)
