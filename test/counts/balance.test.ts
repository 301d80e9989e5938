import { describe, expect, it } from 'vitest'
import { BALANCED_DOMAINS_MAX, charactersOf, domainWeights, joinCounts } from '../../src/counts/balance'
import type { WordCounts } from '../../src/counts/types'
import { isKoVocabError } from '../../src/errors'
import { extendTokenizer } from '../../src/extend/extend'
import { trainMerges } from '../../src/merges/train-merges'
import { countTokens, createEncoder } from '../../src/tokenizer/encoder'
import { smallSentencePiece, wordsOf } from '../merges/small'

function mapOf({ bytes, offsets, counts }: WordCounts): Map<string, number> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const words = Array.from(
    counts,
    (count, i) => [decoder.decode(bytes.slice(offsets[i], offsets[i + 1])), count] as const,
  )
  expect(new Set(words.map(([word]) => word)).size).toBe(words.length)
  return new Map(words)
}

function failure(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

/** A word of so many characters; the space and the full stop are none. */
const sized = (characters: number, count = 1) => wordsOf({ [` ${'가'.repeat(characters)}.`]: count })
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

describe('charactersOf', () => {
  it('counts what is not ASCII, as often as it was seen', () => {
    expect(charactersOf(wordsOf({ ' 가나.': 3, 나: 2, ' ᄀ𠀀é!?': 10, abc: 100 }))).toBe(3 * 2 + 2 + 30)
    expect(charactersOf(wordsOf({}))).toBe(0)
  })
})

describe('domainWeights', () => {
  it('makes all domains weigh the same, 1 on average over the text', () => {
    const domains = [sized(100, 9), sized(7, 3), sized(30, 2), sized(1000)]
    const sizes = domains.map(charactersOf)
    expect(sizes).toEqual([900, 21, 60, 1000])
    const weights = domainWeights(domains)
    const weighed = weights.map((weight, i) => weight * sizes[i])
    expect(total(weighed) / total(sizes)).toBeCloseTo(1, 12)
    for (const one of weighed) expect(one).toBeCloseTo(total(sizes) / 4, 9)
    expect(weights[1] / weights[0]).toBeCloseTo(900 / 21, 9)
  })

  it('counts no domain as smaller than a thousandth of all', () => {
    const domains = [sized(100, 10_000), sized(1000), sized(10), sized(1), wordsOf({})]
    const sizes = domains.map(charactersOf)
    const weights = domainWeights(domains)
    const floor = total(sizes) / 1000
    expect(total(weights.map((weight, i) => weight * sizes[i])) / total(sizes)).toBeCloseTo(1, 12)
    // 1,001 and more characters of a million are above it, 1,000 and fewer are below: all of those weigh alike.
    expect(sizes[1]).toBeLessThan(floor)
    expect(weights[2]).toBe(weights[1])
    expect(weights[3]).toBe(weights[1])
    expect(weights[4]).toBe(weights[1])
    expect(weights[1] / weights[0]).toBeCloseTo(sizes[0] / floor, 6)
  })

  it('weighs one domain, no text, and more domains than are balanced as they are', () => {
    expect(domainWeights([])).toEqual([])
    expect(domainWeights([sized(9)])).toEqual([1])
    expect(domainWeights([wordsOf({}), wordsOf({ abc: 3 })])).toEqual([1, 1])
    const many = (n: number) => Array.from({ length: n }, (_, i) => sized(i + 1))
    expect(domainWeights(many(BALANCED_DOMAINS_MAX + 1))).toEqual(Array(BALANCED_DOMAINS_MAX + 1).fill(1))
    expect(new Set(domainWeights(many(BALANCED_DOMAINS_MAX))).size).toBeGreaterThan(50)
  })
})

describe('joinCounts', () => {
  const a = { ' 가': 5, 나: 1, ' 다라': 2 ** 33 }
  const b = { 나: 4, ' 다라': 2 ** 32 + 7, 마: 1 }
  const c = { 마: 3, ' 바사아': 11 }

  it('adds words up as a map does when all weigh 1', () => {
    const expected = new Map<string, number>()
    for (const [word, count] of [a, b, c].flatMap((words) => Object.entries(words))) {
      expected.set(word, (expected.get(word) ?? 0) + count)
    }
    for (const order of [
      [a, b, c],
      [c, b, a],
      [b, a, c],
    ]) {
      for (const weights of [undefined, [1, 1, 1]]) {
        const joined = joinCounts(order.map(wordsOf), weights)
        const found = mapOf(joined)
        expect(found.size).toBe(expected.size)
        for (const [word, count] of expected) expect(found.get(word), word).toBe(count)
        expect(joined.unit ?? 1).toBe(1)
        expect(joined.meta).toEqual({})
      }
    }
  })

  it('adds up thousands of words, however the domains overlap', () => {
    let state = 7
    const next = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      return (state >> 8) % below
    }
    const word = () => String.fromCodePoint(0xac00 + next(120), 0xac00 + next(120))
    const maps = Array.from({ length: 3 }, () => new Map(Array.from({ length: 8_000 }, () => [word(), 1 + next(99)])))
    const expected = new Map<string, number>()
    for (const map of maps) for (const [key, count] of map) expected.set(key, (expected.get(key) ?? 0) + count)
    const found = mapOf(joinCounts(maps.map((map) => wordsOf([...map]))))
    const sorted = (map: Map<string, number>) => [...map].sort(([x], [y]) => (x < y ? -1 : 1))
    expect(sorted(found)).toEqual(sorted(expected))
  })

  it('rounds weighted counts to within 1/128 of an occurrence a domain', () => {
    const domains = [sized(50, 3), wordsOf({ 나: 5, 다: 17, 라: 1 }), wordsOf({ 나: 2, 다: 1000 })]
    const weights = [0.111, 1.37, 0.7123]
    const joined = joinCounts(domains, weights)
    const unit = joined.unit!
    expect(unit).toBe(64)
    const found = mapOf(joined)
    const exact = { [` ${'가'.repeat(50)}.`]: 3 * 0.111, 나: 5 * 1.37 + 2 * 0.7123, 다: 17 * 1.37 + 712.3, 라: 1.37 }
    expect(found.size).toBe(4)
    for (const [word, count] of Object.entries(exact)) {
      const value = found.get(word)!
      expect(Number.isInteger(value)).toBe(true)
      const terms = word === '나' || word === '다' ? 2 : 1
      expect(Math.abs(value / unit - count), word).toBeLessThanOrEqual(terms / 128 + 1e-9)
    }
    expect(joined.meta['ko_vocab.balanced']).toBe('3 domains')
  })

  it('keeps a word that hardly weighs anything', () => {
    const found = mapOf(joinCounts([wordsOf({ 가: 1, 나: 1 }), wordsOf({ 다: 9 })], [1e-6, 1]))
    expect([...found]).toEqual([
      ['가', 1],
      ['나', 1],
      ['다', 9 * 64],
    ])
  })

  it('takes a coarser unit where counts would not fit 32 bits', () => {
    const most = 2 ** 32 - 1
    for (const [first, second, unit] of [
      [2 ** 24, 2 ** 24, 64],
      [2 ** 26, 2 ** 26, 32],
      [2 ** 28, 2 ** 26, 8],
      [2 ** 31, 2 ** 20, 1],
    ]) {
      const domains = [wordsOf({ 가: first, 나: 1 }), wordsOf({ 가: second, 다: 3 })]
      const joined = joinCounts(domains, [1.25, 0.5])
      expect(joined.unit ?? 1).toBe(unit)
      const found = mapOf(joined)
      expect(found.get('가')).toBe((first * 1.25 + second * 0.5) * unit)
      for (const count of found.values()) expect(count).toBeLessThanOrEqual(most)
    }
  })

  it('gives a single domain back as it is, and weighs it where that is asked', () => {
    const only = wordsOf(c)
    expect(joinCounts([only])).toBe(only)
    expect(joinCounts([only], [1])).toBe(only)
    expect([...mapOf(joinCounts([only], [2])).values()]).toEqual([384, 11 * 128])
  })

  it('refuses counts that different pre-tokenizers made, or that were normalized in different ways', () => {
    const counted = (meta: Record<string, string>) => ({ ...wordsOf(c), meta })
    const [one, two] = ['aa', 'bb'].map((hash) => counted({ 'ko_vocab.pre_tokenizer': hash }))
    expect(failure(() => joinCounts([one, two]))).toBe('mismatch: the counts were made by different pre-tokenizers')
    expect(failure(() => joinCounts([one, one, two], [1, 2, 3]))).toMatch(/^mismatch/)
    expect(failure(() => joinCounts([one, one]))).toBe('no error')
    const [kept, composed] = ['keep', 'nfc'].map((normalize) => counted({ 'ko_vocab.normalize': normalize }))
    expect(failure(() => joinCounts([kept, composed]))).toMatch(/^mismatch: .*normalize/)
  })
})

describe('training on balanced counts', () => {
  /** A base of characters; a big domain of some words and a small one of others. */
  const base = smallSentencePiece([...'가나다라마바사아자차카타'])
  const big = wordsOf({ 가나다라: 9000, 가다: 4000, 나라: 4000, 다가나: 3000, 라나: 2500, 나가: 2400, 라다: 2300 })
  const small = wordsOf({ 마바사아: 30, 자차카타: 20, 마카: 9, 바타: 9 })
  const domains = [big, small]

  function tokensACharacter(add: number, words: WordCounts): number[] {
    const encoder = createEncoder(extendTokenizer(base, trainMerges(base, words, { add })))
    return domains.map((domain) => {
      let tokens = 0
      for (const [word, count] of mapOf(domain)) tokens += countTokens(encoder, word) * count
      return tokens / charactersOf(domain)
    })
  }
  const mean = (values: number[]) => total(values) / values.length

  it.each([2, 4, 6, 8])('lowers the mean over the domains of tokens a character, %i pieces', (add) => {
    const plain = tokensACharacter(add, joinCounts(domains))
    const balanced = tokensACharacter(add, joinCounts(domains, domainWeights(domains)))
    expect(mean(balanced)).toBeLessThan(mean(plain))
    // The small domain learned something, the big one has not lost all.
    expect(balanced[1]).toBeLessThan(plain[1])
    expect(balanced[0]).toBeLessThan(1)
  })

  it('reports counts in occurrences', () => {
    const words = joinCounts([wordsOf({ 가나: 400 }), wordsOf({ 마바: 25, 가나: 4 })], [0.5, 2])
    expect(words.unit).toBe(64)
    const { pieces } = trainMerges(base, words, { add: 2 })
    expect(pieces.map(({ piece, count }) => [piece, count])).toEqual([
      ['가나', 208],
      ['마바', 50],
    ])
  })

  it('asks for minFrequency in occurrences', () => {
    const words = joinCounts([wordsOf({ 가나: 5, 나다: 4 }), wordsOf({ 마바: 2, 사아: 3 })], [1.0001, 2])
    const pieces = (minFrequency: number) =>
      trainMerges(base, words, { add: 9, minFrequency }).pieces.map(({ piece }) => piece)
    expect(pieces(1)).toEqual(['사아', '가나', '나다', '마바'])
    expect(pieces(5)).toEqual(['사아', '가나'])
    expect(pieces(6)).toEqual(['사아'])
    expect(pieces(7)).toEqual([])
  })

  it('asks for seen syllables by occurrences too', () => {
    const words = joinCounts([wordsOf({ 뷁: 3, 쀍: 2 }), wordsOf({ 꿻: 1 })], [1.5, 2.5])
    const pieces = (minFrequency: number) =>
      trainMerges(base, words, { add: 9, minFrequency, syllables: 'seen' }).pieces.map(({ piece }) => piece)
    expect(pieces(2)).toEqual(['뷁', '쀍', '꿻'])
    expect(pieces(3)).toEqual(['뷁', '쀍'])
    expect(pieces(4)).toEqual(['뷁'])
  })
})
