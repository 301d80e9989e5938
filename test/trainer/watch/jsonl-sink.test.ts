import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jsonlSink, readMetrics } from '../../../src/trainer/watch/jsonl-sink'
import { metricsLine, readMetricsLine } from '../../../src/trainer/watch/metrics-line'
import type { WatchedMetrics } from '../../../src/trainer/watch/sink'
import { runOf, stamped, stepAt } from './support'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-jsonl-'))
  path = join(folder, 'run', 'metrics.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function written(metrics: readonly WatchedMetrics[], after: number | null = null) {
  const kept: WatchedMetrics[] = []
  const sink = jsonlSink(path, { after, onKept: (metrics) => kept.push(metrics) })
  for (const one of metrics) sink.write(one)
  await sink.close()
  return kept
}

describe('lines of metrics', () => {
  it('are JSON with the keys that docs/watching.md shows', () => {
    expect(metricsLine(stamped(stepAt(2)))).toBe(
      '{"kind":"step","step":2,"time":"2026-05-01T12:00:00.500Z","seconds":0.5,"steps":40,"stage":"new rows","tokens":24000,"flops":140000000000000,"learningRate":0.00025,"loss":3.5,"gradientNorm":1.2,"lossOf":{"ko":4,"en":2},"tokensPerSecond":48000,"secondsLeft":9.5}\n',
    )
  })

  it('keep numbers that are not finite, and texts that look like them', () => {
    const lossOf = { NaN: 1, ko: Number.NaN, loss: Number.NEGATIVE_INFINITY }
    const metrics = stamped(
      stepAt(3, { loss: Number.NaN, gradientNorm: Number.POSITIVE_INFINITY, stage: 'NaN', lossOf }),
    )
    const line = metricsLine(metrics)
    expect(line).toContain('"loss":"NaN"')
    expect(readMetricsLine(line, 'here')).toEqual(metrics)
  })

  it.each([
    ['{"kind":"step"', 'here: no JSON'],
    ['null', 'here: kind is undefined, not step'],
    ['{"kind":"stop","step":1}', 'here: kind is "stop", not step, evaluation or note'],
    ['{"kind":"step","step":"1"}', 'here: step is "1", not a whole number'],
  ])('refuse %s', (line, message) => {
    expect(() => readMetricsLine(line, 'here')).toThrow(message)
  })
})

describe('metrics.jsonl', () => {
  it('holds every metric once, in order', async () => {
    const run = runOf(25)
    await written(run)
    expect([...readMetrics(path)]).toEqual(run)
    expect(readFileSync(path, 'utf8').split('\n').length).toBe(run.length + 1)
  })

  it('is on the disk before the next step, not when the run ends', () => {
    const sink = jsonlSink(path)
    const run = runOf(3)
    for (const [i, one] of run.entries()) {
      sink.write(one)
      expect([...readMetrics(path)].length).toBe(i + 1)
    }
    return sink.close()
  })

  it('loses what came after the step that a run goes on after, and nothing else', async () => {
    const whole = runOf(40)
    await written(whole.filter(({ step }) => step <= 27))
    const kept = await written(
      whole.filter(({ step }) => step > 20),
      20,
    )
    expect(kept).toEqual(whole.filter(({ step }) => step <= 20))
    expect([...readMetrics(path)]).toEqual(whole)
  })

  it('begins anew behind the evaluation before the first step', async () => {
    await written(runOf(8))
    await written([], 0)
    expect([...readMetrics(path)].map(({ step }) => step)).toEqual([0, 0])
  })

  it('has no file to cut when the first sitting was killed before it wrote', async () => {
    expect(await written(runOf(3), 0)).toEqual([])
    expect([...readMetrics(path)]).toEqual(runOf(3))
  })

  it.each([1, 2, 40, 150])('repairs a last line that lacks %i bytes', async (missing) => {
    const run = runOf(12)
    await written(run.slice(0, -1))
    truncateSync(path, readFileSync(path).length - missing)
    // Without its line feed alone the line is whole.
    const stays = run.slice(0, missing === 1 ? -1 : -2)
    expect([...readMetrics(path)]).toEqual(stays)
    expect(await written([run.at(-1)!], 12)).toEqual(stays)
    expect([...readMetrics(path)]).toEqual([...stays, run.at(-1)!])
  })

  it('reads files that are longer than what is read at once', async () => {
    const long = Array.from({ length: 9000 }, (_, i) => stamped(stepAt(i + 1, { stage: `한글 ${i % 7}` })))
    await written(long)
    expect(readFileSync(path).length).toBeGreaterThan(2_100_000)
    expect([...readMetrics(path)]).toEqual(long)
    await written([], 8500)
    expect([...readMetrics(path)]).toEqual(long.slice(0, 8500))
  })

  it('is not taken over from another run, and names the line that is broken', async () => {
    await written(runOf(2))
    expect(() => jsonlSink(path)).toThrow(/metrics\.jsonl: holds the metrics of another run/)
    appendFileSync(path, '{"kind":1}\n')
    appendFileSync(path, metricsLine(stamped(stepAt(3))))
    expect(() => [...readMetrics(path)]).toThrow(/line 5: kind is 1/)
    writeFileSync(join(folder, 'file'), '')
    expect(() => jsonlSink(join(folder, 'file', 'metrics.jsonl'))).toThrow(/cannot be written/)
  })

  it('has every line that was written before kill -9', async () => {
    const module = join(folder, 'entry.mjs')
    const entry = fileURLToPath(new URL('./jsonl-kill-entry.ts', import.meta.url))
    await build({ entryPoints: [entry], outfile: module, bundle: true, platform: 'node', format: 'esm' })
    const child = spawn(process.execPath, [module, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    let told = ''
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (data) => {
        told += data
        if (told.split('\n').length > 200) child.kill('SIGKILL')
      })
      child.on('close', () => resolve())
    })
    const steps = [...readMetrics(path)].map(({ step }) => step)
    const last = Number(told.trimEnd().split('\n').at(-1))
    expect(last).toBeGreaterThan(190)
    expect(steps.length).toBeGreaterThanOrEqual(last)
    expect(steps).toEqual(steps.map((_, i) => i + 1))
  })
})
