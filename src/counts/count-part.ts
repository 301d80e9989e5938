/** Counting on one thread, with or without a limit to its memory. Node only. */
import { createFeed, type Feed, type TableLimit } from './feed'
import type { CountPlan } from './plan'
import { release } from './release'
import { createTableSorter, type TableSorter, tableByBytes } from './rows'
import { addText } from './scan-words'
import { type SpilledRun, type SpillFile, writeRunSync } from './spill-file'
import { clearWordTable, createWordTable, type WordTable, wordCount, wordLength, wordStart } from './word-table'

/** What one thread needs to know; plain data. */
export interface CounterTask {
  plan: CountPlan
  leaveOut: number | undefined
  /** Whether words are composed canonically (`--normalize nfc`). */
  nfc: boolean
  /** Past the limit, words go to the file in sorted runs. */
  spilling?: { limit: TableLimit; file: SpillFile }
}

export interface Counter {
  feed: Feed
  /** What was counted: the table, and runs. No more text may come. */
  finish: () => { table: WordTable; runs: SpilledRun[] }
}

/** Words a batch on the way to a run. */
const BATCH_ROWS = 8192

/** A table of more than this share of its limit is spilled at the end, so that joining the tables of all threads fits. */
const KEPT_SHARE = 1 / 4

export function createCounter({ plan, leaveOut, nfc, spilling }: CounterTask): Counter {
  const finished = (table: WordTable) => (nfc ? composed(table) : table)
  if (!spilling) {
    const feed = createFeed(plan, { leaveOut })
    return { feed, finish: () => ({ table: finished(feed.table), runs: [] }) }
  }
  const { limit, file } = spilling
  const runs: SpilledRun[] = []
  let sorter: TableSorter | undefined
  const spill = (table: WordTable) => {
    const words = finished(table)
    if (!sorter || sorter.places.length < words.size) sorter = createTableSorter(Math.ceil(1.2 * words.size))
    runs.push(writeRunSync(file, tableByBytes(words, BATCH_ROWS, sorter)))
    clearWordTable(table)
  }
  const feed = createFeed(plan, { leaveOut, limit, onFull: spill })
  return {
    feed,
    finish() {
      const { table } = feed
      const isLarge = table.size > limit.words * KEPT_SHARE || table.used > limit.bytes * KEPT_SHARE
      if (table.size > 0 && (runs.length > 0 || isLarge)) spill(table)
      const left = trimmed(finished(table))
      release([table.arena, table.entries, table.slots])
      if (sorter) release([sorter.offsets, sorter.places, sorter.keys.sorted, sorter.keys.words])
      return { table: left, runs }
    },
  }
}

/** A table made for a limit, in arrays of its own size. */
function trimmed(table: WordTable): WordTable {
  const { arena, used, entries, size, slots } = table
  return {
    arena: arena.slice(0, used + 16),
    used,
    entries: entries.slice(0, Math.max(64, size * 4)),
    slots: slots.slice(),
    size,
  }
}

/** The same words in canonical composition, counts of words that become equal added up. */
function composed(table: WordTable): WordTable {
  const into = createWordTable(table.size + 16)
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const encoder = new TextEncoder()
  for (let i = 0; i < table.size; i++) {
    const start = wordStart(table, i)
    const text = decoder.decode(table.arena.subarray(start, start + wordLength(table, i)))
    const bytes = encoder.encode(text.normalize('NFC'))
    addText(into, bytes, 0, bytes.length, wordCount(table, i))
  }
  return into
}
