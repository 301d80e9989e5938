/** SentencePiece `.model` files of every type as donors. */

import { textToKey } from '../text/byte-key'
import { parseModel } from '../tokenizer/files/sentencepiece-model'
import { badFile, byteOfPiece, show } from '../tokenizer/files/text'
import { TrainerSpec_ModelType as ModelType } from '../tokenizer/proto/sentencepiece_model_pb'
import { PieceKind } from '../tokenizer/types'
import { normalizationNotes, ofNormalizerSpec } from './normalization'
import { restorePieces } from './restore'
import type { Donor, DonorFormat, DonorKind, DonorPiece, ReadDonorOptions } from './types'

const FORMATS: Record<number, DonorFormat> = {
  [ModelType.UNIGRAM]: 'sentencepiece-unigram',
  [ModelType.BPE]: 'sentencepiece-bpe',
  [ModelType.WORD]: 'sentencepiece-word',
  [ModelType.CHAR]: 'sentencepiece-char',
}

const KINDS: Record<number, DonorKind> = {
  [PieceKind.Normal]: 'piece',
  [PieceKind.Unknown]: 'special',
  [PieceKind.Control]: 'special',
  [PieceKind.UserDefined]: 'added',
  [PieceKind.Unused]: 'special',
  [PieceKind.Byte]: 'byte',
}

/**
 * Any model type, normalizer and whitespace treatment is taken. Pieces are ordered by score, equal ones by id.
 *
 * @throws KoVocabError `bad-file` where the file is damaged
 */
export function readSentencePieceDonor(bytes: Uint8Array, name: string, options: ReadDonorOptions = {}): Donor {
  const proto = parseModel(bytes, name)
  const { trainerSpec: trainer, normalizerSpec: normalizer } = proto
  if (proto.pieces.length === 0) {
    throw badFile(name, `no pieces in its ${bytes.length} bytes: not a SentencePiece model, or a damaged one`)
  }
  if (!trainer || !normalizer) {
    const lacking = trainer ? 'normalizer_spec' : 'trainer_spec'
    throw badFile(
      name,
      `no ${lacking} after ${proto.pieces.length} pieces`,
      'the file is probably cut off: fetch it again',
    )
  }
  const format = FORMATS[trainer.modelType]
  if (!format) throw badFile(name, `model_type is ${trainer.modelType}, 1 to 4 are known`)

  const seen = new Map<string, number>()
  let unused = 0
  const pieces = proto.pieces.map(({ piece, score, type }, id): DonorPiece => {
    const kind = KINDS[type]
    if (piece === '') throw badFile(name, `piece ${id} is empty`)
    if (!kind) throw badFile(name, `piece ${id}, ${show(piece)}, has the type ${type}, 1 to 6 are known`)
    if (!Number.isFinite(score)) throw badFile(name, `piece ${id}, ${show(piece)}, has the score ${score}`)
    const first = seen.get(piece)
    if (first !== undefined) throw badFile(name, `piece ${id} is ${show(piece)}, which is piece ${first} already`)
    seen.set(piece, id)
    if (type === PieceKind.Unused) unused++
    if (kind === 'special') return { spelled: piece, key: '', kind, score }
    if (kind === 'piece' || kind === 'added') {
      const text = normalizer.escapeWhitespaces ? piece.replaceAll('▁', ' ') : piece
      return { spelled: piece, key: textToKey(text), kind, score }
    }
    const byte = byteOfPiece(piece)
    if (byte < 0) throw badFile(name, `piece ${id}, ${show(piece)}, has the type BYTE, <0x00> to <0xFF> are expected`)
    return { spelled: piece, key: String.fromCharCode(byte), kind, score }
  })
  // Sorting is stable: equal scores keep the order of their ids.
  pieces.sort((a, b) => b.score! - a.score!)

  const what = ofNormalizerSpec(normalizer)
  const notes = normalizationNotes(what)
  if (trainer.treatWhitespaceAsSuffix) notes.push('Its spaces stand behind words (treat_whitespace_as_suffix).')
  if (unused > 0)
    notes.push(`Pieces of type UNUSED, which take no part in its segmentation, are left aside: ${unused}.`)
  notes.push(...restorePieces(pieces, what, options.normalized !== 'keep'))
  const orderedBy = format === 'sentencepiece-bpe' ? 'score' : 'log probability'
  return { name, format, pieces, orderedBy, normalizer: what.name, notes }
}
