/** Learned pieces from wherever the user has them: a corpus, counted words, or merges learned before. Node only. */
import { readFile } from 'node:fs/promises'
import { asIoError } from '../corpus/atomic'
import type { CorpusFile } from '../corpus/files'
import { type CountWordsOptions, countUnordered } from '../counts/count'
import { readCounts } from '../counts/counts-file'
import type { WordCounts } from '../counts/types'
import { KoVocabError } from '../errors'
import type { Scope } from '../text/scope'
import { plainToken } from '../tokenizer/files/tokenizer-config'
import type { Tokenizer } from '../tokenizer/types'
import { parseMerges } from './merges-file'
import { type SyllablePolicy, trainMerges } from './train-merges'
import type { LearnedMerges } from './types'

export interface LearnOptions extends Pick<CountWordsOptions, 'form' | 'pattern' | 'normalize' | 'threads' | 'signal'> {
  /** Exactly one of corpus, counts and merges. Files, folders, globs, `-` for standard input. */
  corpus?: readonly string[]
  /** Counted words, or the path of counts.parquet. */
  counts?: WordCounts | string
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
 * @param files what `corpus` stands for
 * @throws KoVocabError `bad-option` when the merges hold fewer than `add`; `mismatch` when counts or merges were made for
 * another base, scope or normalization
 */
export async function learnMerges(
  base: Tokenizer,
  files: readonly CorpusFile[],
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
  const words = await wordsOf(base, files, options)
  // Training lets no piece spell an added token.
  const symbols = (options.userDefinedSymbols ?? []).map((s, i) => plainToken(base.pieces.length + i, s, false))
  const learned = trainMerges({ ...base, addedTokens: base.addedTokens.concat(symbols) }, words, {
    add: add!,
    minFrequency: options.minFrequency,
    maxPieceLength: options.maxPieceLength,
    syllables: options.syllables,
    scope,
    onProgress: (done, total) => onProgress('train', done, total),
    signal,
  })
  // The same text for the same merges, whether the words were counted now or read.
  const { format: _, ...meta } = learned.meta
  return { ...learned, meta: Object.fromEntries(Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1))) }
}

/** The counted words, from counts.parquet or by counting. */
export async function wordsOf(
  base: Tokenizer,
  files: readonly CorpusFile[],
  options: Omit<LearnOptions, 'add' | 'merges'>,
): Promise<WordCounts> {
  const { counts, form, pattern, scope, normalize, threads, signal, onProgress = () => {} } = options
  if (counts !== undefined) {
    const words = typeof counts === 'string' ? await readCounts(counts) : counts
    requireSame('the counts', words.meta, 'ko_vocab.', base, options)
    return words
  }
  return countUnordered(files, {
    ...(form === undefined ? { base, scope } : { form, pattern }),
    normalize,
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
  compare('scope', meta[`${prefix}scope`], scope.name)
  compare('normalize', meta[`${prefix}normalize`], normalize)
}
