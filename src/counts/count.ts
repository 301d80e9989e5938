/** Counting the words of a corpus, on several threads. Node only. */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { CorpusFile } from '../corpus/files'
import { type ErrorCode, KoVocabError, throwIfAborted } from '../errors'
import { type Scope, scopeNamed } from '../text/scope'
import type { KnownPattern } from '../tokenizer/pipeline/known-patterns'
import type { Form, Tokenizer } from '../tokenizer/types'
import { createFeed } from './feed'
import { orderWords } from './order'
import { type CountPlan, checkNormalize, countsMeta, type NormalizePolicy, planFor, planFromNothing } from './plan'
import { partsOf, readPart } from './read-part'
import { addText } from './scan-words'
import type { WordCounts } from './types'
import {
  createWordTable,
  flattenTable,
  mergeWordTables,
  type WordTable,
  wordCount,
  wordLength,
  wordStart,
} from './word-table'
import type { CountReply, CountTask } from './worker'

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
  /** Bytes read of the files, compressed ones where compressed. */
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
  const { base, form, scope = scopeNamed('hangul'), normalize = 'keep', leaveOut, signal } = options
  if ((base === undefined) === (form === undefined)) {
    throw new KoVocabError('bad-option', 'counting needs either a base or a form', 'give one of them')
  }
  if (leaveOut !== undefined && !(Number.isSafeInteger(leaveOut) && leaveOut >= 2)) {
    throw new KoVocabError('bad-option', `leaveOut is ${leaveOut}`, 'give a whole number from 2')
  }
  checkNormalize(base ?? null, normalize)
  const plan = base ? planFor(base, scope) : planFromNothing(form!, options.pattern)
  const total = files.reduce((sum, file) => sum + file.size, 0)
  const onBytes = (bytes: number) => options.onProgress?.(Math.min(bytes, total), total)
  const threads = Math.max(1, Math.min(options.threads ?? Math.min(availableParallelism(), 16), 256))
  throwIfAborted(signal)
  const worker = workerFile()
  let table =
    threads > 1 && worker !== null && !files.some((file) => file.stream)
      ? await countInThreads(files, plan, leaveOut, threads, worker, onBytes, signal)
      : await countHere(files, plan, leaveOut, onBytes, signal)
  if (normalize === 'nfc') table = composed(table)
  const meta = {
    ...countsMeta(plan, normalize, base ?? null),
    ...(leaveOut === undefined ? {} : { left_out: `1 of ${leaveOut} lines` }),
  }
  return {
    ...flattenTable(table),
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
  const sizeOf = (files: readonly CorpusFile[]) => files.reduce((sum, { size }) => sum + size, 0)
  const total = domains.reduce((sum, { files }) => sum + sizeOf(files), 0)
  const counted: WordCounts[] = []
  let done = 0
  for (const { files } of domains) {
    const size = sizeOf(files)
    const threads = size < THREADS_FROM ? 1 : options.threads
    const onProgress = (bytes: number) => options.onProgress?.(Math.min(done + bytes, total), total)
    counted.push(await countUnordered(files, { ...options, threads, onProgress }))
    done += size
  }
  return counted
}

/** The built worker beside this module; null where sources run unbuilt, which count on their own thread. */
function workerFile(): string | null {
  const path = fileURLToPath(new URL('./counts-worker.js', import.meta.url))
  return existsSync(path) ? path : null
}

async function countHere(
  files: readonly CorpusFile[],
  plan: CountPlan,
  leaveOut: number | undefined,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<WordTable> {
  const feed = createFeed(plan, leaveOut)
  let done = 0
  for (const file of files) {
    throwIfAborted(signal)
    const part = { file, start: 0, end: Number.POSITIVE_INFINITY }
    await readPart(
      part,
      feed,
      (bytes) => {
        done += bytes
        onBytes(done)
      },
      signal,
    )
  }
  return feed.table
}

async function countInThreads(
  files: readonly CorpusFile[],
  plan: CountPlan,
  leaveOut: number | undefined,
  threads: number,
  path: string,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<WordTable> {
  const shared = new SharedArrayBuffer(12)
  const state = new Int32Array(shared)
  const parts = partsOf(files)
  const task: CountTask = { plan, leaveOut, parts, shared }
  const workers = Array.from(
    { length: Math.min(threads, Math.max(1, parts.length)) },
    () => new Worker(path, { workerData: task }),
  )
  const stop = () => void Atomics.store(state, 2, 1)
  signal?.addEventListener('abort', stop)
  const progress = setInterval(() => onBytes(Atomics.load(state, 1) * 1024), 200)
  try {
    const tables = await Promise.all(workers.map(tableOf))
    throwIfAborted(signal)
    tables.sort((a, b) => b.size - a.size)
    for (const other of tables.slice(1)) mergeWordTables(tables[0], other)
    return tables[0]
  } finally {
    clearInterval(progress)
    signal?.removeEventListener('abort', stop)
    stop()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function tableOf(worker: Worker): Promise<WordTable> {
  return new Promise((resolve, reject) => {
    worker.once('message', (reply: CountReply) => {
      if ('table' in reply) resolve(reply.table)
      else reject(new KoVocabError(reply.error.code as ErrorCode, reply.error.message, reply.error.hint))
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new KoVocabError('io', `a counting thread ended with exit code ${code}`)))
  })
}

/** The same words in canonical composition, counts of words that become equal added up. */
function composed(table: WordTable): WordTable {
  const into = createWordTable(table.size + 16)
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  for (let i = 0; i < table.size; i++) {
    const start = wordStart(table, i)
    const text = decoder.decode(table.arena.subarray(start, start + wordLength(table, i)))
    const bytes = encoder.encode(text.normalize('NFC'))
    addText(into, bytes, 0, bytes.length, wordCount(table, i))
  }
  return into
}
