/** extension.json and init-map.json: what people and later steps want to know of an extension. */
import type { InitMap } from './init/init-map'
import { formatInitMap } from './init/init-map-json'
import type { LearnedMerges } from './merges/types'
import { decodeUtf8, isValidUtf8 } from './text/utf8'
import { pieceToBytes } from './tokenizer/byte-alphabet'
import { tokenizerHash } from './tokenizer/hash'
import { PieceKind, type Tokenizer } from './tokenizer/types'

/** extension.json, which lies in the folder of an extended tokenizer. */
export interface ExtensionRecord {
  format: 'ko-vocab-extension'
  format_version: '1'
  base_sha256: string
  extended_sha256: string
  /** Ids 0 to this, less one, are the base's. */
  base_rows: number
  /** User-defined symbols and learned pieces; padding is not counted. `last` is below `first` when there are none. */
  new_ids: { first: number; last: number; count: number }
  user_defined_symbols: { id: number; piece: string }[]
  /** They only fill the vocabulary: a trainer masks them. */
  padding: { id: number; piece: string }[]
  scope: string
  /** How words were normalized for counting (`keep`: as the base's own normalizer does); the tokenizer adds nothing. */
  normalize: string
  /** What the pieces were learned with, as in merges.txt. */
  learned_with: Record<string, string>
}

export function extensionRecord({
  base,
  extended,
  learned,
  userDefinedSymbols,
  paddingIds,
  scope,
}: {
  base: Tokenizer
  extended: Tokenizer
  learned: LearnedMerges
  userDefinedSymbols: readonly string[]
  paddingIds: readonly number[]
  scope: string
}): ExtensionRecord {
  const first = base.pieces.length
  const count = userDefinedSymbols.length + learned.pieces.length
  return {
    format: 'ko-vocab-extension',
    format_version: '1',
    base_sha256: base.sha256 ?? tokenizerHash(base),
    extended_sha256: extended.sha256 ?? tokenizerHash(extended),
    base_rows: first,
    new_ids: { first, last: first + count - 1, count },
    user_defined_symbols: userDefinedSymbols.map((piece, i) => ({ id: first + i, piece })),
    padding: paddingIds.map((id) => ({ id, piece: extended.pieces[id] })),
    scope,
    normalize: learned.meta.normalize ?? 'keep',
    learned_with: learned.meta,
  }
}

/** The text of init-map.json. */
export function initMapJson(map: InitMap, extended: Tokenizer): string {
  return [...formatInitMap(map, readablePiece(extended))].join('')
}

/** A piece as people read it: text where its bytes are text, `<0xEC>` for other bytes, a space as `▁` in both forms. */
export function readablePiece(tokenizer: Tokenizer): (id: number) => string {
  return (id) => {
    const piece = tokenizer.pieces[id] ?? ''
    if (tokenizer.form !== 'byte-level' || tokenizer.kinds[id] !== PieceKind.Normal) return piece
    const bytes = pieceToBytes(piece)
    if (!bytes) return piece
    if (isValidUtf8(bytes)) return decodeUtf8(bytes).replaceAll(' ', '▁')
    return mixed(bytes)
  }
}

/** Whole characters as text, the bytes of cut ones in hexadecimal. */
function mixed(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]
    const size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2
    if (at + size <= bytes.length && isValidUtf8(bytes, at, at + size)) {
      text += decodeUtf8(bytes.subarray(at, at + size)).replaceAll(' ', '▁')
      at += size
    } else {
      text += `<0x${lead.toString(16).toUpperCase().padStart(2, '0')}>`
      at++
    }
  }
  return text
}
