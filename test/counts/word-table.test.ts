import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addText } from '../../src/counts/scan-words'
import { createWordTable, mergeWordTables, type WordTable, wordCount } from '../../src/counts/word-table'
import { encodeUtf8 } from '../../src/text/utf8'
import { runs } from '../support/long'
import { asMap } from './nasty'

function add(table: WordTable, word: string, times = 1): void {
  const bytes = encodeUtf8(`xx${word}yy`)
  addText(table, bytes, 2, bytes.length - 2, times)
}

const word = fc.oneof(
  fc.constantFrom('가', '가나', '가나다', '나', ' 가', 'a', 'ab', 'abc', '😀'),
  fc.string({ minLength: 1, maxLength: 6 }),
  fc.integer({ min: 0, max: 300 }).map((n) => `가${n}`),
)
const adds = fc.array(fc.tuple(word, fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 33 }))), {
  maxLength: 400,
})

function expected(...lists: [string, number][][]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [text, times] of lists.flat()) counts.set(text, (counts.get(text) ?? 0) + times)
  return counts
}

describe('a word table', () => {
  it('counts as a Map does, however small it began', () => {
    fc.assert(
      fc.property(adds, fc.integer({ min: 2, max: 64 }), (list, size) => {
        const table = createWordTable(size)
        for (const [text, times] of list) add(table, text, times)
        expect(asMap(table)).toEqual(expected(list))
      }),
      { numRuns: runs(200) },
    )
  })

  it('takes in another table', () => {
    fc.assert(
      fc.property(adds, adds, (first, second) => {
        const [into, from] = [first, second].map((list) => {
          const table = createWordTable(4)
          for (const [text, times] of list) add(table, text, times)
          return table
        })
        mergeWordTables(into, from)
        expect(asMap(into)).toEqual(expected(first, second))
      }),
      { numRuns: runs(200) },
    )
  })

  it('counts beyond 2^32', () => {
    const table = createWordTable(4)
    add(table, '가', 2 ** 32 - 1)
    add(table, '가')
    expect(wordCount(table, 0)).toBe(2 ** 32)
    add(table, '가', 2 ** 45 + 7)
    add(table, '나', 2 ** 40 + 5)
    const other = createWordTable(4)
    add(other, '가', 2 ** 32 - 7)
    add(other, '나', 2 ** 32 - 5)
    mergeWordTables(table, other)
    expect(asMap(table)).toEqual(
      new Map([
        ['가', 2 ** 45 + 2 ** 33],
        ['나', 2 ** 40 + 2 ** 32],
      ]),
    )
  })

  it('keeps the length of its words when counts are high', () => {
    const table = createWordTable(4)
    const long = '가'.repeat(1365)
    add(table, long, 2 ** 51)
    add(table, long, 2 ** 51 - 1)
    expect(asMap(table)).toEqual(new Map([[long, 2 ** 52 - 1]]))
  })
})
