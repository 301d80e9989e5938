/** Segments whose batches are written down as they are done, and not done again. Node only. */
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import type { DocumentSource } from './batches'
import { type Journal, openJournal } from './journal'
import type { RunSegment, Spill } from './prepare'
import type { Batch, BatchResult } from './segment'
import type { Segment } from './stages'
import type { PrepareDocument } from './types'

/** Does a batch somewhere, and gives its {@link BatchResult} as v8.serialize makes bytes of it. */
export type DoBatch = (segment: Segment, batch: Batch) => Promise<Uint8Array>

export interface Journaled {
  runSegment: RunSegment
  /** Documents that wait: places in the journals, and those that are in none in a file. */
  openSpill: (other: Spill) => Spill
  /** Documents whose batches were done before. */
  found: () => number
  /** Batches that were written down. */
  written: () => number
  close: () => Promise<void>
}

/** Batches of a journal and documents of a batch: a place is a whole number below 2^53. */
const RECORDS = 2 ** 26
const DOCUMENTS = 2 ** 21

/**
 * Batches are begun in their order, `atOnce` of them at the same time, and come out in their order. How many, and which of
 * them were done before, changes nothing.
 *
 * @param folder with the journals; null to write nothing down
 */
export function journaled(folder: string | null, doBatch: DoBatch, atOnce: number): Journaled {
  const journals: Journal[] = []
  let found = 0
  let written = 0
  return {
    async *runSegment(segment, batches) {
      const journal = folder === null ? null : await openJournal(join(folder, `segment-${segment.number}`))
      if (journal) journals[segment.number] = journal
      let record = 0
      const running: { isOld: boolean; bytes: Promise<Uint8Array> }[] = []
      const next = async (): Promise<BatchResult> => {
        const { isOld, bytes } = running.shift()!
        const done = await bytes
        if (journal && !isOld) {
          await journal.append(done)
          written++
        }
        const result = deserialize(done) as BatchResult
        return journal ? { ...result, place: (segment.number * RECORDS + record++) * DOCUMENTS } : result
      }
      for await (const batch of batches) {
        const old = (await journal?.take()) ?? null
        if (old && segment.number === 0) found += batch.documents.length
        const bytes = old ? Promise.resolve(old) : doBatch(segment, batch)
        // Whoever waits for it hears of its failure; until then nobody may.
        bytes.catch(() => {})
        running.push({ isOld: old !== null, bytes })
        if (running.length >= atOnce) yield await next()
      }
      while (running.length > 0) yield await next()
    },
    openSpill: (other) => placesSpill(other, async (segment, record) => journals[segment].read(record)),
    found: () => found,
    written: () => written,
    close: async () => {
      for (const journal of journals.splice(0)) await journal?.close()
    },
  }
}

async function* oneByOne(source: DocumentSource): AsyncGenerator<PrepareDocument> {
  for await (const some of source) {
    if ('text' in some) yield some
    else yield* some
  }
}

const ELSEWHERE = -1

/** Memory: 8 bytes a document, 16 while it grows. */
function placesSpill(other: Spill, read: (segment: number, record: number) => Promise<Uint8Array>): Spill {
  let list = new Float64Array(1024)
  let count = 0
  return {
    write(document, known) {
      if (count === list.length) {
        const larger = new Float64Array(2 * count)
        larger.set(list)
        list = larger
      }
      const place = known ?? ELSEWHERE
      list[count++] = place
      return place === ELSEWHERE ? other.write(document) : undefined
    },
    read: async function* () {
      let others: AsyncIterator<PrepareDocument> | null = null
      let open = ELSEWHERE
      let documents: PrepareDocument[] = []
      let some: PrepareDocument[] = []
      for (const place of list.subarray(0, count)) {
        if (place === ELSEWHERE) {
          others ??= oneByOne(other.read())
          some.push((await others.next()).value)
          continue
        }
        const batch = Math.floor(place / DOCUMENTS)
        if (batch !== open) {
          yield some
          some = []
          documents = (deserialize(await read(Math.floor(batch / RECORDS), batch % RECORDS)) as BatchResult).documents
          open = batch
        }
        some.push(documents[place % DOCUMENTS])
      }
      yield some
    },
    async drop() {
      list = new Float64Array(0)
      count = 0
      await other.drop()
    },
  }
}
