import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBlocks } from '../../src/corpus/blocks'
import { type CorpusFile, type ExpandOptions, expandInputs } from '../../src/corpus/files'
import { readLines } from '../../src/corpus/lines'
import { type ReadRecordsOptions, readRecords } from '../../src/corpus/records'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-records-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function file(name: string, data: string | Uint8Array, options: ExpandOptions = {}): Promise<CorpusFile> {
  await writeFile(join(folder, name), data)
  return (await expandInputs([join(folder, name)], options))[0]
}

async function recordsOf(from: CorpusFile, options: ReadRecordsOptions = {}) {
  const found = []
  for await (const { text, row, offset, fields } of readRecords([from], options)) {
    found.push({ text: new TextDecoder().decode(text), row, offset, ...(fields ? { fields } : {}) })
  }
  return found
}

const textsOf = async (from: CorpusFile, options?: ReadRecordsOptions) =>
  (await recordsOf(from, options)).map(({ text }) => text)

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing was wrong',
    ({ code, message }) => `${code}: ${message.replaceAll(`${folder}/`, '')}`,
  )

const parquet = (columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData'], rowGroupSize?: number) =>
  new Uint8Array(parquetWriteBuffer({ columnData, ...(rowGroupSize ? { rowGroupSize } : {}) }))

describe('JSON Lines', () => {
  test('byte order mark, CRLF, blank lines, no line end at the end, null, a field that is not there', async () => {
    const lines = '\ufeff{"text":"하나"}\r\n\r\n{"text":null}\n{"id":1}\n  \n{"text":""}\n{"text":"둘\\n셋"}'
    expect(await recordsOf(await file('a.jsonl', lines))).toEqual([
      { text: '하나', row: 1, offset: 0 },
      { text: '', row: 3, offset: 24 },
      { text: '', row: 4, offset: 38 },
      { text: '', row: 6, offset: 50 },
      { text: '둘\n셋', row: 7, offset: 62 },
    ])
  })

  test('escapes, lone surrogates, broken UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"text":"\\uac00\\u0000\\ud83d\\ude00 \\ud800 \\udc00"}\n{"text":"'),
      Buffer.of(0xea, 0xb0),
      Buffer.from('"}\n'),
    ])
    expect(await textsOf(await file('a.jsonl', bytes))).toEqual(['가\u0000😀 \ufffd \ufffd', '\ufffd'])
  })

  test('paths, lists, keys with dots, fields that are carried along', async () => {
    const record = {
      meta: { body: '본문', source: 'wiki' },
      'a.b': '점',
      n: 3,
      messages: [{ content: '질문' }, { content: '답' }],
    }
    const lines = `${JSON.stringify(record)}\n`
    const read = async (field: string) => textsOf(await file('a.jsonl', lines, { field }))
    expect(await read('meta.body')).toEqual(['본문'])
    expect(await read('a.b')).toEqual(['점'])
    expect(await read('messages.1.content')).toEqual(['답'])
    expect(await read('messages.*.content')).toEqual(['질문\n답'])
    const given = await file('a.jsonl', lines, { field: 'meta.body' })
    expect(await recordsOf(given, { fields: ['meta.source', 'n', 'messages', 'gone'] })).toMatchObject([
      { fields: { 'meta.source': 'wiki', n: '3', messages: '[{"content":"질문"},{"content":"답"}]' } },
    ])
  })

  test('the field: text first, else the only usual one, else an error that names what is there', async () => {
    const choose = async (record: object, field?: string) =>
      (await file('a.jsonl', `${JSON.stringify(record)}\n`, { field })).records?.field
    expect(await choose({ content: 'c', text: 't' })).toBe('text')
    expect(await choose({ id: 1, document: 'd', label: 0 })).toBe('document')
    expect(await failure(choose({ content: 'c', body: 'b' }))).toBe(
      'bad-option: a.jsonl: of its fields (content, body) content and body may all be the text',
    )
    expect(await failure(choose({ q: 'c', a: 'b' }))).toContain('of its fields (q, a) none is called text')
    expect(await failure(choose({ text: 'c' }, 'txt'))).toBe('bad-option: a.jsonl: has no field txt; there are: text')
  })

  test('what is wrong is named with line and byte, or left out and counted', async () => {
    const lines = '{"text":"하나"}\n{"text":"둘"\n[1]\n{"text":5}\n{"text":"셋"}\n'
    const message = await failure(textsOf(await file('a.jsonl', lines)))
    expect(message).toBe('bad-file: a.jsonl: line 2 (byte 18) is no JSON: it breaks at its character 12')
    const skipping = await file('a.jsonl', lines, { onError: 'skip' })
    expect(await textsOf(skipping)).toEqual(['하나', '셋'])
    expect(skipping.skipped).toMatchObject({ records: 3, parts: 0 })
    expect(skipping.skipped?.examples.map(({ message }) => message.replace(/^.*a.jsonl: /, ''))).toEqual([
      'line 2 (byte 18) is no JSON: it breaks at its character 12',
      'line 3 (byte 32) is no JSON object, but a list',
      'line 4 (byte 36) field text is a number, no text',
    ])
  })

  test('a line that is too long', async () => {
    const lines = `{"text":"하나"}\n{"text":"${'가'.repeat(3000)}"}\n{"text":"둘"}\n`
    const reading = { maxRecordBytes: 1000, blockBytes: 64 }
    expect(await failure(textsOf(await file('a.jsonl', lines), reading))).toBe(
      'unsupported: a.jsonl: line 2 (byte 18) is longer than 1000 bytes',
    )
    const skipping = await file('a.jsonl', lines, { onError: 'skip' })
    expect(await textsOf(skipping, reading)).toEqual(['하나', '둘'])
    expect(skipping.skipped?.records).toBe(1)
  })

  test('any cut into ranges gives every line once', async () => {
    const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify({ text: `글 ${i} ${'나'.repeat(i % 7)}` }))
    const given = await file('a.jsonl', `${lines.join('\n')}\n`)
    const whole = await textsOf(given)
    for (const step of [1, 7, 50, 333]) {
      const parts: string[] = []
      let bytes = 0
      for (let start = 0; start < given.size; start += step) {
        const end = Math.min(start + step, given.size)
        const onBytes = (more: number) => {
          bytes += more
        }
        parts.push(...(await textsOf(given, { start, end, onBytes, blockBytes: 16 })))
      }
      expect(parts).toEqual(whole)
      expect(bytes).toBe(given.size)
    }
  })

  test('standard input with a format, a field that only later records have, files without records', async () => {
    const [stream] = await expandInputs(['-'], { format: 'jsonl' })
    const stdin = Readable.from([Buffer.from('{"id":1}\n{"te'), Buffer.from('xt":"하나"}\n')])
    expect(await textsOf(stream, { stdin })).toEqual(['', '하나'])
    expect(await textsOf(await file('empty.jsonl', ''))).toEqual([])
    const none = await file('none.jsonl', '{"id":1}\n', { onError: 'skip' }).catch((error) => error.message)
    expect(none).toContain('of its fields (id) none is called text')
  })

  test('raw lines where text is asked for', async () => {
    const given = await file('a.jsonl', '{"text":"하나"}\n', { format: 'text' })
    const lines = []
    for await (const line of readLines(given)) lines.push(line)
    expect(lines).toEqual(['{"text":"하나"}'])
    expect(await failure(file('a.txt', '글\n', { field: 'text' }))).toContain('all files are running text')
  })
})

describe('tables', () => {
  test('quotes, line ends within, doubled quotes, empty cells, byte order mark, CRLF', async () => {
    const table = '\ufeffid,"text"\r\n1,"하나, ""둘""\r\n셋"\r\n2,\r\n3,""\r\n\r\n4,말"끔\r\n5,끝'
    expect(await recordsOf(await file('a.csv', table), { fields: ['id'] })).toEqual([
      { text: '하나, "둘"\r\n셋', row: 1, offset: 14, fields: { id: '1' } },
      { text: '', row: 2, offset: 40, fields: { id: '2' } },
      { text: '', row: 3, offset: 44, fields: { id: '3' } },
      { text: '말"끔', row: 4, offset: 52, fields: { id: '4' } },
      { text: '끝', row: 5, offset: 63, fields: { id: '5' } },
    ])
  })

  test('tabs, and quotes that mean nothing', async () => {
    const table = 'id\tdocument\tlabel\n1\t"하나" 둘, 셋\t0\n2\t"열린\t1\n'
    expect(await failure(textsOf(await file('a.tsv', table)))).toBe(
      'bad-file: a.tsv: row 1 (byte 18) goes on behind a closing quote',
    )
    expect(await textsOf(await file('a.tsv', table, { quotes: 'none' }))).toEqual(['"하나" 둘, 셋', '"열린'])
  })

  test('what is wrong takes its own line only', async () => {
    const table = 'text,n\n하나,1\n둘\n"셋,3\n넷,4\n다섯,5,6\n여섯,6\n'
    expect(await failure(textsOf(await file('a.csv', table)))).toBe(
      'bad-file: a.csv: row 2 (byte 16) has 1 cell, the header 2',
    )
    const skipping = await file('a.csv', table, { onError: 'skip' })
    for (const blockBytes of [1, 5, 1000]) {
      expect(await textsOf(skipping, { blockBytes })).toEqual(['하나', '넷', '여섯'])
      expect(skipping.skipped?.records).toBe(3)
    }
    const long = await file('long.csv', `text,n\n"${'가'.repeat(500)}\n나,1\n`, { onError: 'skip' })
    expect(await textsOf(long, { maxRecordBytes: 300, blockBytes: 50 })).toEqual(['나'])
  })

  test('a header alone has no records, and none of its columns must be guessed', async () => {
    expect(await textsOf(await file('a.csv', 'id,text\n'))).toEqual([])
    expect(await failure(file('b.csv', 'sentence1,sentence2\n'))).toBe(
      'bad-option: b.csv: of its fields (sentence1, sentence2) none is called text',
    )
  })
})

describe('Parquet', () => {
  const texts = Array.from({ length: 50 }, (_, i) => (i % 10 === 3 ? null : `글 ${i} ${'다'.repeat(i)}`))
  const ids = texts.map((_, i) => i)
  const columns = () => [
    { name: 'text', data: texts, type: 'STRING' as const },
    { name: 'id', data: ids, type: 'INT32' as const },
    { name: 'meta', data: ids.map((i) => ({ body: `속 ${i}` })), type: 'JSON' as const },
  ]

  test('a column over row groups, nulls, other columns', async () => {
    const given = await file('a.parquet', parquet(columns(), 8))
    expect(given.records).toEqual({ format: 'parquet', field: 'text' })
    const records = await recordsOf(given, { fields: ['id', 'meta.body'] })
    expect(records.map(({ text }) => text)).toEqual(texts.map((text) => text ?? ''))
    expect(records[49]).toEqual({
      ...{ text: texts[49], row: 50, offset: null },
      fields: { id: '49', 'meta.body': '속 49' },
    })
    expect(await textsOf(await file('a.parquet', parquet(columns(), 8), { field: 'meta.body' }))).toEqual(
      ids.map((i) => `속 ${i}`),
    )
  })

  test('any cut into ranges gives every row once, and all bytes', async () => {
    const given = await file('a.parquet', parquet(columns(), 5))
    const whole = await textsOf(given)
    for (const step of [97, 1000, 1 << 20]) {
      const parts: string[] = []
      let bytes = 0
      const onBytes = (more: number) => {
        bytes += more
      }
      for (let start = 0; start < given.size; start += step) {
        parts.push(...(await textsOf(given, { start, end: Math.min(start + step, given.size), onBytes })))
      }
      expect(parts).toEqual(whole)
      expect(bytes).toBe(given.size)
    }
  })

  test('no rows, no such column, columns that are no text, no Parquet at all', async () => {
    expect(await textsOf(await file('a.parquet', parquet([{ name: 'text', data: [], type: 'STRING' }])))).toEqual([])
    expect(await failure(file('b.parquet', parquet(columns()), { field: 'body' }))).toBe(
      'bad-option: b.parquet: has no field body; there are: text, id, meta',
    )
    expect(await failure(textsOf(await file('c.parquet', parquet(columns()), { field: 'id' })))).toBe(
      'bad-file: c.parquet: row 1: field id is a number, no text',
    )
    expect(await failure(file('d.parquet', 'version https://git-lfs.github.com/spec/v1\n'))).toContain('is no Parquet')
    expect(await failure(file('e.parquet', 'PAR1 and nothing else'))).toContain('cannot be read as Parquet')
    expect(await failure(expandInputs(['-'], { format: 'parquet' }))).toContain('Parquet is read from its end')
  })

  test('a damaged row group is left out, the others stay', async () => {
    const bytes = parquet([{ name: 'text', data: texts.map((text) => text ?? '없음'), type: 'STRING' }], 10)
    const whole = await textsOf(await file('a.parquet', bytes))
    // In the middle of the file are the pages of the third row group.
    bytes.fill(0xff, Math.floor(bytes.length * 0.4), Math.floor(bytes.length * 0.4) + 12)
    expect(await failure(textsOf(await file('b.parquet', bytes)))).toMatch(
      /^bad-file: b\.parquet: row group \d \(rows \d+ to \d+\) cannot be read as Parquet: /,
    )
    const skipping = await file('b.parquet', bytes, { onError: 'skip' })
    const saved = await textsOf(skipping)
    expect(skipping.skipped?.parts).toBeGreaterThan(0)
    expect(saved.length).toBe(50 - 10 * skipping.skipped!.parts)
    for (const text of saved) expect(whole).toContain(text)
  })
})

describe('running text', () => {
  test('documents end at blank lines, or at every line', async () => {
    const text = '\ufeff하나\r\n둘\n\n \t\n셋\n'
    const given = await file('a.txt', text)
    expect(await recordsOf(given)).toEqual([
      { text: '하나\n둘', row: 1, offset: 0 },
      { text: '셋', row: 5, offset: 19 },
    ])
    expect(await textsOf(given, { ends: 'line' })).toEqual(['하나', '둘', '셋'])
  })

  test('kinds that are no text are left out of a folder and counted, unless nothing is left', async () => {
    await writeFile(join(folder, 'a.txt'), '글\n')
    await writeFile(join(folder, 'b.pdf'), '%PDF-1.7')
    const opened: CorpusFile[] = []
    const files = await expandInputs([folder], { onError: 'skip', opened })
    expect(files.map(({ path }) => path)).toEqual([join(folder, 'a.txt')])
    expect(opened.map(({ skipped }) => skipped?.parts ?? 0)).toEqual([0, 1])
    expect(await failure(expandInputs([join(folder, 'b.pdf')], { onError: 'skip' }))).toContain('is a PDF')
    expect(await failure(expandInputs([folder]))).toContain('b.pdf: is a PDF')
  })
})

test('records as running text: one a line, empty ones left out', async () => {
  const lines = [{ text: '하나' }, { text: '' }, { text: '둘\n' }, { text: '가'.repeat(100) }]
  const given = await file('a.jsonl.gz', gzipSync(lines.map((line) => JSON.stringify(line)).join('\n')))
  for (const blockBytes of [1, 16, 1 << 20]) {
    const blocks = []
    for await (const block of readBlocks(given, { blockBytes })) blocks.push(block)
    expect(Buffer.concat(blocks).toString()).toBe(`하나\n둘\n\n${'가'.repeat(100)}\n`)
  }
})

describe('folders of datasets', () => {
  const put = async (files: Record<string, string | Uint8Array>) => {
    for (const [name, data] of Object.entries(files)) {
      await mkdir(join(folder, name, '..'), { recursive: true })
      await writeFile(join(folder, name), data)
    }
  }
  const expanded = async () => (await expandInputs([folder])).map(({ path }) => path.slice(folder.length + 1))
  const rows = parquet([{ name: 'text', data: ['글'], type: 'STRING' }])

  test('what stands beside the data is passed over', async () => {
    await put({
      ...{ 'README.md': '# 데이터', LICENSE: 'CC', '.gitattributes': '', 'dataset_infos.json': '{}', 'load.py': 'x' },
      ...{ 'data/train-00000-of-00001.parquet': rows, 'data/test-00000-of-00001.parquet': rows, 'x.lock': '' },
      ...{ '.cache/huggingface/download/a.metadata': 'x', 'extra/part.json': '{"text":"글"}\n{"text":"둘"}\n' },
    })
    expect(await expanded()).toEqual([
      'data/test-00000-of-00001.parquet',
      'data/train-00000-of-00001.parquet',
      'extra/part.json',
    ])
  })

  test('a folder of texts keeps its README', async () => {
    await put({ 'README.md': '# 글', 'a.txt': '글' })
    expect(await expanded()).toEqual(['README.md', 'a.txt'])
  })

  test('of the cache of the Hub the revision of main, by its names', async () => {
    await put({ 'blobs/0123': rows, 'refs/main': 'bbb', 'snapshots/aaa/old.txt': 'x' })
    await mkdir(join(folder, 'snapshots/bbb/data'), { recursive: true })
    await symlink('../../../blobs/0123', join(folder, 'snapshots/bbb/data/train.parquet'))
    expect(await expanded()).toEqual(['snapshots/bbb/data/train.parquet'])
  })

  test('Arrow files are refused with the way to Parquet', async () => {
    await put({ 'data-00000-of-00001.arrow': 'ARROW1', 'state.json': '{}', 'dataset_info.json': '{}' })
    await expect(expandInputs([folder])).rejects.toMatchObject({
      code: 'unsupported',
      hint: expect.stringContaining(`load_from_disk('${folder}').to_parquet`),
    })
  })
})
