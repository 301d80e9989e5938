import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createFeed } from '../../src/counts/feed'
import { isHeldOut } from '../../src/counts/held-out'
import { readPart } from '../../src/counts/read-part'
import { countReference } from '../../src/counts/reference'
import { markLength } from '../../src/text/utf8'
import { asMap, concat, nastyFile, plans } from '../counts/nasty'
import { runs } from '../support/long'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-counts-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Sorted, so that a difference shows in few lines. */
const sorted = (counts: Map<string, number>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1))

const leaveOut = fc.constantFrom(undefined, undefined, 2, 3)

/** What is counted of a file, behind an empty line: a U+FEFF of another line than the first is no mark there either. */
function countedOf(file: Uint8Array, every: number | undefined): Uint8Array {
  if (every === undefined) return file
  const text = file.subarray(markLength(file))
  const kept: Uint8Array[] = [Uint8Array.of(0x0a)]
  for (let at = 0; at < text.length; ) {
    const newline = text.indexOf(0x0a, at)
    const end = newline < 0 ? text.length : newline
    const isReturn = newline > at && text[newline - 1] === 0x0d
    if (!isHeldOut(text, at, isReturn ? end - 1 : end, every)) kept.push(text.subarray(at, end + 1))
    at = end + 1
  }
  return concat(kept)
}

describe.each(Object.entries(plans))('counting words, plan %s', (name, plan) => {
  it('gives what the slow reference gives, in blocks of any size', () => {
    fc.assert(
      fc.property(
        nastyFile,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        leaveOut,
        (file, sizes, every) => {
          const feed = createFeed(plan, { leaveOut: every })
          for (let at = 0, i = 0; at < file.length; i++) {
            const size = sizes[i % sizes.length]
            feed.push(file.slice(at, at + size))
            at += size
          }
          feed.end()
          expect(sorted(asMap(feed.table))).toEqual(sorted(countReference(plan, countedOf(file, every))))
        },
      ),
      { numRuns: runs(300, 2_000) },
    )
  })

  it('keeps files apart in one feed', () => {
    fc.assert(
      fc.property(nastyFile, nastyFile, (first, second) => {
        const feed = createFeed(plan)
        const expected = countReference(plan, first)
        for (const file of [first, second]) {
          feed.push(file)
          feed.end()
        }
        for (const [word, count] of countReference(plan, second)) expected.set(word, (expected.get(word) ?? 0) + count)
        expect(sorted(asMap(feed.table))).toEqual(sorted(expected))
      }),
      { numRuns: runs(100, 1_000) },
    )
  })

  it('gives the same from the parts of a file, wherever they are cut', async () => {
    const path = join(folder, `${name.replaceAll(' ', '-')}.txt`)
    await fc.assert(
      fc.asyncProperty(nastyFile, fc.array(fc.nat(2000), { maxLength: 4 }), leaveOut, async (bytes, cuts, every) => {
        writeFileSync(path, bytes)
        const file = { path, size: bytes.length, compression: 'none' as const }
        const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
        const feed = createFeed(plan, { leaveOut: every })
        for (let i = 1; i < edges.length; i++) {
          if (edges[i] > edges[i - 1]) {
            await readPart({ file, start: edges[i - 1], end: edges[i] }, feed, () => {})
          }
        }
        expect(sorted(asMap(feed.table))).toEqual(sorted(countReference(plan, countedOf(bytes, every))))
      }),
      { numRuns: runs(100, 1_000) },
    )
  })
})
