import type { InitMethodFunction } from './types'

/**
 * Every base token by how much of the piece it spells: w_i = b_i / Σ b_j with b_i the UTF-8 bytes of token i (a byte
 * token: 1; `▁`: 1, the space it stands for). A syllable that the base knew weighs three times one byte of a syllable
 * that it did not. A variant of the mean of the parts (Hewitt 2021; arXiv 2402.14714) of this project's own. Each row
 * sums to 1.
 */
export const weighted: InitMethodFunction =
  () =>
  ({ segmentation, lengths }) => {
    const total = lengths.reduce((sum, length) => sum + length, 0)
    return { ids: segmentation, weights: lengths.map((length) => length / total) }
  }
