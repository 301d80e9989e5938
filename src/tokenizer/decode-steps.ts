/** The decoder of tokenizer.json step by step on strings, as Hugging Face `tokenizers` does it: plain, and not fast. */
import { KoVocabError } from '../errors'
import { decodeUtf8, encodeUtf8, isValidUtf8 } from '../text/utf8'
import { pieceToBytes } from './byte-alphabet'
import { nodeList, patternOf } from './pipeline/nodes'
import { prependScheme } from './pipeline/pre-tokenize'
import type { JsonNode, Tokenizer } from './types'

/** What decoding needs of a tokenizer. */
export type Decodable = Pick<Tokenizer, 'pieces' | 'addedTokens' | 'decoder'>

export interface DecodeOptions {
  /** Leave out added tokens that are special; default true. */
  skipSpecialTokens?: boolean
}

/** A step of the decoder: the pieces in order → pieces; at the end all are joined. */
type Step = (pieces: string[]) => string[]

/** A step that looks at each piece for itself, and at whether it is the first. */
export type PieceStep = (piece: string, first: boolean) => string

/** Throws `unsupported` naming a kind of decoder that is not known, and on calls `mismatch` for an id that is not there. */
export function compileDecoderSteps(tokenizer: Decodable): (ids: ArrayLike<number>, options?: DecodeOptions) => string {
  const special = specialIds(tokenizer)
  // Without a decoder, Hugging Face joins the pieces with spaces.
  const step = tokenizer.decoder ? compileStep(tokenizer.decoder) : null
  return (ids, { skipSpecialTokens = true } = {}) => {
    const pieces: string[] = []
    for (let i = 0; i < ids.length; i++) {
      const piece = tokenizer.pieces[ids[i]]
      if (piece === undefined || (piece === '' && !special.has(ids[i]))) {
        throw new KoVocabError(
          'mismatch',
          `id ${ids[i]} at position ${i} is not in this tokenizer of ${tokenizer.pieces.length} ids`,
          'decode with the tokenizer that made the ids',
        )
      }
      if (!skipSpecialTokens || !special.has(ids[i])) pieces.push(piece)
    }
    return step ? step(pieces).join('') : pieces.join(' ')
  }
}

export function specialIds({ addedTokens }: Decodable): Set<number> {
  return new Set(addedTokens.filter((token) => token.special).map((token) => token.id))
}

/** null for steps that look at several pieces together. */
export function compilePieceStep(node: JsonNode): PieceStep | null {
  switch (node.type) {
    case 'Replace': {
      const pattern = patternOf(node)
      const content = String(node.content)
      return (piece) => piece.replaceAll(pattern, () => content)
    }
    case 'Strip':
      return strip(String(node.content), Number(node.start), Number(node.stop))
    case 'Metaspace':
      return metaspace(String(node.replacement ?? '▁'), prependScheme(node) !== 'never')
    default:
      return null
  }
}

function compileStep(node: JsonNode): Step {
  const ofPiece = compilePieceStep(node)
  if (ofPiece) return (pieces) => pieces.map((piece, i) => ofPiece(piece, i === 0))
  switch (node.type) {
    case 'Sequence': {
      const steps = nodeList(node, 'decoders').map(compileStep)
      return (pieces) => steps.reduce((done, step) => step(done), pieces)
    }
    case 'ByteFallback':
      return byteFallback
    case 'Fuse':
      return (pieces) => [pieces.join('')]
    case 'ByteLevel':
      return byteLevel
    default:
      throw new KoVocabError(
        'unsupported',
        `decoder ${node.type} is not supported`,
        'supported: Sequence, Replace, ByteFallback, Fuse, Strip, ByteLevel, Metaspace',
      )
  }
}

function byteFallback(pieces: string[]): string[] {
  const out: string[] = []
  let run: number[] = []
  const flush = () => {
    if (run.length === 0) return
    const bytes = Uint8Array.from(run)
    out.push(isValidUtf8(bytes) ? decodeUtf8(bytes) : '\ufffd'.repeat(run.length))
    run = []
  }
  for (const piece of pieces) {
    const byte = fallbackByte(piece)
    if (byte >= 0) {
      run.push(byte)
    } else {
      flush()
      out.push(piece)
    }
  }
  flush()
  return out
}

/** The byte that a piece `<0xNN>` stands for, in capitals or not; -1 for other pieces. */
export function fallbackByte(piece: string): number {
  return piece.length === 6 && /^<0x[0-9A-Fa-f]{2}>$/.test(piece) ? Number.parseInt(piece.slice(3, 5), 16) : -1
}

/** Takes off up to `start` leading and `stop` trailing occurrences of one character. */
function strip(content: string, start: number, stop: number): PieceStep {
  return (piece) => {
    const chars = [...piece]
    let from = 0
    while (from < start && chars[from] === content) from++
    let to = chars.length
    while (chars.length - to < stop && to > from && chars[to - 1] === content) to--
    return chars.slice(from, to).join('')
  }
}

/** A piece with a character outside the byte alphabet, as an added token may be, stands for its own UTF-8. */
function byteLevel(pieces: string[]): string[] {
  const parts = pieces.map((piece) => pieceToBytes(piece) ?? encodeUtf8(piece))
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return [decodeUtf8(bytes)]
}

/** Every `▁` of the first piece goes where the pre-tokenizer may have prepended one: Hugging Face does not count them. */
function metaspace(replacement: string, prepended: boolean): PieceStep {
  return (piece, first) => piece.replaceAll(replacement, first && prepended ? '' : ' ')
}
