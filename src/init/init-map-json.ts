/** init-map.json: the init map for people, a line a new piece. */
import type { InitMap, SparseRows } from './init-map'

/** How a base token or new piece is shown: `안녕` rather than `ìķĪëħķ`. */
export type PieceText = (id: number) => string

/**
 * The text of init-map.json in parts, one a piece, so that it can be written without being held whole: an array of
 * `{ piece, id, input: [[base piece, base id, weight] …], output: […] }`, with `input_mean` and `input_noise` (and those
 * of the output) where a row has a share of the mean of all base rows, or noise. Weights have the shortest digits that
 * give the float32 back.
 *
 * @param pieceText the readable text of an id of the extended tokenizer, whose base ids are the base's
 */
export function* formatInitMap(map: InitMap, pieceText: PieceText): Generator<string> {
  yield '['
  for (let row = 0; row < map.newIds.length; row++) {
    const id = map.newIds[row]
    const piece = JSON.stringify(pieceText(id))
    const input = formatRow(map.input, row, pieceText)
    const output = formatRow(map.output, row, pieceText)
    const dense = formatDense('input', map.input, row) + formatDense('output', map.output, row)
    yield `${row === 0 ? '' : ','}\n{"piece": ${piece}, "id": ${id}, "input": ${input}, "output": ${output}${dense}}`
  }
  yield map.newIds.length === 0 ? ']\n' : '\n]\n'
}

function formatRow({ indptr, indices, weights }: SparseRows, row: number, pieceText: PieceText): string {
  const entries: string[] = []
  for (let k = indptr[row]; k < indptr[row + 1]; k++) {
    entries.push(`[${JSON.stringify(pieceText(indices[k]))}, ${indices[k]}, ${shortestFloat32(weights[k])}]`)
  }
  return `[${entries.join(', ')}]`
}

function formatDense(side: string, { mean, noise }: SparseRows, row: number): string {
  const weight = mean?.[row] ? `, "${side}_mean": ${shortestFloat32(mean[row])}` : ''
  return noise?.[row] ? `${weight}, "${side}_noise": ${shortestFloat32(noise[row])}` : weight
}

/** A third is 0.33333334 and not 0.3333333432674408. Nine digits always suffice for a float32. */
function shortestFloat32(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits))
    if (Math.fround(text) === value) return String(text)
  }
  return String(Number(value.toPrecision(9)))
}
