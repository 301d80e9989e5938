/**
 * W · base with bounded memory: only the base rows that W needs are read, sorted, and as many at a time as fit. Every
 * sum is taken in float64 in the order of the base ids, and rounded once.
 */
import { KoVocabError } from '../errors'
import type { SparseRows } from '../init/init-map'
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

/** Rows read and held at a time, decoded. */
const GATHER_BYTES = 96 << 20
/** Sums held at a time. */
const SUM_BYTES = 16 << 20
/** One read takes gaps of up to that many bytes along rather than begin anew. */
const GAP_BYTES = 64 << 10
const READ_BYTES = 4 << 20

export interface NewRowsOptions {
  source: RowSource
  side: SparseRows
  /** By row of W: the id, for errors. */
  ids: ArrayLike<number>
  /** For tests: bytes of decoded base rows held at a time. */
  gatherBytes?: number
}

/**
 * @returns makes rows `from` to `from + count - 1` of W · base and hands their bytes on, block by block; the bytes are
 * valid until `write` has ended. Rows asked for in rising order need no base row to be read twice as long as all base
 * rows that W names fit into memory.
 * @throws KoVocabError `unsupported` when a sum does not fit the dtype, naming id and column
 */
export function newRowMaker({ source, side, ids, gatherBytes = GATHER_BYTES }: NewRowsOptions) {
  const { columns, dtype } = source
  // float32 holds F32, F16 and BF16 exactly.
  const itemBytes = dtype === 'F64' ? 8 : 4
  const capacity = Math.max(1, Math.floor(gatherBytes / (columns * itemBytes)))
  const blockRows = Math.max(1, Math.floor(SUM_BYTES / (columns * 8)))
  /** All base rows that W names, once they are there; null while or because they do not fit. */
  let held: Gathered | null = null

  async function gather(wanted: Int32Array): Promise<Gathered> {
    const size = wanted.length * columns
    const values = dtype === 'F64' ? new Float64Array(size) : new Float32Array(size)
    await readRows(source, wanted, (bytes, at) => decodeValues(dtype, bytes, values, at * columns))
    return { ids: wanted, placeOf: new Map(Array.from(wanted, (id, place) => [id, place])), values }
  }

  return async (from: number, count: number, write: (bytes: Uint8Array) => Promise<void>): Promise<void> => {
    const all = held ? null : distinct(side, 0, ids.length, capacity)
    if (all) held = await gather(all)
    for (let first = from; first < from + count; first += blockRows) {
      const rows = Math.min(blockRows, from + count - first)
      const sums = new Float64Array(rows * columns)
      const wanted = held ? held.ids : distinct(side, first, first + rows, Number.POSITIVE_INFINITY)!
      const next = side.indptr.slice(first, first + rows)
      for (let at = 0; at < wanted.length; at += held ? wanted.length : capacity) {
        const part = held ?? (await gather(wanted.subarray(at, at + capacity)))
        addPart(sums, next, side, first, part, columns)
      }
      const bytes = new Uint8Array(sums.length * ROW_BYTES[dtype])
      const bad = encodeValues(dtype, sums, bytes)
      if (bad >= 0) refuse(source, ids[first + Math.floor(bad / columns)], bad % columns, sums[bad])
      await write(bytes)
    }
  }
}

interface Gathered {
  /** Rising. */
  ids: Int32Array
  /** [ids, columns] */
  values: Float32Array | Float64Array
  placeOf: ReadonlyMap<number, number>
}

/** Adds what the rows that are there contribute; `next` is how far each row of W has come. */
function addPart(
  sums: Float64Array,
  next: Int32Array,
  { indptr, indices, weights }: SparseRows,
  first: number,
  part: Gathered,
  columns: number,
): void {
  const last = part.ids[part.ids.length - 1]
  for (let row = 0; row < next.length; row++) {
    const end = indptr[first + row + 1]
    let k = next[row]
    for (; k < end && indices[k] <= last; k++) {
      const weight = weights[k]
      const from = part.placeOf.get(indices[k])! * columns
      const to = row * columns
      for (let c = 0; c < columns; c++) sums[to + c] += weight * part.values[from + c]
    }
    next[row] = k
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

/** The mean of rows 0 to `count` - 1, summed in float64 row after row and rounded once. */
export async function meanRow(source: RowSource, count: number): Promise<Uint8Array> {
  const { columns, dtype, read } = source
  const rowBytes = columns * ROW_BYTES[dtype]
  const most = Math.max(1, Math.floor(READ_BYTES / rowBytes))
  const sums = new Float64Array(columns)
  const values = new Float64Array(most * columns)
  for (let first = 0; first < count; first += most) {
    const rows = Math.min(most, count - first)
    decodeValues(dtype, await read(first, rows), values)
    for (let from = 0; from < rows * columns; from += columns) {
      for (let c = 0; c < columns; c++) sums[c] += values[from + c]
    }
  }
  const bytes = new Uint8Array(rowBytes)
  const bad = encodeValues(
    dtype,
    sums.map((sum) => sum / count),
    bytes,
  )
  if (bad >= 0) refuse(source, null, bad, sums[bad] / count)
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
