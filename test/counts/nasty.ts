/** Bytes that word counters fall over, and the plans they are counted with. */
import fc from 'fast-check'
import type { CountPlan } from '../../src/counts/plan'
import type { WordTable } from '../../src/counts/word-table'
import { wordCount, wordLength, wordStart } from '../../src/counts/word-table'
import { encodeUtf8 } from '../../src/text/utf8'

const texts = [
  ...[
    '안녕',
    '하세요',
    '은',
    '는',
    ' 안녕',
    '  한국',
    '   말',
    '가',
    '힣',
    '년',
    '안녕하세요'.normalize('NFD'),
    'ᄒ',
    'ᅡ',
  ],
  ...['ㅋㅋㅋ', 'ㅠㅠ', 'ㅋ'.repeat(300), '가나'.repeat(140), 'ㅤ', 'ᅟ', '\uffa1', '\ud7b0', '\ua960', '\u302e'],
  ...['LLM은', '2024년', 'a', 'Z', '7', '漢字', '大韓', 'カナ', 'ひらがな', 'ー', '・', '々', '𠀀', '豈'],
  ...['😀', '👩‍👩‍👧', '\u0301', 'e\u0301', 'ё', 'ﬀ', '\u00a0', '\u3000', '\u2028', '\u0085', '\t', '\0', '▁', '▁가'],
  ...['.', ',', '!', '?', '!!!', '가!', '?나', '다.', '...', '!'.repeat(20), '"', "'s", '(', '_', '-', '/', '%'],
  ...['\n', '\n', '\r\n', '\n\n', '\r', ' ', '  ', '    ', '\n ', '\n  가', ' \n', '\ufeff', '\n\ufeff가'],
]

const broken = [
  [0xea],
  [0xea, 0xb0],
  [0xb0, 0x80],
  [0x80],
  [0xed, 0xa0, 0x80],
  [0xed, 0x9e],
  [0xf0, 0x9f, 0x98],
  [0xf0, 0x8e, 0xb0, 0x80],
  [0xe0, 0x80, 0x80],
  [0xc0, 0xa0],
  [0xff],
  [0xe3, 0x84],
  [0xe1],
  [0xc3],
  [0xf4, 0x90, 0x80, 0x80],
  [0x20, 0xec, 0x95],
].map((bytes) => Uint8Array.from(bytes))

const fragment = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...texts).map(encodeUtf8) },
  { weight: 2, arbitrary: fc.constantFrom(...broken) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }).map(encodeUtf8) },
)

/** A file of such fragments. */
export const nastyFile: fc.Arbitrary<Uint8Array> = fc.array(fragment, { maxLength: 40 }).map(concat)

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const replaceSpaces = { type: 'Replace', pattern: { String: ' ' }, content: '▁' }

/** Every kind of plan, with the rules of the real bases. */
export const plans: Record<string, CountPlan> = {
  'Llama-2 and Mistral': { kind: 'runs', scope: 'hangul', rules: { spaceJoins: 'single', linePrefix: 'always' } },
  Yi: { kind: 'runs', scope: 'hangul', rules: { spaceJoins: 'last', linePrefix: 'never' } },
  'Llama-3': { kind: 'runs', scope: 'hangul', rules: { spaceJoins: 'last', linePrefix: 'never' } },
  Metaspace: { kind: 'runs', scope: 'hangul', rules: { spaceJoins: 'single', linePrefix: 'unless-spaced' } },
  punctuation: {
    kind: 'runs',
    scope: 'hangul+punctuation',
    rules: { spaceJoins: 'single', linePrefix: 'always' },
  },
  'Hanja and kana': { kind: 'runs', scope: 'hangul+hanja+kana', rules: { spaceJoins: 'last', linePrefix: 'never' } },
  'pipeline of Llama-2': {
    kind: 'pipeline',
    scope: 'hangul',
    form: 'sentencepiece',
    normalizer: { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: '▁' }, replaceSpaces] },
    preTokenizer: null,
    spaceJoins: 'single',
  },
  'pipeline with NFC': {
    kind: 'pipeline',
    scope: 'hangul',
    form: 'byte-level',
    normalizer: { type: 'NFC' },
    preTokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    spaceJoins: 'last',
  },
  spaces: { kind: 'spaces' },
  cl100k: { kind: 'pattern', pattern: 'cl100k' },
  gpt2: { kind: 'pattern', pattern: 'gpt2' },
}

/** A table as word → count. Words that are no UTF-8 show: a scan must not make any. */
export function asMap(table: WordTable): Map<string, number> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const counts = new Map<string, number>()
  for (let i = 0; i < table.size; i++) {
    const start = wordStart(table, i)
    const word = decoder.decode(table.arena.subarray(start, start + wordLength(table, i)))
    if (counts.has(word)) throw new Error(`the table holds ${JSON.stringify(word)} twice`)
    counts.set(word, wordCount(table, i))
  }
  return counts
}
