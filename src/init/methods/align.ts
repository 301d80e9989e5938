import { meanOfParts } from './mean'
import { corpusOf } from './needs'
import type { InitMethodFunction } from './types'

/**
 * The mean over all occurrences of the piece in the corpus of the mean of the base tokens that stood there: "Align" of
 * A. Yamaguchi, A. Villavicencio and N. Aletras ("How Can We Effectively Expand the Vocabulary of LLMs with 0.01GB of
 * Target Language Text?", arXiv 2406.11477). In its context the base may cut a piece otherwise than alone. A base token
 * that reaches beyond the piece counts by the share of its bytes that lie inside; there, tokens that overlap in part
 * are left out. A piece that the corpus does not hold is the mean of its own tokens. Each row sums to 1.
 */
export const align: InitMethodFunction = (context) => {
  const { alignments } = corpusOf(context, 'align')
  return (piece) => {
    const seen = alignments.get(piece.id)
    if (!seen) return meanOfParts(piece)
    const shares = [...seen.shares].sort(([a], [b]) => a - b)
    return { ids: shares.map(([id]) => id), weights: shares.map(([, share]) => share / seen.occurrences) }
  }
}
