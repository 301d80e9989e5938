import { encodeUtf8, isValidUtf8, toWellFormed } from '../text/utf8'
import { pieceToBytes } from './byte-alphabet'
import { type ByteUnits, createByteUnits } from './byte-units'
import { encodeSegment } from './cut-words'
import { encodeWord, hashBytes, mergeWord, PENDING_WORDS, reserveIds } from './encode-words'
import { type FastPath, fastPathOf } from './fast-path'
import { createMergeRoom, type MergeRoom } from './merge-symbols'
import { createMergeTable, type MergeTable } from './merge-table'
import { type Segment, splitAddedTokens } from './pipeline/added-tokens'
import { compilePreTokenizer, type PreTokenizer } from './pipeline/pre-tokenize'
import { compilePostProcessor, type Surround } from './post-process'
import { createSymbolTable, modelPieces, type SymbolTable } from './symbols'
import type { Tokenizer } from './types'
import { createWordCache, type WordCache } from './word-cache'
import { addToMap, createWordMap, type WordMap } from './word-map'

/** A tokenizer made ready to encode. Not for two threads at once: it keeps words and room between calls. */
export interface Encoder {
  tokenizer: Tokenizer
  fast: FastPath
  merges: MergeTable
  symbols: SymbolTable
  /** Byte-level form. */
  units: ByteUnits | null
  cache: WordCache
  /** By byte: the id of that byte as a word of its own, -1 where that is not known or not one id. */
  oneByte: Int32Array
  room: MergeRoom
  split: (text: string) => Segment[]
  /** With space runs as added tokens: the split for texts that hold `▁` themselves, which the fast path leaves alone. */
  splitNormalized: ((text: string) => Segment[]) | null
  preTokenize: PreTokenizer
  surround: Surround
  /** With `ignore_merges`: the pieces that merging does not give, which are taken whole all the same. */
  wholes: WordMap | null
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

/**
 * Makes the tables for encoding; some tens of milliseconds for a vocabulary of 128,000.
 *
 * @param options.cacheWords how many words to remember at most (128 bytes each); default 262,144
 * @throws unsupported when the tokenizer's normalizer or pre-tokenizer has a part that is not known, naming it
 */
export function createEncoder(tokenizer: Tokenizer, options: { cacheWords?: number } = {}): Encoder {
  const fast = safeFastPath(tokenizer)
  const addedFirst = new Uint8Array(256)
  for (const { content } of tokenizer.addedTokens) if (content !== '') addedFirst[encodeUtf8(content)[0]] = 1
  const encoder: Encoder = {
    tokenizer,
    fast: fast.path,
    merges: createMergeTable(tokenizer.merges),
    units: tokenizer.form === 'byte-level' ? createByteUnits(tokenizer, fast.symbols.bytes) : null,
    symbols: fast.symbols,
    cache: createWordCache(options.cacheWords ?? 1 << 18),
    oneByte: new Int32Array(256).fill(-1),
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
    wholes: null,
    addedFirst,
    pending: new Int32Array(PENDING_WORDS * 3),
    pendingCount: 0,
    text: new Uint8Array(1 << 16),
    word: new Int32Array(1 << 12),
    cuts: new Uint8Array(1 << 12),
    ids: new Int32Array(1 << 16),
    count: 0,
  }
  if (tokenizer.ignoreMerges) encoder.wholes = unmergedPieces(encoder)
  return encoder
}

const same = (text: string) => text

function safeFastPath(tokenizer: Tokenizer): { path: FastPath; symbols: SymbolTable } {
  const symbols = createSymbolTable(tokenizer)
  const path = fastPathOf(tokenizer)
  return { path: path?.kind === 'spaces' && !symbols.cutsAtSpaces ? null : path, symbols }
}

function unmergedPieces(encoder: Encoder): WordMap {
  const { tokenizer } = encoder
  const words: { bytes: Uint8Array; id: number }[] = []
  for (const [piece, id] of modelPieces(tokenizer)) {
    const bytes = tokenizer.form === 'byte-level' ? pieceToBytes(piece) : encodeUtf8(piece)
    if (!bytes) continue
    const ids = encodePiece(encoder, piece)
    if (ids.length !== 1 || ids[0] !== id) words.push({ bytes, id })
  }
  const wholes = createWordMap(
    words.length,
    words.reduce((sum, { bytes }) => sum + bytes.length, 0),
  )
  for (const { bytes, id } of words) addToMap(wholes, bytes, hashBytes(bytes, 0, bytes.length), id)
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
  const size = mergeWord(encoder, 1, bytes.length + 1, false, isValidUtf8(bytes))
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
