import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Metrics } from '../../../src/trainer/run/metrics'
import { curvesFile } from '../../../src/trainer/watch/curves-file'
import { readMetrics } from '../../../src/trainer/watch/jsonl-sink'
import { livePage } from '../../../src/trainer/watch/live-page'
import type { WatchedMetrics } from '../../../src/trainer/watch/sink'
import { type WatchRunOptions, watchRun } from '../../../src/trainer/watch/watch-run'
import { evaluationAt, runOf, stamped, stepAt } from './support'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-watched-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const NOON = Date.UTC(2026, 4, 1, 12)
const bare = ({ time, seconds, ...metrics }: WatchedMetrics) => metrics as Metrics

/** A sitting whose clock goes a second a metric, from `begin` on. */
async function sitting(metrics: readonly WatchedMetrics[], options: Partial<WatchRunOptions> = {}, begin = NOON) {
  let time = begin
  const watch = await watchRun({ folder, name: 'a run', now: () => time, ...options })
  for (const one of metrics) {
    time += 1000
    watch.onMetrics(bare(one))
  }
  return watch
}

const curve = () => {
  const page = readFileSync(join(folder, 'curves.html'), 'utf8')
  const [, points] = /id="loss-steps">[\s\S]*?<polyline points="([^"]*)"/.exec(page)!
  return points.split(' ').length
}

describe('everything that shows a run', () => {
  it('shows what it was told, with the time and how long it ran', async () => {
    const run = runOf(20)
    const seen: WatchedMetrics[] = []
    const watch = await sitting(run, { sinks: [{ write: (one) => seen.push(one), close: async () => {} }] })
    await watch.close()
    expect(watch.url).toBeNull()
    const read = [...readMetrics(join(folder, 'metrics.jsonl'))]
    expect(read.map(bare)).toEqual(run.map(bare))
    expect(seen).toEqual(read)
    expect([read[0].seconds, read[0].time, read.at(-1)!.seconds]).toEqual([1, '2026-05-01T12:00:01.000Z', run.length])
    expect(readdirSync(folder).sort()).toEqual(['curves.html', 'metrics.jsonl'])
    expect(curve()).toBe(20)
  })

  it('shows a run that was killed and went on once, pauses left out', async () => {
    const run = runOf(40)
    // Killed: nothing is closed.
    await sitting(
      run.filter(({ step }) => step <= 27),
      { tensorboard: 'steps' },
    )
    const kept = run.filter(({ step }) => step <= 20)
    // The loop evaluates again before it goes on.
    const rest = [stamped(evaluationAt(20)), ...run.filter(({ step }) => step > 20)]
    const watch = await sitting(rest, { after: 20, tensorboard: 'steps' }, NOON + 3_600_000)
    await watch.close()
    const read = [...readMetrics(join(folder, 'metrics.jsonl'))]
    expect(read.map(bare)).toEqual(run.map(bare))
    // The evaluation that was not taken again took its second all the same.
    expect(read.map(({ seconds }) => Math.round(seconds))).toEqual(run.map((_, i) => i + 1 + (i < kept.length ? 0 : 1)))
    expect(curve()).toBe(40)
    expect(readdirSync(join(folder, 'tensorboard')).length).toBe(2)
  })

  it('serves the history of a run that goes on', async () => {
    await (await sitting(runOf(20))).close()
    const watch = await sitting([], { after: 20, page: {} })
    const page = await (await fetch(watch.url!)).text()
    expect(page).toContain('checkpoint written at step 20')
    await watch.close()
    await expect(fetch(watch.url!)).rejects.toThrow()
  })

  it('never runs backwards when the clock is set back', async () => {
    let time = NOON
    const watch = await watchRun({ folder, name: 'a run', now: () => time })
    for (const [step, at] of [3000, 9000, -60_000, 12_000].entries()) {
      time = NOON + at
      watch.onMetrics(stepAt(step + 1))
    }
    await watch.close()
    expect([...readMetrics(join(folder, 'metrics.jsonl'))].map(({ seconds }) => seconds)).toEqual([3, 9, 9, 12])
  })

  it('leaves another run alone, and nothing behind where it could not begin', async () => {
    await (await sitting(runOf(5))).close()
    const before = readFileSync(join(folder, 'curves.html'))
    await expect(sitting([])).rejects.toThrow('holds the metrics of another run')
    expect(readFileSync(join(folder, 'curves.html'))).toEqual(before)
    const other = await livePage({ name: 'other' })
    const port = Number(new URL(other.url).port)
    const place = join(folder, 'new')
    await expect(sitting([], { folder: place, page: { port } })).rejects.toThrow('the port is taken')
    expect(existsSync(place)).toBe(false)
    await other.close()
    await expect(sitting([], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('curves.html', () => {
  it('is there after each evaluation, and whole', async () => {
    const path = join(folder, 'curves.html')
    const sink = curvesFile(path, { name: 'a run' })
    sink.write(stamped(stepAt(1)))
    expect(existsSync(path)).toBe(false)
    sink.write(stamped(evaluationAt(1)))
    while (!existsSync(path)) await new Promise((go) => setTimeout(go, 5))
    expect(readFileSync(path, 'utf8')).toMatch(/<\/html>\n$/)
    await sink.close()
    expect(readdirSync(folder)).toEqual(['curves.html'])
  })

  it('says when it cannot be written', async () => {
    mkdirSync(join(folder, 'curves.html'))
    const sink = curvesFile(join(folder, 'curves.html'), { name: 'a run' })
    sink.write(stamped(evaluationAt(1)))
    await expect(sink.close()).rejects.toMatchObject({ code: 'io' })
  })
})
