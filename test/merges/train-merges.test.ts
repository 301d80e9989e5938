import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKoVocabError } from '../../src/errors'
import { extendTokenizer } from '../../src/extend/extend'
import { emptyBase } from '../../src/extend/from-nothing'
import { type TrainMergesOptions, trainMerges } from '../../src/merges/train-merges'
import type { LearnedPiece } from '../../src/merges/types'
import { pieceInScope, scopeNamed } from '../../src/text/scope'
import { encodeUtf8 } from '../../src/text/utf8'
import { pieceToBytes } from '../../src/tokenizer/byte-alphabet'
import { referenceEncoder } from '../../src/tokenizer/reference'
import type { Tokenizer } from '../../src/tokenizer/types'
import { runs } from '../support/long'
import { smallSentencePiece, wordsOf } from './small'

const base = smallSentencePiece([])
const bytes = emptyBase('byte-level')
const pieces = (words: Parameters<typeof wordsOf>[0], options: TrainMergesOptions, on = base) =>
  trainMerges(on, wordsOf(words), options).pieces.map(({ piece }) => piece)

function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('trainMerges', () => {
  it('learns characters, then pairs, and gives their counts', () => {
    const learned = trainMerges(base, wordsOf({ ' 가나': 5, 가나: 4, ' 다': 3, 라: 1 }), { add: 100 })
    expect(learned.pieces).toEqual([
      { piece: '가', left: null, right: null, count: 9 },
      { piece: '나', left: null, right: null, count: 9 },
      { piece: '가나', left: '가', right: '나', count: 9 },
      { piece: '다', left: null, right: null, count: 3 },
      { piece: '▁가나', left: '▁', right: '가나', count: 5 },
      { piece: '▁다', left: '▁', right: '다', count: 3 },
    ])
    expect(learned.meta).toMatchObject({ scope: 'hangul', add: '100', min_frequency: '2', syllables: 'none' })
  })

  it('stops at the minimum frequency, and gives fewer pieces than asked for', () => {
    expect(pieces({ 가나: 5, 다라: 4 }, { add: 50, minFrequency: 5 })).toEqual(['가', '나', '가나'])
    expect(pieces({ 가나: 1 }, { add: 50 })).toEqual([])
    expect(pieces({ 가나: 1 }, { add: 50, minFrequency: 1 })).toEqual(['가', '나', '가나'])
  })

  it('keeps to the longest piece, the space counted', () => {
    for (const maxPieceLength of [1, 2, 3, 5]) {
      const learned = pieces({ ' 가나다라마바사': 9 }, { add: 50, maxPieceLength })
      expect(Math.max(...learned.map((piece) => [...piece].length))).toBe(maxPieceLength)
    }
    const all = pieces({ ' 가나다': 9 }, { add: 50, maxPieceLength: 3 }, bytes).map((piece) => pieceToBytes(piece)!)
    // In byte-level form a cut character counts as one, too.
    for (const piece of all) expect(piece.filter((byte) => (byte & 0xc0) !== 0x80).length).toBeLessThanOrEqual(3)
  })

  it('orders ties by bytes, whatever the order of the words', () => {
    expect(pieces({ 하바: 3, 다나: 3, 사가: 3 }, { add: 9 })).toEqual([
      ...['가', '나', '다', '바', '사', '하'],
      ...['다나', '사가', '하바'],
    ])
    const list = fc.uniqueArray(
      fc.tuple(
        fc
          .array(fc.constantFrom(' ', '가', '나', '다', 'ㅋ'), { minLength: 1, maxLength: 6 })
          .map((list) => list.join('').replace(/(?<=.) /g, '')),
        fc.integer({ min: 1, max: 6 }),
      ),
      { minLength: 1, maxLength: 8, selector: ([word]) => word },
    )
    fc.assert(
      fc.property(list, fc.array(fc.nat(100), { minLength: 8, maxLength: 8 }), (words, keys) => {
        const shuffled = words.map((word, i) => ({ word, key: keys[i] })).sort((a, b) => a.key - b.key)
        const options = { add: 20, minFrequency: 1 }
        for (const on of [base, bytes]) {
          expect(
            pieces(
              shuffled.map(({ word }) => word),
              options,
              on,
            ),
          ).toEqual(pieces(words, options, on))
        }
      }),
      { numRuns: runs(200) },
    )
  })

  it('makes no twin of a syllable out of decomposed jamo', () => {
    const nfd = { ['안녕하세요'.normalize('NFD')]: 50, [` ${'한글'.normalize('NFD')}`]: 40 }
    for (const on of [base, bytes]) {
      const learned = pieces(nfd, { add: 100, minFrequency: 1 }, on)
      expect(learned.length).toBeGreaterThan(8)
      for (const piece of learned) {
        const text = on === base ? piece : new TextDecoder().decode(pieceToBytes(piece)!)
        expect(text.normalize('NFC')).toBe(text)
      }
    }
  })

  it('makes no piece of a string that is an added token', () => {
    const withToken: Tokenizer = {
      ...base,
      addedTokens: [...base.addedTokens, { ...base.addedTokens[0], id: 0, content: '가나', special: false }],
    }
    expect(pieces({ 가나다: 9 }, { add: 20 }, withToken)).not.toContain('가나')
    expect(pieces({ 가나다: 9 }, { add: 20 })).toContain('가나')
  })

  it('learns nothing outside its scope', () => {
    const words = { ' 가나다.': 9, 가나: 9, '다!': 5, ' 다?': 3 }
    for (const name of ['hangul', 'hangul+punctuation']) {
      const scope = scopeNamed(name)
      const learned = pieces(words, { add: 50, minFrequency: 1, scope }, bytes)
      for (const piece of learned) expect(pieceInScope(scope, pieceToBytes(piece)!), piece).toBe(true)
      const texts = learned.map((piece) => new TextDecoder().decode(pieceToBytes(piece)!))
      expect(texts.includes(' 가나다.')).toBe(name !== 'hangul')
      expect(texts).toContain('가나')
    }
    const scope = scopeNamed('hangul+punctuation')
    expect(pieces(words, { add: 50, minFrequency: 1, scope }, smallSentencePiece(['.', '!', '?']))).toContain(
      '▁가나다.',
    )
  })

  it('refuses what makes no sense', () => {
    const words = { 가나: 9 }
    expect(codeOf(() => pieces({}, { add: 5 }))).toMatch(/^bad-file: .*"hangul"/)
    for (const add of [0, -1, 1.5, Number.NaN]) expect(codeOf(() => pieces(words, { add }))).toMatch(/^bad-option: add/)
    expect(codeOf(() => pieces(words, { add: 1, minFrequency: 0 }))).toMatch(/^bad-option: min-frequency is 0/)
    expect(codeOf(() => pieces(words, { add: 1, maxPieceLength: 0 }))).toMatch(/^bad-option: max-piece-length is 0/)
    expect(codeOf(() => pieces({ 가나: 2 ** 32 }, { add: 5 }))).toMatch(/^unsupported: .*가나.*4294967296/)
    const signal = AbortSignal.abort()
    expect(codeOf(() => pieces(words, { add: 5, signal }))).toMatch(/^aborted/)
  })

  it('tells its progress', () => {
    const told: [number, number][] = []
    pieces({ 가나다라: 9 }, { add: 5, onProgress: (done, total) => told.push([done, total]) })
    expect(told[0]).toEqual([0, 5])
    expect(told[told.length - 1]).toEqual([5, 5])
  })
})

describe('syllables', () => {
  const words = { ' 뷁은': 3, 뷁: 2, 힣: 1, ㅋㅋㅋ: 9, ' 가나': 30 }
  const ids = (tokenizer: Tokenizer, text: string) => referenceEncoder(tokenizer)(text)

  it.each([
    ['SentencePiece', base],
    ['byte-level', bytes],
  ] as const)('seen: every syllable seen often enough is one id, %s', (_name, on) => {
    const learned = trainMerges(on, wordsOf(words), { add: 60, syllables: 'seen' })
    const extended = extendTokenizer(on, learned)
    for (const char of '뷁은가나') expect(ids(extended, char), char).toHaveLength(1)
    expect(ids(extended, '힣').length).toBeGreaterThan(1)
    // Syllables come before what saves more.
    const texts = learned.pieces.map(({ piece }) =>
      on === base ? piece : new TextDecoder().decode(pieceToBytes(piece)!),
    )
    const word = texts.findIndex((text) => /^[▁ ]가나$/.test(text))
    expect(texts.indexOf('은')).toBeLessThan(word)
  })

  it.each([
    ['SentencePiece', base, 11_172],
    ['byte-level', bytes, 11_172 + 175 + 3],
  ] as const)('all: 11,172 syllables are one id each, %s', (_name, on, most) => {
    const learned = trainMerges(on, wordsOf(words), { add: 12_000, syllables: 'all' })
    const extended = extendTokenizer(on, learned)
    const encode = referenceEncoder(extended)
    const broken: string[] = []
    for (let codePoint = 0xac00; codePoint <= 0xd7a3; codePoint++) {
      const char = String.fromCodePoint(codePoint)
      if (encode(char).length !== 1) broken.push(char)
    }
    expect(broken).toEqual([])
    expect(learned.pieces.filter(({ count }) => count === 0).length).toBeLessThanOrEqual(most)
    expect(learned.pieces.some(({ piece }) => piece === '▁가나' || piece === 'Ġê°ĢëĤĺ')).toBe(true)
  })

  it('never adds more than asked for', () => {
    for (const on of [base, bytes]) {
      for (const syllables of ['seen', 'all', 'none'] as const) {
        for (const add of [1, 2, 3, 4, 5, 7, 100]) {
          const learned = trainMerges(on, wordsOf(words), { add, syllables })
          expect(learned.pieces.length).toBeLessThanOrEqual(add)
          expect(() => extendTokenizer(on, learned)).not.toThrow()
        }
      }
    }
  })
})

/**
 * The whole of trainMerges, slow and plain: each step extends the base by the pieces so far, encodes every word as
 * Hugging Face would, and takes the most frequent pair, or the most frequent character that is no piece when that saves
 * at least as much: its bytes less one, as often as it stands.
 */
function trainSlowly(
  on: Tokenizer,
  words: [string, number][],
  options: { add: number; minFrequency: number },
): LearnedPiece[] {
  const learned: LearnedPiece[] = []
  // Characters inside pieces of the base that lacks them stay as they are.
  const closed = [...on.pieces.slice(259).join('')].filter((char) => !on.pieces.includes(char))
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
  while (learned.length < options.add) {
    const extended = extendTokenizer(on, { pieces: learned, meta: {} })
    const encode = referenceEncoder(extended)
    const known = new Set(extended.pieces)
    const pairs = new Map<string, LearnedPiece & { left: string; right: string }>()
    const characters = new Map<string, number>()
    for (const [word, count] of words) {
      for (const char of word.replaceAll(' ', '▁')) {
        if (!known.has(char) && !closed.includes(char)) characters.set(char, (characters.get(char) ?? 0) + count)
      }
      const tokens = encode(word).map((id) => extended.pieces[id])
      let free = 0
      for (let i = 0; i + 1 < tokens.length; i++) {
        const [left, right] = [tokens[i], tokens[i + 1]]
        if (left.startsWith('<0x') || right.startsWith('<0x') || (left === right && i < free)) continue
        if (left === right) free = i + 2
        const key = `${left}|${right}`
        const pair = pairs.get(key) ?? { piece: left + right, left, right, count: 0 }
        pair.count += count
        pairs.set(key, pair)
      }
    }
    const best = [...pairs.values()]
      .filter(({ piece, count }) => count >= options.minFrequency && !known.has(piece))
      .filter(({ piece }) => pieceInScope(scopeNamed('hangul'), encodeUtf8(piece.replace('▁', ' '))))
      .sort((a, b) => b.count - a.count || byBytes(a.piece, b.piece) || b.left.length - a.left.length)[0]
    const [char, seen] = [...characters].sort((a, b) => b[1] - a[1] || byBytes(a[0], b[0]))[0] ?? ['', 0]
    if (seen >= options.minFrequency && (!best || seen * (encodeUtf8(char).length - 1) >= best.count)) {
      learned.push({ piece: char, left: null, right: null, count: seen })
    } else if (best) learned.push(best)
    else break
  }
  return learned
}

describe('trainMerges, SentencePiece form', () => {
  it('learns what the slow reference learns, characters that the base lacks included', () => {
    const word = fc
      .tuple(fc.boolean(), fc.array(fc.constantFrom('가', '나', '다', '라'), { minLength: 1, maxLength: 7 }))
      .map(([spaced, list]) => (spaced ? ' ' : '') + list.join(''))
    const words = fc.uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 12 })), {
      minLength: 1,
      maxLength: 7,
      selector: ([text]) => text,
    })
    const has = fc.uniqueArray(
      fc.constantFrom('가', '나', '다', '가나', '▁가', '나나', '가나다', '▁가나', '다라', '라가', '나다라'),
      { maxLength: 7 },
    )
    fc.assert(
      fc.property(
        words,
        has,
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 3 }),
        (list, own, add, minFrequency) => {
          // Characters first, as vocabularies have them.
          const on = smallSentencePiece(own.sort((a, b) => Number(a.length > 1) - Number(b.length > 1)))
          const learned = trainMerges(on, wordsOf(list), { add, minFrequency }).pieces
          expect(learned).toEqual(trainSlowly(on, list, { add, minFrequency }))
        },
      ),
      { numRuns: runs(150, 3_000) },
    )
  })
})
