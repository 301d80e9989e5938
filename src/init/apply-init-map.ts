import { KoVocabError } from '../errors'
import type { InitMap } from './init-map'
import type { Side } from './methods/types'
import { normals } from './philox'

/**
 * The new rows: W · base, plus the weighted mean of base rows 0 to `map.baseRows` - 1, plus noise. The plain reference:
 * float64 sums, rounded once.
 *
 * @param base [base rows, dim] row by row; rows beyond `map.baseRows` are passed over
 * @returns [new, dim], rows as `map.newIds`
 * @throws KoVocabError `mismatch` when the matrix has too few rows
 */
export function applyInitMap(map: InitMap, base: Float32Array, dim: number, side: Side): Float32Array {
  const makeRow = newRowMaker(map, base, dim, side)
  const rows = new Float32Array(map.newIds.length * dim)
  const sum = new Float64Array(dim)
  for (let row = 0; row < map.newIds.length; row++) {
    makeRow(row, sum)
    rows.set(sum, row * dim)
  }
  return rows
}

/**
 * {@link applyInitMap} a row at a time, unrounded.
 *
 * @returns puts row `row` of the map into `into` ([dim])
 */
export function newRowMaker(map: InitMap, base: Float32Array, dim: number, side: Side) {
  if (base.length % dim !== 0 || base.length / dim < map.baseRows) {
    const what = `the map is for ${map.baseRows} base rows of ${dim} values; the matrix has ${base.length} values`
    throw new KoVocabError('mismatch', what, 'use the checkpoint that belongs to the base tokenizer')
  }
  const { indptr, indices, weights, mean, noise } = map[side]
  const meanRow = mean ? meanOfRows(base, map.baseRows, dim) : new Float64Array(dim)
  return (row: number, into: Float64Array): void => {
    into.fill(0)
    for (let k = indptr[row]; k < indptr[row + 1]; k++) {
      const from = indices[k] * dim
      for (let d = 0; d < dim; d++) into[d] += weights[k] * base[from + d]
    }
    if (mean) for (let d = 0; d < dim; d++) into[d] += mean[row] * meanRow[d]
    if (noise && noise[row] !== 0) {
      const drawn = normals({ seed: map.seed, side, id: map.newIds[row], stream: 0 }, dim)
      for (let d = 0; d < dim; d++) into[d] += noise[row] * drawn[d]
    }
  }
}

/** [dim], float64: the mean of the first `rows` rows. */
export function meanOfRows(base: Float32Array, rows: number, dim: number): Float64Array {
  const mean = new Float64Array(dim)
  for (let row = 0; row < rows; row++) for (let d = 0; d < dim; d++) mean[d] += base[row * dim + d]
  for (let d = 0; d < dim; d++) mean[d] /= rows
  return mean
}
