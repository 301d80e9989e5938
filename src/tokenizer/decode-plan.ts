/** Which decoders can be taken apart by id: each piece has its text or bytes, whatever stands around it. */
import { encodeUtf8, isValidUtf8, toWellFormed } from '../text/utf8'
import { pieceToBytes } from './byte-alphabet'
import { compileStep, type Decodable, fallbackByte } from './decode-steps'
import { nodeList } from './pipeline/nodes'
import type { JsonNode } from './types'

export interface DecodePlan {
  /** What the steps before joining make of a piece; the first piece of a sequence may lose its space, or get none. */
  textOf: (piece: string, first: boolean) => string
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
export interface PieceBytes {
  bytes: Uint8Array
  /** Whether they become characters only together with what stands beside them. */
  loose: boolean
}

/** null for a decoder whose steps do not come in the known order: it has to be run on the strings. */
export function decodePlan({ decoder }: Decodable): DecodePlan | null {
  if (!decoder) {
    const textOf = (piece: string, first: boolean) => (first ? piece : ` ${piece}`)
    return { textOf, firstDiffers: true, bytes: null, strips: [] }
  }
  const nodes = flatten(decoder)
  let at = 0
  while (at < nodes.length && ['Replace', 'Strip', 'Metaspace'].includes(nodes[at].type)) at++
  const ofPieces = nodes.slice(0, at)
  const joining = nodes[at]?.type
  const bytes = joining === 'ByteLevel' || joining === 'ByteFallback' ? joining : null
  if (bytes) at++
  const strips: Strip[] = []
  if (bytes !== 'ByteLevel' && nodes[at]?.type === 'Fuse') {
    at++
    while (nodes[at]?.type === 'Strip') strips.push(stripOf(nodes[at++]))
  }
  if (at < nodes.length) return null
  const step = compileStep({ type: 'Sequence', decoders: ofPieces })
  return {
    // The first piece is told by its place alone.
    textOf: (piece, first) => (first ? step([piece])[0] : step(['', piece])[1]),
    firstDiffers: ofPieces.some(({ type }) => type === 'Metaspace'),
    bytes,
    strips,
  }
}

/** null when the piece is no well-formed text: its half of a character may meet the other half. */
export function pieceBytes({ textOf, bytes: way }: DecodePlan, piece: string, first: boolean): PieceBytes | null {
  const text = textOf(piece, first)
  if (way === 'ByteLevel') {
    const bytes = pieceToBytes(text) ?? encodeUtf8(text)
    // Nothing does not part the bytes around it.
    return { bytes, loose: bytes.length === 0 || !isValidUtf8(bytes) }
  }
  const byte = way === 'ByteFallback' ? fallbackByte(text) : -1
  if (byte >= 0) return { bytes: Uint8Array.of(byte), loose: true }
  return toWellFormed(text) === text ? { bytes: encodeUtf8(text), loose: false } : null
}

function flatten(node: JsonNode): JsonNode[] {
  return node.type === 'Sequence' ? nodeList(node, 'decoders').flatMap(flatten) : [node]
}

function stripOf(node: JsonNode): Strip {
  const content = String(node.content)
  const matches = [...content].length === 1 && toWellFormed(content) === content
  return {
    content: matches ? encodeUtf8(content) : new Uint8Array(),
    start: Number(node.start),
    stop: Number(node.stop),
  }
}
