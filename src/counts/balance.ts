/** Counts of several domains as one. */
import { KoVocabError } from '../errors'
import { addText } from './scan-words'
import type { WordCounts } from './types'
import { createWordTable, flattenTable } from './word-table'

/**
 * More domains than this are not balanced: so many files are the parts of one corpus, or its documents, and how large a
 * part is says nothing.
 */
export const BALANCED_DOMAINS_MAX = 100

/** No domain counts as if it were smaller than this share of all text: what a few pages hold is chance. */
const SHARE_MIN = 1 / 1000

/** Weighted counts are rounded to this part of an occurrence, or to a coarser one where they would not fit. */
const UNIT = 64

const MUST_AGREE = [
  ['ko_vocab.pre_tokenizer', 'pre-tokenizers'],
  ['ko_vocab.normalize', 'ways to normalize'],
] as const

/** Training takes counts of 32 bits. */
const COUNT_MAX = 2 ** 32 - 1

/**
 * What an occurrence of each domain weighs so that all domains weigh the same, 1 on average over the text: a corpus of
 * 110 MB of encyclopedia and 3 MB of dialogue learns dialogue too. A domain is as large as the characters of its words,
 * and no smaller than a thousandth of all.
 *
 * It is what makes the mean over the domains of tokens a character least, since a merge then saves on average what it
 * saves in each domain a character. docs/choosing.md has what it brings.
 *
 * @returns by domain; all 1 for one domain and for more than {@link BALANCED_DOMAINS_MAX}
 */
export function domainWeights(domains: readonly WordCounts[]): number[] {
  if (domains.length < 2 || domains.length > BALANCED_DOMAINS_MAX) return domains.map(() => 1)
  const sizes = domains.map(charactersOf)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total === 0) return domains.map(() => 1)
  const shares = sizes.map((size) => 1 / Math.max(size, total * SHARE_MIN))
  const weighed = sizes.reduce((sum, size, i) => sum + size * shares[i], 0)
  return shares.map((share) => (share * total) / weighed)
}

/**
 * The words of all domains, each count times its domain's weight; words that domains share add up.
 *
 * @param weights by domain, above 0; all 1 by default
 * @returns whole counts in units of {@link WordCounts.unit}; the meta of the first domain
 * @throws mismatch when the domains were counted with different pre-tokenizers, or normalized in different ways
 */
export function joinCounts(domains: readonly WordCounts[], weights?: readonly number[]): WordCounts {
  const [first] = domains
  const plain = weights === undefined || weights.every((weight) => weight === 1)
  if (domains.length === 1 && plain) return first
  for (const { meta } of domains) {
    for (const [key, what] of MUST_AGREE) {
      if (meta[key] === first.meta[key]) continue
      throw new KoVocabError('mismatch', `the counts were made by different ${what}`, 'count all of them anew')
    }
  }
  const unit = plain ? 1 : fittingUnit(domains, weights)
  const table = createWordTable(Math.max(1 << 16, ...domains.map(({ counts }) => counts.length)))
  domains.forEach(({ bytes, offsets, counts }, d) => {
    const factor = plain ? 1 : weights[d] * unit
    for (let i = 0; i < counts.length; i++) {
      // A word that is there is there, however little it weighs.
      addText(table, bytes, offsets[i], offsets[i + 1], Math.max(1, Math.round(counts[i] * factor)))
    }
  })
  const meta = plain ? first.meta : { ...first.meta, 'ko_vocab.balanced': `${domains.length} domains` }
  return { ...flattenTable(table), meta, ...(unit === 1 ? {} : { unit }) }
}

/** Characters of the words, ASCII (the space in front, punctuation behind) apart, as often as they were seen. */
export function charactersOf({ bytes, offsets, counts }: WordCounts): number {
  let sum = 0
  for (let i = 0; i < counts.length; i++) {
    let characters = 0
    for (let at = offsets[i]; at < offsets[i + 1]; at++) if (bytes[at] >= 0xc0) characters++
    sum += characters * counts[i]
  }
  return sum
}

function fittingUnit(domains: readonly WordCounts[], weights: readonly number[]): number {
  const most = domains.reduce((sum, { counts }, d) => {
    let highest = 0
    for (const count of counts) if (count > highest) highest = count
    return sum + highest * weights[d]
  }, 0)
  let unit = UNIT
  while (unit > 1 && most * unit > COUNT_MAX) unit /= 2
  return unit
}
