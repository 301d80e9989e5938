import type { WordCounts } from './types'

/**
 * Distinct words with their counts: an open-addressing hash table over raw UTF-8.
 *
 * All words stand in one byte arena and all entries in one Int32Array, both in order of first appearance: frequent
 * words come early and lie together, so most hits stay in the caches; the garbage collector has nothing to walk; and a
 * worker hands the whole table over without copying.
 */
export interface WordTable {
  /** The words, one after the other, in order of first appearance. */
  arena: Uint8Array
  /** Bytes used in the arena. */
  used: number
  /** Four numbers a word: hash; start in the arena; length in the low 12 bits, count / 2^32 above; count mod 2^32. */
  entries: Int32Array
  /** Slot → place of the word's entry + 1, 0 where free; the length is a power of two. */
  slots: Int32Array
  /** Number of words. */
  size: number
}

/** The longest word a table takes, in bytes: the length has 12 bits. */
export const WORD_BYTES_MAX = 4095

const LENGTH_BITS = 12
const LENGTH_MASK = (1 << LENGTH_BITS) - 1

/**
 * @param words room for so many before it grows
 * @param bytes of the words
 * @param slots room for so many words in the hash table, which grows by itself
 */
export function createWordTable(words = 1 << 16, bytes = words * 16, slots = words): WordTable {
  return {
    arena: new Uint8Array(bytes + WORD_BYTES_MAX),
    used: 0,
    entries: new Int32Array(words * 4),
    slots: new Int32Array(2 ** Math.ceil(Math.log2(slots * 1.5))),
    size: 0,
  }
}

/** Empties the table; its memory stays. */
export function clearWordTable(table: WordTable): void {
  table.size = 0
  table.used = 0
  table.slots.fill(0)
}

/** Words found by a scanner and not yet in the table: places in one block of bytes, and hashes. */
export interface WordBatch {
  /** Three numbers a word: start, end, hash. */
  words: Int32Array
  size: number
}

const BATCH_WORDS = 512

export function createWordBatch(): WordBatch {
  return { words: new Int32Array(BATCH_WORDS * 3), size: 0 }
}

/**
 * Notes the word bytes[start .. end), of 1 to {@link WORD_BYTES_MAX} bytes; true when the batch is full and must be
 * given to {@link addBatch} before the bytes go. Scanners make the hash while they scan; any function of the bytes will
 * do, as long as one table sees one function.
 */
export function noteWord(batch: WordBatch, start: number, end: number, hash: number): boolean {
  const { words } = batch
  const at = batch.size * 3
  words[at] = start
  words[at + 1] = end
  words[at + 2] = hash
  return ++batch.size === BATCH_WORDS
}

/**
 * Adds one to the count of every word of the batch and empties it.
 *
 * A table of millions of words lies outside the caches, and one word's misses would wait for the other's: so three
 * loops touch the slots, the entries and the bytes of all words, independent loads which the processor overlaps, and the
 * last one finds everything near.
 */
export function addBatch(table: WordTable, bytes: Uint8Array, batch: WordBatch): void {
  const { words, size } = batch
  const { entries, arena, slots } = table
  const mask = slots.length - 1
  const end = size * 3
  let touched = 0
  for (let i = 2; i < end; i += 3) touched ^= slots[words[i] & mask]
  for (let i = 2; i < end; i += 3) touched ^= entries[slots[words[i] & mask]]
  for (let i = 2; i < end; i += 3) touched ^= arena[entries[slots[words[i] & mask]]]
  for (let i = 0; i < end; i += 3) addWord(table, bytes, words[i], words[i + 1], words[i + 2])
  // The optimiser would drop the loops above if nothing used what they read.
  batch.size = touched === 0.5 ? 1 : 0
}

/** Adds to the count of the word bytes[start .. end), whose hash is given. */
export function addWord(
  table: WordTable,
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
  times = 1,
): void {
  const { entries } = table
  const length = end - start
  const found = find(table, bytes, start, length, hash)
  if (found < 0) {
    insert(table, ~found, bytes, start, length, hash, times | 0, Math.floor(times / 2 ** 32))
    return
  }
  const low = (entries[found + 3] >>> 0) + times
  entries[found + 3] = low | 0
  if (low >= 2 ** 32) entries[found + 2] += Math.floor(low / 2 ** 32) << LENGTH_BITS
}

/** The place of the word's entry, or ~slot of the free slot where it belongs. */
function find(table: WordTable, bytes: Uint8Array, start: number, length: number, hash: number): number {
  const { entries, slots, arena } = table
  const mask = slots.length - 1
  let slot = hash & mask
  for (;;) {
    const entry = slots[slot] - 1
    if (entry < 0) return ~slot
    if (entries[entry] === hash && (entries[entry + 2] & LENGTH_MASK) === length) {
      const at = entries[entry + 1] >>> 0
      let i = 0
      while (i < length && arena[at + i] === bytes[start + i]) i++
      if (i === length) return entry
    }
    slot = (slot + 1) & mask
  }
}

function insert(
  table: WordTable,
  slot: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  hash: number,
  low: number,
  high: number,
): void {
  const at = table.used
  if (at + length > table.arena.length) {
    const arena = new Uint8Array(Math.max(Math.floor(table.arena.length * 1.5), at + length))
    arena.set(table.arena)
    table.arena = arena
  }
  const entry = table.size * 4
  if (entry === table.entries.length) {
    const entries = new Int32Array(Math.floor(table.size * 1.5) * 4)
    entries.set(table.entries)
    table.entries = entries
  }
  const { arena, entries } = table
  for (let i = 0; i < length; i++) arena[at + i] = bytes[start + i]
  table.used = at + length
  entries[entry] = hash
  entries[entry + 1] = at
  entries[entry + 2] = length | (high << LENGTH_BITS)
  entries[entry + 3] = low
  table.slots[slot] = entry + 1
  table.size++
  // Two thirds full at most: beyond that, linear probing walks.
  if (table.size * 3 > table.slots.length * 2) rehash(table)
}

function rehash(table: WordTable): void {
  const { entries, size } = table
  const slots = new Int32Array(table.slots.length * 2)
  const mask = slots.length - 1
  for (let entry = 0; entry < size * 4; entry += 4) {
    let slot = entries[entry] & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = entry + 1
  }
  table.slots = slots
}

/** Where word i stands in the arena. */
export function wordStart(table: WordTable, i: number): number {
  return table.entries[i * 4 + 1] >>> 0
}

/** Bytes of word i. */
export function wordLength(table: WordTable, i: number): number {
  return table.entries[i * 4 + 2] & LENGTH_MASK
}

/** Count of word i, exact up to 2^52. */
export function wordCount(table: WordTable, i: number): number {
  return (table.entries[i * 4 + 2] >>> LENGTH_BITS) * 2 ** 32 + (table.entries[i * 4 + 3] >>> 0)
}

/** Adds every word of `from` to `into`; both must have been filled with the same hash function. */
export function mergeWordTables(into: WordTable, from: WordTable): void {
  const source = from.entries
  const bytes = from.arena
  for (let other = 0; other < from.size * 4; other += 4) {
    const packed = source[other + 2]
    const length = packed & LENGTH_MASK
    const start = source[other + 1] >>> 0
    const found = find(into, bytes, start, length, source[other])
    if (found < 0) {
      insert(into, ~found, bytes, start, length, source[other], source[other + 3], packed >>> LENGTH_BITS)
      continue
    }
    const low = (into.entries[found + 3] >>> 0) + (source[other + 3] >>> 0)
    into.entries[found + 3] = low | 0
    into.entries[found + 2] += ((packed >>> LENGTH_BITS) + (low >= 2 ** 32 ? 1 : 0)) << LENGTH_BITS
  }
}

/** The table as counted words, in order of first appearance; the bytes are the table's own. */
export function flattenTable(table: WordTable): Omit<WordCounts, 'meta'> {
  const { size } = table
  const offsets = new Uint32Array(size + 1)
  const counts = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    offsets[i] = wordStart(table, i)
    counts[i] = wordCount(table, i)
  }
  offsets[size] = table.used
  return { bytes: table.arena.subarray(0, table.used), offsets, counts }
}
