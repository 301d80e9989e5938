/** What can be said of init methods before anything is trained: how their rows lie among those of the base. */
import { KoVocabError, throwIfAborted } from '../errors'
import { meanOfRows, newRowMaker } from './apply-init-map'
import type { InitMap } from './init-map'
import type { Side } from './methods/types'
import { type BaseLogits, type NewMass, newMass } from './new-mass'

/** A matrix in memory, row by row: 524 MB for 32,000 rows of 4,096. */
export interface BaseRows {
  rows: number
  dim: number
  /** [rows · dim] */
  data: Float32Array
}

/** Means over rows. Cosines leave rows of length 0 out; null when there is no other. */
export interface RowFacts {
  rows: number
  /** Euclidean norm: its mean and standard deviation over the rows. */
  norm: number
  normDeviation: number
  /** With the mean of all base rows. */
  cosineToMean: number | null
  /** With the base row that it is highest with (for base rows: another one); over at most 64 rows, evenly spread. */
  cosineToNearest: number | null
}

export interface MethodFacts {
  input: RowFacts
  output: RowFacts
  /** null without hidden states. */
  newMass: NewMass | null
}

export interface CompareOptions {
  input: BaseRows
  /** With tied embeddings the same as `input`. */
  output: BaseRows
  /** Ids of the base: further rows of the matrices are passed over. */
  baseRows: number
  /** For {@link NewMass}, of the base's output rows. */
  logits?: BaseLogits
  signal?: AbortSignal
}

/** How many rows the nearest neighbour is looked for: each costs a product with every base row. */
const SAMPLE = 64

/** The base rows themselves, to hold the new ones against. */
export function baseFacts({ input, output, baseRows, signal }: CompareOptions): Record<Side, RowFacts> {
  const facts = (base: BaseRows) => {
    const copy = (row: number, into: Float64Array) => into.set(base.data.subarray(row * base.dim, (row + 1) * base.dim))
    return rowFacts(base, baseRows, baseRows, copy, true, signal)
  }
  const ofInput = facts(input)
  return { input: ofInput, output: output === input ? ofInput : facts(output) }
}

/**
 * The rows that an init map makes of these matrices.
 *
 * @throws KoVocabError `mismatch` when a matrix has too few rows
 */
export function methodFacts(map: InitMap, options: CompareOptions): MethodFacts {
  const { input, output, baseRows, logits, signal } = options
  if (map.baseRows !== baseRows) {
    const what = `the map is for ${map.baseRows} base rows, the comparison for ${baseRows}`
    throw new KoVocabError('mismatch', what, 'build the map for the same base')
  }
  const facts = (base: BaseRows, side: Side) => {
    const makeRow = newRowMaker(map, base.data, base.dim, side)
    return rowFacts(base, baseRows, map.newIds.length, makeRow, false, signal)
  }
  return {
    input: facts(input, 'input'),
    output: facts(output, 'output'),
    newMass: logits ? newMass(map, logits) : null,
  }
}

function rowFacts(
  base: BaseRows,
  baseRows: number,
  rows: number,
  makeRow: (row: number, into: Float64Array) => void,
  areBase: boolean,
  signal: AbortSignal | undefined,
): RowFacts {
  const mean = meanOfRows(base.data, baseRows, base.dim)
  const meanLength = Math.sqrt(dot(mean, mean))
  const vector = new Float64Array(base.dim)
  const step = Math.max(1, Math.ceil(rows / SAMPLE))
  const sample: { row: number; vector: Float64Array }[] = []
  let norms = 0
  let squares = 0
  let cosines = 0
  let counted = 0
  for (let row = 0; row < rows; row++) {
    if (row % 1000 === 0) throwIfAborted(signal)
    makeRow(row, vector)
    const square = dot(vector, vector)
    const norm = Math.sqrt(square)
    norms += norm
    squares += square
    if (norm === 0 || meanLength === 0) continue
    cosines += dot(vector, mean) / norm / meanLength
    counted++
    if (row % step === 0) sample.push({ row, vector: vector.map((value) => value / norm) })
  }
  const norm = rows > 0 ? norms / rows : 0
  return {
    rows,
    norm,
    normDeviation: rows > 0 ? Math.sqrt(Math.max(0, squares / rows - norm * norm)) : 0,
    cosineToMean: counted > 0 ? cosines / counted : null,
    cosineToNearest: nearest(base, baseRows, sample, areBase, signal),
  }
}

function nearest(
  { data, dim }: BaseRows,
  baseRows: number,
  sample: readonly { row: number; vector: Float64Array }[],
  areBase: boolean,
  signal: AbortSignal | undefined,
): number | null {
  if (sample.length === 0) return null
  const best = new Float64Array(sample.length).fill(-1)
  for (let id = 0; id < baseRows; id++) {
    if (id % 1000 === 0) throwIfAborted(signal)
    const row = data.subarray(id * dim, (id + 1) * dim)
    const norm = Math.sqrt(dot(row, row))
    if (norm === 0) continue
    for (let i = 0; i < sample.length; i++) {
      if (areBase && sample[i].row === id) continue
      best[i] = Math.max(best[i], dot(sample[i].vector, row) / norm)
    }
  }
  return best.reduce((sum, cosine) => sum + cosine, 0) / best.length
}

function dot(a: Float64Array | Float32Array, b: Float64Array | Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
