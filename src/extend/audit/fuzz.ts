import type { Tokenizer } from '../../tokenizer/types'
import { newPieces, textOf } from './vocabulary'

/** Numbers in [0, 1), the same for the same seed (mulberry32, public domain, Tommy Ettinger). */
export function random(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** What breaks tokenizers: runs, marks, half-composed text, scripts that touch. */
const FIXED = [
  ' ',
  '  ',
  '   ',
  '                 ',
  '\n',
  '\n\n',
  '\r\n',
  '\t',
  '\t\t',
  '\u00a0',
  '\u3000',
  '▁',
  '▁▁',
  'ㅋㅋㅋ',
  'ㅋㅋㅋㅋㅋㅋㅋㅋ',
  'ㅠㅠ',
  'ㅠㅠㅠㅠ',
  'ㅎㅎ',
  'ㄱ',
  'ㅏ',
  '한글'.normalize('NFD'),
  '각'.normalize('NFD'),
  'ᄒ',
  'ᅡ',
  'ᆫ',
  'ᄒᆞᆫ',
  '뷁',
  '힣',
  '가',
  '안녕',
  '은',
  'a',
  'the',
  ' of',
  'LLM',
  'don’t',
  "it's",
  '2024년',
  '1',
  '123456',
  '.',
  ',',
  '!?',
  '...',
  '(',
  ')',
  '"',
  '“',
  '漢字',
  '大',
  '人',
  'かな',
  'カナ',
  'ー',
  '。',
  'é',
  'e\u0301',
  'я',
  'ع',
  'ก',
  'ꀀ',
  '𐍈',
  '😀',
  '👨‍👩‍👧‍👦',
  '🇰🇷',
  '\u200b',
  '\ufeff',
  '\u0000',
  '\u{10ffff}',
  '\ufffd',
]

/**
 * Random strings that press on the new pieces: whole ones, their beginnings and ends, single characters of them, glued
 * to each other and to the text of {@link FIXED}.
 */
export function* fuzzStrings(base: Tokenizer, extended: Tokenizer, count: number, seed: number): Generator<string> {
  const next = random(seed)
  const below = (n: number) => Math.floor(next() * n)
  const texts: string[] = []
  for (const id of newPieces(base, extended)) {
    const text = textOf(extended, id)
    if (text !== null) texts.push(text)
  }
  const part = (): string => {
    const kind = next()
    if (texts.length === 0 || kind < 0.35) return FIXED[below(FIXED.length)]
    const chars = [...texts[below(texts.length)]]
    if (kind < 0.6) return chars.join('')
    if (kind < 0.7) return chars[below(chars.length)]
    if (kind < 0.8) return chars.slice(below(chars.length)).join('')
    if (kind < 0.9) return chars.slice(0, 1 + below(chars.length)).join('')
    if (kind < 0.95)
      return chars
        .join('')
        .trimStart()
        .repeat(1 + below(4))
    return String.fromCodePoint(0xac00 + below(11172))
  }
  for (let i = 0; i < count; i++) {
    let text = ''
    for (let parts = 1 + below(8); parts > 0; parts--) text += part()
    yield text
  }
}
