import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CorpusFile, expandInputs } from '../../src/corpus/files'
import type { CountBudget } from '../../src/counts/budget'
import { type CountWordsOptions, countWords } from '../../src/counts/count'
import { countShard, countToFile } from '../../src/counts/count-to-file'
import { withCountedRows } from '../../src/counts/counted-rows'
import { readCounts, writeCounts } from '../../src/counts/counts-file'
import { mergeCounts } from '../../src/counts/merge-counts'
import { encodeRows, ROWS_PER_GROUP } from '../../src/counts/parquet'
import { partsOf } from '../../src/counts/read-part'
import { type RowStream, slices } from '../../src/counts/rows'
import { isKoVocabError } from '../../src/errors'
import { runs } from '../support/long'
import { findPython, runPython } from '../support/python'
import { nastyFile } from './nasty'
import { zipfText } from './zipf'

const root = mkdtempSync(join(tmpdir(), 'ko-vocab-merge-counts-'))
const worker = join(root, 'worker.mjs')
beforeAll(() => {
  const entry = fileURLToPath(new URL('../../src/counts/worker.ts', import.meta.url))
  // Threads run a built script.
  buildSync({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: worker, logLevel: 'error' })
})
afterAll(() => rmSync(root, { recursive: true }))

const fresh = () => mkdtempSync(join(root, 'case-'))

/** What everything else must equal. */
async function whole(files: readonly CorpusFile[], options: CountWordsOptions): Promise<Buffer> {
  const path = join(fresh(), 'whole.parquet')
  await writeCounts(path, await countWords(files, options))
  return readFileSync(path)
}

async function corpusOf(texts: readonly Uint8Array[]): Promise<CorpusFile[]> {
  const folder = fresh()
  texts.forEach((text, i) => {
    const compressed = i % 3 === 2
    writeFileSync(join(folder, `${i}.txt${compressed ? '.gz' : ''}`), compressed ? gzipSync(text) : text)
  })
  return expandInputs([folder])
}

async function failure(act: Promise<unknown>): Promise<string> {
  try {
    await act
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message.replaceAll(`${root}/`, '')}`
    throw error
  }
  return 'no error'
}

const ways: CountWordsOptions[] = [
  { form: 'sentencepiece' },
  { form: 'byte-level' },
  { form: 'sentencepiece', normalize: 'nfc' },
  { form: 'sentencepiece', leaveOut: 3 },
]

/** So small that nearly every word is spilled. */
const tiny: fc.Arbitrary<CountBudget> = fc.record({
  threads: fc.constant(1),
  table: fc.record({ words: fc.integer({ min: 1, max: 30 }), bytes: fc.integer({ min: 1, max: 300 }) }),
  sort: fc.record({ words: fc.integer({ min: 1, max: 30 }), bytes: fc.integer({ min: 1, max: 300 }) }),
  fanIn: fc.integer({ min: 2, max: 5 }),
  bufferBytes: fc.integer({ min: 1, max: 10_000 }),
  groupBytes: fc.integer({ min: 1, max: 10_000 }),
})

describe('counting within a budget', () => {
  it('gives the same bytes, however small the budget is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(nastyFile, { minLength: 1, maxLength: 4 }),
        tiny,
        fc.constantFrom(...ways),
        async (texts, budget, options) => {
          const files = await corpusOf(texts)
          const path = join(fresh(), 'counts.parquet')
          await countToFile(files, path, { ...options, budget, tmp: root })
          expect(readFileSync(path).equals(await whole(files, options))).toBe(true)
        },
      ),
      { numRuns: runs(25, 400) },
    )
  })

  it('gives the same bytes on several threads', async () => {
    const files = await corpusOf([1, 2, 3, 4, 5].map((seed) => zipfText(60_000, 1e9, seed)))
    const expected = await whole(files, { form: 'sentencepiece' })
    for (const threads of [2, 3]) {
      for (const words of threads === 3 ? [600, 6000, 10_000_000] : [2000]) {
        const limit = { words, bytes: words * 20 }
        const budget = { threads, table: limit, sort: limit, fanIn: 4, bufferBytes: 5000, groupBytes: 5000 }
        const path = join(fresh(), 'counts.parquet')
        const given = { form: 'sentencepiece' as const, budget, worker, tmp: root }
        const { spilledBytes } = await withCountedRows(
          partsOf(files),
          given,
          'count',
          ROWS_PER_GROUP,
          async (counted) => {
            writeFileSync(path, await collected(encodeRows(counted.rows, counted.meta)))
          },
        )
        expect(spilledBytes > 0).toBe(words < 10_000_000)
        expect(readFileSync(path).equals(expected)).toBe(true)
      }
    }
  })

  it('leaves nothing in the folder for temporary files, and says when it cannot be written to', async () => {
    const files = await corpusOf([zipfText(50_000, 1e9)])
    const tmp = fresh()
    const limit = { words: 500, bytes: 10_000 }
    const budget = { threads: 1, table: limit, sort: limit, fanIn: 4, bufferBytes: 5000, groupBytes: 5000 }
    await countToFile(files, join(fresh(), 'counts.parquet'), { form: 'sentencepiece', budget, tmp })
    expect(spawnSync('ls', ['-A', tmp], { encoding: 'utf8' }).stdout).toBe('')
    const blocked = join(tmp, 'file')
    writeFileSync(blocked, '')
    const act = countToFile(files, join(tmp, 'counts.parquet'), { form: 'sentencepiece', budget, tmp: blocked })
    expect(await failure(act)).toMatch(/^io: .*cannot be written/)
  })

  it('refuses a budget that the program alone exceeds, and tells what would do', async () => {
    const files = await corpusOf([zipfText(1000, 1e3)])
    const act = countToFile(files, join(root, 'never.parquet'), { form: 'sentencepiece', memory: 10e6 })
    expect(await failure(act)).toMatch(/^bad-option: --memory 10MB: before it counts, the process takes \d+MB$/)
  })
})

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

describe('merging the shards of a corpus', () => {
  it('gives the bytes of one machine, whatever the number of shards and the budget of each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(nastyFile, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 9 }),
        tiny,
        fc.boolean(),
        fc.constantFrom(...ways),
        async (texts, of, budget, bounded, options) => {
          const files = await corpusOf(texts)
          const folder = fresh()
          const given = { ...options, tmp: root, ...(bounded ? { budget } : {}) }
          for (let index = of - 1; index >= 0; index--) await countShard(files, folder, { index, of }, given)
          const out = join(folder, 'counts.parquet')
          const merged = await mergeCounts([folder], out, { tmp: root, ...(bounded ? { budget } : {}) })
          expect(readFileSync(out).equals(await whole(files, options))).toBe(true)
          expect(merged.files).toHaveLength(of)
        },
      ),
      { numRuns: runs(12, 200) },
    )
  })

  it('gives them of records too: JSON Lines, tables and Parquet, plain and compressed', async () => {
    const place = fresh()
    const lines = Buffer.from(zipfText(60_000, 1e6)).toString().trim().split('\n')
    const records = lines.map((text, id) =>
      JSON.stringify({ id, text: id % 7 === 0 ? `${text}\n둘째 줄 "따옴표"` : text }),
    )
    writeFileSync(join(place, 'a.jsonl'), `${records.join('\n')}\n`)
    writeFileSync(join(place, 'b.jsonl.gz'), gzipSync(records.slice(0, 99).join('\n')))
    const cells = lines.map((text, id) => (id % 5 === 0 ? `${id},"${text}\n셋째, 줄"` : `${id},${text}`))
    writeFileSync(join(place, 'c.csv'), `id,text\n${cells.join('\n')}\n`)
    const data = lines.slice(0, 400)
    const columnData = [{ name: 'text', data, type: 'STRING' as const }]
    writeFileSync(join(place, 'd.parquet'), Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 50 })))
    const list = await expandInputs([place])
    const given = { form: 'sentencepiece' as const }
    const expected = await whole(list, given)
    for (const of of [1, 5, 12]) {
      const folder = fresh()
      for (let index = 0; index < of; index++) await countShard(list, folder, { index, of }, given)
      await mergeCounts([folder], join(folder, 'counts.parquet'))
      expect(readFileSync(join(folder, 'counts.parquet')).equals(expected)).toBe(true)
    }
  })

  const options = { form: 'sentencepiece' as const }
  let files: CorpusFile[]
  let folder: string
  beforeAll(async () => {
    files = await corpusOf([1, 2, 3].map((seed) => zipfText(60_000, 1e8, seed)))
    folder = fresh()
    for (let index = 0; index < 4; index++) await countShard(files, folder, { index, of: 4 }, options)
  })
  const part = (index: number, kind = 'parquet') => join(folder, `part-0000${index}-of-00004.${kind}`)
  const merge = (...paths: string[]) => failure(mergeCounts(paths, join(root, 'merged.parquet')))

  it('takes the files too, in any order, and learning reads the whole', async () => {
    const out = join(fresh(), 'counts.parquet')
    await mergeCounts(
      [2, 0, 3, 1].map((i) => part(i)),
      out,
    )
    expect(readFileSync(out).equals(await whole(files, options))).toBe(true)
    const { meta } = await readCounts(out)
    expect(Object.keys(meta).sort()).toEqual(
      ['format', 'normalize', 'pre_tokenizer', 'scope'].map((key) => `ko_vocab.${key}`),
    )
  })

  it('names what is missing: a marker, a file, a shard', async () => {
    const place = folder.replace(`${root}/`, '')
    renameSync(part(1, 'done'), join(root, 'kept.done'))
    renameSync(part(3), join(root, 'kept.parquet'))
    expect(await merge(folder)).toBe(`mismatch: ${place}: shards 1, 3 of 4 are not done`)
    renameSync(join(root, 'kept.parquet'), part(3))
    expect(await merge(folder)).toBe(`mismatch: ${place}: shard 1 of 4 is not done`)
    renameSync(join(root, 'kept.done'), part(1, 'done'))
    expect(await merge(part(0), part(1), part(3))).toBe(
      `mismatch: ${place}/part-00000-of-00004.parquet: shard 2 of 4 is not done`,
    )
    expect(await merge(folder)).toBe('no error')
  })

  it('refuses what would count twice, and what does not belong together', async () => {
    expect(await merge(folder, part(1))).toMatch(/^mismatch: .*part-00001-of-00004.parquet: is named twice$/)
    const copy = join(root, 'copy.parquet')
    copyFileSync(part(2), copy)
    expect(await merge(folder, copy)).toMatch(
      /^mismatch: .*part-00002-of-00004.parquet and copy.parquet are both shard 2 of 4$/,
    )
    const other = fresh()
    await countShard(files, other, { index: 0, of: 1 }, options)
    expect(await merge(folder, other)).toMatch(/^mismatch: .* are shards of different corpora, or cut into different/)
    const counts = join(root, 'counts.parquet')
    await countToFile(files, counts, options)
    expect(await merge(counts, folder)).toMatch(/part-00000-of-00004.parquet is a shard, and counts.parquet is not$/)
    const different = fresh()
    await countShard(files, different, { index: 3, of: 4 }, { ...options, normalize: 'nfc' })
    expect(await merge(part(0), part(1), part(2), join(different, 'part-00003-of-00004.parquet'))).toMatch(
      /^mismatch: the counts were made with different normalize: .*-00004.parquet keep, .*part-00003-of-00004.parquet nfc$/,
    )
    expect(await merge(join(root, 'nowhere'))).toMatch(/^io: nowhere: cannot be read: no such file/)
    const empty = fresh()
    expect(await merge(empty)).toMatch(/holds no Parquet files$/)
  })

  it('refuses shards that are not what they say: order, rows, occurrences', async () => {
    const broken = fresh()
    const { rows, meta } = await readWhole(part(0))
    const reversed = async function* (): RowStream {
      yield* slices({ ...rows, counts: rows.counts.slice() }, 10)
      yield* slices(rows, 10)
    }
    const shardMeta = { ...meta, 'ko_vocab.order': 'bytes', 'ko_vocab.shard': '0/1' }
    const twice = join(broken, 'twice.parquet')
    writeFileSync(twice, await collected(encodeRows(reversed(), shardMeta)))
    expect(await merge(twice)).toMatch(/^bad-file: .*twice.parquet: row \d+ is not behind the row before it/)
    const lying = fresh()
    for (let index = 0; index < 4; index++) await countShard(files, lying, { index, of: 4 }, options)
    const marker = join(lying, 'part-00002-of-00004.done')
    const told = JSON.parse(readFileSync(marker, 'utf8'))
    writeFileSync(marker, JSON.stringify({ ...told, occurrences: told.occurrences + 1 }))
    expect(await merge(lying)).toMatch(/^bad-file: the shards hold \d+ occurrences, and their markers tell of \d+$/)
    writeFileSync(marker, JSON.stringify({ ...told, words: told.words + 1 }))
    expect(await merge(lying)).toMatch(/^bad-file: .* has \d+ rows, and its marker says \d+$/)
  })

  it('stops when told to, and leaves no output', async () => {
    const out = join(fresh(), 'counts.parquet')
    const controller = new AbortController()
    const act = mergeCounts([folder], out, { signal: controller.signal, onProgress: () => controller.abort() })
    expect(await failure(act)).toBe('aborted: interrupted')
    expect(() => readFileSync(out)).toThrow(/ENOENT/)
  })
})

async function readWhole(path: string) {
  const { openCounts } = await import('../../src/counts/parquet')
  const { asyncBufferFromFile } = await import('hyparquet')
  const open = await openCounts(await asyncBufferFromFile(path), path)
  return { rows: await open.read(0), meta: open.meta }
}

describe('merging the counts of several corpora', () => {
  it('adds them up as counting all of them at once does', async () => {
    const all = await corpusOf([1, 2, 3, 4].map((seed) => zipfText(50_000, 1e7, seed)))
    const paths: string[] = []
    for (const [i, file] of all.entries()) {
      paths.push(join(fresh(), `${i}.parquet`))
      await countToFile([file], paths[i], { form: 'sentencepiece' })
    }
    const expected = await whole(all, { form: 'sentencepiece' })
    const limit = { words: 3000, bytes: 60_000 }
    const budget = { threads: 1, table: limit, sort: limit, fanIn: 3, bufferBytes: 5000, groupBytes: 5000 }
    for (const given of [{}, { budget }]) {
      const out = join(fresh(), 'counts.parquet')
      await mergeCounts(paths, out, { ...given, tmp: root })
      expect(readFileSync(out).equals(expected)).toBe(true)
    }
  })
})

/** The node package where it has been put beside ours, else Python's. */
const duckNode = await import('@duckdb/node-api' as string).catch(() => null)
const duckPython = findPython(['duckdb'])
const hasDuck = duckNode !== null || duckPython.path !== null

describe.skipIf(!hasDuck)(`DuckDB over the shards (${duckNode ? '@duckdb/node-api' : duckPython.reason})`, () => {
  it('gives the counts that merge-counts gives, by GROUP BY word, SUM(count)', async () => {
    const files = await corpusOf([1, 2, 3].map((seed) => zipfText(100_000, 1e8, seed)))
    const folder = fresh()
    mkdirSync(folder, { recursive: true })
    for (let index = 0; index < 5; index++) await countShard(files, folder, { index, of: 5 }, { form: 'sentencepiece' })
    const out = join(folder, 'duckdb.parquet')
    const sql = `COPY (SELECT word, SUM(count)::BIGINT AS count FROM read_parquet('${folder}/part-*.parquet')
      GROUP BY word ORDER BY count DESC, word) TO '${out}' (FORMAT parquet)`
    if (duckNode) {
      const connection = await (await duckNode.DuckDBInstance.create(':memory:')).connect()
      await connection.run(sql)
    } else {
      await runPython(duckPython.path!, 'import sys, json, duckdb\nduckdb.sql(json.load(sys.stdin))\nprint(1)', sql)
    }
    const { meta: _, ...theirs } = await readCounts(out)
    const { meta: __, ...ours } = await countWords(files, { form: 'sentencepiece' })
    expect(theirs.counts).toEqual(ours.counts)
    expect(Buffer.from(theirs.bytes).equals(Buffer.from(ours.bytes))).toBe(true)
    expect(theirs.offsets).toEqual(ours.offsets)
  })
})
