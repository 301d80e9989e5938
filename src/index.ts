export { type ErrorCode, isKoVocabError, KoVocabError } from './errors'
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
