/** Words with the spaces between them, for pieces that go on behind a space. Node only. */
import type { CorpusDomain } from '../corpus/domains'
import { readLines } from '../corpus/lines'
import { KoVocabError, throwIfAborted } from '../errors'
import type { Scope } from '../text/scope'
import { encodeUtf8 } from '../text/utf8'
import type { Tokenizer } from '../tokenizer/types'
import { charactersOf, joinCounts } from './balance'
import { type NormalizePolicy, planFor } from './plan'
import type { RunRules } from './scan-runs'
import { addText } from './scan-words'
import type { WordCounts } from './types'
import { createWordTable, flattenTable } from './word-table'

/**
 * Characters of all domains that are kept: phrases hardly repeat, so memory is that of the text. More text brings little:
 * with 90 MB instead of 36 MB 14,336 pieces gave 0.6367 tokens a syllable instead of 0.6371 (docs/choosing.md).
 */
const CHARACTERS_MAX = 24_000_000

/** @throws unsupported for bases whose encoder stops at spaces; bad-option for text that cannot be read again */
export function requirePhrases(base: Tokenizer, domains: readonly CorpusDomain[]): RunRules {
  const plan = planFor(base, { name: 'hangul', core: [], blocks: [], trailing: [] })
  if (base.form !== 'sentencepiece' || plan.kind !== 'runs') {
    throw new KoVocabError(
      'unsupported',
      "the base's pre-tokenizer splits text at spaces, so no piece can go on behind one",
      'leave superwords out, or take a base of SentencePiece form such as Llama-2, Mistral, SOLAR or Yi',
    )
  }
  if (domains.length === 0 || domains.some(({ files }) => files.some(({ stream }) => stream))) {
    const what = 'superwords are learned from running text, which is read again for them'
    throw new KoVocabError('bad-option', what, 'give the text as files with --corpus')
  }
  return plan.rules
}

export interface CountPhrasesOptions {
  /** With superwords. */
  scope: Scope
  normalize?: NormalizePolicy
  signal?: AbortSignal
}

/**
 * Counts phrases: words of the scope that follow each other with one space between them, as long as they go on, with the
 * space that joins the first one. Of every domain as many characters are kept, lines that their own text chooses.
 *
 * @param counted the domains' words, or the words of all of them as one
 * @param weights by entry of `counted`
 * @throws as {@link requirePhrases} and {@link readLines}; bad-file when no line of a domain was kept
 */
export async function countPhrases(
  base: Tokenizer,
  domains: readonly CorpusDomain[],
  counted: readonly WordCounts[],
  weights: readonly number[],
  { scope, normalize, signal }: CountPhrasesOptions,
): Promise<WordCounts> {
  const rules = requirePhrases(base, domains)
  const groups = counted.length === domains.length ? domains : [{ files: domains.flatMap(({ files }) => files) }]
  const phrase = phrasePattern(scope)
  const found: WordCounts[] = []
  const factors: number[] = []
  for (const [d, { files }] of groups.entries()) {
    const share = Math.min(1, CHARACTERS_MAX / groups.length / Math.max(1, charactersOf(counted[d])))
    const table = createWordTable()
    let lines = 0
    for await (const line of readLines(files, { signal })) {
      if ((lines++ & 0xfff) === 0) throwIfAborted(signal)
      if (share < 1 && !isKept(line, share)) continue
      for (const text of phrasesOf(phrase, rules, normalize === 'nfc' ? line.normalize('NFC') : line)) {
        const bytes = encodeUtf8(text)
        addText(table, bytes, 0, bytes.length)
      }
    }
    if (table.size === 0 && share < 1) {
      const what = `${files[0].path}: none of its ${lines} lines was kept for superwords`
      throw new KoVocabError('bad-file', what, 'break the text into lines, e.g. one a sentence or paragraph')
    }
    found.push({ ...flattenTable(table), meta: counted[d].meta })
    factors.push(weights[d] / share)
  }
  const joined = joinCounts(found, factors)
  // What is weighed up because it is a sample is not balanced.
  return weights.every((weight) => weight === 1) ? { ...joined, meta: counted[0].meta } : joined
}

function phrasePattern(scope: Scope): RegExp {
  const core = scope.core.map(([low, high]) => `\\u{${low.toString(16)}}-\\u{${high.toString(16)}}`).join('')
  const trailing = scope.trailing.length > 0 ? `[${String.fromCodePoint(...scope.trailing)}]*` : ''
  const word = `[${core}]+${trailing}`
  // From the first of several spaces alone: a line of nothing but spaces would be walked once for each of them.
  return new RegExp(`(?<! )( *)(${word}(?: ${word})*)`, 'gu')
}

function* phrasesOf(phrase: RegExp, { spaceJoins, linePrefix }: RunRules, line: string): Generator<string> {
  const prefixed =
    linePrefix === 'never' || (linePrefix === 'unless-spaced' && line.startsWith(' ')) ? line : ` ${line}`
  for (const [, spaces, text] of prefixed.matchAll(phrase)) {
    const joins = spaces.length === 1 || (spaces.length > 1 && spaceJoins === 'last')
    yield joins ? ` ${text}` : text
  }
}

/** By the line's own text alone (FNV-1a and murmur3's finalizer over UTF-16), not as held-out.ts chooses. */
function isKept(line: string, share: number): boolean {
  let hash = 0x2f0b4a27 | 0
  const end = Math.min(line.length, 1024)
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b | 0)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35 | 0)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < share
}
