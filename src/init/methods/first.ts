/**
 * The first base token alone. EEVE initialises the output rows so (arXiv 2402.14714): where the model would have begun
 * the piece with that token, it now gives the whole piece the same logit.
 *
 * @param lengths by token of the segmentation: the bytes of text that it spells
 * @returns by token of the segmentation: its weight; the sum is 1
 */
export function first(lengths: readonly number[]): number[] {
  return lengths.map((_, i) => (i === 0 ? 1 : 0))
}
