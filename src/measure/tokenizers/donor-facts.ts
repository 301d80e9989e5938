import { readDonor } from '../../donors/read'
import { keyToBytes } from '../../text/byte-key'
import { isValidUtf8 } from '../../text/utf8'
import type { MeasuredTokenizer } from './types'

/**
 * What each id stands for, in vocabularies of other kinds than BPE, which the reader of donors knows to spell.
 *
 * @param pieces by id, as the file spells them
 * @throws KoVocabError `bad-file`, `unsupported` as {@link readDonor}
 */
export function donorFacts(
  file: Uint8Array,
  name: string,
  pieces: readonly (string | undefined)[],
): Pick<MeasuredTokenizer, 'bytes' | 'special' | 'byteIds'> {
  const donor = readDonor(file, name, { normalized: 'keep' })
  const known = new Map(donor.pieces.map((piece) => [piece.spelled, piece]))
  const special = new Uint8Array(pieces.length)
  const byteIds = new Uint8Array(pieces.length)
  const bytes = pieces.map((spelled, id) => {
    const piece = spelled === undefined ? undefined : known.get(spelled)
    if (!piece || piece.kind === 'special') {
      special[id] = 1
      return null
    }
    const text = keyToBytes(piece.key)
    if (piece.kind === 'byte' || !isValidUtf8(text)) byteIds[id] = 1
    return text
  })
  return { bytes, special, byteIds }
}

/** A token's bytes as people read them: text, or `<0xEA>` for what is no whole character; a space as `▁`. */
export function readableBytes(bytes: Uint8Array): string {
  if (isValidUtf8(bytes)) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).replaceAll(' ', '▁')
  return Array.from(bytes, (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`).join('')
}
