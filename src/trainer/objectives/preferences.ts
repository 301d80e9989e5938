/** Preferences as blocks: both answers of a pair in one row, each a document of its own. */
import { isHeldOut } from '../../counts/held-out'
import { KoVocabError, throwIfAborted } from '../../errors'
import { encodeUtf8 } from '../../text/utf8'
import type { DataDescription } from '../data/batches'
import { type Blocks, emptyBlocks, fillRow } from '../data/blocks'
import { type Packing, packTokens } from '../data/packing'
import { permute } from '../data/permutation'
import { createTokenMemory, type TokenStore } from '../data/token-store'
import { IGNORED } from '../plan/step-inputs'
import { chainKey } from './chain-key'
import { type Preference, readPreference } from './conversations'
import type { ConversationEncoder } from './encode-conversation'
import { type LinesOfFile, placedLines } from './json-lines'

export interface PreferenceBlocks extends Blocks {
  /** [rows, length]: where a place has a label, 2p for the chosen and 2p + 1 for the rejected answer of pair p; else -1. */
  answer: Int32Array
  /** The pairs of these rows, as they are numbered in the whole: pair p of `answer` is pairs[p]. */
  pairs: Int32Array
}

export interface PreferenceStore {
  /** A document a pair: the chosen conversation, then the rejected one. */
  store: TokenStore
  pairs: number
  /** By pair, where in its document the rejected conversation begins. */
  rejected: Int32Array
  /** Pairs that do not fit into a block, or have an answer without a learned token: they were left out. */
  left: number
}

/** Pairs that are set apart to measure on: one in `every` on average, and all of a prompt with it. */
export interface HeldOutPairs {
  every: number
  side: 'held' | 'others'
}

export interface PreferenceStoreOptions {
  /** Tokens of a block, which has to hold both answers with their prompts. */
  length: number
  /** Only these, or only the others. Default: all. */
  heldOut?: HeldOutPairs
  /** No pair is begun once so many bytes of rendered text are taken. Default: all. */
  maxBytes?: number
  onProgress?: (pairs: number) => void
  signal?: AbortSignal
}

/**
 * Reads all pairs into memory.
 *
 * @throws KoVocabError `bad-file` for a line, or when nothing is left (but of those that are held out); as the encoder;
 * `aborted`
 */
export async function preferenceStore(
  files: readonly LinesOfFile[],
  encode: ConversationEncoder,
  { length, heldOut, maxBytes = Number.POSITIVE_INFINITY, onProgress = () => {}, signal }: PreferenceStoreOptions,
): Promise<PreferenceStore> {
  const memory = createTokenMemory()
  const rejectedAt: number[] = []
  let [key, bytes, left] = ['', 0, 0]
  for await (const { line, place } of placedLines(files)) {
    throwIfAborted(signal)
    if (bytes >= maxBytes) break
    const preference = readPreference(line, place)
    if (heldOut && isApart(preference, heldOut.every) !== (heldOut.side === 'held')) continue
    const [chosen, rejected] = [encode(preference.chosen, place), encode(preference.rejected, place)]
    const size = chosen.ids.length + rejected.ids.length
    if (size > length || !chosen.learned.includes(1, 1) || !rejected.learned.includes(1, 1)) {
      left++
      continue
    }
    const [ids, mask] = [new Int32Array(size), new Uint8Array(size)]
    for (const [{ ids: own, learned }, at] of [[chosen, 0] as const, [rejected, chosen.ids.length] as const]) {
      ids.set(own, at)
      mask.set(learned, at)
    }
    // What stands before the rejected conversation does not predict its first token.
    mask[chosen.ids.length] = 0
    memory.add(ids, mask)
    key = chainKey(key, ids, mask)
    rejectedAt.push(chosen.ids.length)
    bytes += chosen.bytes + rejected.bytes
    onProgress(rejectedAt.length)
  }
  if (rejectedAt.length === 0 && heldOut?.side !== 'held') {
    const names = files.map(({ name }) => name).join(', ')
    const what = left > 0 ? `none of ${left} pairs fits into a block of ${length} tokens` : 'there is no preference'
    throw new KoVocabError(
      'bad-file',
      `${names}: ${what}`,
      'give JSON lines of prompt, chosen and rejected, or longer blocks',
    )
  }
  return { store: memory.store(key, bytes), pairs: rejectedAt.length, rejected: Int32Array.from(rejectedAt), left }
}

/** By the prompt alone: what is measured is never learned with another answer. */
function isApart({ chosen: { messages, learnFrom } }: Preference, every: number): boolean {
  const prompt = encodeUtf8(JSON.stringify(messages.slice(0, learnFrom)))
  return isHeldOut(prompt, 0, prompt.length, every)
}

export interface PreferenceBatches {
  /** Rows of one pass. */
  rows: number
  pairs: number
  /** Rows [first, first + rows) of the run, which never ends: each pass in another order. */
  read: (first: number, rows: number) => PreferenceBlocks
  /** Rows of one pass as they were packed, for what is computed of each pair once: every pair stands in one of them. */
  inOrder: (first: number, rows: number) => PreferenceBlocks
  epochs: (rows: number) => number
  description: DataDescription
}

export interface PreferenceBatchesOptions {
  preferences: PreferenceStore
  /** As the store's. */
  length: number
  /** A whole number from 0 to 2^32 - 1. */
  seed: number
  vocabulary: number
  /** Default 0. */
  pad?: number
}

/** Pairs are packed whole, best fit first, and rows shuffled as those of text. */
export function createPreferenceBatches(options: PreferenceBatchesOptions): PreferenceBatches {
  const { preferences, length, seed, vocabulary, pad = 0 } = options
  const { store, rejected } = preferences
  const packing = packTokens(store, length, 'whole')
  const pairAt = pairsByStart(store)
  const blocksOf = (first: number, rows: number, rowOf: (row: number) => number): PreferenceBlocks => {
    if (!(Number.isSafeInteger(first) && first >= 0 && Number.isSafeInteger(rows) && rows > 0))
      throw new KoVocabError('bad-option', `${rows} rows from row ${first} on cannot be read`)
    const blocks = { ...emptyBlocks(rows, length, pad), answer: new Int32Array(rows * length).fill(-1) }
    const pairs: number[] = []
    for (let row = 0; row < rows; row++) fill(blocks, row, rowOf(first + row), pairs)
    return { ...blocks, pairs: Int32Array.from(pairs) }
  }
  const fill = (blocks: Omit<PreferenceBlocks, 'pairs'>, row: number, from: number, pairs: number[]): void => {
    const ranges = packing.ranges(from)
    fillRow(blocks, row, ranges, store, vocabulary)
    let column = 0
    for (const { start, length: size } of ranges) {
      const pair = pairAt.get(start)!
      const [begin, middle] = [row * length + column, row * length + column + rejected[pair]]
      for (let at = begin; at < begin + size; at++) {
        const isRejected = at >= middle
        if (isRejected) {
          blocks.documentStart[at] = column + rejected[pair]
          blocks.positions[at] = at - middle
        }
        if (blocks.labels[at] !== IGNORED) blocks.answer[at] = 2 * pairs.length + (isRejected ? 1 : 0)
      }
      pairs.push(pair)
      column += size
    }
  }
  return {
    rows: packing.rows,
    pairs: preferences.pairs,
    read: (first, rows) => blocksOf(first, rows, (row) => shuffled(packing, row, seed)),
    inOrder: (first, rows) => blocksOf(first, rows, (row) => inPass(packing, row)),
    epochs: (rows) => rows / packing.rows,
    description: {
      ...{ seed, length, packing: 'whole' },
      sources: [{ name: 'preferences', key: store.key, tokens: store.tokens, share: 1 }],
    },
  }
}

function shuffled({ rows }: Packing, row: number, seed: number): number {
  return permute(row % rows, rows, { seed, source: 0, epoch: Math.floor(row / rows) })
}

function inPass({ rows }: Packing, row: number): number {
  if (row < rows) return row
  throw new KoVocabError('bad-option', `row ${row} of ${rows}: a pass is over`)
}

/** Where a pair's document begins → the pair. None is longer than a block, so none is cut. */
function pairsByStart(store: TokenStore): Map<number, number> {
  const found = new Map<number, number>()
  let at = 0
  for (const size of store.lengths()) {
    found.set(at, found.size)
    at += size
  }
  return found
}
