import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Packing, packTokens } from '../../../src/trainer/data/packing'
import { runs } from '../../support/long'
import { storeOf } from './byte-encoder'

const lengthsOf = fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 90 })), {
  maxLength: 50,
})
const blockLengths = fc.integer({ min: 1, max: 40 })

/** Every token stands in one block, once; no block is too full. */
function requireOnce(packing: Packing, tokens: number): void {
  const seen = new Uint8Array(tokens)
  for (let row = 0; row < packing.rows; row++) {
    const ranges = packing.ranges(row)
    expect(ranges.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(packing.length)
    expect(ranges.every(({ length }) => length > 0)).toBe(true)
    for (const { start, length } of ranges) for (let i = 0; i < length; i++) seen[start + i]++
  }
  expect(seen.every((times) => times === 1)).toBe(true)
  expect(packing.padding).toBe(packing.rows * packing.length - tokens)
}

/** Written for clearness: the pieces from the longest down, each into the first of the fullest blocks that take it. */
function bestFitDecreasing(lengths: number[], length: number): number[] {
  const pieces = lengths
    .flatMap((n) => [...Array(Math.floor(n / length)).fill(length), n % length])
    .filter((n) => n > 0)
    .sort((a, b) => b - a)
  const rooms: number[] = []
  for (const piece of pieces) {
    const fitting = rooms.filter((room) => room >= piece)
    if (fitting.length === 0) rooms.push(length - piece)
    else rooms[rooms.indexOf(Math.min(...fitting))] -= piece
  }
  return rooms.sort((a, b) => a - b)
}

describe('packing', () => {
  it('cut: all blocks but the last are full, one after another', async () => {
    await fc.assert(
      fc.asyncProperty(lengthsOf, blockLengths, async (lengths, length) => {
        const store = await storeOf(lengths)
        const packing = packTokens(store, length)
        requireOnce(packing, store.tokens)
        expect(packing.padding).toBeLessThan(length)
      }),
      { numRuns: runs(200, 3000) },
    )
  })

  it('whole: as best-fit decreasing, and no document is cut that fits', async () => {
    await fc.assert(
      fc.asyncProperty(lengthsOf, blockLengths, async (lengths, length) => {
        const store = await storeOf(lengths)
        const packing = packTokens(store, length, 'whole')
        requireOnce(packing, store.tokens)
        const rows = Array.from({ length: packing.rows }, (_, row) => packing.ranges(row))
        const rooms = rows.map((ranges) => length - ranges.reduce((sum, range) => sum + range.length, 0))
        expect(rooms.sort((a, b) => a - b)).toEqual(bestFitDecreasing(lengths, length))
        const begins = new Map(rows.flat().map((range) => [range.start, range.length]))
        let start = 0
        for (const size of lengths) {
          if (size <= length) expect(begins.get(start)).toBe(size)
          start += size
        }
      }),
      { numRuns: runs(300, 5000) },
    )
  })

  it('whole: the example of the paper, documents of 14, 7, 5, 2 and 3 tokens in blocks of 8', async () => {
    const packing = packTokens(await storeOf([14, 7, 5, 2, 3]), 8, 'whole')
    expect({ rows: packing.rows, padding: packing.padding }).toEqual({ rows: 4, padding: 1 })
    expect(packing.ranges(0)).toEqual([{ start: 0, length: 8 }])
  })

  it('an empty store takes no block', async () => {
    for (const kind of ['cut', 'whole'] as const) expect(packTokens(await storeOf([]), 8, kind).rows).toBe(0)
  })

  it.each([0, -1, 1.5, Number.NaN])('blocks of %d tokens are refused', async (length) => {
    const store = await storeOf([3])
    expect(() => packTokens(store, length)).toThrow('a block must hold a whole number of tokens')
  })
})
