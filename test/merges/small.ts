/** Small bases and word lists for training. */
import type { WordCounts } from '../../src/counts/types'
import type { Donor, DonorPiece } from '../../src/donors/types'
import { emptyBase } from '../../src/extend/from-nothing'
import { extendedMerges } from '../../src/extend/splits'
import { textToKey } from '../../src/text/byte-key'
import { encodeUtf8 } from '../../src/text/utf8'
import { bytesToPiece } from '../../src/tokenizer/byte-alphabet'
import { metaspaceNormalizer } from '../../src/tokenizer/files/derived'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { PieceKind, type Tokenizer } from '../../src/tokenizer/types'

export function wordsOf(counts: Record<string, number> | [string, number][]): WordCounts {
  const list = Array.isArray(counts) ? counts : Object.entries(counts)
  const parts = list.map(([word]) => encodeUtf8(word))
  const offsets = new Uint32Array(list.length + 1)
  parts.forEach((part, i) => {
    offsets[i + 1] = offsets[i] + part.length
  })
  const bytes = Uint8Array.from(parts.flatMap((part) => [...part]))
  return { bytes, offsets, counts: Float64Array.from(list, ([, count]) => count), meta: {} }
}

/** SentencePiece form without a dummy prefix: bytes, `▁`, and these pieces, which merge in their order. */
export function smallSentencePiece(pieces: readonly string[]): Tokenizer {
  const empty = emptyBase('sentencepiece')
  const all = [...empty.pieces, ...pieces]
  const kinds = new Uint8Array(all.length).fill(PieceKind.Normal)
  kinds.set(empty.kinds)
  const base: Tokenizer = {
    ...empty,
    pieces: all,
    kinds,
    scores: Float32Array.from(all, (_, id) => (kinds[id] === PieceKind.Normal ? -id : 0)),
    merges: extendedMerges(empty, all, kinds, empty.pieces.length),
    normalizer: metaspaceNormalizer(false),
    postProcessor: null,
  }
  return { ...base, sha256: tokenizerHash(base) }
}

/** Byte-level form with the cl100k pattern: the 256 bytes, and pieces of these texts, which merge in their order. */
export function smallByteLevel(texts: readonly string[]): Tokenizer {
  const empty = emptyBase('byte-level')
  const spelled = texts.map((text) => bytesToPiece(encodeUtf8(text)))
  const all = [...empty.pieces, ...spelled]
  const kinds = new Uint8Array(all.length).fill(PieceKind.Normal)
  kinds.set(empty.kinds)
  const base = { ...empty, pieces: all, kinds, merges: extendedMerges(empty, all, kinds, empty.pieces.length) }
  return { ...base, sha256: tokenizerHash(base) }
}

/** A donor of these pieces, best first: text with a space where a word begins. */
export function donorOf(pieces: readonly (string | DonorPiece)[], name = 'donor'): Donor {
  return {
    name,
    format: 'list',
    orderedBy: 'order',
    normalizer: null,
    notes: [],
    pieces: pieces.map((piece) =>
      typeof piece === 'string' ? { spelled: piece, key: textToKey(piece), kind: 'piece', score: null } : piece,
    ),
  }
}
