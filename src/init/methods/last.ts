import type { InitMethodFunction } from './types'

/**
 * The last base token alone, the mirror of `first` (arXiv 2402.14714): on the input side, the token after which the
 * model went on to predict what follows the piece. Each row sums to 1.
 */
export const last: InitMethodFunction =
  () =>
  ({ segmentation }) => ({ ids: [segmentation[segmentation.length - 1]], weights: [1] })
