/** Base tokens as a dictionary of context vectors: how near each is to a token, and to each other. */
import { PieceKind, type Tokenizer } from '../tokenizer/types'
import type { ContextVectors } from './context-vectors'

/** Base tokens with a vector, by index. */
export interface Atoms {
  vectors: ContextVectors
  /** By atom: its base id, rising. */
  ids: Int32Array
  /** By atom: its row of `vectors`. */
  rows: Int32Array
  /** By context c: the atoms that have it, `atoms[starts[c] .. starts[c + 1])`, with `values` beside them. */
  starts: Int32Array
  atoms: Int32Array
  values: Float32Array
}

/** The base's ordinary pieces. A byte token has no meaning of its own, and control tokens do not stand in text. */
export function atomsOf(vectors: ContextVectors, base: Tokenizer): Atoms {
  const rows: number[] = []
  vectors.ids.forEach((id, row) => {
    if (id < base.pieces.length && base.kinds[id] === PieceKind.Normal) rows.push(row)
  })
  const starts = new Int32Array(vectors.dim + 1)
  const entries = (visit: (context: number, atom: number, value: number) => void) =>
    rows.forEach((row, atom) => {
      for (let i = vectors.indptr[row]; i < vectors.indptr[row + 1]; i++)
        visit(vectors.contexts[i], atom, vectors.values[i])
    })
  entries((context) => starts[context + 1]++)
  for (let c = 0; c < vectors.dim; c++) starts[c + 1] += starts[c]
  const next = starts.slice()
  const atoms = new Int32Array(starts[vectors.dim])
  const values = new Float32Array(starts[vectors.dim])
  entries((context, atom, value) => {
    atoms[next[context]] = atom
    values[next[context]++] = value
  })
  return {
    vectors,
    ids: Int32Array.from(rows, (row) => vectors.ids[row]),
    rows: Int32Array.from(rows),
    starts,
    atoms,
    values,
  }
}

/** By atom: the cosine with a row of the vectors, 0 to 1. */
export function similarities({ vectors, ids, starts, atoms, values }: Atoms, row: number): Float64Array {
  const cosines = new Float64Array(ids.length)
  for (let i = vectors.indptr[row]; i < vectors.indptr[row + 1]; i++) {
    const context = vectors.contexts[i]
    const weight = vectors.values[i]
    for (let k = starts[context]; k < starts[context + 1]; k++) cosines[atoms[k]] += weight * values[k]
  }
  return cosines
}

/** By id: its row of the vectors. */
export function rowsById({ ids }: ContextVectors): Map<number, number> {
  return new Map(Array.from(ids, (id, row) => [id, row]))
}
