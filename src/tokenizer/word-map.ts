/** Strings of bytes → a number, exact and for good: the pieces that `ignore_merges` takes whole. */
export interface WordMap {
  /** Slot → place of the entry + 1, 0 where free. The length is a power of two. */
  slots: Int32Array
  /** Four numbers a word: hash; start of its bytes; their length; its number. */
  entries: Int32Array
  size: number
  bytes: Uint8Array
  bytesUsed: number
}

/** @param words how many it will hold, of `bytes` bytes in all */
export function createWordMap(words: number, bytes: number): WordMap {
  return {
    slots: new Int32Array(2 ** Math.ceil(Math.log2(words * 2 + 2))),
    entries: new Int32Array(words * 4),
    size: 0,
    bytes: new Uint8Array(bytes),
    bytesUsed: 0,
  }
}

/** The number of the word text[start .. end), -1 when it is not there. */
export function findInMap(map: WordMap, text: Uint8Array, start: number, end: number, hash: number): number {
  const { slots, entries, bytes } = map
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
      if (i === length) return entries[entry + 3]
    }
    slot = (slot + 1) & mask
  }
}

/** Adds a word that is not there. */
export function addToMap(map: WordMap, word: Uint8Array, hash: number, value: number): void {
  const { slots, entries } = map
  const mask = slots.length - 1
  let slot = hash & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  const entry = map.size++ * 4
  slots[slot] = entry + 1
  entries[entry] = hash
  entries[entry + 1] = map.bytesUsed
  entries[entry + 2] = word.length
  entries[entry + 3] = value
  map.bytes.set(word, map.bytesUsed)
  map.bytesUsed += word.length
}
