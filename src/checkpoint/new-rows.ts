/**
 * New rows with bounded memory: only the base rows that W needs are read, sorted, and as many at a time as fit. Every
 * sum is taken in float64 in the order of the base ids, and rounded once.
 */
import { KoVocabError } from '../errors'
import type { InitMap, SparseRows } from '../init/init-map'
import type { Side } from '../init/methods/types'
import { normals } from '../init/philox'
import { decodeValues, encodeValues, ROW_BYTES, type RowDtype } from './row-values'

/** A matrix that lies in a file. */
export interface RowSource {
  /** For errors. */
  name: string
  dtype: RowDtype
  columns: number
  /** Bytes of `count` rows from `first` on; valid until the next call. */
  read: (first: number, count: number) => Promise<Uint8Array>
}

/** Base rows held at a time, decoded. */
const GATHER_BYTES = 64 << 20
/** Sums held at a time: the more, the fewer times base rows are read when not all of them can be held. */
const SUM_BYTES = 64 << 20
/** The same when all of them are held: what a processor's cache takes. */
const SMALL_SUM_BYTES = 2 << 20
/** One read takes gaps of up to that many bytes along rather than begin anew. */
const GAP_BYTES = 64 << 10
const READ_BYTES = 4 << 20

export interface NewRowsOptions {
  source: RowSource
  map: InitMap
  /** Whose rows of W, and whose noise: a stored copy of a tied matrix takes those of the input. */
  side: Side
  /** The mean of the base rows, asked for only where it is needed. */
  mean: () => Promise<Float64Array>
  /** For tests: bytes of base rows and of sums held at a time. */
  gatherBytes?: number
  sumBytes?: number
}

/**
 * @returns makes rows `from` to `from + count - 1` of W · base (and what the map adds to it) and hands their bytes on,
 * block by block; the bytes are valid until `write` has ended
 * @throws KoVocabError `unsupported` when a sum does not fit the dtype, naming id and column
 */
export function newRowMaker(options: NewRowsOptions) {
  const { source, map, gatherBytes = GATHER_BYTES, sumBytes = SUM_BYTES } = options
  const { columns, dtype } = source
  const side = map[options.side]
  // float32 holds F32, F16 and BF16 exactly.
  const itemBytes = dtype === 'F64' ? 8 : 4
  const capacity = Math.max(1, Math.floor(gatherBytes / (columns * itemBytes)))
  const all = distinct(side, 0, map.newIds.length, capacity)
  const blockBytes = all ? Math.min(sumBytes, SMALL_SUM_BYTES) : sumBytes
  const blockRows = Math.max(1, Math.min(map.newIds.length, Math.floor(blockBytes / (columns * 8))))
  let held: Gathered | null = null
  // Made once: what a collector has not got to yet counts as memory too.
  let values: Float32Array | Float64Array | null = null
  let sums: Float64Array | null = null
  let bytes: Uint8Array | null = null

  async function gather(wanted: Int32Array): Promise<Gathered> {
    const size = (all?.length ?? capacity) * columns
    values ??= dtype === 'F64' ? new Float64Array(size) : new Float32Array(size)
    const into = values
    await readRows(source, wanted, (row, place) => decodeValues(dtype, row, into, place * columns))
    return { ids: wanted, placeOf: new Map(Array.from(wanted, (id, place) => [id, place])), values }
  }

  return async (from: number, count: number, write: (bytes: Uint8Array) => Promise<void>): Promise<void> => {
    if (all) held ??= await gather(all)
    sums ??= new Float64Array(blockRows * columns)
    bytes ??= new Uint8Array(blockRows * columns * ROW_BYTES[dtype])
    for (let first = from; first < from + count; first += blockRows) {
      const rows = Math.min(blockRows, from + count - first)
      const block = sums.subarray(0, rows * columns).fill(0)
      const next = side.indptr.slice(first, first + rows)
      if (held) addPart(block, next, side, first, held, columns)
      else {
        const wanted = distinct(side, first, first + rows, Number.POSITIVE_INFINITY)!
        for (let at = 0; at < wanted.length; at += capacity) {
          addPart(block, next, side, first, await gather(wanted.subarray(at, at + capacity)), columns)
        }
      }
      await addDense(block, first, rows, columns, options)
      const written = bytes.subarray(0, block.length * ROW_BYTES[dtype])
      const bad = encodeValues(dtype, block, written)
      if (bad >= 0) refuse(source, map.newIds[first + Math.floor(bad / columns)], bad % columns, block[bad])
      await write(written)
    }
  }
}

interface Gathered {
  /** Rising. */
  ids: Int32Array
  /** Base id → its place in `values`. */
  placeOf: ReadonlyMap<number, number>
  /** [ids, columns] */
  values: Float32Array | Float64Array
}

/** Adds what the rows that are there contribute; `next` is how far each row of W has come. */
function addPart(
  sums: Float64Array,
  next: Int32Array,
  { indptr, indices, weights }: SparseRows,
  first: number,
  { ids, placeOf, values }: Gathered,
  columns: number,
): void {
  const last = ids[ids.length - 1]
  for (let row = 0; row < next.length; row++) {
    const end = indptr[first + row + 1]
    let k = next[row]
    for (; k < end && indices[k] <= last; k++) {
      const from = placeOf.get(indices[k])! * columns
      addScaled(sums.subarray(row * columns, (row + 1) * columns), values.subarray(from, from + columns), weights[k])
    }
    next[row] = k
  }
}

function addScaled(sum: Float64Array, values: Float32Array | Float64Array, weight: number): void {
  for (let c = 0; c < sum.length; c++) sum[c] += weight * values[c]
}

/** What the map adds to W · base, as `applyInitMap` does: a multiple of the mean row, then noise. */
async function addDense(
  sums: Float64Array,
  first: number,
  rows: number,
  columns: number,
  { map, side, mean }: NewRowsOptions,
): Promise<void> {
  const weights = map[side].mean
  const deviations = map[side].noise
  for (let row = 0; row < rows; row++) {
    const weight = weights?.[first + row] ?? 0
    const to = row * columns
    if (weight !== 0) {
      addScaled(sums.subarray(to, to + columns), await mean(), weight)
    }
    const deviation = deviations?.[first + row] ?? 0
    if (deviation !== 0) {
      const drawn = normals({ seed: map.seed, side, id: map.newIds[first + row], stream: 0 }, columns)
      addScaled(sums.subarray(to, to + columns), drawn, deviation)
    }
  }
}

/** The base ids that rows of W name, rising; null when there are more than `most`. */
function distinct({ indptr, indices }: SparseRows, first: number, end: number, most: number): Int32Array | null {
  const found = new Set<number>()
  for (let k = indptr[first]; k < indptr[end]; k++) {
    found.add(indices[k])
    if (found.size > most) return null
  }
  return Int32Array.from(found).sort()
}

/** Reads rows by rising id, neighbours in one go. */
async function readRows(
  { read, dtype, columns }: RowSource,
  ids: Int32Array,
  take: (bytes: Uint8Array, place: number) => void,
): Promise<void> {
  const rowBytes = columns * ROW_BYTES[dtype]
  const gap = 1 + Math.floor(GAP_BYTES / rowBytes)
  const most = Math.max(1, Math.floor(READ_BYTES / rowBytes))
  for (let at = 0, end = 0; at < ids.length; at = end) {
    const first = ids[at]
    for (end = at + 1; end < ids.length && ids[end] - ids[end - 1] <= gap && ids[end] - first < most; ) end++
    const bytes = await read(first, ids[end - 1] - first + 1)
    for (let place = at; place < end; place++) {
      const from = (ids[place] - first) * rowBytes
      take(bytes.subarray(from, from + rowBytes), place)
    }
  }
}

/** [columns], float64: the mean of rows 0 to `count` - 1, summed row after row. */
export async function meanOf(source: RowSource, count: number): Promise<Float64Array> {
  const { columns, dtype, read } = source
  const most = Math.max(1, Math.min(count, Math.floor(READ_BYTES / (columns * ROW_BYTES[dtype]))))
  const sums = new Float64Array(columns)
  const values = new Float64Array(most * columns)
  for (let first = 0; first < count; first += most) {
    const rows = Math.min(most, count - first)
    decodeValues(dtype, await read(first, rows), values)
    for (let from = 0; from < rows * columns; from += columns) {
      for (let c = 0; c < columns; c++) sums[c] += values[from + c]
    }
  }
  return sums.map((sum) => sum / count)
}

/**
 * The bytes of a row.
 *
 * @throws KoVocabError `unsupported` when it does not fit the dtype
 */
export function roundedMean(source: RowSource, mean: Float64Array): Uint8Array {
  const bytes = new Uint8Array(mean.length * ROW_BYTES[source.dtype])
  const bad = encodeValues(source.dtype, mean, bytes)
  if (bad >= 0) refuse(source, null, bad, mean[bad])
  return bytes
}

function refuse({ name, dtype }: RowSource, id: number | null, column: number, value: number): never {
  const row = id === null ? 'the mean of the base rows' : `the row of new id ${id}`
  const reason = Number.isFinite(value) ? `does not fit ${dtype}` : 'comes of base rows that hold NaN or infinity'
  throw new KoVocabError(
    'unsupported',
    `${name}: ${row} has ${value} in column ${column}, which ${reason}`,
    'check the base checkpoint, or use another init method',
  )
}
