/** From words to ids: the cache, and merging where it does not know a word. */
import { unitSymbols } from './byte-units'
import type { Encoder } from './encoder'
import { mergeSymbols } from './merge-symbols'
import { byteSymbols, characterSymbols } from './symbols'
import { CACHED_BYTES_MAX, findWord, IDS_OFFSET, idsOfLine, keepWord, setOf } from './word-cache'
import { findInMap } from './word-map'

/** Words are looked up this many at a time. */
export const PENDING_WORDS = 256

/** Below one character of three bytes there is nothing to look up. */
const UNIT_BYTES_MIN = 3

/** Shorter words are merged as a whole: finding out where they may be cut takes longer. */
const CUT_BYTES_MIN = 64

/** An odd multiplier with well spread bits (2^32 / golden ratio). */
export const HASH_PRIME = 0x9e3779b1 | 0

export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], HASH_PRIME)
  return hash ^ (hash >>> 15)
}

/** Notes the word encoder.text[start .. end); the notes are encoded when there are enough, or by {@link encodePending}. */
export function noteWord(encoder: Encoder, start: number, end: number, hash: number): void {
  const { pending } = encoder
  const at = encoder.pendingCount * 3
  pending[at] = start
  pending[at + 1] = end
  pending[at + 2] = hash
  if (++encoder.pendingCount === PENDING_WORDS) encodePending(encoder)
}

/**
 * Encodes the words noted. The cache lies outside the processor's own, and one look-up would wait for the one before
 * it; so a first loop touches the lines of all words, independent loads that the processor overlaps.
 */
export function encodePending(encoder: Encoder): void {
  const { pending, cache } = encoder
  const { lines } = cache
  const end = encoder.pendingCount * 3
  encoder.pendingCount = 0
  let touched = 0
  for (let i = 2; i < end; i += 3) touched ^= lines[setOf(cache, pending[i])]
  // The optimiser would drop the loop above if nothing used what it reads.
  if (touched === 0.5) return
  for (let i = 0; i < end; i += 3) encodeWord(encoder, pending[i], pending[i + 1], pending[i + 2])
}

/** Appends the ids of the word encoder.text[start .. end). */
export function encodeWord(encoder: Encoder, start: number, end: number, hash: number): void {
  const { text, cache } = encoder
  const length = end - start
  if (length === 1) {
    const id = encoder.oneByte[text[start]]
    if (id >= 0) {
      if (encoder.count === encoder.ids.length) reserveIds(encoder, 1)
      encoder.ids[encoder.count++] = id
      return
    }
  } else if (length <= CACHED_BYTES_MAX) {
    const line = findWord(cache, text, start, end, hash)
    if (line >= 0) {
      append(encoder, cache.lines, line + IDS_OFFSET, idsOfLine(cache, line))
      return
    }
  }
  const size = encodeAnew(encoder, start, end, hash)
  append(encoder, encoder.word, 0, size)
  if (length > 1) keepWord(cache, text, start, end, hash, encoder.word, size)
  else if (size === 1) encoder.oneByte[text[start]] = encoder.word[0]
}

function append(encoder: Encoder, from: Int32Array, at: number, size: number): void {
  const count = encoder.count
  if (count + size > encoder.ids.length) reserveIds(encoder, size)
  const ids = encoder.ids
  for (let i = 0; i < size; i++) ids[count + i] = from[at + i]
  encoder.count = count + size
}

/** Encodes the word into encoder.word; the number of its ids. */
function encodeAnew(encoder: Encoder, start: number, end: number, hash: number): number {
  const { wholes } = encoder
  if (wholes) {
    const whole = findInMap(wholes, encoder.text, start, end, hash)
    if (whole >= 0) {
      encoder.word[0] = whole
      return 1
    }
  }
  const { fast } = encoder
  if (fast?.kind === 'spaces' && fast.runs && encoder.text[start] === 0x20 && encoder.text[start + 1] === 0x20) {
    encoder.word[0] = fast.runs[end - start]
    return 1
  }
  return mergeWord(encoder, start, end, fast !== null, true)
}

/**
 * Symbols of the word, merged, in encoder.word.
 *
 * @param spaceIsMark SentencePiece form: a space stands for `▁`
 * @param isText whether the word is valid UTF-8; pieces of byte-level vocabularies may begin or end inside a character
 */
export function mergeWord(encoder: Encoder, start: number, end: number, spaceIsMark: boolean, isText: boolean): number {
  const { text, symbols, tokenizer, merges, room } = encoder
  if (encoder.word.length < end - start) {
    encoder.word = new Int32Array((end - start) * 1.5)
    encoder.cuts = new Uint8Array((end - start) * 1.5)
  }
  const { word, cuts } = encoder
  if (encoder.units) {
    const count =
      end - start > UNIT_BYTES_MIN && isText
        ? unitSymbols(encoder.units, merges, text, start, end, word)
        : byteSymbols(symbols, text, start, end, word)
    return mergeSymbols(merges, room, word, count)
  }
  const cutting = end - start > CUT_BYTES_MIN
  const count = characterSymbols(symbols, tokenizer, text, start, end, spaceIsMark, word, cutting ? cuts : null)
  if (!cutting) return mergeSymbols(merges, room, word, count)
  // Merge part by part where no merge can cross, and close the gaps.
  let size = 0
  for (let from = 0; from < count; ) {
    let to = from + 1
    while (to < count && cuts[to] === 0) to++
    if (to - from === 1) word[size++] = word[from]
    else {
      const part = word.subarray(from, to)
      const merged = mergeSymbols(merges, room, part, to - from)
      if (size !== from) word.copyWithin(size, from, from + merged)
      size += merged
    }
    from = to
  }
  return size
}

export function reserveIds(encoder: Encoder, more: number): void {
  if (encoder.count + more <= encoder.ids.length) return
  const ids = new Int32Array((encoder.count + more) * 1.5)
  ids.set(encoder.ids.subarray(0, encoder.count))
  encoder.ids = ids
}
