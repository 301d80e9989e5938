import { atomsOf, rowsById, similarities } from '../neighbours'
import { sparsemax } from '../sparsemax'
import { meanOfParts } from './mean'
import { vectorsOf } from './needs'
import type { InitMethodFunction } from './types'

/**
 * Base tokens that stand in like contexts, weighted by sparsemax of the cosine: K. Dobler and G. de Melo, "FOCUS:
 * Effective Embedding Initialization for Monolingual Specialization of Multilingual Models" (EMNLP 2023, arXiv
 * 2305.14481). There the similarity is that of fastText vectors trained on the corpus as the new tokenizer cuts it; here
 * it is that of the context vectors of the same corpus ({@link ContextVectors}), which know no n-grams of characters, so
 * a rare piece profits nothing from a like spelling. Every base token of kind Normal that the extended tokenizer used
 * five times is in the overlap. With k only the k nearest go into the sparsemax. A piece seen fewer than five times is
 * the mean of its own tokens, where FOCUS draws at random. Each row sums to 1.
 */
export const focus: InitMethodFunction = (context) => {
  const vectors = vectorsOf(context, 'focus')
  const atoms = atomsOf(vectors, context.base)
  const rows = rowsById(vectors)
  return (piece) => {
    const row = rows.get(piece.id)
    if (row === undefined) return meanOfParts(piece)
    const cosines = similarities(atoms, row)
    // Beyond 1 below the highest cosine sparsemax gives no weight; cosines of 0 never get one beside any other.
    const near = [...cosines.keys()].filter((atom) => cosines[atom] > 0)
    if (near.length === 0) return meanOfParts(piece)
    near.sort((a, b) => cosines[b] - cosines[a] || a - b)
    const nearest = near.slice(0, context.k ?? near.length)
    const weights = sparsemax(nearest.map((atom) => cosines[atom]))
    return { ids: weights.map((_, i) => atoms.ids[nearest[i]]), weights }
  }
}
