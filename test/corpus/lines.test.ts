import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CorpusFile } from '../../src/corpus/files'
import { readLines } from '../../src/corpus/lines'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-lines-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const stdin: CorpusFile = { path: '-', size: 0, compression: 'none' }
const linesOf = async (data: Uint8Array, step: number) => {
  const pieces = (async function* () {
    for (let i = 0; i < data.length; i += step) yield data.subarray(i, i + step)
  })()
  const lines: string[] = []
  for await (const line of readLines(stdin, { stdin: pieces })) lines.push(line)
  return lines
}
const bytes = (text: string) => new TextEncoder().encode(text)

test.each([
  ['', []],
  ['\n', ['']],
  ['한\n국', ['한', '국']],
  ['한\r\n국\r\n', ['한', '국']],
  ['a\rb\n\n\nc\r', ['a\rb', '', '', 'c\r']],
  ['\ufeffa\n\ufeffb', ['a', '\ufeffb']],
  ['\ufeff', []],
  ['\r\n', ['']],
  ['a\u2028b\u0085c\n', ['a\u2028b\u0085c']],
])('%j', async (text, lines) => {
  expect(await linesOf(bytes(text), 1)).toEqual(lines)
  expect(await linesOf(bytes(text), 1000)).toEqual(lines)
})

test('invalid bytes become U+FFFD', async () => {
  const data = Uint8Array.of(0xec, 0x95, 0x0a, 0xff, 0x61, 0x0a, 0x80)
  expect(await linesOf(data, 1)).toEqual(['\ufffd', '\ufffda', '\ufffd'])
})

test('any bytes in any cut give the lines that the whole gives', async () => {
  const alphabet = fc.constantFrom(0x0a, 0x0d, 0x61, 0xef, 0xbb, 0xbf, 0xec, 0x95, 0x88, 0xff)
  await fc.assert(
    fc.asyncProperty(fc.array(alphabet, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), async (raw, step) => {
      // Written for clearness: decode all, drop the BOM, split at newlines, drop the CR before each of them.
      let text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(raw))
      if (text.startsWith('\ufeff')) text = text.slice(1)
      const parts = text.split('\n')
      const last = parts.pop()!
      const expected = parts.map((line) => line.replace(/\r$/, ''))
      if (last !== '') expected.push(last)
      expect(await linesOf(Uint8Array.from(raw), step)).toEqual(expected)
    }),
    { numRuns: 1000 },
  )
})

test('several files: each has its own start and end', async () => {
  const files: CorpusFile[] = []
  for (const [name, text] of [
    ['1', '\ufeff하나'],
    ['2', '\ufeff둘\n'],
    ['3', ''],
    ['4', '셋'],
  ]) {
    await writeFile(join(folder, name), text)
    files.push({ path: join(folder, name), size: bytes(text).length, compression: 'none' })
  }
  const lines: string[] = []
  for await (const line of readLines(files)) lines.push(line)
  expect(lines).toEqual(['하나', '둘', '셋'])
})

test('a line that is too long is refused, by its place, before the rest is read', async () => {
  let pieces = 0
  const endless = (async function* () {
    yield bytes('짧은 줄\n')
    for (;;) {
      pieces++
      yield bytes('길다'.repeat(1000))
    }
  })()
  const lines: string[] = []
  const reading = (async () => {
    for await (const line of readLines(stdin, { stdin: endless, maxLineBytes: 1 << 20 })) lines.push(line)
  })()
  await expect(reading).rejects.toMatchObject({
    code: 'unsupported',
    message: '-: the line that begins at byte 11 is longer than 1048576 bytes',
  })
  expect(lines).toEqual(['짧은 줄'])
  expect(pieces).toBeLessThan(200)
})

test('many short lines are no long line', async () => {
  const text = '줄\n'.repeat(1000)
  const pieces = (async function* () {
    yield bytes(text)
  })()
  let count = 0
  for await (const _ of readLines(stdin, { stdin: pieces, maxLineBytes: 10 })) count++
  expect(count).toBe(1000)
})
