import { inScope, type Scope } from '../text/scope'
import { addBatch, createWordBatch, noteWord, type WordTable } from './word-table'

/**
 * How a base's pre-tokenizer joins a space to the run of in-scope characters behind it.
 *
 * - `spaceJoins: 'single'`: only a single space joins, because the base has pieces of several spaces, which merge first
 *   (Llama-2's `▁▁`); `'last'`: the last of several spaces joins (byte-level split patterns leave it to the word).
 * - `linePrefix`: a line begins as if a space stood before it (SentencePiece's dummy prefix): `always`, so that a line's
 *   own leading space makes two, or `unless-spaced` (Metaspace).
 */
export interface RunRules {
  spaceJoins: 'single' | 'last'
  linePrefix: 'never' | 'always' | 'unless-spaced'
}

/** An odd multiplier with well spread bits (2^32 / golden ratio) and FNV's start. */
const HASH_PRIME = 0x9e3779b1 | 0
const HASH_START = 0x811c9dc5 | 0

/** Runs longer than this are cut: a word of thousands of characters tells nothing about merges. */
export const RUN_CHARACTERS_MAX = 256

/** Trailing characters that count as part of a word. */
const TRAILING_MAX = 16

/** Tables that make the scan a lookup a character; build once a scan. */
export interface RunScanner {
  rules: RunRules
  /** By lead byte: 1 when a character of the scope can begin with it. */
  leads: Uint8Array
  /** By BMP code point: 1 when in the scope. */
  members: Uint8Array
  /** By ASCII code: 1 when it may follow the core of a word. */
  trailing: Uint8Array
  scope: Scope
}

export function createRunScanner(scope: Scope, rules: RunRules): RunScanner {
  const leads = new Uint8Array(256)
  const members = new Uint8Array(0x10000)
  const trailing = new Uint8Array(128)
  const text = new Uint8Array(4)
  const encoder = new TextEncoder()
  for (const [low, high] of scope.core) {
    for (let codePoint = low; codePoint <= high; codePoint++) {
      if (codePoint < 0x10000) members[codePoint] = 1
      // One lead byte serves at least 64 code points.
      if (codePoint === low || (codePoint & 0x3f) === 0) {
        encoder.encodeInto(String.fromCodePoint(codePoint), text)
        leads[text[0]] = 1
      }
    }
  }
  for (const codePoint of scope.trailing) trailing[codePoint] = 1
  return { rules, leads, members, trailing, scope }
}

/**
 * Counts the words in bytes[start .. end): each maximal run of in-scope characters, with the space before it when the
 * rules join it, and the scope's trailing characters behind it.
 *
 * At least two bytes of context must stand before `start` (what preceded it in the text, or `\n\n` at its beginning),
 * and the caller must not cut inside a run: see {@link lastCut}. Bytes that are no UTF-8 end a run and are passed over.
 * A word is counted as `[0x20] run`. The newline before a run may be overwritten.
 */
export function scanRuns(scanner: RunScanner, bytes: Uint8Array, start: number, end: number, table: WordTable): void {
  const { leads, members, trailing, scope } = scanner
  const single = scanner.rules.spaceJoins === 'single'
  const linePrefix = scanner.rules.linePrefix !== 'never'
  const doubles = scanner.rules.linePrefix === 'always'
  const hasTrailing = scope.trailing.length > 0
  const batch = createWordBatch()
  let at = start
  while (at < end) {
    const lead = bytes[at]
    if (leads[lead] === 0) {
      at++
      continue
    }
    let hash = HASH_START
    let first = at
    let cursor = at
    let characters = 0
    while (cursor < end && characters < RUN_CHARACTERS_MAX) {
      const b0 = bytes[cursor]
      if (leads[b0] === 0) break
      if (b0 >= 0xe0 && b0 < 0xf0) {
        const b1 = bytes[cursor + 1]
        const b2 = bytes[cursor + 2]
        const codePoint = ((b0 & 0x0f) << 12) | ((b1 & 0x3f) << 6) | (b2 & 0x3f)
        if (members[codePoint] === 0 || (b1 & 0xc0) !== 0x80 || (b2 & 0xc0) !== 0x80 || cursor + 2 >= end) break
        if (characters === 0) {
          // The space before the run is part of the word, and of its hash.
          const before = bytes[at - 1]
          const joined =
            before === 0x20
              ? !single || (bytes[at - 2] !== 0x20 && !(doubles && bytes[at - 2] === 0x0a))
              : linePrefix && before === 0x0a
          if (joined) {
            hash = Math.imul(hash ^ 0x20, HASH_PRIME)
            first = at - 1
          }
        }
        hash = Math.imul(hash ^ codePoint, HASH_PRIME)
        cursor += 3
      } else {
        const size = otherCharacter(scope, bytes, cursor, end)
        if (size === 0) break
        if (characters === 0 && (bytes[at - 1] === 0x20 || (linePrefix && bytes[at - 1] === 0x0a))) {
          hash = Math.imul(hash ^ 0x20, HASH_PRIME)
          first = at - 1
        }
        for (let i = 0; i < size; i++) hash = Math.imul(hash ^ bytes[cursor + i], HASH_PRIME)
        cursor += size
      }
      characters++
    }
    if (characters === 0) {
      at++
      continue
    }
    if (hasTrailing) {
      for (
        let more = 0;
        more < TRAILING_MAX && cursor < end && bytes[cursor] < 128 && trailing[bytes[cursor]] === 1;
        more++
      ) {
        hash = Math.imul(hash ^ bytes[cursor], HASH_PRIME)
        cursor++
      }
    }
    // The high half of a product is its best; the table takes the low bits.
    const mixed = hash ^ (hash >>> 15)
    // At a line's beginning the joined space is not in the text: it takes the newline's place.
    if (first < at) bytes[first] = 0x20
    if (noteWord(batch, first, cursor, mixed)) addBatch(table, bytes, batch)
    at = cursor
  }
  addBatch(table, bytes, batch)
}

/** Size in bytes of an in-scope character of one, two or four bytes at `at`, 0 when there is none. */
function otherCharacter(scope: Scope, bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]
  if (lead < 0x80) return inScope(scope, lead) ? 1 : 0
  const size = lead >= 0xf0 ? 4 : 2
  if (at + size > end) return 0
  let codePoint = lead & (0xff >> (size + 1))
  for (let i = 1; i < size; i++) {
    if ((bytes[at + i] & 0xc0) !== 0x80) return 0
    codePoint = (codePoint << 6) | (bytes[at + i] & 0x3f)
  }
  return inScope(scope, codePoint) ? size : 0
}

/** Size in bytes of the in-scope character at `at`, 0 when there is none; at the end of the bytes, maybe a cut one counts. */
function memberSize(scanner: RunScanner, bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]
  if (scanner.leads[lead] === 0) return 0
  if (lead < 0xe0 || lead >= 0xf0) return otherCharacter(scanner.scope, bytes, at, end)
  if (at + 2 >= end) return 3
  const [second, third] = [bytes[at + 1], bytes[at + 2]]
  if ((second & 0xc0) !== 0x80 || (third & 0xc0) !== 0x80) return 0
  return scanner.members[((lead & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f)] === 1 ? 3 : 0
}

/**
 * Where a block may be cut so that the words stay what they are: behind the last newline, else before the last space,
 * else behind the last byte that is no part of a run. `start` when there is no such place (the block is one run).
 */
export function lastCut(scanner: RunScanner, bytes: Uint8Array, start: number, end: number): number {
  const newline = bytes.lastIndexOf(0x0a, end - 1)
  if (newline >= start) return newline + 1
  const space = bytes.lastIndexOf(0x20, end - 1)
  if (space > start) return space
  for (let cut = end; cut > start; cut--) if (isBetweenWords(scanner, bytes, start, cut, end)) return cut
  return start
}

/** Whether the scan comes to `cut` outside any word, whatever follows the end. */
function isBetweenWords(scanner: RunScanner, bytes: Uint8Array, start: number, cut: number, end: number): boolean {
  for (let at = Math.max(start, cut - 4); at < cut; at++) {
    const size = memberSize(scanner, bytes, at, end)
    if (size > 0 && at + size >= cut) return false
  }
  if (!isTrailing(scanner, bytes[cut - 1])) return true
  if (cut < end && !isTrailing(scanner, bytes[cut])) return true
  // A word takes no more of them than this, wherever it began.
  let from = cut
  while (from > start && cut - from <= TRAILING_MAX && isTrailing(scanner, bytes[from - 1])) from--
  return cut - from > TRAILING_MAX
}

function isTrailing(scanner: RunScanner, byte: number): boolean {
  return byte < 0x80 && scanner.trailing[byte] === 1
}

/**
 * Where a block that is one run, with or without the space before it, is cut: where {@link scanRuns} cuts the run too.
 */
export function runCut(scanner: RunScanner, bytes: Uint8Array, start: number, end: number): number {
  let at = bytes[start] === 0x20 && scanner.leads[0x20] === 0 ? start + 1 : start
  let cut = at
  for (let characters = 1; at < end; characters++) {
    const size = memberSize(scanner, bytes, at, end)
    if (at + size > end) break
    at += Math.max(size, 1)
    if (size === 0) characters = 0
    if (characters % RUN_CHARACTERS_MAX === 0 && at < end && !isTrailing(scanner, bytes[at])) cut = at
  }
  return cut
}
