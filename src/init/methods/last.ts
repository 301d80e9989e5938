/**
 * The last base token alone, the mirror of `first`: on the input side, the token after which the model went on to
 * predict what follows the piece.
 *
 * @param lengths by token of the segmentation: the bytes of text that it spells
 * @returns by token of the segmentation: its weight; the sum is 1
 */
export function last(lengths: readonly number[]): number[] {
  return lengths.map((_, i) => (i === lengths.length - 1 ? 1 : 0))
}
