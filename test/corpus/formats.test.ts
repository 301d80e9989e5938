/** The same documents in every format and compression are the same text; damaged files give what is before the damage. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readBlocks } from '../../src/corpus/blocks'
import { createRowSplitter } from '../../src/corpus/csv'
import { type CorpusFile, expandInputs } from '../../src/corpus/files'
import { readRecords } from '../../src/corpus/records'
import { countWords } from '../../src/counts/count'
import { runs } from '../support/long'
import { zstdStored } from '../support/zstd'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-formats-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Documents = readonly string[]

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`

/** How a document is written in each format; cells are quoted where they must be, and sometimes where not. */
const WRITERS: Record<string, (documents: Documents) => Uint8Array> = {
  jsonl: (documents) => Buffer.from(documents.map((text, i) => `${JSON.stringify({ id: i, text })}\n`).join('')),
  csv: (documents) => Buffer.from(`id,text\r\n${documents.map((text, i) => `${i},${quoted(text)}\r\n`).join('')}`),
  tsv: (documents) => Buffer.from(`text\tid\n${documents.map((text, i) => `${quoted(text)}\t${i}`).join('\n')}`),
  parquet: (documents) =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'id', data: documents.map((_, i) => i), type: 'INT32' },
          { name: 'text', data: [...documents], type: 'STRING' },
        ],
        rowGroupSize: 3,
      }),
    ),
}

async function written(name: string, bytes: Uint8Array, options = {}): Promise<CorpusFile> {
  await writeFile(join(folder, name), bytes)
  return (await expandInputs([join(folder, name)], options))[0]
}

async function textOf(file: CorpusFile): Promise<string> {
  const blocks: Uint8Array[] = []
  for await (const block of readBlocks(file, { blockBytes: 64 })) blocks.push(block)
  return Buffer.concat(blocks).toString()
}

const word = fc.constantFrom(
  '한국어',
  '나라',
  '말싸미',
  'a,b',
  '"',
  '""',
  '\t',
  'é',
  '😀',
  ' ',
  '가\n나',
  '\r\n',
  "'",
  '{}',
)
const documents = fc.array(
  fc.array(word, { maxLength: 8 }).map((words) => words.join('')),
  { maxLength: 12 },
)

test('every format and compression gives the words of the text', async () => {
  await fc.assert(
    fc.asyncProperty(documents, async (some) => {
      // A row of one empty cell is a blank line; an id beside it tells them apart.
      const text = some
        .filter((document) => document !== '')
        .map((document) => `${document}\n`)
        .join('')
      const plain = await written('plain.txt', Buffer.from(text))
      const options = { form: 'sentencepiece', threads: 1 } as const
      const expected = await countWords([plain], options)
      for (const [format, write] of Object.entries(WRITERS)) {
        const bytes = write(some)
        const packed = format === 'parquet' ? [''] : ['', '.gz', '.zst']
        for (const end of packed) {
          const data = end === '.gz' ? gzipSync(bytes) : end === '.zst' ? zstdStored(bytes) : bytes
          const file = await written(`x.${format}${end}`, data)
          expect(await textOf(file)).toBe(text)
          expect(await countWords([file], options)).toEqual(expected)
        }
      }
    }),
    { numRuns: runs(12, 1_000) },
  )
})

test('rows are those of csv-parse, however the bytes are cut', async () => {
  const cell = fc
    .array(fc.constantFrom('가', 'a', ' ', '"', ',', '\n', '\r\n', '\t'), { maxLength: 5 })
    .map((c) => c.join(''))
  const row = fc.array(cell, { minLength: 2, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 6 }),
      fc.constantFrom(',' as const, '\t' as const),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      async (rows, delimiter, lineEnd, ends, step) => {
        const safe = (text: string) => (/["\n\r,\t]/.test(text) ? quoted(text) : text)
        const text = rows.map((cells) => cells.map(safe).join(delimiter)).join(lineEnd) + (ends ? lineEnd : '')
        const expected = parse(text, { delimiter, relax_column_count: true, skip_empty_lines: true }) as string[][]
        const bytes = Buffer.from(text)
        const splitter = createRowSplitter({ delimiter, quotes: 'double' }, 1 << 20)
        const found = []
        for (let at = 0; at < bytes.length; at += step) found.push(...splitter.push(bytes.subarray(at, at + step)))
        found.push(...splitter.end())
        expect(found.map(({ cells }) => cells.map((c) => Buffer.from(c).toString()))).toEqual(expected)
        for (const { offset, cells } of found) {
          const start = Buffer.from(cells[0])
          const at = bytes[offset] === 0x22 ? offset + 1 : offset
          const length = start.indexOf('"') < 0 ? start.length : start.indexOf('"')
          expect(bytes.subarray(at, at + length)).toEqual(start.subarray(0, length))
        }
      },
    ),
    { numRuns: runs(300, 10_000) },
  )
})

const MANY = Array.from({ length: 400 }, (_, i) => `글 ${i} ${'가나다라마바사'.slice(0, i % 7)} ${(i * 7919) % 1000}`)

/** Cut off there, a file gives its first documents, whole, and says what is lost. */
test.each([
  ['jsonl.gz', (bytes: Uint8Array) => gzipSync(bytes)],
  ['csv.gz', (bytes: Uint8Array) => gzipSync(bytes)],
  ['txt.gz', (bytes: Uint8Array) => gzipSync(bytes)],
  ['jsonl.zst', zstdStored],
  ['txt.zst', zstdStored],
])('%s cut off anywhere', async (name, pack) => {
  const format = name.split('.')[0]
  const packed = pack(format === 'txt' ? Buffer.from(`${MANY.join('\n')}\n`) : WRITERS[format](MANY))
  let most = 0
  for (let cut = 60; cut < packed.length; cut += Math.ceil(packed.length / 23)) {
    const part = packed.subarray(0, cut)
    const strict = await written(`cut.${name}`, part).catch((error) => error)
    const failed = strict instanceof Error ? strict : await textOf(strict).catch((error) => error)
    expect(failed).toMatchObject({ code: expect.stringMatching(/bad-file|bad-option/) })
    const file = await written(`cut.${name}`, part, { onError: 'skip' })
    const lines = (await textOf(file)).split('\n').slice(0, -1)
    expect(lines).toEqual(MANY.slice(0, lines.length))
    expect(file.skipped).toMatchObject({ parts: 1, records: 0 })
    expect(file.skipped?.examples[0].message).toMatch(/byte \d+/)
    const again = await written(`cut.${name}`, part, { onError: 'skip' })
    expect((await textOf(again)).split('\n').slice(0, -1)).toEqual(lines)
    most = Math.max(most, lines.length)
  }
  expect(most).toBeGreaterThan(300)
})

test('bytes that change within a gzip member: what is before them stays, to the kilobyte', async () => {
  const packed = gzipSync(WRITERS.jsonl(MANY))
  const at = Math.floor(packed.length * 0.7)
  const damaged = Uint8Array.from(packed)
  damaged.fill(0xff, at, at + 40)
  const file = await written('damaged.jsonl.gz', damaged, { onError: 'skip' })
  const found: string[] = []
  for await (const { text } of readRecords([file])) found.push(new TextDecoder().decode(text))
  expect(found.length).toBeGreaterThan(200)
  // Inflate may make something of some damaged bytes before it sees that they are wrong.
  expect(found.slice(0, 200)).toEqual(MANY.slice(0, 200))
  expect(file.skipped?.parts).toBe(1)
})
