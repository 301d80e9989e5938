import { encodeUtf8, isValidUtf8, toWellFormed } from '../text/utf8'
import { pieceToBytes } from './byte-alphabet'
import { type ByteUnits, createByteUnits, unitSymbols } from './byte-units'
import { type FastPath, fastPathOf, type SpaceRuns } from './fast-path'
import { createMergeRoom, type MergeRoom, mergeSymbols } from './merge-symbols'
import { createMergeTable, type MergeTable } from './merge-table'
import { type Segment, splitAddedTokens } from './pipeline/added-tokens'
import { compilePreTokenizer, type PreTokenizer } from './pipeline/pre-tokenize'
import { compilePostProcessor, type Surround } from './post-process'
import { byteSymbols, characterSymbols, createSymbolTable, modelPieces, type SymbolTable } from './symbols'
import type { Tokenizer } from './types'
import { createWordCache, emptyWordCache, findWord, keepWord, type WordCache } from './word-cache'

/** A tokenizer made ready to encode. Not for two threads at once: it keeps words and room between calls. */
export interface Encoder {
  tokenizer: Tokenizer
  fast: FastPath
  merges: MergeTable
  symbols: SymbolTable
  /** Byte-level form. */
  units: ByteUnits | null
  /** Words of late; when it is full it becomes `older`, and the older one is emptied. Frequent words come back at once. */
  cache: WordCache
  older: WordCache
  room: MergeRoom
  split: (text: string) => Segment[]
  /** With space runs as added tokens: the split for texts that hold `▁` themselves, which the fast path leaves alone. */
  splitNormalized: ((text: string) => Segment[]) | null
  preTokenize: PreTokenizer
  surround: Surround
  /** With `ignore_merges`: all pieces, which are taken whole. */
  wholes: WordCache | null
  /** First bytes of added tokens. */
  addedFirst: Uint8Array
  /** Words of the segment under way that are not encoded yet: start, end and hash of each. */
  pending: Int32Array
  pendingCount: number
  /** Text of one segment as UTF-8, a byte free in front. */
  text: Uint8Array
  /** First symbols of one word, then its ids. */
  word: Int32Array
  cuts: Uint8Array
  /** Ids of the call under way. */
  ids: Int32Array
  count: number
}

export interface EncodeOptions {
  /** Add what the post-processor adds, such as `<s>`. Default false: the ids of the text alone. */
  addSpecialTokens?: boolean
}

/** Below one character of three bytes there is nothing to look up. */
const UNIT_BYTES_MIN = 3

/** Shorter words are merged as a whole: finding out where they may be cut takes longer. */
const CUT_BYTES_MIN = 64

/** Words longer than this many bytes are encoded each time: they hardly ever come again. */
const CACHED_BYTES_MAX = 96

/**
 * Makes the tables for encoding; some tens of milliseconds for a vocabulary of 128,000.
 *
 * @param options.cacheWords how many words to remember at most (about 60 bytes each); default 262,144
 * @throws unsupported when the tokenizer's normalizer or pre-tokenizer has a part that is not known, naming it
 */
export function createEncoder(tokenizer: Tokenizer, options: { cacheWords?: number } = {}): Encoder {
  const fast = safeFastPath(tokenizer)
  const cacheWords = Math.max(16, (options.cacheWords ?? 1 << 18) >> 1)
  const addedFirst = new Uint8Array(256)
  for (const { content } of tokenizer.addedTokens) if (content !== '') addedFirst[encodeUtf8(content)[0]] = 1
  return {
    tokenizer,
    fast: fast.path,
    merges: createMergeTable(tokenizer.merges, tokenizer.form === 'byte-level'),
    units: tokenizer.form === 'byte-level' ? createByteUnits(tokenizer) : null,
    symbols: fast.symbols,
    cache: createWordCache(cacheWords),
    older: createWordCache(cacheWords),
    room: createMergeRoom(),
    split: fast.path
      ? splitAddedTokens(
          { ...tokenizer, addedTokens: tokenizer.addedTokens.filter((token) => !token.normalized) },
          same,
        )
      : splitAddedTokens(tokenizer),
    splitNormalized: fast.path?.kind === 'spaces' && fast.path.runs ? splitAddedTokens(tokenizer) : null,
    preTokenize: compilePreTokenizer(tokenizer.preTokenizer, tokenizer.form),
    surround: compilePostProcessor(tokenizer.postProcessor),
    wholes: tokenizer.ignoreMerges ? wholePieces(tokenizer) : null,
    addedFirst,
    pending: new Int32Array(PENDING_WORDS * 3),
    pendingCount: 0,
    text: new Uint8Array(1 << 16),
    word: new Int32Array(1 << 12),
    cuts: new Uint8Array(1 << 12),
    ids: new Int32Array(1 << 16),
    count: 0,
  }
}

const same = (text: string) => text

function safeFastPath(tokenizer: Tokenizer): { path: FastPath; symbols: SymbolTable } {
  const symbols = createSymbolTable(tokenizer)
  const path = fastPathOf(tokenizer)
  return { path: path?.kind === 'spaces' && !symbols.cutsAtSpaces ? null : path, symbols }
}

function wholePieces(tokenizer: Tokenizer): WordCache {
  const pieces = modelPieces(tokenizer)
  const wholes = createWordCache(pieces.size)
  const id = new Int32Array(1)
  for (const [piece, pieceId] of pieces) {
    const bytes = tokenizer.form === 'byte-level' ? pieceToBytes(piece) : encodeUtf8(piece)
    id[0] = pieceId
    if (bytes) keepWord(wholes, bytes, 0, bytes.length, hashBytes(bytes, 0, bytes.length), id, 0, 1)
  }
  return wholes
}

/**
 * The ids of a text, equal to Hugging Face `tokenizers`' on the same tokenizer.json. Added tokens in the text become
 * their ids, as there. Lone surrogates count as U+FFFD.
 */
export function encode(encoder: Encoder, text: string, options: EncodeOptions = {}): Int32Array {
  run(encoder, text)
  if (!options.addSpecialTokens) return encoder.ids.slice(0, encoder.count)
  const { before, after } = encoder.surround
  const ids = new Int32Array(before.length + encoder.count + after.length)
  ids.set(before)
  ids.set(encoder.ids.subarray(0, encoder.count), before.length)
  ids.set(after, before.length + encoder.count)
  return ids
}

/** How many ids {@link encode} gives, without copying them. */
export function countTokens(encoder: Encoder, text: string, options: EncodeOptions = {}): number {
  run(encoder, text)
  return encoder.count + (options.addSpecialTokens ? encoder.surround.before.length + encoder.surround.after.length : 0)
}

/**
 * The ids of bytes[start .. end) as one text. The result is a view that the next call overwrites. Bytes that are no
 * UTF-8 count as U+FFFD, as TextDecoder reads them.
 */
export function encodeBytes(encoder: Encoder, bytes: Uint8Array, start = 0, end = bytes.length): Int32Array {
  encoder.count = 0
  const { addedFirst, fast } = encoder
  let plain = fast !== null && !(fast.kind === 'scanner' && fast.composes)
  for (let i = start; plain && i < end; i++) if (addedFirst[bytes[i]] === 1) plain = false
  if (plain && encoder.splitNormalized && bytes.subarray(start, end).includes(0xe2)) plain = false
  if (!plain || !isValidUtf8(bytes, start, end)) {
    run(encoder, new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, end)))
  } else if (end > start) {
    reserveText(encoder, end - start)
    encoder.text.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), 1)
    encodeSegment(encoder, end - start, true)
  }
  return encoder.ids.subarray(0, encoder.count)
}

/**
 * The ids that merging alone makes of a string in the vocabulary's own spelling (`▁안녕`, `Ġìķĥ`): no normalizer, no
 * dummy prefix, no pre-tokenizer, no added tokens, `ignore_merges` off. A string outside the byte alphabet is taken as
 * text in byte-level form too (user-defined symbols).
 */
export function encodePiece(encoder: Encoder, piece: string): Int32Array {
  const bytes = (encoder.tokenizer.form === 'byte-level' && pieceToBytes(piece)) || encodeUtf8(piece)
  reserveText(encoder, bytes.length)
  encoder.text.set(bytes, 1)
  const size = mergeWord(encoder, 1, bytes.length + 1, false)
  return encoder.word.slice(0, size)
}

function run(encoder: Encoder, text: string): void {
  encoder.count = 0
  const wellFormed = toWellFormed(text)
  const marked = encoder.splitNormalized !== null && wellFormed.includes('▁')
  const fast = marked ? null : encoder.fast
  const segments = marked ? encoder.splitNormalized!(wellFormed) : encoder.split(wellFormed)
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]
    if (segment.id !== undefined) {
      reserveIds(encoder, 1)
      encoder.ids[encoder.count++] = segment.id
    } else if (fast) {
      const raw = fast.kind === 'scanner' && fast.composes ? segment.text.normalize('NFC') : segment.text
      reserveText(encoder, raw.length * 3)
      const { written } = utf8.encodeInto(raw, encoder.text.subarray(1))
      encodeSegment(encoder, written, i === 0)
    } else {
      for (const word of encoder.preTokenize(segment.text, i === 0)) {
        reserveText(encoder, word.length * 3)
        const { written } = utf8.encodeInto(word, encoder.text.subarray(1))
        encodeWord(encoder, 1, written + 1, hashBytes(encoder.text, 1, written + 1))
      }
    }
  }
}

const utf8 = new TextEncoder()

function reserveText(encoder: Encoder, bytes: number): void {
  if (encoder.text.length < bytes + 1) encoder.text = new Uint8Array(bytes * 1.5 + 1)
}

function reserveIds(encoder: Encoder, more: number): void {
  if (encoder.count + more <= encoder.ids.length) return
  const ids = new Int32Array((encoder.count + more) * 1.5)
  ids.set(encoder.ids.subarray(0, encoder.count))
  encoder.ids = ids
}

/** Words are looked up this many at a time. */
const PENDING_WORDS = 256

/** An odd multiplier with well spread bits (2^32 / golden ratio). */
const HASH_PRIME = 0x9e3779b1 | 0

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], HASH_PRIME)
  return hash ^ (hash >>> 15)
}

/** Encodes encoder.text[1 .. 1 + length). */
function encodeSegment(encoder: Encoder, length: number, isFirst: boolean): void {
  if (length === 0) return
  const { text, fast } = encoder
  const end = length + 1
  if (fast!.kind === 'scanner') {
    const { scan } = fast!
    for (let at = 1; at < end; ) {
      const next = scan(text, at, end)
      note(encoder, at, next, hashBytes(text, at, next))
      at = next
    }
    encodePending(encoder)
    return
  }
  const { prefix } = fast!
  const spaced = text[1] === 0x20 || (text[1] === 0xe2 && text[2] === 0x96 && text[3] === 0x81)
  const prepends = prefix === 'always' || (prefix !== 'never' && !spaced && (prefix === 'unless-spaced' || isFirst))
  text[0] = 0x20
  noteSpaced(encoder, prepends ? 0 : 1, end)
  encodePending(encoder)
}

function note(encoder: Encoder, start: number, end: number, hash: number): void {
  const { pending } = encoder
  const at = encoder.pendingCount * 3
  pending[at] = start
  pending[at + 1] = end
  pending[at + 2] = hash
  if (++encoder.pendingCount === PENDING_WORDS) encodePending(encoder)
}

/**
 * Encodes the words noted. The cache lies outside the processor's own, and one look-up would wait for the one before
 * it; so the first loops touch what the look-ups will need, independent loads that the processor overlaps.
 */
function encodePending(encoder: Encoder): void {
  const { pending } = encoder
  const { slots, entries, bytes } = encoder.cache
  const end = encoder.pendingCount * 3
  encoder.pendingCount = 0
  const mask = slots.length - 1
  let touched = 0
  for (let i = 2; i < end; i += 3) touched ^= slots[pending[i] & mask]
  for (let i = 2; i < end; i += 3) {
    const slot = slots[pending[i] & mask]
    touched ^= entries[slot === 0 ? 0 : slot]
  }
  for (let i = 2; i < end; i += 3) {
    const slot = slots[pending[i] & mask]
    touched ^= bytes[entries[slot === 0 ? 1 : slot]]
  }
  // The optimiser would drop the loops above if nothing used what they read.
  if (touched === 0.5) return
  for (let i = 0; i < end; i += 3) encodeWord(encoder, pending[i], pending[i + 1], pending[i + 2])
}

/**
 * Words of SentencePiece text: a run of spaces and what follows up to the next space. Where the vocabulary allows it, a
 * run of Hangul ends the word before it and is a word of its own, with the spaces before it: shorter words come again
 * more often.
 */
function noteSpaced(encoder: Encoder, start: number, end: number): void {
  const { text, fast } = encoder
  const { cutsAtHangul } = encoder.symbols
  const runs = fast!.kind === 'spaces' ? fast!.runs : null
  for (let at = start; at < end; ) {
    if (runs && text[at] === 0x20 && text[at + 1] === 0x20) at = noteRuns(encoder, runs, at, end)
    const first = at
    let hash = 0
    while (at < end && text[at] === 0x20) {
      hash = Math.imul(hash ^ 0x20, HASH_PRIME)
      at++
    }
    if (cutsAtHangul && at < end && text[at] >= 0xea && isSyllable(text, at, end)) {
      do {
        hash = Math.imul(hash ^ ((text[at] << 16) | (text[at + 1] << 8) | text[at + 2]), HASH_PRIME)
        at += 3
      } while (at < end && isSyllable(text, at, end))
    } else {
      while (at < end) {
        const byte = text[at]
        // A space behind a space, or behind a `▁` that stands in the text itself, may merge with it.
        if (byte === 0x20 && !spaceBefore(text, at)) break
        if (byte >= 0xea && cutsAtHangul && startsHangul(text, first, at, end)) break
        hash = Math.imul(hash ^ byte, HASH_PRIME)
        at++
      }
    }
    if (at > first) note(encoder, first, at, hash ^ (hash >>> 15))
  }
}

/** Notes the tokens of a run of spaces, the longest first, each as a word; the end of the last one. */
function noteRuns(encoder: Encoder, runs: SpaceRuns, start: number, end: number): number {
  const { text } = encoder
  let at = start
  for (;;) {
    let length = 0
    while (length < runs.length - 1 && at + length < end && text[at + length] === 0x20) length++
    while (length > 1 && runs[length] < 0) length--
    if (length < 2) return at
    note(encoder, at, at + length, hashBytes(text, at, at + length))
    at += length
  }
}

function spaceBefore(text: Uint8Array, at: number): boolean {
  const before = text[at - 1]
  return before === 0x20 || (before === 0x81 && text[at - 2] === 0x96 && text[at - 3] === 0xe2)
}

/** Whether a run of Hangul starts here that may be cut off: not one that follows a `▁` of the text itself. */
function startsHangul(text: Uint8Array, first: number, at: number, end: number): boolean {
  if (!isSyllable(text, at, end) || spaceBefore(text, at)) return false
  return at - first < 3 || !isSyllable(text, at - 3, at)
}

function isSyllable(text: Uint8Array, at: number, end: number): boolean {
  const lead = text[at]
  if (lead < 0xea || lead > 0xed || at + 2 >= end) return false
  const codePoint = ((lead & 0x0f) << 12) | ((text[at + 1] & 0x3f) << 6) | (text[at + 2] & 0x3f)
  return codePoint >= 0xac00 && codePoint <= 0xd7a3
}

/** Appends the ids of the word encoder.text[start .. end). */
function encodeWord(encoder: Encoder, start: number, end: number, hash: number): void {
  const { text } = encoder
  if (end - start > CACHED_BYTES_MAX) {
    const size = encodeAnew(encoder, start, end, hash)
    append(encoder, encoder.word, 0, size)
    return
  }
  const { cache, older } = encoder
  let entry = findWord(cache, text, start, end, hash)
  if (entry >= 0) {
    append(encoder, cache.ids, cache.entries[entry + 2], cache.entries[entry + 3] >>> 16)
    return
  }
  entry = findWord(older, text, start, end, hash)
  if (entry >= 0) {
    const from = older.entries[entry + 2]
    const size = older.entries[entry + 3] >>> 16
    append(encoder, older.ids, from, size)
    remember(encoder, start, end, hash, older.ids, from, size)
    return
  }
  const size = encodeAnew(encoder, start, end, hash)
  append(encoder, encoder.word, 0, size)
  remember(encoder, start, end, hash, encoder.word, 0, size)
}

function append(encoder: Encoder, from: Int32Array, at: number, size: number): void {
  const count = encoder.count
  if (count + size > encoder.ids.length) reserveIds(encoder, size)
  const ids = encoder.ids
  for (let i = 0; i < size; i++) ids[count + i] = from[at + i]
  encoder.count = count + size
}

function remember(
  encoder: Encoder,
  start: number,
  end: number,
  hash: number,
  ids: Int32Array,
  from: number,
  size: number,
): void {
  if (keepWord(encoder.cache, encoder.text, start, end, hash, ids, from, size)) return
  const kept = ids.slice(from, from + size)
  const { cache } = encoder
  encoder.cache = encoder.older
  encoder.older = cache
  emptyWordCache(encoder.cache)
  keepWord(encoder.cache, encoder.text, start, end, hash, kept, 0, size)
}

/** Encodes the word into encoder.word; the number of its ids. */
function encodeAnew(encoder: Encoder, start: number, end: number, hash: number): number {
  const { wholes } = encoder
  if (wholes && end - start < 0x10000) {
    const whole = findWord(wholes, encoder.text, start, end, hash)
    if (whole >= 0) {
      encoder.word[0] = wholes.ids[wholes.entries[whole + 2]]
      return 1
    }
  }
  const { fast } = encoder
  if (fast?.kind === 'spaces' && fast.runs && encoder.text[start] === 0x20 && encoder.text[start + 1] === 0x20) {
    encoder.word[0] = fast.runs[end - start]
    return 1
  }
  return mergeWord(encoder, start, end, fast !== null)
}

/** Symbols of the word, merged, in encoder.word; `spaceIsMark`: a space stands for `▁`. */
function mergeWord(encoder: Encoder, start: number, end: number, spaceIsMark: boolean): number {
  const { text, symbols, tokenizer, merges, room } = encoder
  if (encoder.word.length < end - start) {
    encoder.word = new Int32Array((end - start) * 1.5)
    encoder.cuts = new Uint8Array((end - start) * 1.5)
  }
  const { word, cuts } = encoder
  if (encoder.units) {
    const count =
      end - start > UNIT_BYTES_MIN && isValidUtf8(text, start, end)
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
