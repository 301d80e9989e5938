/** tiktoken rank files as donors. */

import { bytesToKey } from '../text/byte-key'
import { pieceToBytes } from '../tokenizer/byte-alphabet'
import { readRanks } from '../tokenizer/files/tiktoken'
import { noNormalization } from './normalization'
import { restorePieces } from './restore'
import type { Donor, DonorPiece, ReadDonorOptions } from './types'

/**
 * Pieces by rank, spelled in the byte alphabet. The format holds no special tokens.
 *
 * @throws KoVocabError `bad-file` naming the line
 */
export function readTiktokenDonor(text: string, name: string, options: ReadDonorOptions = {}): Donor {
  const pieces: DonorPiece[] = []
  readRanks(text, name).forEach((spelled, rank) => {
    if (spelled === '') return
    const key = bytesToKey(pieceToBytes(spelled)!)
    pieces.push({ spelled, key, kind: key.length === 1 ? 'byte' : 'piece', score: rank })
  })
  const notes = restorePieces(pieces, noNormalization(), options.normalized !== 'keep')
  return { name, format: 'tiktoken', pieces, orderedBy: 'rank', normalizer: null, notes }
}

/**
 * Whether the file is a rank file. A list of words with counts (`able 12`) looks alike line by line; in a rank file the
 * single bytes come early, and their base64 ends in `==`.
 */
export function isTiktoken(bytes: Uint8Array): boolean {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 4096))
  const lines = head.split(/\r?\n/)
  // The last line may be cut by the end of the sample.
  if (bytes.length > 4096) lines.pop()
  const entries = lines.filter((line) => line !== '')
  return (
    entries.some((line) => line.includes('= ')) &&
    entries.every((line) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)? \d+$/.test(line))
  )
}
