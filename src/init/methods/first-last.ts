import type { InitMethodFunction } from './types'

/**
 * The last base token for input rows and the first for output rows, each where the model met it: it predicted the piece
 * by its first token and went on after its last. tokensurgeon's subword method of the same name (mergekit,
 * `mergekit/tokensurgeon/subword.py`). Each row sums to 1.
 */
export const firstLast: InitMethodFunction =
  ({ side }) =>
  ({ segmentation }) => ({ ids: [segmentation[side === 'input' ? segmentation.length - 1 : 0]], weights: [1] })
