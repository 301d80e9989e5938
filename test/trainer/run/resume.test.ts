/** A run that is killed, or interrupted, and goes on: the same losses and the same weights, to the last bit. */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Metrics } from '../../../src/trainer/run/metrics'
import { long } from '../../support/long'
import { lasting, layOutRun, told, twoStages } from './small-run'

let folder: string
let module: string
let whole: Awaited<ReturnType<typeof told>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-resume-'))
  await layOutRun(folder)
  whole = await told(twoStages(folder, 'whole'))
  module = join(folder, 'kill.mjs')
  const { build } = await import('esbuild')
  await build({
    entryPoints: [fileURLToPath(new URL('./kill-entry.ts', import.meta.url))],
    outfile: module,
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
    external: ['webgpu', 'sentencepiece-js', 'llama3-tokenizer-js', 'llama-tokenizer-js', '@codingame/*'],
    banner: { js: "import { createRequire as _r } from 'node:module'; const require = _r(import.meta.url)" },
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Ends by itself: the signal, or the exit code. */
function killedAt(out: string, what: string, at: number): Promise<string | number | null> {
  const child = spawn(process.execPath, [module, folder, out, what, String(at)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (data) => {
    errors += data
  })
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? (code === 0 ? code : `${code}: ${errors}`))),
  )
}

const bytes = (...path: string[]) => readFileSync(join(folder, ...path))

/** What it tells after its checkpoint is what the whole run told there; weights and moments are the same at the end. */
async function expectSame(out: string): Promise<Metrics[]> {
  const { metrics, result } = await told({ ...twoStages(folder, out), resume: true })
  const found = lasting(metrics)
  expect(found).toEqual(lasting(whole.metrics).slice(-found.length || whole.metrics.length))
  expect(result.state).toEqual(whole.result.state)
  expect(bytes(out, 'model.safetensors')).toEqual(bytes('whole', 'model.safetensors'))
  const last = ['checkpoints', 'step-00000011', 'tensors.safetensors']
  expect(bytes(out, ...last)).toEqual(bytes('whole', ...last))
  expect(existsSync(join(folder, out, 'best'))).toBe(whole.result.best !== null)
  expect(readdirSync(join(folder, out, 'checkpoints')).sort()).toEqual(
    readdirSync(join(folder, 'whole', 'checkpoints')),
  )
  return metrics
}

it('the whole run has what the kills are meant to meet', () => {
  expect(whole.steps.map(({ step, stage }) => [step, stage])).toEqual(
    Array.from({ length: 11 }, (_, i) => [i + 1, i < 5 ? 'rows' : 'all']),
  )
  // The gate has slowed the run down: its state decides later steps.
  expect(whole.result.state.gate.rateScale).toBeLessThan(1)
  expect(whole.result.best).not.toBeNull()
  expect(new Set(whole.steps.flatMap(({ lossOf }) => Object.keys(lossOf)))).toEqual(new Set(['ko', 'en']))
})

/** Forward runs twice a step, an update ends it; a checkpoint of the first stage reads 2 parameters, of the second 21. */
const points: [string, number][] = [
  ...[1, 2, 9, 11, 13, 22].map((at): [string, number] => ['forward', at]),
  ...[5, 8].map((at): [string, number] => ['update', at]),
  ...[1, 14].map((at): [string, number] => ['evaluate', at]),
  ...[1, 3, 5, 40, 70].map((at): [string, number] => ['read', at]),
]
const everywhere: [string, number][] = [
  ...['forward', 'backward'].flatMap((what) => Array.from({ length: 22 }, (_, i): [string, number] => [what, i + 1])),
  ...Array.from({ length: 120 }, (_, i): [string, number] => ['read', i + 1]),
]

describe.skipIf(process.platform === 'win32')('kill -9 (needs POSIX signals)', () => {
  it.each(long ? everywhere : points)('at the %s no. %i', async (what, at) => {
    const out = `killed-${what}-${at}`
    const ended = await killedAt(out, what, at)
    expect(ended).toBe('SIGKILL')
    await expectSame(out)
    rmSync(join(folder, out), { recursive: true, force: true })
  })

  it('again and again', async () => {
    for (let kills = 0; kills < 3; kills++) expect(await killedAt('often', 'backward', 7)).toBe('SIGKILL')
    await expectSame('often')
  })
})

it('interrupted by a signal after any step, it has saved that step', async () => {
  for (const stop of [0, 3, 5, 9]) {
    const out = `stopped-${stop}`
    const controller = new AbortController()
    const options = { ...twoStages(folder, out), signal: controller.signal }
    const onMetrics = (one: Metrics) => {
      if (one.kind !== 'note' && one.step === stop) controller.abort()
    }
    const running = import('../../../src/trainer/run/pretrain').then(({ pretrain }) =>
      pretrain({ ...options, onMetrics }),
    )
    const said = stop === 0 ? 'there is no checkpoint yet' : 'the last checkpoint is of step'
    await expect(running).rejects.toMatchObject({ code: 'aborted', message: expect.stringContaining(said) })
    const metrics = await expectSame(out)
    // It is at most one step further than the one whose loss was seen.
    expect(lasting(metrics)[0].step).toBeLessThanOrEqual(stop + 2)
  }
})

it('paused by max steps, it goes on as if nothing had been', async () => {
  for (const maxSteps of [4, 5]) {
    const out = `paused-${maxSteps}`
    const paused = await told({ ...twoStages(folder, out), maxSteps })
    expect(paused.result).toMatchObject({ ended: 'paused', steps: 11 })
    expect(paused.steps).toHaveLength(maxSteps)
    expect(readdirSync(join(folder, out))).toContain('config.json')
    await expectSame(out)
  }
})

it('a run that is over has nothing more to do', async () => {
  cpSync(join(folder, 'whole'), join(folder, 'over'), { recursive: true })
  const { metrics, result } = await told({ ...twoStages(folder, 'over'), resume: true })
  expect(lasting(metrics)).toEqual([])
  expect(result).toMatchObject({ ended: 'done', state: whole.result.state })
})

it('another run, other text, another model, damaged checkpoints: refused by name', async () => {
  cpSync(join(folder, 'whole'), join(folder, 'other'), { recursive: true })
  const options = { ...twoStages(folder, 'other'), resume: true }
  await expect(told({ ...options, resume: false })).rejects.toMatchObject({
    message: expect.stringContaining('exists and is not empty'),
    hint: expect.stringContaining('--resume'),
  })
  await expect(told({ ...options, tokens: 1000 * 96 })).rejects.toThrow(
    /the number of tokens was 1056, now it is 96000/,
  )
  await expect(told({ ...options, learningRate: 1 })).rejects.toThrow(/the recipe is not what it was/)
  await expect(told({ ...options, seed: 8 })).rejects.toThrow(/seed was 7, now it is 8/)
  await expect(told({ ...options, batch: 4, accumulate: 1 })).rejects.toThrow(/the batch was 2, now it is 4/)
  writeFileSync(join(folder, 'en2.txt'), `${readFileSync(join(folder, 'en.txt'))}\nmore\n`)
  await expect(told({ ...options, replay: [`en=${join(folder, 'en2.txt')}`] })).rejects.toThrow(/the share of ko was/)
  cpSync(join(folder, 'model'), join(folder, 'model2'), { recursive: true })
  const weights = readFileSync(join(folder, 'model2', 'model.safetensors'))
  weights.writeFloatLE(0.5, weights.length - 4)
  writeFileSync(join(folder, 'model2', 'model.safetensors'), weights)
  await expect(told({ ...options, model: join(folder, 'model2') })).rejects.toThrow(/the model is not what it was/)
  const place = join(folder, 'other', 'checkpoints', 'step-00000011')
  writeFileSync(join(place, 'state.json'), '{')
  await expect(told(options)).rejects.toMatchObject({ code: 'bad-file', hint: expect.stringContaining(place) })
  rmSync(place, { recursive: true })
  rmSync(join(folder, 'other', 'checkpoints', 'step-00000010', 'tensors.safetensors'))
  await expect(told(options)).rejects.toMatchObject({ code: 'io' })
})
