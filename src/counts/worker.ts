/** A thread that counts parts of a corpus until none is left, and hands over what it counted. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Skipped } from '../corpus/skipped'
import { isKoVocabError } from '../errors'
import { type CounterTask, createCounter } from './count-part'
import { type CorpusPart, readPart } from './read-part'
import type { SpilledRun } from './spill-file'
import type { WordTable } from './word-table'

export interface CountTask extends CounterTask {
  parts: CorpusPart[]
  /** Int32: the next part that nobody has taken; the bytes read so far, in KiB; 1 when the work is to stop. */
  shared: SharedArrayBuffer
}

/** What was left out of a part of a file. */
export interface SkippedOfPath {
  path: string
  skipped: Skipped
}

export type CountReply =
  | { table: WordTable; runs: SpilledRun[]; skipped: SkippedOfPath[] }
  | { error: { code: string; message: string; hint: string | undefined } }

async function work({ parts, shared, ...task }: CountTask): Promise<void> {
  const state = new Int32Array(shared)
  const { feed, finish } = createCounter(task)
  const left: SkippedOfPath[] = []
  for (;;) {
    const next = Atomics.add(state, 0, 1)
    if (next >= parts.length || Atomics.load(state, 2) === 1) break
    const { path } = parts[next].file
    const onBytes = (bytes: number) => void Atomics.add(state, 1, bytes >> 10)
    await readPart(parts[next], feed, onBytes, undefined, (skipped) => void left.push({ path, skipped }))
  }
  const { table, runs } = finish()
  const { arena, used, entries, slots, size } = table
  const reply: CountReply = { table: { arena, used, entries, slots, size }, runs, skipped: left }
  parentPort!.postMessage(reply, [arena.buffer, entries.buffer, slots.buffer] as ArrayBuffer[])
}

work(workerData as CountTask).catch((error: unknown) => {
  // Errors lose their class on the way between threads; the parts that matter travel.
  const known = isKoVocabError(error)
  const reply: CountReply = {
    error: {
      code: known ? error.code : 'io',
      message: error instanceof Error ? error.message : String(error),
      hint: known ? error.hint : undefined,
    },
  }
  parentPort!.postMessage(reply)
})
