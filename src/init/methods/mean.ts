import type { InitMethodFunction, NewPiece } from './types'

/**
 * Every base token of the piece with equal weight: the new row is the mean of the rows that spelled the piece before, as
 * in EEVE's input embeddings (S. Kim et al., "Efficient and Effective Vocabulary Expansion Towards Multilingual Large
 * Language Models", arXiv 2402.14714). With it a fresh token gets about the logit its parts had on average, where a
 * random row could take probability from the whole vocabulary (J. Hewitt, "Initializing New Word Embeddings for
 * Pretrained Language Models", 2021). tokensurgeon's `subword`; its `mean` is the mean of all base rows. Each row sums
 * to 1.
 */
export const mean: InitMethodFunction = () => meanOfParts

/** What methods that know nothing of a piece fall back to. */
export function meanOfParts({ segmentation }: NewPiece) {
  return { ids: segmentation, weights: segmentation.map(() => 1 / segmentation.length) }
}
