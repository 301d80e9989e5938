/** The browser-safe core: plain functions over plain data. */
export type { WordCounts } from './counts/types'
export { type ErrorCode, isKoVocabError, KoVocabError } from './errors'
export { type ExtendOptions, extendTokenizer } from './extend/extend'
export { emptyBase } from './extend/from-nothing'
export { formatMerges, parseMerges } from './merges/merges-file'
export { type SyllablePolicy, type TrainMergesOptions, trainMerges } from './merges/train-merges'
export type { LearnedMerges, LearnedPiece } from './merges/types'
export { inScope, mayChange, pieceInScope, SCOPES, type Scope, scopeNamed } from './text/scope'
export { type DecodeOptions, decodeIds as decode } from './tokenizer/decode'
export {
  countTokens,
  createEncoder,
  type EncodeOptions,
  type Encoder,
  encodePiece,
  encode,
  encodeBytes,
} from './tokenizer/encoder'
export { type TokenizerFiles, tokenizerFiles } from './tokenizer/files/formats'
export { readSentencePiece } from './tokenizer/files/sentencepiece-model'
export { readTiktoken } from './tokenizer/files/tiktoken'
export { readTokenizerJson } from './tokenizer/files/tokenizer-json'
export { tokenizerHash } from './tokenizer/hash'
export {
  type AddedToken,
  type Form,
  type JsonNode,
  type Merges,
  PieceKind,
  type Tokenizer,
  type TokenizerSources,
} from './tokenizer/types'
export { version } from './version'
