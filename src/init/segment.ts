import { type Encoder, encodePiece } from '../tokenizer/encoder'

/**
 * The base ids that spell a new piece, for {@link buildInitMap}: the piece's own string as the base merges it, byte
 * fallback included and without a further dummy prefix, so that `▁안녕` has one `▁`.
 *
 * @param baseEncoder encoder of the base
 * @param piece in the extended tokenizer's spelling
 */
export function segmentPiece(baseEncoder: Encoder, piece: string): Int32Array {
  return encodePiece(baseEncoder, piece)
}
