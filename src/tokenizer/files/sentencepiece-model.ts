/**
 * Reads SentencePiece `.model` files (a ModelProto, see ../proto) of type BPE with byte fallback.
 */
import { fromBinary } from '@bufbuild/protobuf'
import { KoVocabError } from '../../errors'
import { mergesFromScores } from '../merges-of'
import {
  type ModelProto,
  ModelProtoSchema,
  TrainerSpec_ModelType as ModelType,
  type NormalizerSpec,
  type TrainerSpec,
} from '../proto/sentencepiece_model_pb'
import type { AddedToken, JsonNode, Tokenizer } from '../types'
import { PieceKind } from '../types'
import { metaspaceDecoder, metaspaceNormalizer, templateProcessor } from './derived'
import { badFile, byteOfPiece, requireBytePieces, show, unsupported } from './text'
import { applyListedTokens, plainToken, type Sidecars, tokenizerConfig } from './tokenizer-config'

/**
 * The pipeline nodes that a `.model` does not hold are derived as transformers' LlamaConverter derives them:
 * normalizer Prepend `▁` (when the model adds a dummy prefix) and Replace of spaces, decoder Replace, ByteFallback, Fuse
 * (and Strip of the dummy prefix), post-processor `<s>` when tokenizer_config.json does not say `add_bos_token: false`.
 *
 * @param file its name, for messages
 * @param sidecars tokenizer_config.json and added_tokens.json are looked at when they are there
 * @throws KoVocabError `bad-file` for damaged files, `unsupported` for model types and normalizers that are not handled
 */
export function readSentencePiece(bytes: Uint8Array, file: string, sidecars: Sidecars = {}): Tokenizer {
  const proto = parseModel(bytes, file)
  const trainer = proto.trainerSpec
  const normalizer = proto.normalizerSpec
  if (proto.pieces.length === 0) {
    throw badFile(file, `no pieces in its ${bytes.length} bytes: not a SentencePiece model, or a damaged one`)
  }
  if (!trainer || !normalizer) {
    const lacking = trainer ? 'normalizer_spec' : 'trainer_spec'
    throw badFile(
      file,
      `no ${lacking} after ${proto.pieces.length} pieces`,
      'the file is probably cut off: fetch it again',
    )
  }
  refuseOtherModels(trainer, normalizer, proto.denormalizerSpec, file)
  const { pieces, kinds, scores, unkId } = readPieces(proto, file)
  const dummyPrefix = normalizer.addDummyPrefix
  const tokenizer: Tokenizer = {
    form: 'sentencepiece',
    pieces,
    kinds,
    scores,
    merges: mergesFromScores(pieces, scores, kinds),
    addedTokens: addedTokensOf(pieces, kinds, dummyPrefix, file),
    unkId,
    byteFallback: true,
    fuseUnk: true,
    ignoreMerges: false,
    normalizer: metaspaceNormalizer(dummyPrefix),
    preTokenizer: null,
    postProcessor: postProcessorOf(trainer, pieces, kinds, sidecars),
    decoder: metaspaceDecoder(dummyPrefix),
    sources: { model: bytes, sidecars },
  }
  return applyListedTokens(tokenizer)
}

/** Decodes the protobuf message; fields that the format's definition lacks are kept. */
export function parseModel(bytes: Uint8Array, file: string): ModelProto {
  if (bytes.length === 0) throw badFile(file, 'the file is empty')
  try {
    return fromBinary(ModelProtoSchema, bytes)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const hint = 'the file is cut off or something else: fetch it again'
    throw new KoVocabError('bad-file', `${file}: not a SentencePiece model: ${reason}`, hint, { cause })
  }
}

function refuseOtherModels(
  trainer: TrainerSpec,
  normalizer: NormalizerSpec,
  denormalizer: NormalizerSpec | undefined,
  file: string,
): void {
  if (trainer.modelType !== ModelType.BPE) {
    const name = ModelType[trainer.modelType] ?? String(trainer.modelType)
    const reason =
      trainer.modelType === ModelType.UNIGRAM
        ? 'a unigram model chooses pieces by probability, so there are no merges that could be continued'
        : 'it has no merges that could be continued'
    throw unsupported(file, `model_type is ${name}: ${reason}`, 'use a base trained with --model_type=bpe')
  }
  if (!trainer.byteFallback) {
    throw unsupported(
      file,
      'byte_fallback is false: characters outside the vocabulary become unknown and are lost',
      'use a base trained with --byte_fallback=true',
    )
  }
  if (trainer.treatWhitespaceAsSuffix) {
    throw unsupported(file, 'treat_whitespace_as_suffix is true: only spaces in front of words are handled')
  }
  const rules = `--normalization_rule_name=identity --remove_extra_whitespaces=false`
  if (normalizer.precompiledCharsmap.length > 0) {
    throw unsupported(
      file,
      `normalizer ${show(normalizer.name)} has a compiled character map (${normalizer.precompiledCharsmap.length} bytes): only identity is handled`,
      `use a base trained with ${rules}`,
    )
  }
  if (normalizer.removeExtraWhitespaces) {
    throw unsupported(
      file,
      'remove_extra_whitespaces is true: text would not come back as it was',
      `use a base trained with ${rules}`,
    )
  }
  if (!normalizer.escapeWhitespaces) throw unsupported(file, 'escape_whitespaces is false: spaces must be written ▁')
  if (denormalizer && denormalizer.precompiledCharsmap.length > 0) {
    throw unsupported(file, `denormalizer ${show(denormalizer.name)} has a compiled character map`)
  }
}

function readPieces(proto: ModelProto, file: string) {
  const count = proto.pieces.length
  const pieces = new Array<string>(count)
  const kinds = new Uint8Array(count)
  const scores = new Float32Array(count)
  const idOf = new Map<string, number>()
  let unkId = -1
  proto.pieces.forEach(({ piece, score, type }, id) => {
    if (piece === '') throw badFile(file, `piece ${id} is empty`)
    const first = idOf.get(piece)
    if (first !== undefined) throw badFile(file, `piece ${id} is ${show(piece)}, which is piece ${first} already`)
    if (!Number.isFinite(score)) throw badFile(file, `piece ${id}, ${show(piece)}, has the score ${score}`)
    const kind: number = type
    if (kind < PieceKind.Normal || kind > PieceKind.Byte) {
      throw badFile(file, `piece ${id}, ${show(piece)}, has the type ${kind}, 1 to 6 are known`)
    }
    if (kind === PieceKind.Unused) {
      throw unsupported(file, `piece ${id}, ${show(piece)}, is of type UNUSED, which tokenizer.json cannot express`)
    }
    if (kind === PieceKind.Unknown) {
      if (unkId >= 0) throw badFile(file, `pieces ${unkId} and ${id} are both of type UNKNOWN, one is expected`)
      unkId = id
    }
    if ((kind === PieceKind.Byte) !== byteOfPiece(piece) >= 0) {
      throw badFile(
        file,
        `piece ${id}, ${show(piece)}, has the type ${kind}: type ${PieceKind.Byte} and <0xNN> go together`,
      )
    }
    pieces[id] = piece
    kinds[id] = kind
    scores[id] = score
    idOf.set(piece, id)
  })
  if (unkId < 0) throw badFile(file, `none of its ${count} pieces is of type UNKNOWN`)
  requireBytePieces((piece) => idOf.has(piece), file)
  return { pieces, kinds, scores, unkId }
}

/**
 * SentencePiece finds user-defined pieces in the normalized text, so one that holds `▁` must be looked for there too
 * (`normalized`); with a dummy prefix Hugging Face would put the prefix before the token itself as well.
 */
function addedTokensOf(pieces: string[], kinds: Uint8Array, dummyPrefix: boolean, file: string): AddedToken[] {
  const tokens: AddedToken[] = []
  pieces.forEach((piece, id) => {
    const special = kinds[id] === PieceKind.Control || kinds[id] === PieceKind.Unknown
    if (!special && kinds[id] !== PieceKind.UserDefined) return
    const normalized = !special && piece.includes('▁')
    if (normalized && dummyPrefix) {
      throw unsupported(
        file,
        `piece ${id}, ${show(piece)}, is user-defined with ▁ in it and add_dummy_prefix is true, which tokenizer.json cannot express`,
      )
    }
    tokens.push({ ...plainToken(id, piece, special), normalized })
  })
  return tokens
}

function postProcessorOf(
  trainer: TrainerSpec,
  pieces: string[],
  kinds: Uint8Array,
  sidecars: Sidecars,
): JsonNode | null {
  const config = tokenizerConfig(sidecars)
  const control = (id: number) => (kinds[id] === PieceKind.Control ? { id, content: pieces[id] } : null)
  const bos = config?.add_bos_token === false ? null : control(trainer.bosId)
  const eos = config?.add_eos_token === true ? control(trainer.eosId) : null
  return templateProcessor(bos, eos)
}
