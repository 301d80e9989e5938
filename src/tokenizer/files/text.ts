/** Small things that the file readers share. */
import { KoVocabError } from '../../errors'

/** Ids above this are taken for damage: they would only make huge, empty arrays. */
export const MAX_ID = 1 << 24

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function badFile(file: string, what: string, hint?: string): KoVocabError {
  return new KoVocabError('bad-file', `${file}: ${what}`, hint)
}

export function unsupported(file: string, what: string, hint?: string): KoVocabError {
  return new KoVocabError('unsupported', `${file}: ${what}`, hint)
}

/** A value as it should stand in a message: JSON, cut after 60 characters. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** JSON.parse of an object with a `bad-file` error that names file and position. A byte order mark is skipped. */
export function parseJsonObject(text: string, file: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KoVocabError('bad-file', `${file}: not JSON: ${reason}`, 'is the file complete?', { cause })
  }
  if (!isObject(value)) throw badFile(file, `holds ${show(value)} where a JSON object is expected`)
  return value
}

const BYTE_PIECE = /^<0x([0-9A-F]{2})>$/

/** The byte that a byte fallback piece (`<0xEA>`) stands for, or -1. */
export function byteOfPiece(piece: string): number {
  const match = BYTE_PIECE.exec(piece)
  return match ? Number.parseInt(match[1], 16) : -1
}

/** `<0x00>` … `<0xFF>`. */
export function pieceOfByte(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
}

/** Throws `bad-file` unless all 256 byte pieces are in the vocabulary. */
export function requireBytePieces(has: (piece: string) => boolean, file: string): void {
  const missing: string[] = []
  for (let byte = 0; byte < 256; byte++) if (!has(pieceOfByte(byte))) missing.push(pieceOfByte(byte))
  if (missing.length === 0) return
  throw badFile(
    file,
    `byte fallback needs the pieces <0x00> to <0xFF>, ${missing.length} are missing, the first is ${missing[0]}`,
  )
}
