/**
 * Every base token of the piece with equal weight: the new row is the mean of the rows that spelled the piece before.
 * With it a fresh token gets about the logit its parts had on average, where a random row could take probability from
 * the whole vocabulary (J. Hewitt, "Initializing New Word Embeddings for Pretrained Language Models", 2021); by the
 * tokens that spell the piece as in EEVE's input embeddings (arXiv 2402.14714).
 *
 * @param lengths by token of the segmentation: the bytes of text that it spells
 * @returns by token of the segmentation: its weight; the sum is 1
 */
export function mean(lengths: readonly number[]): number[] {
  return lengths.map(() => 1 / lengths.length)
}
