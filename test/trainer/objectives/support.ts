/** A small tokenizer with tokens for conversations. */
import { PieceKind, type Tokenizer } from '../../../src/tokenizer/types'
import { smallSentencePiece } from '../../merges/small'

/** Bytes, `▁`, letters, `<|im_start|>` and `<|im_end|>`, and what tokenizer_config.json says. */
export function chatTokenizer(config: Record<string, unknown> = {}): Tokenizer {
  const base = smallSentencePiece([...'abcdefghijklmnopqrstuvwxyz'])
  const added = ['<|im_start|>', '<|im_end|>']
  const first = base.pieces.length
  const flags = { singleWord: false, lstrip: false, rstrip: false, normalized: false, special: true }
  return {
    ...base,
    pieces: [...base.pieces, ...added],
    kinds: Uint8Array.of(...base.kinds, PieceKind.Control, PieceKind.Control),
    scores: Float32Array.of(...base.scores!, 0, 0),
    addedTokens: [...base.addedTokens, ...added.map((content, i) => ({ id: first + i, content, ...flags }))],
    sources: {
      sidecars: { 'tokenizer_config.json': JSON.stringify({ bos_token: '<s>', eos_token: '</s>', ...config }) },
    },
    sha256: undefined,
  }
}
