import { describe, expect, it } from 'vitest'
import { extendTokenizer } from '../../src/extend/extend'
import { emptyBase } from '../../src/extend/from-nothing'
import { trainMerges } from '../../src/merges/train-merges'
import { scopeNamed } from '../../src/text/scope'
import { decodeIds } from '../../src/tokenizer/decode'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { tokenizerFiles } from '../../src/tokenizer/files/formats'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { wordsOf } from '../merges/small'
import { nastyTexts } from '../tokenizer/pipeline/nasty'

const words = wordsOf({
  ' 안녕하세요': 9,
  ' 안녕': 7,
  하세요: 5,
  ' the': 8,
  ' 漢字': 3,
  ' 2024': 4,
  ㅋㅋㅋ: 6,
  '😀': 2,
  '!': 9,
})

describe.each([
  ['sentencepiece', undefined, 260],
  ['byte-level', 'cl100k', 258],
  ['byte-level', 'gpt2', 258],
  ['byte-level', 'o200k', 258],
] as const)('from nothing, %s %s', (form, pattern, size) => {
  const base = emptyBase(form, pattern)
  const trained = extendTokenizer(base, trainMerges(base, words, { add: 60, scope: scopeNamed('all') }))

  it('starts with bytes and special tokens', () => {
    expect(base.pieces).toHaveLength(size)
    expect(new Set(base.pieces).size).toBe(size)
    expect(base.sha256).toBe(tokenizerHash(base))
    expect(base.merges.left).toHaveLength(0)
  })

  it('gives any text back', () => {
    for (const tokenizer of [base, trained]) {
      const encoder = createEncoder(tokenizer)
      for (const text of nastyTexts(300, 5)) {
        // Special tokens in the text are decoded to themselves; ▁ is a space to SentencePiece.
        const plain = form === 'sentencepiece' ? text.replaceAll('▁', ' ') : text
        if (/<(s|\/s|unk|\|)/.test(plain)) continue
        expect(decodeIds(tokenizer, encode(encoder, plain)), JSON.stringify(plain)).toBe(plain)
      }
    }
  })

  it('learned from all scripts', () => {
    const encoder = createEncoder(trained)
    const tokens = (text: string) => encode(encoder, text).length
    expect(tokens(' 안녕')).toBeLessThanOrEqual(2)
    expect(tokens(' the')).toBeLessThanOrEqual(2)
    expect(trained.pieces.length).toBeGreaterThan(size + 20)
  })

  it('is written in every format, and each reads as the same tokenizer', () => {
    const { files, notes } = tokenizerFiles(trained)
    const text = (name: string) => files.get(name) as string
    const readers = [readTokenizerJson(text('tokenizer.json'), 'tokenizer.json')]
    if (form === 'sentencepiece')
      readers.push(readSentencePiece(files.get('tokenizer.model') as Uint8Array, 'tokenizer.model'))
    expect([...files.keys()]).toContain(form === 'sentencepiece' ? 'tokenizer.model' : 'tokenizer.tiktoken')
    expect(notes).toEqual([])
    const [json] = readers
    const expected = createEncoder(trained)
    for (const again of readers) {
      expect(again.pieces).toEqual(trained.pieces)
      expect(tokenizerHash({ ...again, scores: json.scores })).toBe(tokenizerHash({ ...trained, scores: json.scores }))
      const encoder = createEncoder(again)
      for (const line of nastyTexts(200, 6))
        expect(encode(encoder, line), JSON.stringify(line)).toEqual(encode(expected, line))
    }
  })
})
