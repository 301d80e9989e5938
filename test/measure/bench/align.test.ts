import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alignTokens, inkOf, inkPositions, insideWord } from '../../../src/measure/bench/align'
import { josaEomiBoundaries } from '../../../src/measure/bench/morphemes'
import { addLine, noTally, prepareLine } from '../../../src/measure/bench/tally'
import { addText, noText } from '../../../src/measure/text-counts'
import { toyTokenizer } from './toy'

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('ink', () => {
  it('is the text without white space, each byte with the number of its eojeol', () => {
    const ink = inkOf(' 가 ab\u00a0c\u3000d')
    expect(new TextDecoder().decode(ink.bytes.subarray(0, ink.length))).toBe('가ab\u00a0c\u3000d')
    expect([...ink.wordAt.subarray(0, ink.length)]).toEqual([0, 0, 0, 1, 1, -1, -1, 2, -1, -1, -1, 3])
    expect(ink.words).toBe(4)
    expect([0, 1, 3, 4, 5, 6, 7].filter((at) => insideWord(ink, at))).toEqual([1, 4])
  })

  it('counts eojeols as the text counts do, for any text', () => {
    const char = fc.oneof(
      fc.constantFrom(' ', '\t', '\u00a0', '\u3000', '가', 'a', '😀', '\r'),
      fc.string({ unit: 'binary', maxLength: 1 }),
    )
    fc.assert(
      fc.property(fc.array(char), (chars) => {
        const text = chars.join('')
        const counts = noText()
        addText(counts, text)
        expect(inkOf(text).words).toBe(counts.words)
        expect(counts.bytes).toBe(utf8(text).length)
        expect(counts.characters).toBe([...text].length)
        const positions = inkPositions(text)
        const ink = inkOf(text)
        expect(positions[text.length]).toBe(ink.length)
        // A place in the text is the length of the ink before it.
        let at = 0
        for (const part of text) {
          expect(positions[at]).toBe(inkOf(text.slice(0, at)).length)
          at += part.length
        }
      }),
    )
  })
})

describe('alignTokens', () => {
  it('says where tokens begin, whatever they do with spaces', () => {
    const ink = inkOf('가 나다')
    const table = ['가', ' ', '나', '다', ' 가', '나다 ', 'x'].map(utf8)
    expect(alignTokens(ink, [0, 1, 2, 3], table)).toEqual([3, 6])
    expect(alignTokens(ink, [1, 4, 1, 1, 5], table)).toEqual([3])
    expect(alignTokens(ink, [0, 2], table)).toBeNull()
    expect(alignTokens(ink, [0, 2, 3, 6], table)).toBeNull()
    expect(alignTokens(ink, [0, 2, 6], table)).toBeNull()
    expect(alignTokens(ink, [0], [null])).toBeNull()
    expect(alignTokens(inkOf(''), [], table)).toEqual([])
  })
})

describe('morphemes', () => {
  // 학교 + 에 / 가 + 았 + 다: 았 shares the syllable 갔 with its stem.
  const analysis = [
    { tag: 'NNG', position: 0, length: 2 },
    { tag: 'JKB', position: 2, length: 1 },
    { tag: 'VV', position: 4, length: 1 },
    { tag: 'EP', position: 4, length: 1 },
    { tag: 'EF', position: 5, length: 1 },
  ]

  it('josa and eomi with a place of their own', () => {
    expect(josaEomiBoundaries(analysis)).toEqual([2, 5])
  })

  it('agreement is the share of them at which a token begins', () => {
    const line = prepareLine('학교에 갔다', josaEomiBoundaries(analysis))
    const agreeing = (pieces: string[]) => {
      const tokenizer = toyTokenizer(pieces)
      const tally = noTally(tokenizer.size)
      addLine(tally, tokenizer, line)
      return [tally.agreeing, tally.boundaries]
    }
    expect(agreeing(['학교', '에▁', '갔다'])).toEqual([1, 2])
    expect(agreeing(['학', '교', '에', '▁갔', '다'])).toEqual([2, 2])
    expect(agreeing(['학', '교에▁갔다'])).toEqual([0, 2])
  })
})
