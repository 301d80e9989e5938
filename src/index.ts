/** The browser-safe core: plain functions over plain data. */

export type { DocumentSource } from './corpus/prepare/batches'
export { DEFAULT_PLAN } from './corpus/prepare/default-plan'
export { type PrepareOptions, prepareDocuments, type Spill } from './corpus/prepare/prepare'
export { type PreparePlan, readPlan } from './corpus/prepare/read-steps'
export type {
  PrepareDocument,
  PrepareReport,
  PrepareStep,
  SourceFacts,
  SourceReport,
  StepReport,
  StepSample,
} from './corpus/prepare/types'
export type { InputRecord, RunRecord } from './corpus/run-types'
export { BALANCED_DOMAINS_MAX, domainWeights, joinCounts } from './counts/balance'
export type { NormalizePolicy } from './counts/plan'
export type { WordCounts } from './counts/types'
export { readDonor } from './donors/read'
export type { Donor, DonorPiece, ReadDonorOptions } from './donors/types'
export { type ErrorCode, isKoVocabError, KoVocabError } from './errors'
export { auditExtension, everywhereReferees } from './extend/audit/audit'
export { formatAudit } from './extend/audit/format'
export type {
  AuditOptions,
  AuditReport,
  Check,
  Failure,
  OpenReferee,
  Referee,
  UnchangedText,
} from './extend/audit/types'
export { type Derivation, derivationsOf } from './extend/derivations'
export { type ExtendOptions, extendTokenizer } from './extend/extend'
export { type ExtensionRecord, extensionRecord } from './extend/extension-record'
export { emptyBase } from './extend/from-nothing'
export { type PaddedTokenizer, padTokenizer } from './extend/pad'
export { type PrunedExtension, pruneExtension, type RemovedPiece } from './extend/prune'
export type { PruneOptions } from './extend/prune-goal'
export { createUseCounter, type UseCounter, type UsedWords } from './extend/used-words'
export { applyInitMap } from './init/apply-init-map'
export {
  type Alignment,
  type CorpusStatistics,
  type CorpusStatisticsOptions,
  corpusStatistics,
} from './init/corpus-statistics'
export { buildInitMap, type InitMap, type InitMapOptions, type SparseRows } from './init/init-map'
export { readInitMap, writeInitMap } from './init/init-map-file'
export { formatInitMap, type PieceText } from './init/init-map-json'
export { type InitMethod, initMethods } from './init/methods'
export type { InitContext, InitMethodFunction, InitRow, NewPiece, Side } from './init/methods/types'
export { segmentPiece } from './init/segment'
export { type BenchOptions, bench, type Domain } from './measure/bench/bench'
export { knownModelShape, readModelShape } from './measure/bench/model-shape'
export type { MorphemeAnalyser } from './measure/bench/morphemes'
export { benchFiles } from './measure/bench/report-files'
export type {
  BenchReport,
  Costs,
  DomainText,
  Figures,
  KoreanSummary,
  ModelShape,
  Parity,
  Provenance,
  Renyi,
  RoundTrip,
  SampleLine,
  Share,
  TextCounts,
  TokenizerBench,
  TokenLengths,
} from './measure/bench/types'
export {
  type AddedTokenDiff,
  type Both,
  type DiffOptions,
  diffTokenizers,
  type IdsDiff,
  type ScoresDiff,
  type TokenizersDiff,
} from './measure/diff'
export type { MergesDiff } from './measure/diff-merges'
export {
  createTextsDiffer,
  type DiffTextsOptions,
  diffTexts,
  type TextDifference,
  type TextsDiff,
  type TextsDiffer,
} from './measure/diff-texts'
export { describe as describeTokenizer, type TokenizerFacts } from './measure/facts'
export type { Bound, ExtensionPlan, PlanRow, Proposal, Rarest } from './measure/plan/types'
export { benchHtml } from './measure/report/bench-html'
export { planHtml } from './measure/report/plan-html'
export { huggingFaceTokenizer } from './measure/tokenizers/huggingface'
export { measuredTokenizer } from './measure/tokenizers/own'
export type { MeasuredTokenizer } from './measure/tokenizers/types'
export { measureTokens, type TokenMeasure } from './measure/tokens'
export { type FromDonorsOptions, learnFromDonors } from './merges/from-donors/learn-from-donors'
export type { DonorMerges, Fate, Intermediate, PieceFate } from './merges/from-donors/types'
export { formatMerges, parseMerges } from './merges/merges-file'
export { type SyllablePolicy, type TrainMergesOptions, trainMerges } from './merges/train-merges'
export type { LearnedMerges, LearnedPiece } from './merges/types'
export {
  defaultScopeName,
  inScope,
  mayChange,
  pieceInScope,
  SCOPES,
  type Scope,
  scopeNamed,
  superwordScope,
  wordScope,
} from './text/scope'
export { createDecoder, type DecodeOptions, type Decoder, decodeBytes, decodeIds as decode } from './tokenizer/decode'
export {
  countTokens,
  createEncoder,
  type EncodeOptions,
  type Encoder,
  encode,
  encodeBytes,
  encodePiece,
} from './tokenizer/encoder'
export { type TokenizerFiles, tokenizerFiles } from './tokenizer/files/formats'
export { readSentencePiece } from './tokenizer/files/sentencepiece-model'
export { readTiktoken } from './tokenizer/files/tiktoken'
export { readTokenizerJson } from './tokenizer/files/tokenizer-json'
export { tokenizerHash } from './tokenizer/hash'
export type { KnownPattern } from './tokenizer/pipeline/known-patterns'
export { readablePiece } from './tokenizer/readable-piece'
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
