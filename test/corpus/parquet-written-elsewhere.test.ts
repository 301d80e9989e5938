/** Parquet as pyarrow writes it: every codec, page version and encoding, nulls, nested fields, one large row group. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expandInputs } from '../../src/corpus/files'
import { readRecords } from '../../src/corpus/records'
import { findPython, runPython } from '../support/python'

const python = findPython(['pyarrow'])

const ROWS = 3000
const TEXTS = Array.from({ length: ROWS }, (_, i) =>
  i % 7 === 3 ? null : `문서 ${i % 5 === 0 ? 0 : i} ${'가나다라'.repeat(i % 40)}${i % 11 === 0 ? '\n😀' : ''}`,
)

const WRITE = `
import json, sys, pyarrow as pa, pyarrow.parquet as pq
given = json.load(sys.stdin)
texts, folder = given['texts'], given['folder']
table = pa.table({
  'id': list(range(len(texts))),
  'text': texts,
  'meta': [{'body': text, 'source': 'x'} for text in texts],
  'parts': [None if text is None else [text, text] for text in texts],
})
names = []
def write(name, some=table, **options):
  pq.write_table(some, folder + '/' + name + '.parquet', **options)
  names.append(name)
for codec in ['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4']:
  write(codec, compression=codec, row_group_size=700, data_page_size=4096)
write('v2', data_page_version='2.0', compression='zstd', data_page_size=4096)
for encoding in ['PLAIN', 'DELTA_LENGTH_BYTE_ARRAY', 'DELTA_BYTE_ARRAY']:
  some = table.select(['id', 'text'])
  write(encoding, some, use_dictionary=False, column_encoding={'text': encoding, 'id': 'PLAIN'}, data_page_size=2048)
write('dictionary', use_dictionary=['text'], dictionary_pagesize_limit=2000, data_page_size=2048)
write('large', table.set_column(1, 'text', table['text'].cast(pa.large_string())))
write('index', write_page_index=True, data_page_size=2048)
print(json.dumps(names))
`

describe.skipIf(!python.path)(`Parquet of others (${python.reason})`, () => {
  let folder: string
  let names: string[]
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-pyarrow-'))
    names = await runPython<string[]>(python.path ?? '', WRITE, { texts: TEXTS, folder })
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const read = async (name: string, field?: string) => {
    const texts: string[] = []
    const files = await expandInputs([join(folder, `${name}.parquet`)], { field })
    for await (const { text } of readRecords(files)) texts.push(new TextDecoder().decode(text))
    return texts
  }

  test('every codec, page and encoding gives the texts', async () => {
    expect(names.length).toBe(13)
    const expected = TEXTS.map((text) => text ?? '')
    for (const name of names) expect(await read(name), name).toEqual(expected)
  })

  test('fields within columns', async () => {
    expect(await read('snappy', 'meta.body')).toEqual(TEXTS.map((text) => text ?? ''))
    expect(await read('v2', 'parts')).toEqual(TEXTS.map((text) => (text === null ? '' : `${text}\n${text}`)))
    expect(await read('v2', 'parts.1')).toEqual(TEXTS.map((text) => text ?? ''))
  })
})
