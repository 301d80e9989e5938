/** A piece that training added, in the order of learning. */
export interface LearnedPiece {
  /** In the base's own spelling: with `▁` in SentencePiece form, in the byte alphabet in byte-level form. */
  piece: string
  /** The pair that was chosen. Both null for a single character, which is a piece without a merge. */
  left: string | null
  right: string | null
  /** How often the pair (or character) was seen when it was chosen; 0 for one added without being seen. */
  count: number
}

export interface LearnedMerges {
  pieces: LearnedPiece[]
  /** Base hash, scope, options. Keys of letters, digits, `_`, `.` and `-`. */
  meta: Record<string, string>
}
