import { describe, expect, it } from 'vitest'
import { extendTokenizer } from '../../../src/extend/extend'
import { takeBackSteps } from '../../../src/measure/plan/take-back'
import { countSyllables, measureText, tokenCurve } from '../../../src/measure/plan/token-curve'
import { trainMerges } from '../../../src/merges/train-merges'
import type { LearnedMerges } from '../../../src/merges/types'
import { scopeNamed } from '../../../src/text/scope'
import { encodeUtf8 } from '../../../src/text/utf8'
import { countTokens, createEncoder } from '../../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../../src/tokenizer/types'
import { koreanText, llama2Json, llama3Json, mistralJson } from '../../support/fixtures'
import { wordsOf } from './words'

/** Text in which everything that may go wrong stands: other scripts, unknown characters, jamo, odd spaces, bytes. */
const ODD = [
  '',
  ' ',
  '한국어 tokenizer를 2024년에 배웠습니다!!',
  '  공백이   여러 개   ',
  'ㅋㅋㅋㅋㅋ ㅠㅠ 아아아아아아 ᄒ하',
  '뷁쀍똠방각하 믜햇 꿹 꿹꿹',
  '日本語と韓国語 한국어と中文 漢字',
  '.한국 (한국) "한국어" #한국_어 한국어English한국어',
  'えええ え가え <s>한국</s> <|begin_of_text|>한국',
  '한국어'.repeat(300),
]

async function curveOf(
  base: Tokenizer,
  learned: LearnedMerges,
  lines: readonly string[],
): Promise<{ curve: Float64Array; opened: number }> {
  const extended = extendTokenizer(base, learned)
  const steps = takeBackSteps(base, extended, learned)
  const text = await measureText(
    base,
    extended,
    lines.map((line) => encodeUtf8(line)),
  )
  return { curve: tokenCurve(text, steps), opened: steps.filter((step) => step.length > 1).length }
}

function encoded(base: Tokenizer, learned: LearnedMerges, lines: readonly string[], size: number): number {
  const encoder = createEncoder(
    size === 0 ? base : extendTokenizer(base, { ...learned, pieces: learned.pieces.slice(0, size) }),
  )
  return lines.reduce((sum, line) => sum + countTokens(encoder, line), 0)
}

describe.each([
  ['Llama-2', llama2Json, 'hangul', 'none'],
  ['Llama-2 with every seen syllable', llama2Json, 'hangul+punctuation', 'seen'],
  ['Mistral', mistralJson, 'hangul', 'none'],
  ['Llama-3, whose ignore_merges takes words whole', llama3Json, 'hangul', 'none'],
] as const)('tokens at every size of %s', (_, json, scopeName, syllables) => {
  it('are what encoding with so many pieces gives', async () => {
    const base = readTokenizerJson(await json(), 'tokenizer.json')
    const lines = (await koreanText()).split('\n')
    const seen = lines.filter((_, i) => i % 4 === 1)
    const scope = scopeNamed(scopeName)
    const learned = trainMerges(base, wordsOf(base, seen, scope), { add: 1500, scope, syllables })
    // The pieces that merges of the base do not reach are words of their own in Llama-3.
    const wholes = base.pieces.flatMap((piece) => (/^[가-힣]+$/.test(piece) ? [piece, ` ${piece}`] : []))
    const held = [...lines.filter((_, i) => i % 30 === 0), ...ODD, ...unreached(base), ...wholes.slice(0, 50)]
    const { curve, opened } = await curveOf(base, learned, held)
    const all = learned.pieces.length
    expect(curve).toHaveLength(all + 1)
    // A base piece that new pieces let merges reach is undone with the last of them.
    if (base.ignoreMerges) expect(opened).toBeGreaterThan(0)
    for (const size of [0, 1, 7, 100, 1111, all]) {
      expect({ size, tokens: curve[size] }).toEqual({ size, tokens: encoded(base, learned, held, size) })
    }
    // Making a tokenizer of Llama-3's size, six times, takes long on a small machine.
  }, 180_000)
})

/** Hangul pieces of a byte-level base that its merges do not reach, alone and inside longer words. */
function unreached(base: Tokenizer): string[] {
  if (!base.ignoreMerges) return []
  const encoder = createEncoder({ ...base, ignoreMerges: false })
  const texts = base.pieces.flatMap((piece) => {
    const bytes = Uint8Array.from(piece, (char) => charByte(char))
    const text = new TextDecoder().decode(bytes)
    return /^ ?[가-힣]{2,}$/.test(text) && countTokens(encoder, text) > 1 ? [text] : []
  })
  expect(texts.length).toBeGreaterThan(0)
  return texts.flatMap((text) => [text, `${text} ${text}`, `${text}니다`, `가${text.trim()}`])
}

/** Of GPT-2's byte alphabet: bytes that can be printed stand for themselves, the others from U+0100 on. */
function charByte(char: string): number {
  const code = char.codePointAt(0)!
  if (code < 0x100) return code
  const hidden = Array.from({ length: 256 }, (_, b) => b).filter(
    (b) => !((b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff)),
  )
  return hidden[code - 0x100]
}

describe('countSyllables', () => {
  it('counts precomposed syllables only, also beside bytes that are no UTF-8', () => {
    const count = (bytes: Uint8Array) => countSyllables(bytes, 0, bytes.length)
    expect(count(encodeUtf8('가힣 a漢ㅋ하'))).toBe(3)
    expect(count(Uint8Array.of(0xea, 0xb0, 0x80, 0xea, 0xb0, 0x20, 0xea, 0xb0, 0x80, 0xed))).toBe(2)
    expect(count(encodeUtf8('ꯀ퟿'))).toBe(0)
  })
})
