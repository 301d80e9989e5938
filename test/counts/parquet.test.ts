import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { ByteWriter, parquetWrite } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { readCounts, writeCounts } from '../../src/counts/counts-file'
import { isOrdered, orderWords } from '../../src/counts/order'
import { decodeCounts, encodeCounts } from '../../src/counts/parquet'
import type { WordCounts } from '../../src/counts/types'
import { findPython, runPython } from '../support/python'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-counts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A table as it comes: no order, words may stand twice. */
function tableOf(entries: [string, number][], meta: Record<string, string> = {}): WordCounts {
  const words = entries.map(([word]) => Buffer.from(word))
  const offsets = new Uint32Array(words.length + 1)
  words.forEach((word, i) => {
    offsets[i + 1] = offsets[i] + word.length
  })
  return {
    bytes: new Uint8Array(Buffer.concat(words)),
    offsets,
    counts: Float64Array.from(entries, ([, n]) => n),
    meta,
  }
}
const entriesOf = ({ bytes, offsets, counts }: WordCounts): [string, number][] =>
  Array.from(counts, (count, i) => [Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString(), count])

const encode = (table: WordCounts) => new Uint8Array(Buffer.concat([...encodeCounts(table)]))
const bufferOf = (bytes: Uint8Array) => ({
  byteLength: bytes.length,
  slice: (start: number, end?: number) => bytes.slice(start, end).buffer as ArrayBuffer,
})
const decode = (bytes: Uint8Array) => decodeCounts(bufferOf(bytes), 'x.parquet')

/** Map and sort, for comparison. */
function expected(entries: [string, number][]): [string, number][] {
  const sums = new Map<string, number>()
  for (const [word, count] of entries) sums.set(word, (sums.get(word) ?? 0) + count)
  return [...sums].sort((a, b) => b[1] - a[1] || Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])))
}

const word = fc.string({ unit: fc.constantFrom('▁', '안', '녕', 'a', '\ufb01', '😀'), maxLength: 4 })
const entries = fc.array(
  fc.tuple(word, fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2 ** 40 }))),
  {
    maxLength: 40,
  },
)

test('any table comes back, with its metadata', async () => {
  const meta = fc.dictionary(fc.stringMatching(/^[a-z][a-z_.]*$/), fc.string({ unit: 'grapheme' }))
  await fc.assert(
    fc.asyncProperty(entries, meta, async (list, keys) => {
      const back = await decode(encode(orderWords(tableOf(list, keys))))
      expect(entriesOf(back)).toEqual(expected(list))
      expect(isOrdered(back)).toBe(true)
      expect(back.meta).toEqual({ ...keys, 'ko_vocab.format': '1' })
    }),
    { numRuns: 300 },
  )
})

test('a table of another tool is put in order, equal words added up', async () => {
  await fc.assert(
    fc.asyncProperty(entries, async (list) => {
      const writer = new ByteWriter()
      const columnData = [
        { name: 'count', data: list.map(([, count]) => BigInt(count)), type: 'INT64' as const },
        { name: 'word', data: list.map(([text]) => text), type: 'STRING' as const },
      ]
      parquetWrite({ writer, columnData })
      expect(entriesOf(await decode(writer.getBytes()))).toEqual(expected(list))
    }),
    {
      numRuns: 300,
      examples: [
        [
          [
            ['', 2],
            ['', 1],
          ],
        ],
      ],
    },
  )
})

test('orderWords keeps a table that is in order', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const once = orderWords(tableOf(list))
      expect(orderWords(once)).toEqual(once)
    }),
    { numRuns: 300 },
  )
})

test('several row groups, the largest count, the empty word, through a file', async () => {
  const list: [string, number][] = Array.from({ length: 250_001 }, (_, i) => [
    `낱말${i}`,
    1 + Math.floor(1e6 / (i + 1)),
  ])
  list.push(['', 2 ** 53])
  const table = orderWords(tableOf(list, { 'ko_vocab.scope': 'hangul' }))
  const path = join(folder, 'many.parquet')
  await writeCounts(path, table)
  const back = await readCounts(path)
  expect(back.offsets).toEqual(table.offsets)
  expect(back.counts).toEqual(table.counts)
  expect(Buffer.compare(back.bytes, table.bytes)).toBe(0)
  expect(back.counts[0]).toBe(2 ** 53)
  expect(Buffer.compare(await readFile(path), encode(table))).toBe(0)
})

test('no words', async () => {
  const path = join(folder, 'none.parquet')
  await writeCounts(path, tableOf([], { 'ko_vocab.normalize': 'nfc' }))
  expect(await readCounts(path)).toEqual({
    bytes: new Uint8Array(0),
    offsets: new Uint32Array(1),
    counts: new Float64Array(0),
    meta: { 'ko_vocab.normalize': 'nfc', 'ko_vocab.format': '1' },
  })
})

describe('what cannot be written', () => {
  test.each([0, -1, 1.5, Number.NaN, 2 ** 54])('the count %d', (count) => {
    expect(() => encode(tableOf([['안', count]]))).toThrow(/word 0 has the count/)
  })
  test('words out of order', () => {
    expect(() =>
      encode(
        tableOf([
          ['안', 1],
          ['녕', 2],
        ]),
      ),
    ).toThrow(/not in order/)
    expect(() =>
      encode(
        tableOf([
          ['안', 1],
          ['안', 1],
        ]),
      ),
    ).toThrow(/not in order/)
  })
  test('a word that is not UTF-8', () => {
    const table = { ...tableOf([['abc', 1]]), bytes: Uint8Array.of(0x61, 0xff, 0x61) }
    expect(() => encode(table)).toThrow(/word 0 is not UTF-8/)
  })
})

describe('what cannot be read', () => {
  const written = (...columnData: Parameters<typeof parquetWrite>[0]['columnData']) => {
    const writer = new ByteWriter()
    parquetWrite({ writer, columnData })
    return writer.getBytes()
  }
  const words = { name: 'word', data: ['안', '녕'], type: 'STRING' as const }
  const good = encode(tableOf([['안', 1]]))
  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'is not a Parquet file'],
    ['text', Buffer.from('word,count\n'), 'is not a Parquet file'],
    ['a file cut off', good.subarray(0, good.length - 30), 'cannot be read as Parquet'],
    ['no count', written({ ...words }), 'has no column count, only word'],
    [
      'counts as numbers with fractions',
      written({ ...words }, { name: 'count', data: [1, 2], type: 'DOUBLE' }),
      'DOUBLE, not an integer',
    ],
    [
      'words as numbers',
      written({ name: 'word', data: [1, 2], type: 'INT32' }, { name: 'count', data: [1, 2], type: 'INT32' }),
      'INT32, not a string',
    ],
    [
      'a negative count',
      written({ ...words }, { name: 'count', data: [1n, -2n], type: 'INT64' }),
      'row 1 has the count -2',
    ],
    [
      'a count above 2^53',
      written({ ...words }, { name: 'count', data: [1n, 2n ** 60n], type: 'INT64' }),
      'row 1 has the count 1152921504606846976',
    ],
    [
      'a count that is null',
      written({ ...words }, { name: 'count', data: [1n, null], type: 'INT64' }),
      'row 1 has the count null',
    ],
    [
      'a word that is null',
      written({ name: 'word', data: ['안', null], type: 'STRING' }, { name: 'count', data: [1n, 2n], type: 'INT64' }),
      'row 1 has no word',
    ],
    [
      'a word that is not UTF-8',
      written(
        { name: 'word', data: [Uint8Array.of(0xff)], type: 'BYTE_ARRAY' },
        { name: 'count', data: [1n], type: 'INT64' },
      ),
      'row 0 has a word that is not UTF-8',
    ],
  ])('%s', async (_, bytes, message) => {
    await expect(decode(bytes)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining(message),
    })
    await expect(decode(bytes)).rejects.toThrow('x.parquet')
  })

  test('a later format', async () => {
    const writer = new ByteWriter()
    const columnData = [{ ...words }, { name: 'count', data: [1n, 2n], type: 'INT64' as const }]
    parquetWrite({ writer, columnData, kvMetadata: [{ key: 'ko_vocab.format', value: '2' }] })
    await expect(decode(writer.getBytes())).rejects.toMatchObject({ code: 'unsupported' })
  })

  test('a missing file', async () => {
    const path = join(folder, 'missing.parquet')
    await expect(readCounts(path)).rejects.toMatchObject({ code: 'io', message: expect.stringContaining(path) })
  })

  test('every place to cut a file off, and a flipped bit in every byte: an error of ours, or harmless', async () => {
    const bytes = encode(
      tableOf([
        ['안녕', 3],
        ['하세요', 2],
        ['▁오늘', 1],
      ]),
    )
    for (let at = 0; at < bytes.length; at++) {
      await expect(decode(bytes.subarray(0, at))).rejects.toMatchObject({ code: 'bad-file' })
      const flipped = bytes.slice()
      flipped[at] ^= 1
      const result = await decode(flipped).catch((error) => error)
      if (result instanceof Error) expect(result.name).toBe('KoVocabError')
      else expect(isOrdered(result)).toBe(true)
    }
  })
})

const python = findPython(['pyarrow'])
describe.skipIf(!python.path)(`pyarrow (${python.reason})`, () => {
  it('reads what we write', async () => {
    const path = join(folder, 'ours.parquet')
    await writeCounts(
      path,
      orderWords(
        tableOf(
          [
            ['▁안녕', 7],
            ['😀', 7],
            ['하세요', 2 ** 53],
          ],
          { 'ko_vocab.scope': 'hangul' },
        ),
      ),
    )
    const script = `
import json, sys, pyarrow.parquet as pq
path = json.load(sys.stdin)
table = pq.read_table(path)
print(json.dumps({
  'types': [str(f.type) for f in table.schema],
  'rows': [[r['word'], str(r['count'])] for r in table.to_pylist()],
  'meta': {k.decode(): v.decode() for k, v in pq.read_metadata(path).metadata.items()},
}))`
    expect(await runPython(python.path ?? '', script, path)).toEqual({
      types: ['string', 'int64'],
      rows: [
        ['하세요', String(2 ** 53)],
        ['▁안녕', '7'],
        ['😀', '7'],
      ],
      meta: { 'ko_vocab.format': '1', 'ko_vocab.scope': 'hangul' },
    })
  })

  it.each(['snappy', 'gzip', 'zstd', 'brotli', 'none'])('writes what we read: %s', async (codec) => {
    const path = join(folder, `theirs-${codec}.parquet`)
    const script = `
import json, sys, pyarrow as pa, pyarrow.parquet as pq
path, codec = json.load(sys.stdin)
words = [f'낱말{i % 3000}' for i in range(5000)]
table = pa.table({'extra': pa.array(range(5000)), 'word': words, 'count': pa.array([i % 7 + 1 for i in range(5000)], pa.int64())})
pq.write_table(table, path, compression=codec, row_group_size=1024)
print('null')`
    await runPython(python.path ?? '', script, [path, codec])
    const list = Array.from({ length: 5000 }, (_, i): [string, number] => [`낱말${i % 3000}`, (i % 7) + 1])
    const back = await readCounts(path)
    expect(entriesOf(back)).toEqual(expected(list))
    expect(back.meta).toEqual({})
  })
})
