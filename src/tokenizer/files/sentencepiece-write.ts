/** Writes SentencePiece `.model` files. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { KoVocabError } from '../../errors'
import {
  type ModelProto,
  ModelProto_SentencePieceSchema,
  ModelProtoSchema,
  NormalizerSpecSchema,
  TrainerSpec_ModelType,
  TrainerSpecSchema,
} from '../proto/sentencepiece_model_pb'
import type { Tokenizer } from '../types'
import { PieceKind } from '../types'
import { show } from './text'

/**
 * The bytes of a ModelProto. With the base's `.model` among the sources, its pieces, scores and specs are kept as they
 * are and new pieces are appended; an unchanged tokenizer gives the base's bytes.
 *
 * @param dummyPrefix only without a base `.model`: whether the normalizer puts `▁` before the text
 * @throws KoVocabError `unsupported` for byte-level tokenizers and holes in the ids, `mismatch` when a base piece changed
 */
export function writeSentencePiece(tokenizer: Tokenizer, dummyPrefix = true): Uint8Array {
  const { pieces, kinds, scores, sources } = tokenizer
  if (tokenizer.form !== 'sentencepiece') {
    throw new KoVocabError('unsupported', 'a byte-level tokenizer cannot be written as a SentencePiece .model')
  }
  if (!scores) {
    throw new KoVocabError('unsupported', 'a .model needs scores, and this tokenizer has none', 'see scoresFromMerges')
  }
  const proto = sources.model ? fromBinary(ModelProtoSchema, sources.model) : freshModel(tokenizer, dummyPrefix)
  const had = proto.pieces.length
  if (had > pieces.length) {
    throw new KoVocabError('mismatch', `the base .model has ${had} pieces, the tokenizer only ${pieces.length}`)
  }
  for (let id = 0; id < had; id++) {
    if (proto.pieces[id].piece === pieces[id]) continue
    throw new KoVocabError(
      'mismatch',
      `piece ${id} is ${show(proto.pieces[id].piece)} in the base .model and ${show(pieces[id])} in the tokenizer`,
    )
  }
  for (let id = had; id < pieces.length; id++) {
    if (pieces[id] === '') {
      throw new KoVocabError('unsupported', `no piece has id ${id}, and a .model cannot leave an id out`)
    }
    if (!Number.isFinite(scores[id])) {
      throw new KoVocabError('mismatch', `piece ${id}, ${show(pieces[id])}, has the score ${scores[id]}`)
    }
    const piece = create(ModelProto_SentencePieceSchema, { piece: pieces[id], score: scores[id] })
    // spm_train leaves the type away where it is NORMAL.
    if (kinds[id] !== PieceKind.Normal) piece.type = kinds[id] as number
    proto.pieces.push(piece)
  }
  if (pieces.length > had && proto.trainerSpec) proto.trainerSpec.vocabSize = pieces.length
  return toBinary(ModelProtoSchema, proto)
}

function freshModel(tokenizer: Tokenizer, dummyPrefix: boolean): ModelProto {
  const { pieces, kinds, unkId } = tokenizer
  const control = (...names: string[]) => {
    const found = names.map((name) => pieces.indexOf(name)).find((id) => id >= 0 && kinds[id] === PieceKind.Control)
    return found ?? -1
  }
  const [bosId, eosId, padId] = [control('<s>', '<bos>'), control('</s>', '<eos>'), control('<pad>')]
  return create(ModelProtoSchema, {
    trainerSpec: create(TrainerSpecSchema, {
      modelType: TrainerSpec_ModelType.BPE,
      vocabSize: pieces.length,
      byteFallback: true,
      unkId,
      bosId,
      eosId,
      padId,
      unkPiece: pieces[unkId] ?? '<unk>',
      ...(bosId >= 0 && { bosPiece: pieces[bosId] }),
      ...(eosId >= 0 && { eosPiece: pieces[eosId] }),
      ...(padId >= 0 && { padPiece: pieces[padId] }),
    }),
    normalizerSpec: create(NormalizerSpecSchema, {
      name: 'identity',
      precompiledCharsmap: new Uint8Array(0),
      addDummyPrefix: dummyPrefix,
      removeExtraWhitespaces: false,
      escapeWhitespaces: true,
    }),
  })
}
