import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { type CorpusFile, expandInputs } from '../../src/corpus/files'
import { countShard } from '../../src/counts/count-to-file'
import { readCounts } from '../../src/counts/counts-file'
import { mergeCounts } from '../../src/counts/merge-counts'
import { markerName } from '../../src/counts/shard'
import { isKoVocabError } from '../../src/errors'

const root = mkdtempSync(join(tmpdir(), 'ko-vocab-shards-'))
afterAll(() => rmSync(root, { recursive: true }))

const options = { form: 'sentencepiece' as const }
const of = 3
let files: CorpusFile[]
let out: string
let runs = 0

beforeEach(async () => {
  const folder = mkdtempSync(join(root, 'in-'))
  writeFileSync(join(folder, 'a.txt'), '한국어 말 뭉치\n말 뭉치를 센다\n'.repeat(50))
  writeFileSync(join(folder, 'b.txt.gz'), gzipSync('압축한 말\n'.repeat(20)))
  files = await expandInputs([folder])
  out = join(root, `out-${runs++}`)
})

const countAll = () => Promise.all([0, 1, 2].map((index) => countShard(files, out, { index, of }, options)))
const contents = () => Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'hex')]))

async function failure(act: Promise<unknown>): Promise<string> {
  try {
    await act
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('countShard', () => {
  it('writes a file and then a marker that tells what it is', async () => {
    const counted = await countShard(files, out, { index: 1, of }, options)
    expect(readdirSync(out).sort()).toEqual(['part-00001-of-00003.done', 'part-00001-of-00003.parquet'])
    const marker = JSON.parse(readFileSync(join(out, 'part-00001-of-00003.done'), 'utf8'))
    expect(marker).toMatchObject({ shard: 1, of: 3, file: 'part-00001-of-00003.parquet' })
    expect(marker.bytes).toBe(statSync(join(out, marker.file)).size)
    expect(marker.words).toBe(counted.words)
    expect(marker.occurrences).toBe(counted.occurrences)
    expect(marker.meta['ko_vocab.pre_tokenizer']).toMatch(/^[0-9a-f]{64}$/)
    expect(marker.inputs).toMatch(/^[0-9a-f]{64}$/)
  })

  it('tells in the marker what was left out of its part, and merging adds that up', async () => {
    const folder = mkdtempSync(join(root, 'broken-'))
    const lines = Array.from({ length: 300 }, (_, i) =>
      i % 50 === 7 ? '{"text": "끊긴' : `{"text": "온전한 줄 ${i}"}`,
    )
    writeFileSync(join(folder, 'a.jsonl'), lines.join('\n'))
    const damaged = gzipSync(lines.map((_, i) => `${i * 7919} 번째 줄\n`).join(''))
    writeFileSync(join(folder, 'b.txt.gz'), damaged.subarray(0, damaged.length - 30))
    // The same file objects for all shards, as a program may have them, and new ones, as machines have.
    const list = () => expandInputs([folder], { onError: 'skip', field: 'text' })
    const shared = await list()
    for (const [place, machine] of [
      ['shared', async () => shared],
      ['apart', list],
    ] as const) {
      const markers = []
      for (let index = 0; index < of; index++) {
        const counted = await countShard(await machine(), join(out, place), { index, of }, options)
        const marker = JSON.parse(readFileSync(join(out, place, markerName({ index, of })), 'utf8'))
        expect(counted.skipped).toEqual(marker.skipped)
        expect(await countShard(await machine(), join(out, place), { index, of }, options)).toMatchObject({
          wasDone: true,
          ...(marker.skipped ? { skipped: marker.skipped } : {}),
        })
        markers.push(marker)
      }
      expect(markers.filter(({ skipped }) => skipped).length).toBeGreaterThan(1)
      const { skipped } = await mergeCounts([join(out, place)], join(out, `${place}.parquet`))
      expect(skipped).toEqual({ records: 6, parts: 1 })
    }
    await countAll()
    expect(readFileSync(join(out, markerName({ index: 0, of })), 'utf8')).not.toContain('skipped')
    expect((await mergeCounts([out], join(out, 'whole'))).skipped).toEqual({ records: 0, parts: 0 })
  })

  it('tells of a file that cannot be opened once', async () => {
    const gone = { path: '/gone.txt', size: 0, compression: 'none' as const, onError: 'skip' as const }
    const unopened = { ...gone, skipped: { records: 0, parts: 1, examples: [] } }
    const told = []
    for (let index = 0; index < of; index++) {
      told.push((await countShard([...files, unopened], out, { index, of }, options)).skipped)
    }
    expect(told).toEqual([{ records: 0, parts: 1 }, undefined, undefined])
  })

  it('counts every line once, whatever the number of shards', async () => {
    for (const many of [1, 2, 7]) {
      let sum = 0
      for (let index = 0; index < many; index++) {
        sum += (await countShard(files, join(out, String(many)), { index, of: many }, options)).occurrences
      }
      // 6 words in two lines, and 2 in the compressed one.
      expect(sum).toBe(50 * 6 + 20 * 2)
    }
  })

  it('does again only what is missing: a file, a marker, or both', async () => {
    await countAll()
    const before = contents()
    expect((await countAll()).map(({ wasDone }) => wasDone)).toEqual([true, true, true])
    rmSync(join(out, 'part-00000-of-00003.parquet'))
    rmSync(join(out, 'part-00002-of-00003.done'))
    writeFileSync(join(out, '.part-00001-of-00003.parquet.0123456789ab.tmp'), 'what a killed task left')
    expect((await countAll()).map(({ wasDone }) => wasDone)).toEqual([false, true, false])
    rmSync(join(out, '.part-00001-of-00003.parquet.0123456789ab.tmp'))
    expect(contents()).toEqual(before)
  })

  it('does a shard again whose file was cut off, or whose marker is damaged', async () => {
    await countAll()
    const before = contents()
    writeFileSync(join(out, 'part-00000-of-00003.parquet'), 'PAR1')
    writeFileSync(join(out, 'part-00001-of-00003.done'), '{"shard": 1')
    expect((await countAll()).map(({ wasDone }) => wasDone)).toEqual([false, false, true])
    expect(contents()).toEqual(before)
  })

  it('gives the same when the same shards are counted at the same time', async () => {
    await countAll()
    const before = contents()
    rmSync(out, { recursive: true })
    await Promise.all([countAll(), countAll(), countAll()])
    expect(contents()).toEqual(before)
  })

  it('refuses a folder of other options, inputs or numbers, and names what differs', async () => {
    await countAll()
    const again = (changed: object, list = files) =>
      failure(countShard(list, out, { index: 1, of }, { ...options, ...changed }))
    const name = join(out, 'part-00001-of-00003.done')
    expect(await again({ normalize: 'nfc' })).toBe(`mismatch: ${name}: was counted with the normalize keep, not nfc`)
    expect(await again({ form: 'byte-level' })).toMatch(/^mismatch: .* was counted with the pre_tokenizer [0-9a-f]{64}/)
    expect(await again({}, files.slice(1))).toMatch(/^mismatch: .* was counted from another list of files/)
    expect(await failure(countShard(files, out, { index: 1, of: 4 }, options))).toBe(
      `mismatch: ${out}: holds part-00000-of-00003.parquet, a part of 3 shards and not of 4`,
    )
  })

  it('leaves a file that is not mistaken for the counts of the corpus', async () => {
    await countAll()
    const path = join(out, 'part-00001-of-00003.parquet')
    expect(await failure(readCounts(path))).toBe(`mismatch: ${path}: is shard 1 of 3 of the counts of a corpus`)
  })
})
