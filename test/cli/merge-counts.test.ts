import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyBase } from '../../src/extend/from-nothing'
import { saveTokenizer } from '../../src/tokenizer/save'
import { zipfText } from '../counts/zipf'
import { koVocab } from './run'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-merge-counts-'))
const run = (line: string, env: Record<string, string> = {}) => koVocab(line.split(' '), { cwd: folder, env })
const count = 'count --base base --corpus corpus --threads 1'

beforeAll(async () => {
  await saveTokenizer(emptyBase('sentencepiece'), join(folder, 'base'))
  mkdirSync(join(folder, 'corpus'))
  writeFileSync(join(folder, 'corpus', 'a.txt'), zipfText(60_000, 1e6, 1))
  writeFileSync(join(folder, 'corpus', 'b.txt'), zipfText(20_000, 1e6, 2))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('count --shard and merge-counts', () => {
  it('say what they would do', async () => {
    const counting = await run(`${count} --shard 1/2 --out counts --dry-run`)
    expect(counting.stdout).toMatch(
      /^would count the words of\n {2}corpus\/a\.txt: bytes [\d,]+ to [\d,]+\n {2}corpus\/b\.txt: bytes 0 to [\d,]+\nand write part-00001-of-00002\.parquet in counts\n$/,
    )
  })

  it('count what the scheduler tells, say what was done before, and name what is missing', async () => {
    const slurm = (id: number) => ({
      SLURM_ARRAY_TASK_ID: String(id),
      SLURM_ARRAY_TASK_COUNT: '2',
      SLURM_ARRAY_TASK_MIN: '0',
      SLURM_ARRAY_TASK_MAX: '1',
    })
    const first = await run(`${count} --shard --out counts --json`, slurm(0))
    expect(JSON.parse(first.stdout)).toMatchObject({
      out: 'counts/part-00000-of-00002.parquet',
      shard: { index: 0, of: 2 },
      wasDone: false,
    })
    const again = await run(`${count} --shard --out counts`, slurm(0))
    expect(again.stderr).toContain('counted before: nothing to do')
    const early = await run('merge-counts counts --out merged.parquet')
    expect(early).toMatchObject({ code: 1, stdout: '' })
    expect(early.stderr).toBe(
      'ko-vocab: counts: shard 1 of 2 is not done\n' +
        'hint: count it again, e.g. with --shard 1/2: those that are done stay\n',
    )
    expect((await run(`${count} --shard --out counts`, slurm(1))).code).toBe(0)
    const dry = await run('merge-counts counts --out merged.parquet --dry-run --json')
    expect(JSON.parse(dry.stdout).files).toEqual([0, 1].map((i) => `counts/part-0000${i}-of-00002.parquet`))
    const merged = await run('merge-counts counts --out merged.parquet --json')
    expect(JSON.parse(merged.stdout)).toMatchObject({ out: 'merged.parquet', files: 2 })
    expect((await run(`${count} --out whole.parquet`)).code).toBe(0)
    expect(readFileSync(join(folder, 'merged.parquet'), 'hex')).toBe(readFileSync(join(folder, 'whole.parquet'), 'hex'))
    const record = JSON.parse(readFileSync(join(folder, 'merged.parquet.run.json'), 'utf8'))
    expect(record.inputs.map(({ path }: { path: string }) => path)).toEqual(JSON.parse(dry.stdout).files)
  })

  it('refuse wrong usage by name', async () => {
    const wrong: [string, RegExp][] = [
      [`${count} --shard 0/2`, /--out is missing/],
      [`${count} --shard 2/2 --out c`, /there is no shard 2 of 2/],
      [`${count} --shard one --out c`, /--shard is "one"\nhint: expected i\/n/],
      [`${count} --shard --out c`, /neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set/],
      [`${count} --memory 2 --out c.parquet`, /--memory is "2"\nhint: expected a size such as 2GB/],
      [`${count} --memory 20MB --out c.parquet`, /hint: give at least \d+MB/],
      ['merge-counts counts', /--out is missing/],
      ['merge-counts counts --out .', /--out \. is a folder/],
      ['merge-counts --out m.parquet', /missing required argument 'inputs'/],
    ]
    for (const [line, message] of wrong) {
      const ended = await run(line)
      expect(ended.stderr).toMatch(message)
      expect(ended.code).toBe(2)
    }
  })

  it('print the same words within a budget', async () => {
    const free = await run(count)
    const bounded = await run(`${count} --memory 500MB`)
    expect(free.stdout.split('\n').length).toBeGreaterThan(5000)
    expect(bounded.stdout).toBe(free.stdout)
  })
})
