import { codePointAt, utf8Length } from '../text/utf8'
import { pieceToBytes } from './byte-alphabet'
import { findMerge, type MergeTable, NO_RANK } from './merge-table'
import type { Tokenizer } from './types'

/**
 * Byte-level BPE from characters instead of bytes.
 *
 * As long as every merge that reaches beyond a character takes the character whole, and ranks behind those that make it
 * whole, the bytes of a character merge as if it stood alone, and its one token can be looked up. Vocabularies that were trained on bytes do have pieces that
 * take a part of a character with something beside it: `ì` behind a space (`20 EC`), or all but the first byte of 데 with
 * 이터 (`8D B0 EC 9D B4 …`, Llama-3). A character that such a piece could overlap where it stands is left as bytes. So is
 * one that some merge takes at a rank before its own: the two of 니다 come before those of 니 in Llama-3, and an extension
 * may open an old piece with a new character. What such a merge competes with depends on when it becomes possible. A
 * word's first character behind a space has a table of its own, since most of those pieces are of that kind.
 */
export interface ByteUnits {
  /** By BMP code point: the one token of the character, -1 when it has none, -2 when not looked up yet. */
  single: Int32Array
  /**
   * The same for the character behind a word's leading space: the one token of both; or PAIR + the character's token
   * where that forms before the space joins.
   */
  spaced: Int32Array
  /** By (byte before a character, its lead byte): pieces that end inside the character. */
  endings: OverlapIndex
  /** By (a character's last byte, byte behind it): pieces that begin inside the character. */
  beginnings: OverlapIndex
  /** Token of each byte. */
  bytes: Int32Array
  /** By token: the lowest rank of a merge that has it on its left, and of one on its right; those with a space apart. */
  asLeft: Int32Array
  asRight: Int32Array
}

const UNKNOWN = -2
const NONE = -1
const PAIR = 1 << 28

/** A piece that overlaps a character in part: its bytes up to the character's edge, and those beyond it. */
interface Overlap {
  before: Uint8Array
  after: Uint8Array
}

interface OverlapIndex {
  /** One bit a pair of bytes. */
  maybe: Uint8Array
  lists: Map<number, Overlap[]>
}

export function createByteUnits(tokenizer: Tokenizer, bytes: Int32Array): ByteUnits {
  const { left, right } = tokenizer.merges
  const size = tokenizer.pieces.length
  const asLeft = new Int32Array(size).fill(NO_RANK)
  const asRight = new Int32Array(size).fill(NO_RANK)
  for (let rank = left.length - 1; rank >= 0; rank--) {
    asLeft[left[rank]] = rank
    if (left[rank] !== bytes[0x20]) asRight[right[rank]] = rank
  }
  const units: ByteUnits = {
    single: new Int32Array(0x10000).fill(UNKNOWN),
    spaced: new Int32Array(0x10000).fill(UNKNOWN),
    endings: { maybe: new Uint8Array(8192), lists: new Map() },
    beginnings: { maybe: new Uint8Array(8192), lists: new Map() },
    bytes,
    asLeft,
    asRight,
  }
  const added = new Set(tokenizer.addedTokens.map((token) => token.id))
  tokenizer.pieces.forEach((piece, id) => {
    if (piece === '' || added.has(id)) return
    const spelled = pieceToBytes(piece)
    if (spelled && spelled.length > 1) noteOverlaps(units, spelled)
  })
  return units
}

function noteOverlaps(units: ByteUnits, bytes: Uint8Array): void {
  let start = 0
  while (start < bytes.length && (bytes[start] & 0xc0) === 0x80) start++
  if (start > 0 && start < bytes.length) {
    note(units.beginnings, bytes[start - 1], bytes[start], bytes.slice(0, start), bytes.slice(start))
  }
  for (let at = start; at < bytes.length; ) {
    const next = at + utf8Length(bytes[at])
    if (next > bytes.length && at > 0) {
      note(units.endings, bytes[at - 1], bytes[at], bytes.slice(0, at), bytes.slice(at))
    }
    at = next
  }
}

function note(index: OverlapIndex, before: number, after: number, left: Uint8Array, right: Uint8Array): void {
  const key = (before << 8) | after
  index.maybe[key >> 3] |= 1 << (key & 7)
  const list = index.lists.get(key)
  if (list) list.push({ before: left, after: right })
  else index.lists.set(key, [{ before: left, after: right }])
}

/** Whether a noted piece stands in text[start .. end) with its edge at `at`; `spaceToo`: also those of one space before. */
function overlapsAt(
  index: OverlapIndex,
  text: Uint8Array,
  start: number,
  at: number,
  end: number,
  spaceToo: boolean,
): boolean {
  const key = (text[at - 1] << 8) | text[at]
  if (((index.maybe[key >> 3] >> (key & 7)) & 1) === 0) return false
  search: for (const { before, after } of index.lists.get(key)!) {
    if (at - before.length < start || at + after.length > end) continue
    if (!spaceToo && before.length === 1 && before[0] === 0x20) continue
    for (let i = 0; i < before.length; i++) if (text[at - before.length + i] !== before[i]) continue search
    for (let i = 0; i < after.length; i++) if (text[at + i] !== after[i]) continue search
    return true
  }
  return false
}

/**
 * The symbols of text[start .. end), valid UTF-8, from which merging gives what merging its bytes gives.
 *
 * @returns their number
 */
export function unitSymbols(
  units: ByteUnits,
  merges: MergeTable,
  text: Uint8Array,
  start: number,
  end: number,
  into: Int32Array,
): number {
  const { single, spaced, endings, beginnings, bytes } = units
  let count = 0
  for (let at = start; at < end; ) {
    const lead = text[at]
    if (lead < 0x80) {
      if (bytes[lead] >= 0) into[count++] = bytes[lead]
      at++
      continue
    }
    const size = utf8Length(lead)
    const next = at + size
    const behindSpace = at === start + 1 && text[start] === 0x20
    const whole =
      size < 4 &&
      (behindSpace || at === start || text[at - 1] !== 0x20) &&
      !(next < end && overlapsAt(beginnings, text, start, next, end, true)) &&
      !(at > start && overlapsAt(endings, text, start, at, end, !behindSpace))
    if (whole) {
      const codePoint = codePointAt(text, at)
      if (behindSpace) {
        if (spaced[codePoint] === UNKNOWN) spaced[codePoint] = spacedToken(units, merges, text, start, next)
        const token = spaced[codePoint]
        if (token >= PAIR) {
          into[count++] = token - PAIR
          at = next
          continue
        }
        if (token >= 0) {
          into[count - 1] = token
          at = next
          continue
        }
      } else {
        if (single[codePoint] === UNKNOWN) single[codePoint] = singleToken(units, merges, text, at, next)
        if (single[codePoint] >= 0) {
          into[count++] = single[codePoint]
          at = next
          continue
        }
      }
    }
    for (; at < next; at++) if (bytes[text[at]] >= 0) into[count++] = bytes[text[at]]
  }
  return count
}

/** The token of the character text[start .. end), NONE where it must be left as bytes. */
function singleToken(units: ByteUnits, merges: MergeTable, text: Uint8Array, start: number, end: number): number {
  const { tokens, rank } = mergeAlone(units, merges, text, start, end)
  const token = tokens.length === 1 ? tokens[0] : NONE
  return token >= 0 && units.asLeft[token] > rank && units.asRight[token] > rank ? token : NONE
}

/** A space and a character, text[start .. end), at the beginning of a word: see {@link ByteUnits.spaced}. */
function spacedToken(units: ByteUnits, merges: MergeTable, text: Uint8Array, start: number, end: number): number {
  const { tokens, rank, beside } = mergeAlone(units, merges, text, start, end)
  // Nothing stands before a word, so only what comes behind could be in time for one of its tokens.
  if (beside === null) return tokens.length === 1 && units.asLeft[tokens[0]] > rank ? tokens[0] : NONE
  if (units.asLeft[beside.token] <= beside.rank) return NONE
  const slot = findMerge(merges, units.bytes[0x20], beside.token)
  // The space joins at a rank of its own, when others may have taken the character.
  if (slot < 0 || merges.slots[slot + 2] > beside.rank) return PAIR + beside.token
  // It joins the moment the character is whole.
  return tokens.length === 1 && units.asLeft[tokens[0]] > rank ? tokens[0] : NONE
}

interface MergedAlone {
  tokens: number[]
  /** The highest rank of its merges: all of them are done then. */
  rank: number
  /** Behind a space: the whole character, if merging passes through it, and the highest rank until then. */
  beside: { token: number; rank: number } | null
}

/** What the bytes text[start .. end) merge to alone. */
function mergeAlone(units: ByteUnits, merges: MergeTable, text: Uint8Array, start: number, end: number): MergedAlone {
  let tokens: number[] = []
  for (let at = start; at < end; at++) tokens.push(units.bytes[text[at]])
  if (tokens.includes(NONE)) return { tokens: [], rank: -1, beside: null }
  const spaced = text[start] === 0x20
  let rank = -1
  let beside: MergedAlone['beside'] = null
  for (;;) {
    if (spaced && tokens.length === 2 && tokens[0] === units.bytes[0x20]) beside = { token: tokens[1], rank }
    const at = lowestMerge(merges, tokens)
    if (at < 0) return { tokens, rank, beside }
    const slot = findMerge(merges, tokens[at], tokens[at + 1])
    rank = Math.max(rank, merges.slots[slot + 2])
    tokens = [...tokens.slice(0, at), merges.slots[slot + 3], ...tokens.slice(at + 2)]
  }
}

function lowestMerge(merges: MergeTable, symbols: readonly number[]): number {
  let best = Number.POSITIVE_INFINITY
  let at = -1
  for (let i = 0; i + 1 < symbols.length; i++) {
    const slot = findMerge(merges, symbols[i], symbols[i + 1])
    if (slot >= 0 && merges.slots[slot + 2] < best) {
      best = merges.slots[slot + 2]
      at = i
    }
  }
  return at
}
