/** Small tokenizers, written for these tests. */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import {
  ModelProtoSchema,
  type NormalizerSpecSchema,
  type TrainerSpecSchema,
} from '../../../src/tokenizer/proto/sentencepiece_model_pb'

export const bytePieces = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
)

export interface SmallPiece {
  piece: string
  score?: number
  type?: number
}

export const smallPieces: SmallPiece[] = [
  { piece: '<unk>', type: 2 },
  { piece: '<s>', type: 3 },
  { piece: '</s>', type: 3 },
  ...bytePieces.map((piece) => ({ piece, type: 6 })),
  { piece: '▁a', score: 0 },
  { piece: 'ab', score: -1 },
  { piece: '▁ab', score: -2 },
  { piece: '▁', score: -3 },
  { piece: 'a', score: -4 },
  { piece: 'b', score: -5 },
]

/** A whole and handled `.model` of 265 pieces, or one with other pieces or specs. */
export function smallModel(
  change: {
    pieces?: SmallPiece[]
    trainer?: MessageInitShape<typeof TrainerSpecSchema>
    normalizer?: MessageInitShape<typeof NormalizerSpecSchema>
  } = {},
): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      pieces: change.pieces ?? smallPieces,
      trainerSpec: { modelType: 2, vocabSize: smallPieces.length, byteFallback: true, ...change.trainer },
      normalizerSpec: { name: 'identity', removeExtraWhitespaces: false, ...change.normalizer },
    }),
  )
}

type Json = Record<string, unknown>

/** A byte-level tokenizer.json with the pieces `Ġ`, `a`, `b`, `ab`, `Ġab` and one special token outside the vocabulary. */
export function smallByteLevel(change: { document?: Json; model?: Json } = {}): Json {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [addedToken(5, '<|end|>')],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    ...change.document,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: { Ġ: 0, a: 1, b: 2, ab: 3, Ġab: 4 },
      merges: ['a b', 'Ġ ab'],
      ...change.model,
    },
  }
}

export function addedToken(id: number, content: string, change: Json = {}): Json {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...change }
}

/** A rank file of the 256 bytes, `ab` 256 and ` ab` 258 (257 is a hole). */
export function smallRanks(): string {
  const line = (bytes: number[], rank: number) => `${Buffer.from(bytes).toString('base64')} ${rank}\n`
  const lines = Array.from({ length: 256 }, (_, byte) => line([byte], byte))
  return [...lines, line([0x61, 0x62], 256), line([0x20, 0x61, 0x62], 258)].join('')
}
