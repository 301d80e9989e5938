/** The split patterns that scan.ts knows by hand, and how to recognize them. */

export type KnownPattern = 'gpt2' | 'cl100k' | 'qwen2' | 'o200k'

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]'
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'
const BEFORE = '[^\\r\\n\\p{L}\\p{N}]?'

/**
 * `gpt2` is ByteLevel's own (`use_regex`); `cl100k` is Llama-3's too, `o200k` Llama-4's.
 * Sources: tokenizer.json of Llama-3 and Qwen2; tiktoken_ext/openai_public.py.
 */
export const KNOWN_PATTERNS: Readonly<Record<KnownPattern, string>> = {
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  cl100k: `${CONTRACTIONS}|${BEFORE}\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`,
  qwen2: `${CONTRACTIONS}|${BEFORE}\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`,
  o200k:
    `${BEFORE}${UPPER}*${LOWER}+${CONTRACTIONS}?|${BEFORE}${UPPER}+${LOWER}*${CONTRACTIONS}?` +
    `|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`,
}

/**
 * Possessive spellings that mean the same, because what follows never begins with what was taken. Not among them:
 * `\p{N}{1,3}+`, which Oniguruma reads as `(\p{N}{1,3})+`, and a possessive first character of o200k, where a mark
 * alone would no longer be a word.
 */
const SAME: readonly (readonly [string, string])[] = [
  ['\\p{L}++', '\\p{L}+'],
  ['\\p{N}++', '\\p{N}+'],
  ['[^\\s\\p{L}\\p{N}]++', '[^\\s\\p{L}\\p{N}]+'],
  ['[\\r\\n]*+', '[\\r\\n]*'],
  ['[\\r\\n/]*+', '[\\r\\n/]*'],
  [`${BEFORE}+\\p{L}`, `${BEFORE}\\p{L}`],
  ["'(?i:[sdmt]|ll|ve|re)", CONTRACTIONS],
]

/** Which known pattern this regular expression is, whatever its spelling of possessive quantifiers; null for others. */
export function recognizePattern(pattern: string): KnownPattern | null {
  let plain = pattern
  for (const [from, to] of SAME) plain = plain.split(from).join(to)
  for (const [name, known] of Object.entries(KNOWN_PATTERNS)) {
    if (plain === known) return name as KnownPattern
  }
  return null
}
