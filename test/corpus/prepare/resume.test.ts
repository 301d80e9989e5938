import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expandDomains } from '../../../src/corpus/domains'
import { type PrepareFolderOptions, prepareFolder } from '../../../src/corpus/prepare/prepare-folder'
import { readPlan } from '../../../src/corpus/prepare/read-steps'
import { long } from '../../support/long'
import { builtScript, filesIn, koreanDocuments } from './built'

const root = mkdtempSync(join(tmpdir(), 'ko-vocab-prepare-resume-'))
const script = join(root, 'killed.mjs')
const worker = join(root, 'worker.mjs')
const corpus = join(root, 'a.txt')
const PLAN = `steps:
  - html
  - runs
  - personal
  - length: { min-characters: 5 }
  - exact
  - near: { threshold: 0.7, min-shingles: 5, bands: 10, rows: 4 }
  - mix: { weights: { a: 1.5 } }
  - nfc
`
const SHARD_BYTES = 150_000
beforeAll(() => {
  builtScript('test/corpus/prepare/killed-process.ts', script)
  builtScript('src/corpus/prepare/worker.ts', worker)
  writeFileSync(corpus, koreanDocuments(4000, 7).join('\n\n'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** Of all files in a folder that others write into. */
function sizeOf(folder: string): number {
  let size = 0
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) size += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0
    }
  } catch {
    // A folder that has just been renamed.
  }
  return size
}

/** Kills the process when its hidden folder has grown to a size; null when it came to its end before. */
function run(place: string, wanted: object, killAt: number): Promise<{ resumed: number; shards: number } | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, JSON.stringify({ ...wanted, out: join(place, 'out') })])
    let output = ''
    let errors = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.stderr.on('data', (data) => {
      errors += data
    })
    const watch = setInterval(() => sizeOf(place) >= killAt && child.kill('SIGKILL'), 3)
    child.on('close', (code, signal) => {
      clearInterval(watch)
      if (signal === 'SIGKILL') resolve(null)
      else if (code === 0) resolve(JSON.parse(output))
      else reject(new Error(errors))
    })
  })
}

describe('killed again and again', () => {
  test.each([1, 2])(
    '%i threads',
    async (threads) => {
      const wanted = { corpus: [corpus], plan: PLAN, format: 'jsonl', shardBytes: SHARD_BYTES, threads, worker }
      const reference = join(root, `reference-${threads}`)
      const whole = await run(reference, wanted, Number.POSITIVE_INFINITY)
      expect(whole!.shards).toBeGreaterThan(8)
      const files = filesIn(join(reference, 'out'))
      const size = sizeOf(join(reference, 'out'))
      for (let trial = 0; trial < (long ? 4 : 1); trial++) {
        const place = join(root, `killed-${threads}-${trial}`)
        let kills = 0
        let done: Awaited<ReturnType<typeof run>> = null
        // What lies in the hidden folder in the end: two journals, and the shards.
        for (let share = 0.1 + 0.4 * Math.random(); !done; share += 0.4 + 0.8 * Math.random()) {
          done = await run(place, wanted, share * size)
          const names = readdirSync(place)
          if (done) expect(names).toEqual(['out'])
          // A process may be killed when its output has just been put in place.
          else if (names.includes('out')) break
          else expect(names.filter((name) => !/^\.out\.[0-9a-f]{16}\.work$/.test(name))).toEqual([])
          kills += done ? 0 : 1
        }
        expect(kills).toBeGreaterThan(0)
        if (done) expect(done.resumed).toBeGreaterThan(0)
        const again = filesIn(join(place, 'out'))
        // Names first: a difference of contents is long.
        expect(Object.keys(again).sort()).toEqual(Object.keys(files).sort())
        expect(Object.keys(files).filter((name) => again[name] !== files[name])).toEqual([])
        rmSync(place, { recursive: true })
      }
    },
    300_000,
  )
})

describe('interrupted', () => {
  const prepared = async (place: string, more: Partial<PrepareFolderOptions> = {}) => {
    const domains = await expandDomains([corpus])
    const out = join(root, place, 'out')
    return prepareFolder({
      ...{ domains, plan: readPlan(PLAN, 'plan'), out, format: 'jsonl', shardBytes: SHARD_BYTES, threads: 1 },
      ...more,
    })
  }
  /** Aborts when something was written down. */
  const interrupted = async (place: string, more: Partial<PrepareFolderOptions> = {}) => {
    const controller = new AbortController()
    const watch = setInterval(() => sizeOf(join(root, place)) > 200_000 && controller.abort(), 2)
    await expect(prepared(place, { signal: controller.signal, ...more })).rejects.toThrow('interrupted')
    clearInterval(watch)
    return readdirSync(join(root, place))
  }

  test('the same call goes on, another one begins anew, and takes nothing of the first', async () => {
    const left = await interrupted('again')
    expect(left).toHaveLength(1)
    const other = await prepared('again', { seed: 2, out: join(root, 'again', 'out') })
    expect(other.resumed).toBe(0)
    rmSync(join(root, 'again', 'out'), { recursive: true })
    expect(readdirSync(join(root, 'again'))).toEqual(left)
    writeFileSync(corpus, koreanDocuments(4000, 8).join('\n\n'))
    expect((await prepared('again')).resumed).toBe(0)
    rmSync(join(root, 'again', 'out'), { recursive: true })
    writeFileSync(corpus, koreanDocuments(4000, 7).join('\n\n'))
    expect((await prepared('again')).resumed).toBeGreaterThan(0)
    await prepared('once')
    expect(filesIn(join(root, 'again', 'out'))).toEqual(filesIn(join(root, 'once', 'out')))
    expect(readdirSync(join(root, 'again'))).toEqual(['out'])
  })

  test('an error that would come again leaves nothing', async () => {
    const broken = join(root, 'broken.jsonl')
    const lines = koreanDocuments(4000, 9).map((text) => `${JSON.stringify({ text })}\n`)
    writeFileSync(broken, `${lines.join('')}{"text": "끝`)
    const domains = await expandDomains([broken])
    await expect(prepared('broken', { domains })).rejects.toMatchObject({ code: 'bad-file' })
    expect(readdirSync(join(root, 'broken'))).toEqual([])
  })
})
