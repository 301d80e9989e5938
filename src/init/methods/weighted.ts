/**
 * Every base token by how much of the piece it spells: w_i = b_i / Σ b_j with b_i the UTF-8 bytes of token i (a byte
 * token: 1; `▁`: 1, the space it stands for). A syllable that the base knew weighs three times one byte of a syllable
 * that it did not.
 *
 * @param lengths by token of the segmentation: the bytes of text that it spells, above 0
 * @returns by token of the segmentation: its weight; the sum is 1
 */
export function weighted(lengths: readonly number[]): number[] {
  const total = lengths.reduce((sum, length) => sum + length, 0)
  return lengths.map((length) => length / total)
}
