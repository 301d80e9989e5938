/** Text that tokenizers fall over: every kind of space, case, jamo, emoji and look-alike of a special token. */
import fc from 'fast-check'

export const NASTY_PARTS: readonly string[] = [
  ...[' ', '  ', '   ', '\t', '\n', '\r\n', '\r', '\u0085', '\u00a0', '\u3000', '\u2028', '\ufeff', '\u200b', '\0'],
  ...["'", "'s", "'S", "'ſ", "'ll", "'Re", "'vE", "'d", "'M", "'t", '’s', 's', 'l', 'k', 'K', 'ß', 'İ', 'ǅ', 'Ǆ'],
  ...['a', 'b', 'A', 'B', 'Ab', 'the', ' the', 'é', 'e\u0301', '\u0301', '\u20e3', 'ʰ', 'ª', 'Σ', 'ς'],
  ...[
    '0',
    '1',
    '12',
    '1234',
    '²',
    '½',
    'Ⅷ',
    '٣',
    '.',
    ',',
    '!',
    '...',
    '/',
    '//',
    '"',
    '(',
    ')',
    '_',
    '-',
    '+',
    '$',
    '€',
  ],
  ...[
    '가',
    '힣',
    '안녕',
    ' 안녕',
    '하세요',
    '은',
    'ㅋ',
    'ㅋㅋㅋ',
    'ㅠㅠ',
    '안녕'.normalize('NFD'),
    '\u1100',
    '\u11a8',
    '\uffa0',
    'ㅤ',
  ],
  ...['漢', '字', '日本', 'かな', 'カ', '々', '〇', '𠀀', '\u{2ceb0}', '\ua000', '\ud7a4', '\ud7c6'],
  ...['😀', '👨‍👩‍👧', '🇰🇷', '👍🏽', '\ufe0f', '\u200d', '\ufffd', '▁', '▁▁', 'Ġ', '<0xEA>', '<', '>', '|'],
  ...['<s>', '</s>', '<unk>', '<|begin_of_text|>', '<|end_of_text|>', '<pad>', '<s', '<|begin'],
]

const part = fc.constantFrom(...NASTY_PARTS)
const join = (parts: fc.Arbitrary<string>) => fc.array(parts, { maxLength: 24 }).map((list) => list.join(''))

/** The parts above in any order, and now and then any character at all. */
export const nastyText: fc.Arbitrary<string> = join(
  fc.oneof({ weight: 9, arbitrary: part }, { weight: 1, arbitrary: wellFormed() }),
)

/** Any one character but a surrogate. */
function wellFormed(): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
}

/** The same texts each time, for oracles that run in another process; `wild` lets in any character at all. */
export function nastyTexts(count: number, seed = 1, wild = true): string[] {
  return fc.sample(wild ? nastyText : join(part), { numRuns: count, seed })
}
