/** Which decoders can be taken apart by id: each piece has its text or bytes, whatever stands around it. */
import { encodeUtf8, isValidUtf8, toWellFormed } from '../text/utf8'
import { pieceToBytes } from './byte-alphabet'
import { compilePieceStep, type Decodable, fallbackByte, type PieceStep } from './decode-steps'
import { nodeList } from './pipeline/nodes'
import type { JsonNode } from './types'

export interface DecodePlan {
  /** What the steps before joining make of a piece; the first piece of a sequence may lose its space, or get none. */
  textOf: PieceStep
  firstDiffers: boolean
  /**
   * How bytes become characters: all together (`ByteLevel`), or runs of `<0xNN>` pieces each for itself
   * (`ByteFallback`). null when pieces are text alone.
   */
  bytes: 'ByteLevel' | 'ByteFallback' | null
  /** `Strip` of the joined text, in order. */
  strips: Strip[]
}

interface Strip {
  /** One character in UTF-8; empty where it can match nothing. */
  content: Uint8Array
  /** How many to take off at most. */
  start: number
  stop: number
}

/** What one piece brings. */
export interface PieceParts {
  /** Well-formed text, or bytes. */
  content: string | Uint8Array
  /** Whether they are bytes that become characters only together with what stands beside them. */
  loose: boolean
}

/** null for a decoder whose steps do not come in the known order: it has to be run on the strings. */
export function decodePlan({ decoder }: Decodable): DecodePlan | null {
  if (!decoder) {
    const textOf = (piece: string, first: boolean) => (first ? piece : ` ${piece}`)
    return { textOf, firstDiffers: true, bytes: null, strips: [] }
  }
  const nodes = flatten(decoder)
  const ofPieces: PieceStep[] = []
  for (const node of nodes) {
    const step = compilePieceStep(node)
    if (!step) break
    ofPieces.push(step)
  }
  let at = ofPieces.length
  const joining = nodes[at]?.type
  const bytes = joining === 'ByteLevel' || joining === 'ByteFallback' ? joining : null
  if (bytes) at++
  const strips: Strip[] = []
  if (bytes !== 'ByteLevel' && nodes[at]?.type === 'Fuse') {
    at++
    while (nodes[at]?.type === 'Strip') strips.push(stripOf(nodes[at++]))
  }
  if (at < nodes.length) return null
  return {
    textOf: (piece, first) => {
      let text = piece
      for (const step of ofPieces) text = step(text, first)
      return text
    },
    firstDiffers: nodes.slice(0, ofPieces.length).some(({ type }) => type === 'Metaspace'),
    bytes,
    strips,
  }
}

/** null when the piece is no well-formed text: its half of a character may meet the other half. */
export function pieceParts({ textOf, bytes: way }: DecodePlan, piece: string, first: boolean): PieceParts | null {
  const text = textOf(piece, first)
  if (way === 'ByteLevel') {
    const bytes = pieceToBytes(text) ?? encodeUtf8(text)
    // Nothing does not part the bytes around it.
    return { content: bytes, loose: bytes.length === 0 || !isValidUtf8(bytes) }
  }
  const byte = way === 'ByteFallback' ? fallbackByte(text) : -1
  if (byte >= 0) return { content: Uint8Array.of(byte), loose: true }
  return isWellFormed(text) ? { content: text, loose: false } : null
}

function isWellFormed(text: string): boolean {
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xf800) === 0xd800) return toWellFormed(text) === text
  return true
}

function flatten(node: JsonNode): JsonNode[] {
  return node.type === 'Sequence' ? nodeList(node, 'decoders').flatMap(flatten) : [node]
}

function stripOf(node: JsonNode): Strip {
  const content = String(node.content)
  const matches = [...content].length === 1 && isWellFormed(content)
  return {
    content: matches ? encodeUtf8(content) : new Uint8Array(),
    start: Number(node.start),
    stop: Number(node.stop),
  }
}
