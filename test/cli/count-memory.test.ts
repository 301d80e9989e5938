import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyBase } from '../../src/extend/from-nothing'
import { saveTokenizer } from '../../src/tokenizer/save'
import { zipfText } from '../counts/zipf'
import { koVocab } from './run'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-memory-'))
beforeAll(async () => {
  await saveTokenizer(emptyBase('sentencepiece'), join(folder, 'small'))
  // About 2,100,000 distinct words.
  writeFileSync(join(folder, 'rich.txt'), zipfText(40_000_000, 1e10))
})
afterAll(() => rmSync(folder, { recursive: true }))

const tell = `import { isMainThread } from 'node:worker_threads'
if (isMainThread) process.on('exit', () => process._rawDebug('peak ' + process.resourceUsage().maxRSS * 1024))`

/** Runs the command and tells the most memory that its process took, in bytes, threads included. */
async function measured(line: string): Promise<number> {
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(tell)}` }
  const ended = await koVocab(line.split(' '), { cwd: folder, env })
  expect(ended.code, ended.stderr).toBe(0)
  return Number(/^peak (\d+)$/m.exec(ended.stderr)?.[1])
}

const count = 'count --base small --corpus rich.txt --threads 2 --json'

describe('memory', () => {
  it('stays within the budget, on text that needs more, and gives the same bytes', async () => {
    const budget = 320e6
    const free = await measured(`${count} --out free.parquet`)
    expect(free).toBeGreaterThan(budget)
    const peak = await measured(`${count} --out bounded.parquet --memory 320MB --tmp .`)
    expect(peak).toBeLessThanOrEqual(budget)
    expect(readFileSync(join(folder, 'bounded.parquet')).equals(readFileSync(join(folder, 'free.parquet')))).toBe(true)
  })

  it('of shards and of their merge stays within the budget too', async () => {
    for (const shard of ['0/2', '1/2']) {
      const peak = await measured(`${count} --shard ${shard} --out counts --memory 320MB --tmp .`)
      expect(peak).toBeLessThanOrEqual(320e6)
    }
    const peak = await measured('merge-counts counts --out merged.parquet --memory 320MB --tmp .')
    expect(peak).toBeLessThanOrEqual(320e6)
    expect(readFileSync(join(folder, 'merged.parquet')).equals(readFileSync(join(folder, 'free.parquet')))).toBe(true)
  })
})
