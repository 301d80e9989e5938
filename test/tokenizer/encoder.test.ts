import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../src/text/utf8'
import { countTokens, createEncoder, type Encoder, encode, encodeBytes } from '../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { referenceEncoder } from '../../src/tokenizer/reference'
import type { Tokenizer } from '../../src/tokenizer/types'
import { llama2Json, llama3Json, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'

const FRAGMENTS = [
  ...[
    '안녕하세요',
    '한국',
    '은',
    '는',
    'ㅋㅋㅋ',
    'ㅠㅠ',
    '뷁',
    '힣',
    '\u1112\u1161\u11ab',
    '漢字',
    'カナ',
    '😀',
    '👩‍👩‍👧',
  ],
  ...[' ', '  ', '\n', '\r\n', '\t', '\u00a0', '\u0085', '\ufeff', '▁', '\u3000', 'a', 'the', "'s", "'ſ", '2024', '년'],
  ...['LLM', '<s>', '</s>', '<|begin_of_text|>', '!', '...', '\u0301', '\ud800', '𠀀', '\0', '<0x41>', 'é', 'Σ'],
]
const text = fc.array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: 'grapheme', maxLength: 3 })), {
  maxLength: 24,
})

/** Llama-2 with Yi's manner: no dummy prefix, runs of spaces as added tokens of normalized text. */
async function spaceRunsJson(): Promise<string> {
  const document = JSON.parse(await llama2Json())
  document.normalizer.normalizers.shift()
  document.decoder.decoders.pop()
  ;[2, 3, 4, 8].forEach((length, i) => {
    const content = '▁'.repeat(length)
    delete document.model.vocab[content]
    document.model.vocab[content] = 32_000 + i
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: true, special: false }
    document.added_tokens.push({ id: 32_000 + i, content, ...flags })
  })
  document.model.merges = document.model.merges.filter((merge: string) => !/^▁+ ▁+$/.test(merge))
  return JSON.stringify(document)
}

describe.each([
  ['space runs as added tokens', spaceRunsJson],
  ['Llama-2', llama2Json],
  ['Mistral', async () => mistralJson()],
  ['Llama-3', async () => llama3Json()],
] as const)('encode, %s', (_name, json) => {
  let tokenizer: Tokenizer
  let reference: (text: string) => number[]
  let encoder: Encoder
  beforeAll(async () => {
    tokenizer = readTokenizerJson(await json(), 'tokenizer.json')
    reference = referenceEncoder(tokenizer)
    encoder = createEncoder(tokenizer, { cacheWords: 64 })
  })

  it('takes the fast path', () => expect(encoder.fast).not.toBeNull())

  it('gives the reference ids for any text, from strings and from bytes', () => {
    fc.assert(
      fc.property(text, (parts) => {
        const line = parts.join('')
        const expected = reference(line)
        expect([...encode(encoder, line)]).toEqual(expected)
        expect([...encodeBytes(encoder, encodeUtf8(line))]).toEqual(expected)
        expect(countTokens(encoder, line)).toBe(expected.length)
      }),
      { numRuns: runs(400, 10_000) },
    )
  })

  it('gives the reference ids without the fast path', () => {
    const slow = { ...createEncoder(tokenizer), fast: null }
    const plain = createEncoder({
      ...tokenizer,
      addedTokens: tokenizer.addedTokens.map((t) => ({ ...t, normalized: true })),
    })
    const plainReference = referenceEncoder(plain.tokenizer)
    expect(plain.fast).toBeNull()
    fc.assert(
      fc.property(text, (parts) => {
        const line = parts.join('')
        expect([...encode(plain, line)]).toEqual(plainReference(line))
      }),
      { numRuns: runs(100, 1_000) },
    )
    expect(slow.fast).toBeNull()
  })

  it('cuts no Hangul behind a `▁` of the text or a run of spaces', () => {
    for (const line of ['▁이지급 다가', '한 ▁다가오는', '  다가오는', ' ▁ ▁이지급', '가▁나다']) {
      expect([...encode(encoder, line)]).toEqual(reference(line))
    }
  })

  it('encodes words beyond the length that is scanned, and beyond the cache', () => {
    for (const unit of ['가나다', 'ㅋ', 'abcde', '漢字仮名', ' ', '=', '한😀']) {
      const line = unit.repeat(120)
      expect([...encode(encoder, line)]).toEqual(reference(line))
    }
  })
})
