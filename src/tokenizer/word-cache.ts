/**
 * Words already encoded: their UTF-8 bytes → their ids. Korean text repeats: of 25 million words in 264 MB, 2 million
 * are distinct, so most encoding is looking up.
 */
export interface WordCache {
  /** Slot → place of the entry + 1, 0 where free. The length is a power of two. */
  slots: Int32Array
  /** Five numbers a word: hash, start and length of its bytes, start and number of its ids. */
  entries: Int32Array
  size: number
  bytes: Uint8Array
  bytesUsed: number
  ids: Int32Array
  idsUsed: number
}

const FIELDS = 5
/** Average room a word, generous for Korean (10 bytes, 2 ids). */
const BYTES_A_WORD = 16
const IDS_A_WORD = 6

/** @param words how many words it holds before it starts anew */
export function createWordCache(words: number): WordCache {
  return {
    slots: new Int32Array(2 ** Math.ceil(Math.log2(words * 2))),
    entries: new Int32Array(words * FIELDS),
    size: 0,
    bytes: new Uint8Array(words * BYTES_A_WORD),
    bytesUsed: 0,
    ids: new Int32Array(words * IDS_A_WORD),
    idsUsed: 0,
  }
}

/** The place of the word's entry in `entries`, -1 when it is not there. */
export function findWord(cache: WordCache, text: Uint8Array, start: number, end: number, hash: number): number {
  const { slots, entries, bytes } = cache
  const mask = slots.length - 1
  const length = end - start
  let slot = hash & mask
  for (;;) {
    const entry = slots[slot] - 1
    if (entry < 0) return -1
    if (entries[entry] === hash && entries[entry + 2] === length) {
      const at = entries[entry + 1]
      let i = 0
      while (i < length && bytes[at + i] === text[start + i]) i++
      if (i === length) return entry
    }
    slot = (slot + 1) & mask
  }
}

/**
 * Keeps a word that is not there. A full cache is emptied first: words come back at once if they are frequent, and
 * nothing has to be kept about their age.
 */
export function keepWord(
  cache: WordCache,
  text: Uint8Array,
  start: number,
  end: number,
  hash: number,
  ids: Int32Array,
  count: number,
): void {
  const length = end - start
  if (
    (cache.size + 1) * FIELDS > cache.entries.length ||
    cache.bytesUsed + length > cache.bytes.length ||
    cache.idsUsed + count > cache.ids.length
  ) {
    if (length > cache.bytes.length || count > cache.ids.length) return
    cache.slots.fill(0)
    cache.size = cache.bytesUsed = cache.idsUsed = 0
  }
  const { slots, entries } = cache
  const mask = slots.length - 1
  let slot = hash & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  const entry = cache.size++ * FIELDS
  slots[slot] = entry + 1
  entries[entry] = hash
  entries[entry + 1] = cache.bytesUsed
  entries[entry + 2] = length
  entries[entry + 3] = cache.idsUsed
  entries[entry + 4] = count
  for (let i = 0; i < length; i++) cache.bytes[cache.bytesUsed + i] = text[start + i]
  for (let i = 0; i < count; i++) cache.ids[cache.idsUsed + i] = ids[i]
  cache.bytesUsed += length
  cache.idsUsed += count
}
