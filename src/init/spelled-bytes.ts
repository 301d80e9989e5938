import { encodeUtf8 } from '../text/utf8'
import { PieceKind, type Tokenizer } from '../tokenizer/types'

/** The bytes of text that a token stands for, `▁` counted as the space it is; at least 1. */
export function spelledBytes({ form, pieces, kinds, unkId }: Tokenizer, id: number): number {
  if (kinds[id] === PieceKind.Byte || id === unkId) return 1
  const piece = pieces[id]
  // In the byte alphabet a byte is a character.
  const isByteLevelText = form === 'byte-level' && kinds[id] === PieceKind.Normal
  return Math.max(1, isByteLevelText ? piece.length : encodeUtf8(piece.replaceAll('▁', ' ')).length)
}
