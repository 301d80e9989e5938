import { byteToChar } from '../tokenizer/byte-alphabet'
import {
  byteLevelDecoder,
  byteLevelPostProcessor,
  metaspaceDecoder,
  metaspaceNormalizer,
  splitByteLevel,
  templateProcessor,
} from '../tokenizer/files/derived'
import { tokenizerHash } from '../tokenizer/hash'
import { KNOWN_PATTERNS, type KnownPattern } from '../tokenizer/pipeline/known-patterns'
import { type AddedToken, type Form, PieceKind, type Tokenizer } from '../tokenizer/types'

/**
 * The smallest tokenizer of a form, as a base to train a stand-alone one from.
 *
 * - `sentencepiece`: `<unk>`, `<s>`, `</s>`, the 256 bytes, `▁`; byte fallback, dummy prefix, no other normalization
 *   (`spm_train --byte_fallback --normalization_rule_name=identity`);
 * - `byte-level`: the 256 bytes in the order of GPT-2's alphabet, then `<|begin_of_text|>` and `<|end_of_text|>`, with
 *   the split pattern given.
 */
export function emptyBase(form: Form, pattern: KnownPattern = 'cl100k'): Tokenizer {
  const base = form === 'sentencepiece' ? emptySentencePiece() : emptyByteLevel(pattern)
  return { ...base, sha256: tokenizerHash(base) }
}

function special(id: number, content: string): AddedToken {
  return { id, content, singleWord: false, lstrip: false, rstrip: false, normalized: false, special: true }
}

const NO_MERGES = { left: new Int32Array(0), right: new Int32Array(0), result: new Int32Array(0) }

function emptySentencePiece(): Tokenizer {
  const pieces = ['<unk>', '<s>', '</s>']
  for (let byte = 0; byte < 256; byte++) pieces.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
  pieces.push('▁')
  const kinds = new Uint8Array(pieces.length).fill(PieceKind.Byte)
  kinds.set([PieceKind.Unknown, PieceKind.Control, PieceKind.Control])
  kinds[pieces.length - 1] = PieceKind.Normal
  return {
    form: 'sentencepiece',
    pieces,
    kinds,
    scores: new Float32Array(pieces.length),
    merges: NO_MERGES,
    addedTokens: [special(0, '<unk>'), special(1, '<s>'), special(2, '</s>')],
    unkId: 0,
    byteFallback: true,
    fuseUnk: true,
    ignoreMerges: false,
    normalizer: metaspaceNormalizer(true),
    preTokenizer: null,
    postProcessor: templateProcessor({ id: 1, content: '<s>' }, null),
    decoder: metaspaceDecoder(true),
    sources: { sidecars: {} },
  }
}

function emptyByteLevel(pattern: KnownPattern): Tokenizer {
  const pieces = Array.from({ length: 256 }, (_, byte) => byteToChar(byte)).sort()
  const kinds = new Uint8Array(258).fill(PieceKind.Normal, 0, 256).fill(PieceKind.Control, 256)
  pieces.push('<|begin_of_text|>', '<|end_of_text|>')
  return {
    form: 'byte-level',
    pieces,
    kinds,
    scores: null,
    merges: NO_MERGES,
    addedTokens: [special(256, pieces[256]), special(257, pieces[257])],
    unkId: -1,
    byteFallback: false,
    fuseUnk: false,
    ignoreMerges: false,
    normalizer: null,
    preTokenizer: splitByteLevel(KNOWN_PATTERNS[pattern]),
    postProcessor: byteLevelPostProcessor(),
    decoder: byteLevelDecoder(),
    sources: { sidecars: {} },
  }
}
