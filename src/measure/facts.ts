/** What a tokenizer is, in numbers. */
import { decodeUtf8, isValidUtf8 } from '../text/utf8'
import { pieceToBytes } from '../tokenizer/byte-alphabet'
import { tokenizerHash } from '../tokenizer/hash'
import { type Form, type JsonNode, PieceKind, type Tokenizer } from '../tokenizer/types'

export interface TokenizerFacts {
  form: Form
  byteFallback: boolean
  ignoreMerges: boolean
  /** Ids, those without a piece counted. */
  size: number
  holes: number
  merges: number
  /** Pieces with a whole Hangul syllable in them. */
  hangulPieces: number
  /** Syllables that are a piece by themselves. */
  hangulSyllables: number
  addedTokens: number
  specialTokens: { id: number; content: string }[]
  /** Types of the nodes, `Sequence(Prepend, Replace)`; null without. */
  normalizer: string | null
  preTokenizer: string | null
  sha256: string
}

export function describe(tokenizer: Tokenizer): TokenizerFacts {
  const { pieces, kinds, form } = tokenizer
  let hangulPieces = 0
  let hangulSyllables = 0
  pieces.forEach((piece, id) => {
    if (kinds[id] !== PieceKind.Normal) return
    const text = form === 'byte-level' ? textOf(piece) : piece
    if (/[가-힣]/.test(text)) hangulPieces++
    if (/^[가-힣]$/.test(text)) hangulSyllables++
  })
  return {
    form,
    byteFallback: tokenizer.byteFallback,
    ignoreMerges: tokenizer.ignoreMerges,
    size: pieces.length,
    holes: pieces.filter((piece) => piece === '').length,
    merges: tokenizer.merges.left.length,
    hangulPieces,
    hangulSyllables,
    addedTokens: tokenizer.addedTokens.length,
    specialTokens: tokenizer.addedTokens.filter((t) => t.special).map(({ id, content }) => ({ id, content })),
    normalizer: typesOf(tokenizer.normalizer),
    preTokenizer: typesOf(tokenizer.preTokenizer),
    sha256: tokenizerHash(tokenizer),
  }
}

/** The whole characters of a byte-level piece. */
function textOf(piece: string): string {
  const bytes = pieceToBytes(piece)
  if (!bytes) return piece
  return isValidUtf8(bytes) ? decodeUtf8(bytes) : decodeUtf8(bytes).replaceAll('\ufffd', '')
}

function typesOf(node: JsonNode | null): string | null {
  if (!node) return null
  const inner = node.normalizers ?? node.pretokenizers
  return Array.isArray(inner) ? `${node.type}(${inner.map((part) => typesOf(part as JsonNode)).join(', ')})` : node.type
}
