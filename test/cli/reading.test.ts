import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { koVocab } from './run'

const DOCUMENTS = ['우리 나라 말', '우리 말, "큰" 소리', '나라']

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ko-vocab-cli-reading-'))
  writeFileSync(join(cwd, 'a.txt'), DOCUMENTS.map((text) => `${text}\n`).join(''))
  const lines = DOCUMENTS.map((text) => `${JSON.stringify({ meta: { body: text } })}\n`)
  writeFileSync(join(cwd, 'a.jsonl.gz'), gzipSync(lines.join('')))
  writeFileSync(join(cwd, 'bad.jsonl'), `${lines[0]}{"meta":\n${lines[1]}${lines[2]}`)
  const rows = DOCUMENTS.map((text, i) => `${i}\t"${text.replaceAll('"', '""')}"\n`)
  writeFileSync(join(cwd, 'a.tsv'), `id\tdocument\n${rows.join('')}`)
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const count = (...args: string[]) =>
  koVocab(['count', '--base', 'none', '--form', 'sentencepiece', '--corpus', ...args], { cwd })

test('every format gives the words of the text', async () => {
  const { stdout } = await count('a.txt')
  expect(stdout.split('\n').length).toBeGreaterThan(4)
  expect(await count('a.jsonl.gz', '--field', 'meta.body')).toMatchObject({ code: 0, stdout, stderr: '' })
  expect(await count('a.tsv')).toMatchObject({ code: 0, stdout, stderr: '' })
  const input = readFileSync(join(cwd, 'a.tsv'))
  const args = ['count', '--base', 'none', '--form', 'sentencepiece', '--corpus', '-', '--input-format', 'tsv']
  expect(await koVocab(args, { cwd, input })).toMatchObject({ code: 0, stdout })
})

test('what is damaged fails with its place, or is left out, told and recorded', async () => {
  const failed = await count('bad.jsonl', '--field', 'meta.body', '--out', 'failed.parquet')
  expect(failed.code).toBe(1)
  expect(failed.stderr).toContain('bad.jsonl: line 2 (byte 38) is no JSON')
  expect(failed.stderr).toContain('--on-error skip')
  const skipped = await count('bad.jsonl', '--field', 'meta.body', '--on-error', 'skip', '--out', 'c.parquet', '--json')
  expect(skipped.code).toBe(0)
  expect(skipped.stderr).toBe(
    'left out: 1 broken record in 1 file\n  bad.jsonl: line 2 (byte 38) is no JSON: it ends early\n',
  )
  const left = { records: 1, parts: 0, examples: ['bad.jsonl: line 2 (byte 38) is no JSON: it ends early'] }
  expect(JSON.parse(skipped.stdout).skipped).toEqual([{ path: 'bad.jsonl', ...left }])
  expect(JSON.parse(readFileSync(join(cwd, 'c.parquet.run.json'), 'utf8'))).toMatchObject({
    options: { reading: { field: 'meta.body', 'on-error': 'skip' } },
    inputs: [{ path: 'bad.jsonl', records: { format: 'jsonl', field: 'meta.body' }, skipped: left }],
  })
})

test('a field that is not there names those that are, and exits 2', async () => {
  const { code, stderr } = await count('a.jsonl.gz')
  expect(code).toBe(2)
  expect(stderr).toContain('of its fields (meta) none is called text')
})
