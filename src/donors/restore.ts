/**
 * Pieces that were learned from normalized text, written as people write text: decomposed Hangul is composed, and the
 * single jamo that NFKC made conjoining ones (`ㅋ` U+314B became U+110F) become compatibility jamo again.
 */
import { keyToText, textToKey } from '../text/byte-key'
import type { Normalization } from './normalization'
import type { DonorPiece } from './types'

/** Conjoining jamo U+1100 to U+11FF in a key. */
const CONJOINING = /\xe1[\x84-\x87][\x80-\xbf]/
/** Compatibility jamo U+3131 to U+318E in a key. */
const COMPATIBILITY = /\xe3(?:\x84[\xb1-\xbf]|\x85[\x80-\xbf]|\x86[\x80-\x8e])/
/** Hangul that canonical composition can work on. Other scripts stay as they are: NFC would change Hanja (U+F900…). */
const HANGUL_RUN = /[\u1100-\u11ff\uac00-\ud7a3]+/g
/** A syllable of old letters, which has no precomposed form and is no result of NFKC alone; or one conjoining jamo. */
const OLD_SYLLABLE_OR_JAMO = /[\u1100-\u115f][\u1160-\u11a7]+[\u11a8-\u11ff]*|[\u1100-\u11ff]/g

/** Conjoining jamo → the compatibility jamo that NFKC makes it from; no two of U+3131 to U+318E share one. */
export const COMPATIBILITY_JAMO: ReadonlyMap<string, string> = new Map(
  Array.from({ length: 0x318e - 0x3131 + 1 }, (_, i) => String.fromCharCode(0x3131 + i)).map((jamo) => [
    jamo.normalize('NFKC'),
    jamo,
  ]),
)

/**
 * Changes `key` and `restored` of the pieces (of kind `piece` only: added tokens are found in raw text as they stand).
 *
 * Where the normalizer is not known to be NFKC, the pieces are asked: conjoining jamo without any compatibility jamo mean
 * that the training text went through NFKC before. Where Hangul is decomposed, a single jamo is a part of a syllable and
 * stays.
 *
 * @param undo false leaves the jamo of NFKC alone; decomposed Hangul is composed all the same
 * @returns what was done, a sentence each
 */
export function restorePieces(pieces: DonorPiece[], normalization: Normalization, undo: boolean): string[] {
  const composed = composePieces(pieces)
  const notes: string[] = []
  if (composed.length > 0) {
    const { spelled, key } = composed[0]
    notes.push(
      `Of its pieces ${figure(composed.length)} held decomposed Hangul and got composed (NFC), for example ${codePoints(spelled)} is ${readable(key)}.`,
    )
  }
  const withJamo = pieces.filter(({ kind, key }) => kind === 'piece' && CONJOINING.test(key))
  if (withJamo.length === 0) return notes
  if (normalization.decomposes || (composed.length > 0 && !normalization.compatibility)) {
    notes.push(
      `Parts of decomposed syllables, which text in NFC does not have, stand in ${figure(withJamo.length)} of its pieces, for example ${codePoints(withJamo[0].spelled)}.`,
    )
    return notes
  }
  if (!normalization.compatibility) {
    if (pieces.some(({ kind, key }) => kind === 'piece' && COMPATIBILITY.test(key))) return notes
    notes.push('Its pieces hold conjoining jamo and no compatibility jamo, so its training text was in NFKC already.')
  }
  if (!undo) {
    notes.push(
      `Single jamo as NFKC leaves them, which text as people write it does not have, stand in ${figure(withJamo.length)} of its pieces, for example ${codePoints(withJamo[0].spelled)}.`,
    )
    return notes
  }
  const undone = withJamo.filter(undoCompatibility)
  if (undone.length > 0) {
    const { spelled, key } = undone[0]
    notes.push(
      `Single jamo as NFKC leaves them stood in ${figure(undone.length)} of its pieces and got written as people type them, for example ${codePoints(spelled)} is ${readable(key)}.`,
    )
  }
  return notes
}

function composePieces(pieces: DonorPiece[]): DonorPiece[] {
  return pieces.filter((piece) => {
    if (piece.kind !== 'piece' || !CONJOINING.test(piece.key)) return false
    const text = keyToText(piece.key)
    if (text === null) return false
    const composed = text.replace(HANGUL_RUN, (run) => run.normalize('NFC'))
    if (composed === text) return false
    piece.key = textToKey(composed)
    piece.restored = 'nfc'
    return true
  })
}

function undoCompatibility(piece: DonorPiece): boolean {
  const text = keyToText(piece.key)
  if (text === null) return false
  const undone = text.replace(OLD_SYLLABLE_OR_JAMO, (found) => COMPATIBILITY_JAMO.get(found) ?? found)
  if (undone === text) return false
  piece.key = textToKey(undone)
  piece.restored = 'nfkc'
  return true
}

function readable(key: string): string {
  return (keyToText(key) ?? '').replaceAll(' ', '▁')
}

/** Conjoining jamo look like compatibility jamo, so their numbers are given: `▁ᄏ (U+110F)`. */
function codePoints(spelled: string): string {
  return spelled.replace(
    /[\u1100-\u11ff]+/g,
    (run) => `${run} (${[...run].map((char) => `U+${char.charCodeAt(0).toString(16).toUpperCase()}`).join(' ')})`,
  )
}

function figure(n: number): string {
  return n.toLocaleString('en-US')
}
