/** Everything of the browser-safe index, and what needs Node's files, streams and workers. */

export { type AppliedInitMap, type ApplyInitMapOptions, applyInitMapToCheckpoint } from './checkpoint/apply'
export { type PreparedApply, prepareApply } from './checkpoint/prepare'
export { writeFileAtomic } from './corpus/atomic'
export { type CorpusDomain, expandDomains } from './corpus/domains'
export { type CorpusFile, type ExpandOptions, expandInputs } from './corpus/files'
export type { CorpusFormat, ReadingOptions, RecordReading } from './corpus/format'
export { readLines } from './corpus/lines'
export { type PreparedFolder, type PrepareFolderOptions, prepareFolder } from './corpus/prepare/prepare-folder'
export { type ReadPrepareOptions, readPrepareDocuments } from './corpus/prepare/read-documents'
export { type ShardFormat, writeShards } from './corpus/prepare/shards'
export { spillFile } from './corpus/prepare/spill-file'
export { type CorpusRecord, type ReadRecordsOptions, readRecordBatches, readRecords } from './corpus/records'
export type { Skipped } from './corpus/skipped'
export { type CountWordsOptions, countDomains, countUnordered, countWords } from './counts/count'
export { type CountedFile, type CountToFileOptions, countShard, countToFile } from './counts/count-to-file'
export { readCounts, writeCounts } from './counts/counts-file'
export { type MergeCountsOptions, type MergedCounts, mergeCounts } from './counts/merge-counts'
export { type Shard, shardParts } from './counts/shard'
export { loadDonor } from './donors/load'
export { sentencePieceReferee } from './extend/audit/referees/sentencepiece'
export { type LearnPiecesOptions, learnPieces } from './extend/learn-pieces'
export { type BaseOptions, openBase } from './extend/open-base'
export {
  type ExtendFromTextOptions,
  extendFromText,
  type PreparedExtension,
  prepareExtension,
  type Stage,
} from './extend-from-text'
export {
  type ExtensionSummary,
  type FinishedExtension,
  type FinishOptions,
  type FinishStage,
  finishExtension,
} from './extension-folder'
export * from './index'
export { type FileDomain, readDomain, readDomains } from './measure/bench/domains'
export { openKiwi } from './measure/bench/kiwi'
export { openModelShape } from './measure/bench/open-model'
export { type SampleOptions, sampleLines } from './measure/sample'
export { type OpenMeasuredOptions, openMeasured } from './measure/tokenizers/open'
export {
  type MergeDonorsOptions,
  type MergedDonors,
  type MergeStage,
  mergeDonors,
  type PlannedMerge,
  planMerge,
} from './merge-donors'
export { type LearnOptions, learnMerges } from './merges/learn'
export {
  type PlanExtensionOptions,
  type PlannedExtension,
  type PlanStage,
  type PreparedPlan,
  planExtension,
  preparePlan,
} from './plan-extension'
export { type PrunedFolder, type PruneFolderOptions, type PruneStage, pruneFolder } from './prune-folder'
export { loadTokenizer } from './tokenizer/load'
export { type SavedTokenizer, saveTokenizer } from './tokenizer/save'
export {
  type NodeGpuOptions,
  type NodeWebGpuOptions,
  nodeWebGpuBackend,
  openNodeGpu,
} from './trainer/backends/gpu-node'
export {
  type EvaluatedModel,
  type EvaluatedModels,
  type EvaluateModelsOptions,
  evaluateModels,
} from './trainer/evaluate/evaluate-models'
export { type AdapterFolder, loadAdapter, openAdapter } from './trainer/forms/load-adapter'
export { type SaveAdapterOptions, saveAdapter } from './trainer/forms/save-adapter'
export { type LoadOptions, loadParameters, type ModelFolder, openModel, type TensorPlace } from './trainer/load'
export { type PlannedPretrain, type PretrainOptions, planPretrain } from './trainer/run/plan-pretrain'
export { type PretrainResult, pretrain, type RunPretrainOptions } from './trainer/run/pretrain'
export { type SaveModelOptions, saveModel } from './trainer/save'
export { type CurvesFileOptions, curvesFile } from './trainer/watch/curves-file'
export { type JsonlOptions, jsonlSink, readMetrics } from './trainer/watch/jsonl-sink'
export { type LivePage, type LivePageOptions, livePage } from './trainer/watch/live-page'
export { type TensorboardOptions, tensorboardSink } from './trainer/watch/tensorboard-sink'
export { type RunWatch, type WatchRunOptions, watchRun } from './trainer/watch/watch-run'
