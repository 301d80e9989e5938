import { describe, expect, it } from 'vitest'
import { compareUtf8 } from '../../src/corpus/files'
import { isOrdered, orderWords } from '../../src/counts/order'
import type { WordCounts } from '../../src/counts/types'
import { encodeUtf8 } from '../../src/text/utf8'
import { concat } from './nasty'

function tableOf(words: [string, number][]): WordCounts {
  const parts = words.map(([word]) => encodeUtf8(word))
  const offsets = new Uint32Array(words.length + 1)
  parts.forEach((part, i) => {
    offsets[i + 1] = offsets[i] + part.length
  })
  return { bytes: concat(parts), offsets, counts: Float64Array.from(words, ([, count]) => count), meta: { a: 'b' } }
}

function listOf({ bytes, offsets, counts }: WordCounts): [string, number][] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return Array.from(counts, (count, i) => [decoder.decode(bytes.subarray(offsets[i], offsets[i + 1])), count])
}

function plainly(words: [string, number][]): [string, number][] {
  const sums = new Map<string, number>()
  for (const [word, count] of words) sums.set(word, (sums.get(word) ?? 0) + count)
  return [...sums].sort((a, b) => b[1] - a[1] || compareUtf8(a[0], b[0]))
}

/** mulberry32 */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

describe('orderWords', () => {
  it.each([1, 2, 3])(
    'orders 50,000 words as a plain sort does: equal ones, prefixes of each other, ties (seed %i)',
    (seed) => {
      const next = random(seed)
      const units = [
        '가',
        '나',
        '힣',
        'ㅋ',
        ' ',
        'a',
        '\0',
        '\x01',
        '😀',
        '\uffff',
        '\u{10ffff}',
        '가나다라마',
        'ㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋㅋ',
      ]
      const words = Array.from({ length: 50_000 }, (): [string, number] => {
        const word = Array.from({ length: 1 + next(next(9) + 1) }, () => units[next(units.length)]).join('')
        return [word, next(10) === 0 ? 2 ** 33 + next(3) : 1 + next(5)]
      })
      const table = tableOf(words)
      const ordered = orderWords(table)
      expect(listOf(ordered)).toEqual(plainly(words))
      expect(isOrdered(ordered)).toBe(true)
      expect(isOrdered(table)).toBe(false)
      expect(ordered.meta).toEqual({ a: 'b' })
      // What is in order stays as it is.
      expect(listOf(orderWords(ordered))).toEqual(listOf(ordered))
    },
  )

  it('orders nothing, one word, and one word many times', () => {
    expect(listOf(orderWords(tableOf([])))).toEqual([])
    expect(listOf(orderWords(tableOf([['가', 3]])))).toEqual([['가', 3]])
    const long = '가'.repeat(200)
    expect(listOf(orderWords(tableOf(Array.from({ length: 100 }, () => [long, 2]))))).toEqual([[long, 200]])
  })

  it('orders words that share hundreds of bytes', () => {
    const words = Array.from({ length: 200 }, (_, i): [string, number] => [
      '나'.repeat(100) + 'a'.repeat((i * 37) % 200),
      1,
    ])
    expect(listOf(orderWords(tableOf(words)))).toEqual(plainly(words))
  })

  it('isOrdered names what is out of order', () => {
    expect(
      isOrdered(
        tableOf([
          ['가', 2],
          ['나', 1],
        ]),
      ),
    ).toBe(true)
    expect(
      isOrdered(
        tableOf([
          ['가', 1],
          ['나', 2],
        ]),
      ),
    ).toBe(false)
    expect(
      isOrdered(
        tableOf([
          ['나', 1],
          ['가', 1],
        ]),
      ),
    ).toBe(false)
    expect(
      isOrdered(
        tableOf([
          ['가', 1],
          ['가', 1],
        ]),
      ),
    ).toBe(false)
    expect(
      isOrdered(
        tableOf([
          ['가나', 1],
          ['가', 1],
        ]),
      ),
    ).toBe(false)
  })
})
