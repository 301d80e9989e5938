import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createFeed } from '../../src/counts/feed'
import { readPart } from '../../src/counts/read-part'
import { countReference } from '../../src/counts/reference'
import { asMap, nastyFile, plans } from '../counts/nasty'
import { runs } from '../support/long'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-counts-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Sorted, so that a difference shows in few lines. */
const sorted = (counts: Map<string, number>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1))

describe.each(Object.entries(plans))('counting words, plan %s', (name, plan) => {
  it('gives what the slow reference gives, in blocks of any size', () => {
    fc.assert(
      fc.property(
        nastyFile,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        (file, sizes) => {
          const feed = createFeed(plan)
          for (let at = 0, i = 0; at < file.length; i++) {
            const size = sizes[i % sizes.length]
            feed.push(file.slice(at, at + size))
            at += size
          }
          feed.end()
          expect(sorted(asMap(feed.table))).toEqual(sorted(countReference(plan, file)))
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
      fc.asyncProperty(nastyFile, fc.array(fc.nat(2000), { maxLength: 4 }), async (bytes, cuts) => {
        writeFileSync(path, bytes)
        const file = { path, size: bytes.length, compression: 'none' as const }
        const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
        const feed = createFeed(plan)
        for (let i = 1; i < edges.length; i++) {
          if (edges[i] > edges[i - 1]) {
            await readPart({ file, start: edges[i - 1], end: edges[i] }, feed, () => {})
          }
        }
        expect(sorted(asMap(feed.table))).toEqual(sorted(countReference(plan, bytes)))
      }),
      { numRuns: runs(100, 1_000) },
    )
  })
})
