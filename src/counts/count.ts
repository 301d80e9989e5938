/** Counting the words of a corpus, on several threads. Node only. */
import { availableParallelism } from 'node:os'
import { type CorpusFile, totalBytes } from '../corpus/files'
import { KoVocabError } from '../errors'
import { type Scope, scopeNamed } from '../text/scope'
import type { KnownPattern } from '../tokenizer/pipeline/known-patterns'
import type { Form, Tokenizer } from '../tokenizer/types'
import { countParts } from './count-parts'
import { orderWords } from './order'
import { checkNormalize, countsMeta, type NormalizePolicy, planFor, planFromNothing } from './plan'
import { partsOf } from './read-part'
import type { WordCounts } from './types'
import { flattenTable } from './word-table'

export interface CountWordsOptions {
  /** The base whose pre-tokenizer makes the words; or `form` for training from nothing. */
  base?: Tokenizer
  form?: Form
  /** With `form: 'byte-level'`: the split pattern. Default cl100k (Llama-3's). */
  pattern?: KnownPattern
  /** Default hangul; without a base there is no scope and every word counts. */
  scope?: Scope
  normalize?: NormalizePolicy
  /** Leave one line in so many out, to measure on; which ones, their bytes say (see held-out.ts). From 2. Default: none. */
  leaveOut?: number
  /** Default: all processors, at most 16. The counts are the same for any number. */
  threads?: number
  /** Bytes read of the files, compressed ones where compressed; the total is 0 where nobody knows it, as of a stream. */
  onProgress?: (bytes: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Counts the words of corpus files as the base's own pre-tokenizer makes them: for a scope, each run of its characters
 * with the space before it. Files are read as streams, each line a text of its own; memory grows with the distinct
 * words only.
 *
 * @returns the words by count, then by bytes
 * @throws io, bad-file, unsupported as reading the files does; bad-option for contradicting options; aborted
 */
export async function countWords(files: readonly CorpusFile[], options: CountWordsOptions = {}): Promise<WordCounts> {
  return orderWords(await countUnordered(files, options))
}

/** {@link countWords} in no particular order: enough for training, which does not depend on it. */
export async function countUnordered(
  files: readonly CorpusFile[],
  options: CountWordsOptions = {},
): Promise<WordCounts> {
  const { task, meta } = prepareCount(options)
  const total = totalBytes(files)
  const onBytes = (bytes: number) => options.onProgress?.(total > 0 ? Math.min(bytes, total) : bytes, total)
  const { table } = await countParts(partsOf(files), { ...task, onBytes, signal: options.signal })
  return { ...flattenTable(table), meta }
}

/**
 * How words are counted, and the metadata of the counts.
 *
 * @throws bad-option for contradicting options
 */
export function prepareCount(options: CountWordsOptions) {
  const { base, form, scope = scopeNamed('hangul'), normalize = 'keep', leaveOut } = options
  if ((base === undefined) === (form === undefined)) {
    throw new KoVocabError('bad-option', 'counting needs either a base or a form', 'give one of them')
  }
  if (leaveOut !== undefined && !(Number.isSafeInteger(leaveOut) && leaveOut >= 2)) {
    throw new KoVocabError('bad-option', `leaveOut is ${leaveOut}`, 'give a whole number from 2')
  }
  checkNormalize(base ?? null, normalize)
  const plan = base ? planFor(base, scope) : planFromNothing(form!, options.pattern)
  const threads = Math.max(1, Math.min(options.threads ?? Math.min(availableParallelism(), 16), 256))
  const meta = {
    ...countsMeta(plan, normalize, base ?? null),
    ...(leaveOut === undefined ? {} : { left_out: `1 of ${leaveOut} lines` }),
  }
  return {
    task: { plan, leaveOut, nfc: normalize === 'nfc', threads },
    meta: Object.fromEntries(Object.entries(meta).map(([key, value]) => [`ko_vocab.${key}`, value])),
  }
}

/** Text up to this size is counted faster here than by threads that must start first. */
const THREADS_FROM = 4 << 20

/**
 * {@link countUnordered} for each domain by itself. Progress is over all of them.
 *
 * @returns by domain
 */
export async function countDomains(
  domains: readonly { files: readonly CorpusFile[] }[],
  options: CountWordsOptions = {},
): Promise<WordCounts[]> {
  const total = totalBytes(domains.flatMap(({ files }) => files))
  const counted: WordCounts[] = []
  let done = 0
  for (const { files } of domains) {
    const size = files.reduce((sum, file) => sum + file.size, 0)
    const threads = size < THREADS_FROM ? 1 : options.threads
    let read = 0
    const onProgress = (bytes: number) => {
      read = bytes
      options.onProgress?.(total > 0 ? Math.min(done + bytes, total) : done + bytes, total)
    }
    counted.push(await countUnordered(files, { ...options, threads, onProgress }))
    done += total > 0 ? size : read
  }
  return counted
}
