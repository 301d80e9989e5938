/**
 * Words already encoded: their UTF-8 bytes → their ids. Korean text repeats: of 25 million words in 264 MB, 2 million
 * are distinct, so most encoding is looking up.
 */
export interface WordCache {
  /** Slot → place of the entry + 1, 0 where free. The length is a power of two. */
  slots: Int32Array
  /** Four numbers a word: hash; start of its bytes; start of its ids; length of the bytes, and number of ids << 16. */
  entries: Int32Array
  size: number
  bytes: Uint8Array
  bytesUsed: number
  ids: Int32Array
  idsUsed: number
}

/** Average room a word, generous for Korean (10 bytes, 2 ids). */
const BYTES_A_WORD = 16
const IDS_A_WORD = 6
/** Room for one long word in the smallest cache. */
const SLACK = 1024

/** @param words how many words it holds */
export function createWordCache(words: number): WordCache {
  return {
    slots: new Int32Array(2 ** Math.ceil(Math.log2(words * 2))),
    entries: new Int32Array(words * 4),
    size: 0,
    bytes: new Uint8Array(words * BYTES_A_WORD + SLACK),
    bytesUsed: 0,
    ids: new Int32Array(words * IDS_A_WORD + SLACK),
    idsUsed: 0,
  }
}

/** The place of the word's entry in `entries`, -1 when it is not there. Words are shorter than 65,536 bytes. */
export function findWord(cache: WordCache, text: Uint8Array, start: number, end: number, hash: number): number {
  const { slots, entries, bytes } = cache
  const mask = slots.length - 1
  const length = end - start
  let slot = hash & mask
  for (;;) {
    const entry = slots[slot] - 1
    if (entry < 0) return -1
    if (entries[entry] === hash && (entries[entry + 3] & 0xffff) === length) {
      const at = entries[entry + 1]
      let i = 0
      while (i < length && bytes[at + i] === text[start + i]) i++
      if (i === length) return entry
    }
    slot = (slot + 1) & mask
  }
}

/** Keeps a word that is not there, with ids[from .. from + count); false when there is no room. */
export function keepWord(
  cache: WordCache,
  text: Uint8Array,
  start: number,
  end: number,
  hash: number,
  ids: Int32Array,
  from: number,
  count: number,
): boolean {
  const length = end - start
  const { slots, entries, bytes, bytesUsed, idsUsed } = cache
  const entry = cache.size * 4
  if (entry === entries.length || bytesUsed + length > bytes.length || idsUsed + count > cache.ids.length) return false
  const mask = slots.length - 1
  let slot = hash & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  slots[slot] = entry + 1
  entries[entry] = hash
  entries[entry + 1] = bytesUsed
  entries[entry + 2] = idsUsed
  entries[entry + 3] = length | (count << 16)
  for (let i = 0; i < length; i++) bytes[bytesUsed + i] = text[start + i]
  for (let i = 0; i < count; i++) cache.ids[idsUsed + i] = ids[from + i]
  cache.size++
  cache.bytesUsed += length
  cache.idsUsed += count
  return true
}

export function emptyWordCache(cache: WordCache): void {
  cache.slots.fill(0)
  cache.size = cache.bytesUsed = cache.idsUsed = 0
}
