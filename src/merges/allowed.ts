import { keyToBytes } from '../text/byte-key'
import { pieceInScope, type Scope } from '../text/scope'
import { decodeUtf8 } from '../text/utf8'
import type { Form, Tokenizer } from '../tokenizer/types'

/** What a new piece must not exceed or repeat. */
export interface PieceLimits {
  form: Form
  scope: Scope
  /** In characters; a leading space counts. */
  maxPieceLength: number
  /** Strings that stand for something already, and the composed form of base pieces that are not composed. */
  taken: ReadonlySet<string>
}

/** Added tokens, and the NFC forms of pieces that differ from their NFC form. */
export function twinsOf(base: Tokenizer): Set<string> {
  const taken = new Set<string>()
  for (const { content } of base.addedTokens) taken.add(content)
  if (base.form === 'sentencepiece') {
    for (const piece of base.pieces) {
      const composed = piece.normalize('NFC')
      if (composed !== piece) taken.add(composed)
    }
  }
  return taken
}

/** Why a piece may not have a key. */
export type Refusal = 'too-long' | 'out-of-scope' | 'not-composed' | 'taken'

/**
 * Why a piece may not have this key, null when it may: it must lie inside the scope, not be too long, and be its own
 * composed form. A piece of decomposed jamo that spells `하` would be a second id for the same text.
 */
export function refusalOf(limits: PieceLimits, key: string): Refusal | null {
  const bytes = keyToBytes(key)
  let characters = 0
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] & 0xc0) !== 0x80) characters++
  const inScope =
    limits.form === 'sentencepiece'
      ? pieceInScope(limits.scope, spacesForMarks(bytes))
      : pieceInScope(limits.scope, bytes)
  if (!inScope) return 'out-of-scope'
  if (characters > limits.maxPieceLength) return 'too-long'
  const text = decodeUtf8(bytes)
  // Only text that holds combining characters can compose.
  if (text.normalize('NFC') !== text) return 'not-composed'
  return limits.taken.has(text) ? 'taken' : null
}

export function isAllowed(limits: PieceLimits, key: string): boolean {
  return refusalOf(limits, key) === null
}

/** UTF-8 in which every `▁` is a space. */
function spacesForMarks(bytes: Uint8Array): Uint8Array {
  let marks = 0
  for (let i = 0; i + 2 < bytes.length; i++) if (isMark(bytes, i)) marks++
  if (marks === 0) return bytes
  const spaced = new Uint8Array(bytes.length - 2 * marks)
  let used = 0
  for (let i = 0; i < bytes.length; i++) {
    if (isMark(bytes, i)) {
      spaced[used++] = 0x20
      i += 2
    } else spaced[used++] = bytes[i]
  }
  return spaced
}

function isMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x96 && bytes[at + 2] === 0x81
}
