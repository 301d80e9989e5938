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
  const marked = limits.form === 'sentencepiece' && bytes[0] === 0xe2 && bytes[1] === 0x96 && bytes[2] === 0x81
  if (marked && limits.scope.name !== 'all') {
    bytes[2] = 0x20
    if (!pieceInScope(limits.scope, bytes, 2)) return 'out-of-scope'
    bytes[2] = 0x81
  } else if (!pieceInScope(limits.scope, bytes)) return 'out-of-scope'
  if (characters > limits.maxPieceLength) return 'too-long'
  const text = decodeUtf8(bytes)
  // Only text that holds combining characters can compose.
  if (text.normalize('NFC') !== text) return 'not-composed'
  return limits.taken.has(text) ? 'taken' : null
}

export function isAllowed(limits: PieceLimits, key: string): boolean {
  return refusalOf(limits, key) === null
}
