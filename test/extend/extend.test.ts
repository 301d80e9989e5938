import { beforeAll, describe, expect, it } from 'vitest'
import type { WordCounts } from '../../src/counts/types'
import { isKoVocabError } from '../../src/errors'
import { extendTokenizer } from '../../src/extend/extend'
import { trainMerges } from '../../src/merges/train-merges'
import type { LearnedMerges, LearnedPiece } from '../../src/merges/types'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { tokenizerFiles } from '../../src/tokenizer/files/formats'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readCompanion, readTiktoken } from '../../src/tokenizer/files/tiktoken'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { writeTokenizerJson } from '../../src/tokenizer/files/tokenizer-json-write'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { PieceKind, type Tokenizer } from '../../src/tokenizer/types'
import { smallSentencePiece } from '../merges/small'
import { koreanText, llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { wordCounts } from './words'

const piece = (text: string, left: string | null = null, right: string | null = null): LearnedPiece => ({
  piece: text,
  left,
  right,
  count: 1,
})
const learnedOf = (...pieces: LearnedPiece[]): LearnedMerges => ({ pieces, meta: {} })

function failure(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('extendTokenizer', () => {
  const base = smallSentencePiece(['가', '나', '가나'])

  it('puts new ids behind the highest, and leaves everything else', () => {
    const before = structuredClone(base)
    const extended = extendTokenizer(
      base,
      learnedOf(piece('다'), piece('나다', '나', '다'), piece('가나다', '가', '나다')),
    )
    expect(base).toEqual(before)
    const first = base.pieces.length
    expect(extended.pieces.slice(0, first)).toEqual(base.pieces)
    expect(extended.pieces.slice(first)).toEqual(['다', '나다', '가나다'])
    expect([...extended.kinds.slice(first)]).toEqual([1, 1, 1])
    expect([...extended.scores!.slice(0, first)]).toEqual([...base.scores!])
    for (let id = first; id < extended.pieces.length; id++) {
      expect(extended.scores![id]).toBeLessThan(Math.min(...extended.scores!.slice(0, id)))
    }
    expect(extended.sha256).toBe(tokenizerHash(extended))
    expect(extended.sha256).not.toBe(base.sha256)
    const ids = (text: string) => [...encode(createEncoder(extended), text)].map((id) => extended.pieces[id])
    expect(ids('가나다')).toEqual(['가나다'])
    expect(ids('나다')).toEqual(['나다'])
  })

  it('refuses pieces of another base', () => {
    const learned = { pieces: [piece('다')], meta: { base: 'f'.repeat(64) } }
    expect(failure(() => extendTokenizer(base, learned))).toMatch(/^mismatch: .*ffffffffffffffff…/)
    expect(failure(() => extendTokenizer(base, { ...learned, meta: { base: base.sha256! } }))).toBe('no error')
    // The hash is made where a base does not carry one.
    const { sha256, ...bare } = base
    expect(failure(() => extendTokenizer(bare, { ...learned, meta: { base: sha256! } }))).toBe('no error')
  })

  it.each([
    ['a base piece', [piece('가나', '가', '나')], /가나" is id \d+ already/],
    ['a piece twice', [piece('다'), piece('다')], /다" is id \d+ already/],
    ['a piece without its pair', [piece('다라')], /다라" stands without the pair/],
    ['a left half alone', [piece('다'), { ...piece('다가', '다'), right: null }], /stands without the pair/],
    ['a left half that is no piece', [piece('다가', '다', '가')], /needs "다"/],
    ['a right half that is no piece', [piece('가다', '가', '다')], /needs "다"/],
    ['a half that comes later', [piece('가다', '가', '다'), piece('다')], /needs "다"/],
    ['halves that spell something else', [piece('나가', '가', '나')], /is not what its halves spell: "가나"/],
    ['an added token', [piece('</s>')], /<\/s>" is id 2 already/],
  ])('refuses %s', (_name, pieces, message) => {
    const text = failure(() => extendTokenizer(base, learnedOf(...pieces)))
    expect(text).toMatch(/^mismatch/)
    expect(text).toMatch(message)
  })

  it('refuses a single byte-level character without a pair', () => {
    const llama3 = readTokenizerJson(llama3Json(), 'tokenizer.json')
    expect(failure(() => extendTokenizer(llama3, learnedOf(piece('가'))))).toMatch(/^mismatch/)
  })

  it('takes user-defined symbols: first new ids, added tokens, found before all else', () => {
    const learned = learnedOf(piece('다'), piece('가다', '가', '다'))
    const extended = extendTokenizer(base, learned, { userDefinedSymbols: ['<가다>', '가다가'] })
    const first = base.pieces.length
    expect(extended.pieces.slice(first)).toEqual(['<가다>', '가다가', '다', '가다'])
    expect(extended.kinds[first]).toBe(PieceKind.UserDefined)
    expect(extended.addedTokens.slice(-2)).toMatchObject([
      { id: first, content: '<가다>', special: false, normalized: false },
      { id: first + 1, content: '가다가', special: false },
    ])
    expect([...encode(createEncoder(extended), '가다<가다>다가다가')]).toEqual([first + 3, first, first + 2, first + 1])
    expect(failure(() => extendTokenizer(base, learned, { userDefinedSymbols: [''] }))).toMatch(/^bad-option/)
    for (const userDefinedSymbols of [['가나'], ['<x>', '<x>'], ['다'], ['<s>']]) {
      expect(
        failure(() => extendTokenizer(base, learned, { userDefinedSymbols })),
        userDefinedSymbols[0],
      ).toMatch(/^mismatch/)
    }
  })
})

describe.each([
  ['Llama-2 (json)', async () => readTokenizerJson(await llama2Json(), 'tokenizer.json')],
  ['Llama-2 (model)', async () => readSentencePiece(llama2Model(), 'tokenizer.model')],
  ['Mistral', async () => readTokenizerJson(mistralJson(), 'tokenizer.json')],
  ['Llama-3', async () => readTokenizerJson(llama3Json(), 'tokenizer.json')],
] as const)('2,000 pieces from Korean text on %s', (_name, read) => {
  let base: Tokenizer
  let words: WordCounts
  let learned: LearnedMerges
  let extended: Tokenizer
  beforeAll(async () => {
    base = await read()
    words = wordCounts(base, await koreanText())
    learned = trainMerges(base, words, { add: 2000 })
    extended = extendTokenizer(base, learned)
  })

  it('learns as many', () => expect(learned.pieces.length).toBe(2000))

  it('keeps the base merges in their order and puts only splits of base pieces between them', () => {
    const { left, right, result } = extended.merges
    const firstNew = base.pieces.length
    let next = 0
    let between = 0
    for (let rank = 0; rank < result.length && next < base.merges.result.length; rank++) {
      if (left[rank] === base.merges.left[next] && right[rank] === base.merges.right[next]) {
        expect(result[rank]).toBe(base.merges.result[next])
        next++
      } else {
        between++
        if (result[rank] >= firstNew || (left[rank] < firstNew && right[rank] < firstNew)) {
          throw new Error(`the pair of rank ${rank} makes ${extended.pieces[result[rank]]} among the base's`)
        }
      }
    }
    expect(next).toBe(base.merges.result.length)
    expect(between).toBeLessThan(500)
  })

  it('reaches every new piece, merges alone, and changes no id of other text', () => {
    const merged = createEncoder({ ...extended, ignoreMerges: false })
    const unreached: string[] = []
    const prefix = base.form === 'sentencepiece' ? { normalizer: null, preTokenizer: null } : {}
    const bare = createEncoder({ ...extended, ...prefix, ignoreMerges: false })
    for (let id = base.pieces.length; id < extended.pieces.length; id++) {
      const text = base.form === 'sentencepiece' ? extended.pieces[id] : textOf(extended.pieces[id])
      if (text === null) continue
      const ids = encode(base.form === 'sentencepiece' ? bare : merged, text)
      if (ids.length !== 1 || ids[0] !== id) unreached.push(extended.pieces[id])
    }
    expect(unreached).toEqual([])
    const [old, now] = [createEncoder(base), createEncoder(extended)]
    for (const text of ['Llama 2: Open Foundation', 'for (;;) {}  // 漢字かな', '안\u00a0', 'été  😀😀']) {
      if (!/[가-힣]/.test(text)) expect(encode(now, text)).toEqual(encode(old, text))
    }
  })

  it('comes back from tokenizer.json as it was', () => {
    const again = readTokenizerJson(writeTokenizerJson(extended), 'tokenizer.json')
    expect(again.pieces).toEqual(extended.pieces)
    expect(again.merges).toEqual(extended.merges)
    expect(tokenizerHash(again)).toBe(tokenizerHash({ ...extended, scores: again.scores }))
  })

  it('is the same tokenizer in its other format', () => {
    const { files, notes } = tokenizerFiles(extended)
    expect(notes).toEqual([])
    const again =
      base.form === 'sentencepiece'
        ? readSentencePiece(files.get('tokenizer.model') as Uint8Array, 'tokenizer.model')
        : readTiktoken(
            files.get('tokenizer.tiktoken') as string,
            'tokenizer.tiktoken',
            readCompanion(files.get('tokenizer.tiktoken.special.json') as string, 'special.json'),
          )
    expect(again.pieces).toEqual(extended.pieces)
    expect(again.merges).toEqual(extended.merges)
  })

  it('takes fewer tokens for Korean than the base', async () => {
    const lines = (await koreanText()).split('\n').slice(0, 3000).join('\n')
    const before = encode(createEncoder(base), lines).length
    const after = encode(createEncoder(extended), lines).length
    expect(after).toBeLessThan(before * 0.75)
  })
})

function textOf(mapped: string): string | null {
  const bytes = Uint8Array.from(mapped, (char) => byteOf.get(char)!)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}
const printable = [
  [33, 126],
  [161, 172],
  [174, 255],
].flatMap(([low, high]) => Array.from({ length: high - low + 1 }, (_, i) => low + i))
const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !printable.includes(byte))
const byteOf = new Map([
  ...printable.map((byte) => [String.fromCharCode(byte), byte] as const),
  ...others.map((byte, i) => [String.fromCharCode(256 + i), byte] as const),
])
