/** Learned pieces from wherever the user has them: a corpus, counted words, or merges learned before. Node only. */
import { readFile } from 'node:fs/promises'
import { asIoError } from '../corpus/atomic'
import type { CorpusDomain } from '../corpus/domains'
import { BALANCED_DOMAINS_MAX, domainWeights, joinCounts } from '../counts/balance'
import { type CountWordsOptions, countDomains } from '../counts/count'
import { readCounts } from '../counts/counts-file'
import type { WordCounts } from '../counts/types'
import { KoVocabError } from '../errors'
import { type Scope, wordScope } from '../text/scope'
import { plainToken } from '../tokenizer/files/tokenizer-config'
import type { Tokenizer } from '../tokenizer/types'
import { parseMerges } from './merges-file'
import { type SyllablePolicy, trainMerges } from './train-merges'
import type { LearnedMerges } from './types'

export type Balance = 'domains' | 'none'

export interface LearnOptions extends Pick<CountWordsOptions, 'form' | 'pattern' | 'normalize' | 'threads' | 'signal'> {
  /** Exactly one of corpus, counts and merges. Files, folders, globs, `-` for standard input; `name=` before a domain's. */
  corpus?: readonly string[]
  /** Counted words, or the path of counts.parquet; several of them are a domain each. */
  counts?: WordCounts | string | readonly (WordCounts | string)[]
  /** Whether all domains weigh the same (`domains`) or as much as they hold (`none`). Default `domains`. */
  balance?: Balance
  /** Learned merges, or the path of merges.txt. */
  merges?: LearnedMerges | string
  /** With `merges` the first so many of them; all when it is left out. */
  add?: number
  minFrequency?: number
  maxPieceLength?: number
  syllables?: SyllablePolicy
  /** Strings that will have an id already: no piece may spell one. */
  userDefinedSymbols?: readonly string[]
  scope: Scope
  onProgress?: (stage: 'count' | 'train', done: number, total: number) => void
}

/**
 * @param base with `sha256`
 * @param domains what `corpus` stands for
 * @throws KoVocabError `bad-option` when the merges hold fewer than `add`; `mismatch` when counts or merges were made for
 * another base, scope or normalization
 */
export async function learnMerges(
  base: Tokenizer,
  domains: readonly CorpusDomain[],
  options: LearnOptions,
): Promise<LearnedMerges> {
  const { merges, add, scope, signal, onProgress = () => {} } = options
  if (merges !== undefined) {
    const learned = typeof merges === 'string' ? await readMerges(merges) : merges
    requireSame('the merges', learned.meta, '', base, options)
    if (add !== undefined && add > learned.pieces.length) {
      throw new KoVocabError(
        'bad-option',
        `${add} pieces are wanted, the merges hold ${learned.pieces.length}`,
        'learn more merges, or leave the number out to take all',
      )
    }
    return add === undefined ? learned : { ...learned, pieces: learned.pieces.slice(0, add) }
  }
  const words = await wordsOf(base, domains, options)
  const learned = trainMerges(withSymbols(base, options.userDefinedSymbols), words, {
    add: add!,
    minFrequency: options.minFrequency,
    maxPieceLength: options.maxPieceLength,
    syllables: options.syllables,
    scope,
    onProgress: (done, total) => onProgress('train', done, total),
    signal,
  })
  return withPlainMeta(learned)
}

/** The same text for the same merges, whether the words were counted now or read. */
export function withPlainMeta(learned: LearnedMerges): LearnedMerges {
  const { format: _, ...meta } = learned.meta
  return { ...learned, meta: Object.fromEntries(Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1))) }
}

/** The base with its symbols to be: training lets no piece spell an added token. */
export function withSymbols(base: Tokenizer, symbols: readonly string[] = []): Tokenizer {
  const tokens = symbols.map((symbol, i) => plainToken(base.pieces.length + i, symbol, false))
  return { ...base, addedTokens: base.addedTokens.concat(tokens) }
}

/** The counted words of all domains as one, from counts.parquet or by counting. */
export async function wordsOf(
  base: Tokenizer,
  domains: readonly CorpusDomain[],
  options: Omit<LearnOptions, 'add' | 'merges'>,
): Promise<WordCounts> {
  const counted = await domainCounts(base, domains, options)
  return options.balance === 'none' ? joinCounts(counted) : joinCounts(counted, domainWeights(counted))
}

/** The counted words by domain; as one where there are more domains than are balanced. */
export async function domainCounts(
  base: Tokenizer,
  domains: readonly CorpusDomain[],
  options: Omit<LearnOptions, 'add' | 'merges'> & Pick<CountWordsOptions, 'leaveOut'>,
): Promise<WordCounts[]> {
  const { counts, form, pattern, scope, normalize, leaveOut, threads, signal, onProgress = () => {} } = options
  if (counts !== undefined) {
    const given = Array.isArray(counts) ? (counts as readonly (WordCounts | string)[]) : [counts as WordCounts | string]
    const read: WordCounts[] = []
    for (const one of given) {
      const words = typeof one === 'string' ? await readCounts(one) : one
      requireSame('the counts', words.meta, 'ko_vocab.', base, options)
      read.push(words)
    }
    return read
  }
  const asOne = options.balance === 'none' || domains.length > BALANCED_DOMAINS_MAX
  return countDomains(asOne ? [{ files: domains.flatMap(({ files }) => files) }] : domains, {
    ...(form === undefined ? { base, scope: wordScope(scope) } : { form, pattern }),
    normalize,
    leaveOut,
    threads,
    signal,
    onProgress: (done, total) => onProgress('count', done, total),
  })
}

/** merges.txt from disk. */
export async function readMerges(path: string): Promise<LearnedMerges> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw asIoError(error, path, 'read')
  })
  return parseMerges(text, path)
}

/** What counts and merges were made with must be what the extension is made with. */
function requireSame(
  what: string,
  meta: Record<string, string>,
  prefix: string,
  base: Tokenizer,
  { form, scope, normalize }: Pick<LearnOptions, 'form' | 'scope' | 'normalize'>,
): void {
  const short = (hash: string) => (hash.length === 64 ? `${hash.slice(0, 16)}…` : hash)
  const compare = (name: string, there: string | undefined, here: string | undefined) => {
    if (there === undefined || here === undefined || there === here) return
    throw new KoVocabError(
      'mismatch',
      `${what} were made with the ${name} ${short(there)}, this run has ${short(here)}`,
      `give the same ${name}, or make ${what} again`,
    )
  }
  compare('base', meta[`${prefix}base`], form === undefined ? base.sha256 : 'none')
  compare('scope', meta[`${prefix}scope`], prefix === '' ? scope.name : wordScope(scope).name)
  compare('normalize', meta[`${prefix}normalize`], normalize)
}
