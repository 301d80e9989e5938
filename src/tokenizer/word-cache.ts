/**
 * Words already encoded: their UTF-8 bytes → their ids. Korean text repeats: of 25 million words in 264 MB, 2 million
 * are distinct, so most encoding is looking up.
 *
 * A word's hash, bytes and ids stand together in one line of 128 bytes, two processor cache lines of which short words
 * touch one; a look-up in several arrays would wait for memory several times. Two lines make a set, and a new word takes
 * the place of the one that was not used last: nothing is ever moved or emptied.
 */
export interface WordCache {
  /** 32 numbers a line: hash; length of the bytes | number of ids << 8 | used last << 16; 32 bytes of text; 22 ids. */
  lines: Int32Array
  /** The same memory. */
  bytes: Uint8Array
  /** (number of sets - 1); a power of two less one. */
  mask: number
}

const LINE = 32
const TEXT_AT = 2
const IDS_AT = 10

/** The longest word that is kept, in bytes. */
export const CACHED_BYTES_MAX = (IDS_AT - TEXT_AT) * 4
/** The most ids that are kept of a word. */
export const CACHED_IDS_MAX = LINE - IDS_AT

const USED_LAST = 1 << 16

/** @param words how many words it holds at the most; rounded up to a power of two */
export function createWordCache(words: number): WordCache {
  const sets = 2 ** Math.max(1, Math.ceil(Math.log2(words / 2)))
  const lines = new Int32Array(sets * 2 * LINE)
  return { lines, bytes: new Uint8Array(lines.buffer), mask: sets - 1 }
}

/** Place of the first line of a hash's set. */
export function setOf(cache: WordCache, hash: number): number {
  return (hash & cache.mask) * (2 * LINE)
}

/** Place of the word's line in `lines`, -1 when it is not there. The word has 1 to CACHED_BYTES_MAX bytes. */
export function findWord(cache: WordCache, text: Uint8Array, start: number, end: number, hash: number): number {
  const { lines, bytes } = cache
  const length = end - start
  const first = setOf(cache, hash)
  for (let line = first; line <= first + LINE; line += LINE) {
    if (lines[line] !== hash || (lines[line + 1] & 0xff) !== length) continue
    const at = (line + TEXT_AT) * 4
    let i = 0
    while (i < length && bytes[at + i] === text[start + i]) i++
    if (i < length) continue
    if ((lines[line + 1] & USED_LAST) === 0) {
      lines[line + 1] |= USED_LAST
      lines[line === first ? first + LINE + 1 : first + 1] &= ~USED_LAST
    }
    return line
  }
  return -1
}

/** Number of ids of a line, and where they begin in `lines`. */
export function idsOfLine(cache: WordCache, line: number): number {
  return (cache.lines[line + 1] >> 8) & 0xff
}
export const IDS_OFFSET = IDS_AT

/** Keeps a word that is not there, unless it is longer or has more ids than a line holds. */
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
  if (length > CACHED_BYTES_MAX || count > CACHED_IDS_MAX) return
  const { lines, bytes } = cache
  const first = setOf(cache, hash)
  const line = (lines[first + 1] & USED_LAST) === 0 ? first : first + LINE
  lines[line === first ? first + LINE + 1 : first + 1] &= ~USED_LAST
  lines[line] = hash
  lines[line + 1] = length | (count << 8) | USED_LAST
  const at = (line + TEXT_AT) * 4
  for (let i = 0; i < length; i++) bytes[at + i] = text[start + i]
  for (let i = 0; i < count; i++) lines[line + IDS_AT + i] = ids[i]
}
