/**
 * The init map: how the embedding and output rows of new pieces are made of base rows, as two sparse matrices W with
 * `new rows = W · base rows`, for some methods plus a multiple of the mean of all base rows, or noise.
 */
import { KoVocabError } from '../errors'
import { createEncoder, type Encoder, encodePiece } from '../tokenizer/encoder'
import { tokenizerHash } from '../tokenizer/hash'
import type { Tokenizer } from '../tokenizer/types'
import type { CorpusStatistics } from './corpus-statistics'
import { type InitMethod, initMethods } from './methods'
import type { InitContext, InitRow, NewPiece, Side } from './methods/types'
import { spelledBytes } from './spelled-bytes'

/** Rows in CSR form: row r has `indices[indptr[r] .. indptr[r + 1])` (base ids, rising) with `weights` beside them. */
export interface SparseRows {
  /** [new + 1] */
  indptr: Int32Array
  /** [nnz] */
  indices: Int32Array
  /** [nnz]; with `mean` each row sums to 1 within float32 rounding, unless the method says otherwise */
  weights: Float32Array
  /** [new]: weight of the mean of base rows 0 to `baseRows` - 1; not there: 0 everywhere */
  mean?: Float32Array
  /** [new]: standard deviation of normal noise, drawn as philox.ts says; not there: none anywhere */
  noise?: Float32Array
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
  /** For the methods that count in a corpus. */
  corpus?: CorpusStatistics
  /** How many base rows `omp` and `focus` may take. Default: 8 for omp, no limit for focus. */
  k?: number
  /** Of the random numbers of `mean_resizing` and `randn`; recorded in any case. 0 to 2^32 - 1, default 0. */
  seed?: number
}

/**
 * @throws KoVocabError `bad-option`: ids, padding, k or seed that do not fit, a method that is none or lacks its corpus;
 * `mismatch`: `segment` gives no ids, or some that the base does not have
 */
export function buildInitMap(options: InitMapOptions): InitMap {
  const { base, extended, inputMethod, outputMethod, segment, seed = 0 } = options
  const baseRows = base.pieces.length
  const paddingIds = [...(options.paddingIds ?? paddingAfter(extended.pieces.length, options.padToMultiple))].sort(
    ascending,
  )
  const newIds = [...(options.newIds ?? idsAfter(extended, baseRows, new Set(paddingIds)))].sort(ascending)
  checkIds(newIds, paddingIds, baseRows, extended.pieces.length)
  if (!Number.isSafeInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new KoVocabError('bad-option', `seed must be a whole number from 0 to ${2 ** 32 - 1}, not ${seed}`)
  if (options.k !== undefined && (!Number.isSafeInteger(options.k) || options.k < 1))
    throw new KoVocabError('bad-option', `k must be a whole number above 0, not ${options.k}`)
  let encoder: Encoder | undefined
  const context: Omit<InitContext, 'side'> = {
    base,
    extended,
    baseRows,
    spell(piece) {
      encoder ??= createEncoder(base)
      return Array.from(encodePiece(encoder, piece))
    },
    corpus: options.corpus ?? null,
    k: options.k ?? null,
    seed,
  }
  const side = (name: Side, method: InitMethod) => ({
    makeRow: methodOf(method)({ ...context, side: name }),
    rows: rowBuilder(newIds.length),
  })
  const sides = [side('input', inputMethod), side('output', outputMethod)]
  for (const id of newIds) {
    const segmentation = segment(id)
    checkSegment(segmentation, id, base, extended)
    const lengths = segmentation.map((baseId) => spelledBytes(base, baseId))
    const piece: NewPiece = { id, piece: extended.pieces[id], segmentation, lengths }
    for (const { makeRow, rows } of sides) rows.push(makeRow(piece))
  }
  const [input, output] = sides.map(({ rows }) => rows.finish())
  return {
    newIds: Int32Array.from(newIds),
    input,
    output,
    inputMethod,
    outputMethod,
    baseSha256: base.sha256 ?? tokenizerHash(base),
    extendedSha256: extended.sha256 ?? tokenizerHash(extended),
    baseRows,
    paddingIds,
    seed,
  }
}

function methodOf(name: InitMethod): (typeof initMethods)[InitMethod] {
  if (Object.hasOwn(initMethods, name)) return initMethods[name]
  throw new KoVocabError('bad-option', `no init method ${name}`, `known: ${Object.keys(initMethods).join(', ')}`)
}

/** Collects rows: a base id that stands twice becomes one entry, a weight of 0 none. */
function rowBuilder(rows: number) {
  const indptr = new Int32Array(rows + 1)
  const indices: number[] = []
  const weights: number[] = []
  const mean = new Float32Array(rows)
  const noise = new Float32Array(rows)
  let row = 0
  return {
    push(made: InitRow): void {
      const sums = new Map<number, number>()
      made.ids.forEach((id, i) => {
        if (made.weights[i] !== 0) sums.set(id, (sums.get(id) ?? 0) + made.weights[i])
      })
      for (const [id, weight] of [...sums].sort(([a], [b]) => a - b)) {
        indices.push(id)
        weights.push(weight)
      }
      mean[row] = made.mean ?? 0
      noise[row] = made.noise ?? 0
      indptr[++row] = indices.length
    },
    finish: (): SparseRows => ({
      indptr,
      indices: Int32Array.from(indices),
      weights: Float32Array.from(weights),
      ...(mean.some((weight) => weight !== 0) ? { mean } : {}),
      ...(noise.some((deviation) => deviation !== 0) ? { noise } : {}),
    }),
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
