import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expandDomains } from '../../src/corpus/domains'
import { huggingFaceReferee } from '../../src/extend/audit/referees/huggingface'
import { sentencePieceReferee } from '../../src/extend/audit/referees/sentencepiece'
import type { OpenReferee } from '../../src/extend/audit/types'
import { extendTokenizer } from '../../src/extend/extend'
import { learnPieces } from '../../src/extend/learn-pieces'
import { scopeNamed } from '../../src/text/scope'
import { compileDecoder } from '../../src/tokenizer/decode'
import { createEncoder, encode, encodePiece } from '../../src/tokenizer/encoder'
import { tokenizerFiles } from '../../src/tokenizer/files/formats'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { referenceEncoder, sentencePieceReferenceEncoder } from '../../src/tokenizer/reference'
import type { Tokenizer } from '../../src/tokenizer/types'
import { spmBase } from '../extend/audit/small'
import { smallSentencePiece } from '../merges/small'
import { koreanText, llama2Model, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-superwords-'))
afterAll(() => rmSync(folder, { recursive: true }))

const path = join(folder, 'text.txt')
const scope = scopeNamed('hangul+punctuation+superwords')

async function extensionOf(base: Tokenizer, text: string, add: number, superwords: number): Promise<Tokenizer | null> {
  if (!/[\u1100-\u11ff\u3131-\u318e가-힣]/.test(text)) return null
  writeFileSync(path, text)
  const options = { add, scope, superwords, corpus: [path], minFrequency: 1, threads: 1 }
  return extendTokenizer(base, await learnPieces(base, await expandDomains([path]), options))
}

/** Hugging Face on tokenizer.json, SentencePiece on the .model. */
async function openReferees(tokenizer: Tokenizer): Promise<OpenReferee[]> {
  const { files } = tokenizerFiles(tokenizer)
  const opened: OpenReferee[] = []
  for (const referee of [huggingFaceReferee, sentencePieceReferee]) {
    const name = [...files].find(([file, content]) => referee.reads(file, content))?.[0]
    if (name) opened.push(await referee.open(name, files))
  }
  expect(opened).toHaveLength(2)
  return opened
}

const crosses = (piece: string) => /[^▁]▁/.test(piece)

/** Words, and what may stand between them. */
function textOf(words: readonly string[]): fc.Arbitrary<string> {
  const between = fc.oneof(
    { weight: 6, arbitrary: fc.constant(' ') },
    { weight: 3, arbitrary: fc.constantFrom('', '  ', '   ', '     ', '\t', '\n', '\n ', ' \n', '\u00a0', '\u3000') },
    { weight: 3, arbitrary: fc.constantFrom('.', '. ', ', ', '? ', '!! ', '... ', ' .', ' (', ')', '"', '·') },
    { weight: 2, arbitrary: fc.constantFrom('a', ' ab ', 'ab', ' the ', ' 1 ', '漢', ' カナ ', '😀', '뷁', ' 뷁 ') },
  )
  return fc
    .array(fc.tuple(between, fc.constantFrom(...words)), { minLength: 1, maxLength: 12 })
    .chain((parts) => between.map((last) => parts.map(([space, word]) => space + word).join('') + last))
}

const plainText = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      'ab',
      ' ',
      '  ',
      '   ',
      '\t',
      '\n',
      '.',
      ', ',
      '?',
      '!',
      '漢',
      'カ',
      '1',
      '😀',
      ' ab',
      '.. ',
    ),
    {
      maxLength: 16,
    },
  )
  .map((parts) => parts.join(''))

const few = ['가', '나', '다', '가나', '나다', '다라', '가나다', '라마바', 'ㅋ', 'ㅋㅋ']

/** No dummy prefix, no run of spaces; and pieces that nothing makes until their halves are learned. */
const yiLike = smallSentencePiece([...'가나다라ㅋab', '▁가', 'ab', '가나다', '나다라가', 'ㅋㅋㅋ', '▁라가나'])
/** A vocabulary that crosses spaces itself, in pieces that its own merges reach and in one that they do not. */
const crossing = smallSentencePiece([...'가나다라.ab', '▁▁', '나▁', '가▁나', '▁다', '가▁다', '라▁가나'])

describe.each([
  ['with a dummy prefix', spmBase],
  ['without', yiLike],
  ['of a base that crosses spaces itself', crossing],
])('superwords of a small vocabulary, %s', (_, base) => {
  const scenario = fc.record({
    learn: fc.array(textOf(few), { minLength: 1, maxLength: 5 }),
    texts: fc.array(textOf(few), { minLength: 1, maxLength: 8 }),
    plain: fc.array(plainText, { minLength: 1, maxLength: 4 }),
    add: fc.integer({ min: 1, max: 40 }),
    share: fc.constantFrom(0, 0.3, 0.5, 1),
  })

  it('have the ids of the slow references; other text keeps its ids; each piece is reached', async () => {
    let across = 0
    await fc.assert(
      fc.asyncProperty(scenario, async ({ learn, texts, plain, add, share }) => {
        const extended = await extensionOf(base, learn.join('\n'), add, share)
        if (!extended) return
        const encoder = createEncoder(extended, { cacheWords: 64 })
        const [byRanks, byPieces] = [referenceEncoder(extended), sentencePieceReferenceEncoder(extended)]
        const before = createEncoder(base)
        const decode = compileDecoder(extended)
        const decodeBase = compileDecoder(base)
        for (const text of [...texts, ...learn, ...plain]) {
          const ids = [...encode(encoder, text)]
          expect(ids).toEqual(byRanks(text))
          expect(ids).toEqual(byPieces(text))
          expect(decode(Int32Array.from(ids))).toBe(decodeBase(encode(before, text)))
        }
        for (const text of plain) expect(encode(encoder, text)).toEqual(encode(before, text))
        for (let id = base.pieces.length; id < extended.pieces.length; id++) {
          expect([...encodePiece(encoder, extended.pieces[id])]).toEqual([id])
          if (crosses(extended.pieces[id])) across++
          if (share === 1) expect(crosses(extended.pieces[id])).toBe(false)
        }
      }),
      { numRuns: runs(60, 600) },
    )
    expect(across).toBeGreaterThan(30)
  })

  it('have the ids of SentencePiece and of Hugging Face, from the files that are written', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ learn, texts, plain, add, share }) => {
        const extended = await extensionOf(base, learn.join('\n'), add, share)
        if (!extended) return
        const encoder = createEncoder(extended)
        const referees = await openReferees(extended)
        for (const text of [...texts, ...plain]) {
          for (const referee of referees) expect(referee.encode(text)).toEqual([...encode(encoder, text)])
        }
        for (const referee of referees) referee.close?.()
      }),
      { numRuns: runs(12, 60) },
    )
  })
})

describe.each([
  ['Llama-2', () => readSentencePiece(llama2Model(), 'tokenizer.model')],
  ['Mistral', () => readTokenizerJson(mistralJson(), 'tokenizer.json')],
] as const)('%s with 800 pieces, half of them superwords', (_, read) => {
  let base: Tokenizer
  let extended: Tokenizer
  let words: string[]
  beforeAll(async () => {
    const unhashed = read()
    base = { ...unhashed, sha256: tokenizerHash(unhashed) }
    const lines = (await koreanText()).split('\n').slice(0, 4000)
    extended = (await extensionOf(base, lines.join('\n'), 800, 0.5))!
    words = [...new Set(lines.flatMap((line) => line.split(' ').filter((word) => /^[가-힣]+[.,?!]?$/.test(word))))]
  })

  it('gives the ids of every peer on Korean text with odd spacing, which comes back', async () => {
    const encoder = createEncoder(extended)
    const before = createEncoder(base)
    const byRanks = referenceEncoder(extended)
    const byPieces = extended.scores ? sentencePieceReferenceEncoder(extended) : byRanks
    const referees = await openReferees(extended)
    const [decode, decodeBase] = [compileDecoder(extended), compileDecoder(base)]
    // What the pieces that cross spaces spell, whole and as the words that they join.
    const crossing = extended.pieces.slice(base.pieces.length).filter(crosses)
    const phrases = crossing.map((piece) => piece.replaceAll('▁', ' ').trim())
    const halves = crossing.flatMap((piece) => piece.split('▁').filter(Boolean))
    let across = 0
    fc.assert(
      fc.property(fc.oneof(textOf(words), textOf(halves), textOf(phrases)), (text) => {
        const ids = [...encode(encoder, text)]
        if (ids.some((id) => id >= base.pieces.length && crosses(extended.pieces[id]))) across++
        expect(ids).toEqual(byRanks(text))
        expect(ids).toEqual(byPieces(text))
        for (const referee of referees) expect(referee.encode(text)).toEqual(ids)
        expect(decode(Int32Array.from(ids))).toBe(decodeBase(encode(before, text)))
      }),
      { numRuns: runs(400, 2_000) },
    )
    expect(across).toBeGreaterThan(40)
  })

  it('changes no id of text without Hangul', () => {
    const [encoder, before] = [createEncoder(extended), createEncoder(base)]
    fc.assert(
      fc.property(fc.oneof(plainText, fc.string({ unit: 'binary', maxLength: 20 })), (text) => {
        if (/[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]/.test(text)) return
        expect(encode(encoder, text)).toEqual(encode(before, text))
      }),
      { numRuns: runs(2_000, 4_000) },
    )
  })
})
