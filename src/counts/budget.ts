/** How a budget of memory is shared out. Node only. */
import { KoVocabError } from '../errors'
import type { TableLimit } from './feed'

/** What counting and merging may hold at once, so that the whole process stays within its budget. */
export interface CountBudget {
  /** Threads, at most what was asked for. */
  threads: number
  /** The table of each thread. */
  table: TableLimit
  /** Sorting by count, and sorting a file, on one thread. */
  sort: TableLimit
  /** Runs merged at once. */
  fanIn: number
  /** For reading each of them. */
  bufferBytes: number
  /** For the row groups of all files that are merged at once. */
  groupBytes: number
}

/**
 * Bytes that a word takes while it is counted, its own apart: 16 in the entries, up to 18 in the slots (the old ones
 * included, when they have just grown), 12 as a flat table, 16 to sort.
 */
const TABLE_WORD_BYTES = 62

/** And while words are sorted by count: 4 and 8 for offset and count, 4 for the place. */
const SORT_WORD_BYTES = 16

/** Room for the bytes of a word; distinct Korean words with their space are about 13. A table is full by either. */
const WORD_BYTES = 20

/** What a thread takes beside its table: its copy of the program, blocks of text, what is not yet collected. */
const THREAD_BYTES = 48e6

/** The same for writing Parquet, and for what is not yet collected, on the main thread. */
const MAIN_BYTES = 130e6

/** A thread with less would spill every few seconds. */
const THREAD_LEAST_BYTES = 24e6

/**
 * Memory that was freed may stay with the process, so that several countings in one process leave less and less: each
 * shard is best counted by a process of its own, as the command does.
 *
 * @param memory bytes that the process may take in all
 * @param taken bytes that it takes now
 * @throws KoVocabError `bad-option` when the budget is too small, with the least that would do
 */
export function countBudget(memory: number, threads: number, taken: number = bytesTaken()): CountBudget {
  const least = taken + MAIN_BYTES + THREAD_BYTES + THREAD_LEAST_BYTES
  if (memory < least) {
    const what = `--memory ${megabytes(memory)}: before it counts, the process takes ${megabytes(taken)}`
    throw new KoVocabError('bad-option', what, `give at least ${megabytes(1.05 * least)}`)
  }
  const free = memory - taken - MAIN_BYTES
  const possible = Math.max(1, Math.min(threads, Math.floor(free / (THREAD_BYTES + THREAD_LEAST_BYTES))))
  const forTable = free / possible - THREAD_BYTES
  // The merge begins when the threads are gone. A third of it is left for what is not yet collected.
  const forReading = free / 4
  const bufferBytes = 1 << 16
  return {
    threads: possible,
    table: limitOf(forTable, TABLE_WORD_BYTES),
    sort: limitOf(0.4 * free, SORT_WORD_BYTES),
    fanIn: Math.max(2, Math.min(1024, Math.floor(forReading / bufferBytes))),
    bufferBytes,
    groupBytes: forReading,
  }
}

/** Typed arrays end at 2^32 bytes; beyond 2^24 words a table is no longer sorted fast. */
function limitOf(bytes: number, each: number): TableLimit {
  const words = Math.max(16, Math.min(Math.floor(bytes / (each + WORD_BYTES)), 2 ** 24))
  return { words, bytes: Math.min(words * WORD_BYTES, 2 ** 31) }
}

/** What is mapped, but for the part of the heap that is free to be filled. */
function bytesTaken(): number {
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return rss - (heapTotal - heapUsed)
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)}MB`
