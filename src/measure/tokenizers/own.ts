/** Tokenizers that ko-vocab reads itself: BPE, from tokenizer.json, `.model` or rank files. */
import { encodeUtf8, isValidUtf8 } from '../../text/utf8'
import { pieceToBytes } from '../../tokenizer/byte-alphabet'
import { compileDecoder } from '../../tokenizer/decode'
import { createEncoder, encode } from '../../tokenizer/encoder'
import { byteOfPiece } from '../../tokenizer/files/text'
import { tokenizerHash } from '../../tokenizer/hash'
import { nodeList } from '../../tokenizer/pipeline/nodes'
import { compileNormalizer, type TextFunction } from '../../tokenizer/pipeline/normalize'
import { readablePiece } from '../../tokenizer/readable-piece'
import { type JsonNode, PieceKind, type Tokenizer } from '../../tokenizer/types'
import type { MeasuredTokenizer } from './types'

/** @throws KoVocabError `unsupported` when a part of its pipeline is not known, naming it */
export function measuredTokenizer(tokenizer: Tokenizer, name: string, source = name): MeasuredTokenizer {
  const encoder = createEncoder(tokenizer)
  const decoder = compileDecoder(tokenizer)
  return {
    name,
    source,
    engine: 'ko-vocab',
    kind: `BPE, ${tokenizer.form}`,
    size: tokenizer.pieces.length,
    sha256: tokenizer.sha256 ?? tokenizerHash(tokenizer),
    ...pieceFacts(tokenizer),
    unkId: tokenizer.unkId,
    readable: readablePiece(tokenizer),
    encode: (text) => encode(encoder, text),
    decode: (ids) => decoder(ids, { skipSpecialTokens: false }),
    normalize: plainNormalizer(tokenizer.normalizer),
  }
}

/** What {@link MeasuredTokenizer} wants to know of each id. */
export function pieceFacts({
  form,
  pieces,
  kinds,
  addedTokens,
  unkId,
}: Pick<Tokenizer, 'form' | 'pieces' | 'kinds' | 'addedTokens' | 'unkId'>): Pick<
  MeasuredTokenizer,
  'bytes' | 'special' | 'byteIds'
> {
  const special = new Uint8Array(pieces.length)
  const byteIds = new Uint8Array(pieces.length)
  const added = new Set(addedTokens.map(({ id }) => id))
  const bytes = pieces.map((piece, id): Uint8Array | null => {
    const ordinary = kinds[id] === PieceKind.Normal || kinds[id] === PieceKind.Byte
    if (!ordinary && kinds[id] !== PieceKind.UserDefined) special[id] = 1
    if (piece === '' || id === unkId) return null
    if (added.has(id) && kinds[id] !== PieceKind.Normal) return encodeUtf8(piece)
    const byte = kinds[id] === PieceKind.Byte ? byteOfPiece(piece) : -1
    const text = byte >= 0 ? Uint8Array.of(byte) : bytesOfPiece(piece, form)
    if (byte >= 0 || !isValidUtf8(text)) byteIds[id] = 1
    return text
  })
  return { bytes, special, byteIds }
}

function bytesOfPiece(piece: string, form: Tokenizer['form']): Uint8Array {
  return (form === 'byte-level' && pieceToBytes(piece)) || encodeUtf8(piece.replaceAll('▁', ' '))
}

/** The normalizer without the steps that only mark spaces or spell bytes. */
function plainNormalizer(node: JsonNode | null): TextFunction {
  if (!node) return (text) => text
  const steps = (node.type === 'Sequence' ? nodeList(node, 'normalizers') : [node]).filter(
    ({ type, content }) => type !== 'Prepend' && type !== 'ByteLevel' && !(type === 'Replace' && content === '▁'),
  )
  return compileNormalizer({ type: 'Sequence', normalizers: steps })
}
