import type { InitMethodFunction } from './types'

/**
 * The first base token alone. EEVE initialises the output rows so (arXiv 2402.14714): where the model would have begun
 * the piece with that token, it now gives the whole piece the same logit. Each row sums to 1.
 */
export const first: InitMethodFunction =
  () =>
  ({ segmentation }) => ({ ids: [segmentation[0]], weights: [1] })
