import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { expandInputs } from '../../../src/corpus/files'
import { isHeldOut } from '../../../src/counts/held-out'
import { readLineBytes } from '../../../src/measure/plan/line-bytes'
import { nastyFile } from '../../counts/nasty'
import { runs } from '../../support/long'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-line-bytes-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** By latin1, so that each byte is a character: bytes of text may be broken. */
function linesOf(file: Uint8Array): string[] {
  const text = Buffer.from(file)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
  return text.split('\n').map((line) => line.replace(/\r$/, ''))
}

async function read(path: string, heldOut?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLineBytes(await expandInputs([path]), { heldOut })) {
    lines.push(Buffer.from(line).toString('latin1'))
  }
  return lines
}

describe('lines to measure on', () => {
  it('are those that counting leaves out, without marks and line ends, of files plain and compressed', async () => {
    await fc.assert(
      fc.asyncProperty(nastyFile, fc.constantFrom(undefined, 2, 3), async (file, every) => {
        const path = join(folder, 'a.txt')
        writeFileSync(path, file)
        writeFileSync(`${path}.gz`, gzipSync(file))
        const isHeld = (line: string) => {
          const bytes = Buffer.from(line, 'latin1')
          return every === undefined || isHeldOut(bytes, 0, bytes.length, every)
        }
        // Of half a line end at the end of a file only what is left of it is the line's.
        const expected = linesOf(file).filter((line) => line !== '' && isHeld(line))
        if (file.at(-1) !== 0x0d) {
          expect(await read(path, every)).toEqual(expected)
          expect(await read(`${path}.gz`, every)).toEqual(expected)
        }
      }),
      { numRuns: runs(150, 3_000) },
    )
  })

  it('keep a U+FEFF that does not begin the file', async () => {
    const lines = Array.from({ length: 40 }, (_, i) => `\ufeff${i}번째 줄`)
    const path = join(folder, 'b.txt')
    writeFileSync(path, `${lines.join('\n')}\n`)
    const held = [2, 3, 5].map((every) => read(path, every))
    for (const some of await Promise.all(held)) {
      const texts = some.map((line) => Buffer.from(line, 'latin1').toString())
      expect(texts.length).toBeGreaterThan(0)
      const mark = (text: string) => (text === '0번째 줄' ? text : `\ufeff${text.replace(/^\ufeff/, '')}`)
      expect(texts).toEqual(texts.map(mark))
    }
  })
})
