/** Small tokenizers made by hand. */
import { PieceKind, type Tokenizer } from '../../src/tokenizer/types'

/** @param pairs merges by rank, as the strings of left and right */
export function tokenizerOf(
  pieces: string[],
  form: Tokenizer['form'],
  sha256: string,
  pairs: [string, string][] = [],
): Tokenizer {
  const kindOf = (piece: string) =>
    piece === ''
      ? 0
      : piece === '<unk>'
        ? PieceKind.Unknown
        : /^<0x..>$/.test(piece)
          ? PieceKind.Byte
          : PieceKind.Normal
  const idOf = (piece: string) => {
    const id = pieces.indexOf(piece)
    if (id < 0) throw new Error(`no piece ${piece}`)
    return id
  }
  return {
    form,
    pieces,
    kinds: Uint8Array.from(pieces, kindOf),
    scores: null,
    merges: {
      left: Int32Array.from(pairs, ([left]) => idOf(left)),
      right: Int32Array.from(pairs, ([, right]) => idOf(right)),
      result: Int32Array.from(pairs, ([left, right]) => idOf(left + right)),
    },
    addedTokens: [],
    unkId: pieces.indexOf('<unk>'),
    byteFallback: form === 'sentencepiece',
    fuseUnk: true,
    ignoreMerges: false,
    normalizer: null,
    preTokenizer: null,
    postProcessor: null,
    decoder: null,
    sources: { sidecars: {} },
    sha256,
  }
}

/** All 256 byte tokens, so that any text can be spelled. */
export const byteTokens = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
)

/** The entries of a row: [id, weight] by id. */
export function rowOf(
  rows: { indptr: Int32Array; indices: Int32Array; weights: Float32Array },
  row: number,
): [number, number][] {
  const entries: [number, number][] = []
  for (let k = rows.indptr[row]; k < rows.indptr[row + 1]; k++) entries.push([rows.indices[k], rows.weights[k]])
  return entries
}
