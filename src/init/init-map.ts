/**
 * The init map: how the embedding and output rows of new pieces are made of base rows, as two sparse matrices W with
 * `new rows = W · base rows`.
 */
import { KoVocabError } from '../errors'
import { encodeUtf8 } from '../text/utf8'
import { tokenizerHash } from '../tokenizer/hash'
import { PieceKind, type Tokenizer } from '../tokenizer/types'
import { type InitMethod, initMethods } from './methods'

/** Rows in CSR form: row r has `indices[indptr[r] .. indptr[r + 1])` (base ids, rising) with `weights` beside them. */
export interface SparseRows {
  /** [new + 1] */
  indptr: Int32Array
  /** [nnz] */
  indices: Int32Array
  /** [nnz], each row sums to 1 within float32 rounding */
  weights: Float32Array
}

export interface InitMap {
  /** By row of W: the id in the extended tokenizer, rising. Padding ids have no row. */
  newIds: Int32Array
  input: SparseRows
  output: SparseRows
  inputMethod: string
  outputMethod: string
  baseSha256: string
  extendedSha256: string
  /** Ids of the base, holes included: the highest plus 1. The model's matrices may be larger, never smaller. */
  baseRows: number
  /** Ids that only fill the vocabulary up to a multiple; a trainer masks them. Rising. */
  paddingIds: number[]
  seed: number
}

export interface InitMapOptions {
  base: Tokenizer
  extended: Tokenizer
  /** Default: every id of `extended` after the base's last that has a piece and is not padding. */
  newIds?: readonly number[]
  /** Rows that are there only for the size of the matrix. Default: none, or those that `padToMultiple` adds. */
  paddingIds?: readonly number[]
  /** Pad the number of rows to a multiple of this; the ids after the extended tokenizer's last are the padding. */
  padToMultiple?: number
  inputMethod: InitMethod
  outputMethod: InitMethod
  /**
   * The base ids that spell the piece of a new id, as the base tokenizer segments that string: for SentencePiece form
   * the piece itself without a further dummy prefix, byte fallback included.
   */
  segment: (id: number) => readonly number[]
  /** Recorded; the methods so far draw nothing at random. Default 0. */
  seed?: number
}

/**
 * @throws KoVocabError `bad-option`: ids or padding that do not fit; `mismatch`: `segment` gives no ids, or
 * some that the base does not have
 */
export function buildInitMap(options: InitMapOptions): InitMap {
  const { base, extended, inputMethod, outputMethod, segment, seed = 0 } = options
  const baseRows = base.pieces.length
  const paddingIds = [...(options.paddingIds ?? paddingAfter(extended.pieces.length, options.padToMultiple))].sort(
    ascending,
  )
  const newIds = [...(options.newIds ?? idsAfter(extended, baseRows, new Set(paddingIds)))].sort(ascending)
  checkIds(newIds, paddingIds, baseRows, extended.pieces.length)
  const input = rowBuilder(newIds.length)
  const output = rowBuilder(newIds.length)
  for (const id of newIds) {
    const ids = segment(id)
    checkSegment(ids, id, base, extended)
    const lengths = ids.map((baseId) => spelledBytes(base, baseId))
    input.push(ids, methodOf(inputMethod)(lengths))
    output.push(ids, methodOf(outputMethod)(lengths))
  }
  return {
    newIds: Int32Array.from(newIds),
    input: input.finish(),
    output: output.finish(),
    inputMethod,
    outputMethod,
    baseSha256: base.sha256 ?? tokenizerHash(base),
    extendedSha256: extended.sha256 ?? tokenizerHash(extended),
    baseRows,
    paddingIds,
    seed,
  }
}

/**
 * W · base, the plain reference: float64 sums, rounded once.
 *
 * @param base [base rows, dim] row by row; rows beyond `map.baseRows` are passed over
 * @returns [new, dim], rows as `map.newIds`
 * @throws KoVocabError `mismatch` when the matrix has too few rows
 */
export function applyInitMap(map: InitMap, base: Float32Array, dim: number, side: 'input' | 'output'): Float32Array {
  if (base.length % dim !== 0 || base.length / dim < map.baseRows) {
    const what = `the map is for ${map.baseRows} base rows of ${dim} values; the matrix has ${base.length} values`
    throw new KoVocabError('mismatch', what, 'use the checkpoint that belongs to the base tokenizer')
  }
  const { indptr, indices, weights } = map[side]
  const rows = new Float32Array(map.newIds.length * dim)
  const sum = new Float64Array(dim)
  for (let row = 0; row < map.newIds.length; row++) {
    sum.fill(0)
    for (let k = indptr[row]; k < indptr[row + 1]; k++) {
      const from = indices[k] * dim
      for (let d = 0; d < dim; d++) sum[d] += weights[k] * base[from + d]
    }
    rows.set(sum, row * dim)
  }
  return rows
}

/** The bytes of text that a base token stands for; at least 1, so that no row is all zero. */
function spelledBytes({ form, pieces, kinds, unkId }: Tokenizer, id: number): number {
  if (kinds[id] === PieceKind.Byte || id === unkId) return 1
  const piece = pieces[id]
  // In the byte alphabet a byte is a character. In SentencePiece form `▁` is the space.
  const isByteLevelText = form === 'byte-level' && kinds[id] === PieceKind.Normal
  return Math.max(1, isByteLevelText ? piece.length : encodeUtf8(piece.replaceAll('▁', ' ')).length)
}

function methodOf(name: InitMethod): (lengths: readonly number[]) => number[] {
  if (Object.hasOwn(initMethods, name)) return initMethods[name]
  throw new KoVocabError('bad-option', `no init method ${name}`, `known: ${Object.keys(initMethods).join(', ')}`)
}

/** Collects rows: a base id that stands twice in a segmentation becomes one entry, a weight of 0 none. */
function rowBuilder(rows: number) {
  const indptr = new Int32Array(rows + 1)
  const indices: number[] = []
  const weights: number[] = []
  let row = 0
  return {
    push(ids: readonly number[], weightOf: readonly number[]): void {
      const sums = new Map<number, number>()
      ids.forEach((id, i) => {
        if (weightOf[i] !== 0) sums.set(id, (sums.get(id) ?? 0) + weightOf[i])
      })
      for (const [id, weight] of [...sums].sort(([a], [b]) => a - b)) {
        indices.push(id)
        weights.push(weight)
      }
      indptr[++row] = indices.length
    },
    finish: (): SparseRows => ({ indptr, indices: Int32Array.from(indices), weights: Float32Array.from(weights) }),
  }
}

function paddingAfter(rows: number, multiple = 1): number[] {
  if (!Number.isSafeInteger(multiple) || multiple < 1) {
    throw new KoVocabError('bad-option', `padToMultiple must be a whole number above 0, not ${multiple}`)
  }
  const missing = (multiple - (rows % multiple)) % multiple
  return Array.from({ length: missing }, (_, i) => rows + i)
}

function idsAfter({ pieces }: Tokenizer, baseRows: number, padding: ReadonlySet<number>): number[] {
  const ids: number[] = []
  for (let id = baseRows; id < pieces.length; id++) if (pieces[id] !== '' && !padding.has(id)) ids.push(id)
  return ids
}

function checkIds(newIds: number[], paddingIds: number[], baseRows: number, extendedRows: number): void {
  const seen = new Set<number>()
  for (const id of [...newIds, ...paddingIds]) {
    if (!Number.isSafeInteger(id) || id < baseRows) {
      throw new KoVocabError('bad-option', `id ${id} is not a new one: the base has ids 0 to ${baseRows - 1}`)
    }
    if (seen.has(id)) throw new KoVocabError('bad-option', `id ${id} stands twice among the new and padding ids`)
    seen.add(id)
  }
  const beyond = newIds.find((id) => id >= extendedRows)
  if (beyond !== undefined) {
    throw new KoVocabError('bad-option', `id ${beyond} is not in the extended tokenizer of ${extendedRows} ids`)
  }
}

function checkSegment(ids: readonly number[], id: number, base: Tokenizer, extended: Tokenizer): void {
  const place = `new id ${id} (${JSON.stringify(extended.pieces[id])})`
  if (ids.length === 0) throw new KoVocabError('mismatch', `${place}: the base gives no tokens for it`)
  const foreign = ids.find((baseId) => !base.pieces[baseId])
  if (foreign !== undefined)
    throw new KoVocabError('mismatch', `${place}: segmented into ${foreign}, which is no base id`)
}

const ascending = (a: number, b: number): number => a - b
