import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expandInputs } from '../../../src/corpus/files'
import { type DocumentOptions, documentOf, documentsOf } from '../../../src/trainer/data/documents'
import { readDocuments } from '../../../src/trainer/data/read-documents'
import { runs } from '../../support/long'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-read-documents-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

test('a record is a document, with the blank lines within it', async () => {
  const path = join(folder, 'a.jsonl')
  const texts = ['\n \n하나\n\n둘\r\n', '', ' \n', '셋']
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''))
  const found = []
  for await (const document of readDocuments(await expandInputs([path]))) found.push(decode(document))
  expect(found).toEqual(['하나\n\n둘', '셋'])
})

test('without blank lines within, a record is the document that the same text is', async () => {
  const line = fc.constantFrom('하나', '둘 셋', ' 넷', 'five')
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('', '\n', ' \n\n'),
      fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      fc.option(fc.constantFrom('held' as const, 'others' as const), { nil: undefined }),
      async (lines, around, maxBytes, side) => {
        const options: DocumentOptions = { maxBytes, ...(side ? { heldOut: { every: 3, side } } : {}) }
        const expected = []
        for await (const document of documentsOf(lines, options)) expected.push(decode(document))
        const text = new TextEncoder().encode(around + lines.join('\n') + (around === '' ? '' : `\n${around}`))
        expect([...documentOf(text, options)].map(decode)).toEqual(expected)
      },
    ),
    { numRuns: runs(300) },
  )
})
