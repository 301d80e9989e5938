/** Counting the parts of a corpus, on this thread or on several. Node only. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { keepSkipped, sumSkipped } from '../corpus/skipped'
import { type ErrorCode, KoVocabError, throwIfAborted } from '../errors'
import { type CounterTask, createCounter } from './count-part'
import type { TableLimit } from './feed'
import { type CorpusPart, readPart } from './read-part'
import { tableByBytes } from './rows'
import { closeSpillFile, openSpillFile, type SpilledRun, type SpillFile, writeRunSync } from './spill-file'
import { createWordTable, mergeWordTables, type WordTable } from './word-table'
import type { CountReply, CountTask, SkippedOfPath } from './worker'

export interface CountPartsOptions extends Omit<CounterTask, 'spilling'> {
  threads: number
  /** What the table of a thread may hold, and the folder for what is more. Default: no limit. */
  spilling?: { limit: TableLimit; folder: string | undefined }
  /** Bytes read so far of the files, compressed ones where compressed. */
  onBytes?: (bytes: number) => void
  signal?: AbortSignal
  /** The script of the threads; for tests, which run unbuilt sources. */
  worker?: string
}

/** Words of a corpus: those of the table, and those of the runs, which may be the same ones. */
export interface CountedParts {
  table: WordTable
  /** Each by bytes; readable until {@link CountedParts.close}. When there are runs, the table is empty. */
  runs: SpilledRun[]
  close: () => void
}

/** Counts parts. The caller closes what it gets. @throws as reading the parts does; io; aborted */
export async function countParts(parts: readonly CorpusPart[], options: CountPartsOptions): Promise<CountedParts> {
  const { threads, spilling, signal } = options
  throwIfAborted(signal)
  const script = options.worker ?? workerFile()
  const inThreads = threads > 1 && script !== null && !parts.some(({ file }) => file.stream)
  const count = inThreads ? Math.min(threads, Math.max(1, parts.length)) : 1
  const files: SpillFile[] = []
  const close = () => files.splice(0).forEach(closeSpillFile)
  try {
    // Opened here, not in the threads, so that they are closed whatever becomes of those.
    if (spilling) for (let i = 0; i < count; i++) files.push(openSpillFile(spilling.folder))
    const counted = inThreads
      ? await countInThreads(parts, options, script, count, files)
      : await countHere(parts, options, files[0])
    const { table, runs } = counted
    if (runs.length > 0 && table.size > 0) {
      // Threads end their files where they know; this run goes into a file of its own.
      const file = openSpillFile(spilling!.folder)
      files.push(file)
      runs.push(writeRunSync(file, tableByBytes(table, 8192)))
      return { table: createWordTable(16), runs, close }
    }
    return { table, runs, close }
  } catch (error) {
    close()
    throw error
  }
}

/** The built worker beside this module; null where sources run unbuilt, which count on their own thread. */
function workerFile(): string | null {
  const path = fileURLToPath(new URL('./counts-worker.js', import.meta.url))
  return existsSync(path) ? path : null
}

function taskFor(options: CountPartsOptions, file: SpillFile | undefined): CounterTask {
  const { plan, leaveOut, nfc, spilling } = options
  return { plan, leaveOut, nfc, spilling: spilling && file ? { limit: spilling.limit, file } : undefined }
}

async function countHere(parts: readonly CorpusPart[], options: CountPartsOptions, file: SpillFile | undefined) {
  const { onBytes, signal } = options
  const { feed, finish } = createCounter(taskFor(options, file))
  const left: SkippedOfPath[] = []
  let done = 0
  for (const part of parts) {
    throwIfAborted(signal)
    const onMore = (bytes: number) => {
      done += bytes
      onBytes?.(done)
    }
    await readPart(part, feed, onMore, signal, (skipped) => void left.push({ path: part.file.path, skipped }))
  }
  keepLeft(parts, left)
  return finish()
}

/** With each file what was left out of all of its parts. */
function keepLeft(parts: readonly CorpusPart[], left: readonly SkippedOfPath[]): void {
  for (const file of new Set(parts.map((part) => part.file))) {
    const ofFile = left.filter(({ path, skipped }) => path === file.path && skipped.records + skipped.parts > 0)
    if (ofFile.length > 0) keepSkipped(file, sumSkipped(ofFile.map(({ skipped }) => skipped)))
  }
}

async function countInThreads(
  parts: readonly CorpusPart[],
  options: CountPartsOptions,
  script: string,
  count: number,
  files: readonly SpillFile[],
) {
  const { onBytes, signal } = options
  const shared = new SharedArrayBuffer(12)
  const state = new Int32Array(shared)
  const workers = Array.from({ length: count }, (_, i) => {
    const task: CountTask = { ...taskFor(options, files[i]), parts: [...parts], shared }
    return new Worker(script, { workerData: task, trackUnmanagedFds: false })
  })
  const stop = () => void Atomics.store(state, 2, 1)
  signal?.addEventListener('abort', stop)
  const progress = setInterval(() => onBytes?.(Atomics.load(state, 1) * 1024), 200)
  try {
    const replies = await Promise.all(workers.map(replyOf))
    throwIfAborted(signal)
    keepLeft(
      parts,
      replies.flatMap(({ skipped }) => skipped),
    )
    const tables = replies.map(({ table }) => table).sort((a, b) => b.size - a.size)
    for (const other of tables.slice(1)) mergeWordTables(tables[0], other)
    return { table: tables[0], runs: replies.flatMap(({ runs }) => runs) }
  } finally {
    clearInterval(progress)
    signal?.removeEventListener('abort', stop)
    stop()
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

function replyOf(worker: Worker): Promise<Extract<CountReply, { table: unknown }>> {
  return new Promise((resolve, reject) => {
    worker.once('message', (reply: CountReply) => {
      if ('table' in reply) resolve(reply)
      else reject(new KoVocabError(reply.error.code as ErrorCode, reply.error.message, reply.error.hint))
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new KoVocabError('io', `a counting thread ended with exit code ${code}`)))
  })
}
