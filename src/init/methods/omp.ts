import { matchingPursuit } from '../matching-pursuit'
import { type Atoms, atomsOf, rowsById, similarities } from '../neighbours'
import { meanOfParts } from './mean'
import { vectorsOf } from './needs'
import type { InitMethodFunction } from './types'

/**
 * k base tokens whose combination comes nearest to the piece (orthogonal matching pursuit), the coefficients found in
 * one space and used in the other: C. Goddard, F. Fernandes Neto, "Training-Free Tokenizer Transplantation via Orthogonal
 * Matching Pursuit" (arXiv 2506.06607), tokensurgeon's `omp`. There the first space is the embedding of a donor model,
 * which knows the piece. No model knows a piece that was learned today: here the target is the piece's context vector
 * ({@link ContextVectors}), and the dictionary those of the base tokens of kind Normal that the extended tokenizer used
 * five times. (A target in the base's own space, such as the mean of the piece's tokens, would only find those tokens
 * again.) Default k is 8. A piece seen fewer than five times is the mean of its own tokens. Coefficients may be
 * negative, and rows sum to what they sum to.
 */
export const omp: InitMethodFunction = (context) => {
  const vectors = vectorsOf(context, 'omp')
  const atoms = atomsOf(vectors, context.base)
  const rows = rowsById(vectors)
  const gram = gramOf(atoms)
  return (piece) => {
    const row = rows.get(piece.id)
    if (row === undefined) return meanOfParts(piece)
    const found = matchingPursuit(similarities(atoms, row), gram, context.k ?? 8)
    if (found.atoms.length === 0) return meanOfParts(piece)
    return { ids: found.atoms.map((atom) => atoms.ids[atom]), weights: found.coefficients }
  }
}

/** Columns of the atoms' Gram matrix as they are asked for. The same few hundred atoms are asked for again and again. */
function gramOf(atoms: Atoms): (atom: number) => Float32Array {
  const columns = new Map<number, Float32Array>()
  const most = Math.max(1, Math.floor(COLUMN_BYTES_MAX / (4 * Math.max(1, atoms.ids.length))))
  return (atom) => {
    const known = columns.get(atom)
    if (known) return known
    if (columns.size >= most) columns.clear()
    const column = Float32Array.from(similarities(atoms, atoms.rows[atom]))
    columns.set(atom, column)
    return column
  }
}

const COLUMN_BYTES_MAX = 256 << 20
