/** The trainer: a Llama-like model as a static plan of operations, and the backends that run it. */

export { type CpuOptions, cpuBackend } from './backends/cpu/backend'
export type { Backend, Session, StepInput, Values } from './backends/types'
export { type WebGpuBackend, type WebGpuOptions, webgpuBackend } from './backends/webgpu/backend'
export type { OpenDeviceOptions } from './backends/webgpu/device'
export type { Traits } from './backends/webgpu/launch'
export { measurePeak } from './backends/webgpu/peak'
export type { ProfileEntry } from './backends/webgpu/profile'
export {
  type Batches,
  type BatchesOptions,
  createBatches,
  type DataDescription,
  requireSameData,
  type Source,
} from './data/batches'
export type { Blocks } from './data/blocks'
export {
  createDocumentEncoder,
  type DocumentEncoder,
  type SpecialMode,
  type SpecialOptions,
} from './data/document-encoder'
export { type DocumentEnd, type DocumentOptions, documentsOf } from './data/documents'
export type { PackingKind } from './data/packing'
export { type TokenStore, tokensInMemory } from './data/token-store'
export { type EvaluationBlocks, evaluationStart, evaluationWindows, type WindowOptions } from './data/windows'
export { type EvaluateOptions, evaluateSet } from './evaluate/evaluate'
export { type EvaluationSet, type EvaluationSetOptions, evaluationSet } from './evaluate/sets'
export {
  addedLayers,
  type ExpandedLayers,
  expandConfig,
  expandedOrigins,
  expandLayers,
  type ParameterOrigin,
} from './forms/block-expansion'
export { expandConfigText } from './forms/expand-config-text'
export { beginLora, loraInitialValues, mergeLora } from './forms/lora'
export { handOff } from './handoff/hand-off'
export {
  HANDOFF_TARGETS,
  type Handoff,
  type HandoffFile,
  type HandoffModel,
  type HandoffSettings,
  type HandoffSource,
  type HandoffTarget,
} from './handoff/types'
export { type LlamaConfig, type RopeScaling, readLlamaConfig } from './model/config'
export { type ParameterShape, parameterShapes } from './model/parameters'
export { type AnswerSumsOptions, answerSums } from './objectives/answer-sums'
export {
  type ChatTemplate,
  chatTemplateOf,
  createChatTemplate,
} from './objectives/chat-template'
export {
  type Conversation,
  type Message,
  type Preference,
  readConversation,
  readPreference,
} from './objectives/conversations'
export { answerNll, type DpoStep, dpoWeights, positionWeights } from './objectives/dpo'
export {
  type ConversationEncoder,
  createConversationEncoder,
  type EncodedConversation,
} from './objectives/encode-conversation'
export { type ConversationStore, type ConversationStoreOptions, conversationStore } from './objectives/instruction'
export type { LinesOfFile } from './objectives/json-lines'
export { namedTemplates, type TemplateName } from './objectives/named-templates'
export {
  createPreferenceBatches,
  type HeldOutPairs,
  type PreferenceBatches,
  type PreferenceBatchesOptions,
  type PreferenceBlocks,
  type PreferenceStore,
  type PreferenceStoreOptions,
  preferenceStore,
} from './objectives/preferences'
export { buildPlan, type PlanOptions, type TrainSettings } from './plan/build'
export { planBytes } from './plan/memory'
export type * from './plan/operations'
export { type Batch, batchInputs, IGNORED, nextTokenLabels, updateInputs } from './plan/step-inputs'
export type { Storage } from './plan/storage'
export type {
  Buffer,
  LoraShape,
  Parameter,
  Plan,
  PlanInputs,
  PlanOutputs,
  ProgramName,
  RowRange,
  Tensor,
  TensorId,
  TensorKind,
  TrainedParameter,
} from './plan/types'
export type { AdamWOptions } from './plan/update'
export { formatRecipe } from './recipes/format'
export { planOptionsOf, type RecipeModel, type StagePlan, trainedParameters } from './recipes/plan-options'
export { type PresetName, presetNames, presetText } from './recipes/presets'
export { presetRecipe, type ReadRecipeOptions, readRecipe } from './recipes/read'
export { learningRateAt, stepsOf } from './recipes/schedule'
export type { BlockExpansion, Lora, Objective, Recipe, Schedule, Stage, TrainRule } from './recipes/types'
export { attendedPairs, flopsOf, type ProgramFlops } from './run/flops'
export { type GateSettings, jointScore, type OnForget, passGate } from './run/gate'
export type * from './run/metrics'
export { type MixedDataOptions, mixedData } from './run/mixed-data'
export type { ReferenceStore, ReferenceSums } from './run/reference'
export type { RunState } from './run/state'
export { train } from './run/train'
export type {
  CheckpointSettings,
  CheckpointStore,
  EvaluationSettings,
  PreferenceSettings,
  StageData,
  TrainOptions,
  TrainResult,
} from './run/types'
export { metricsLine, readMetricsLine } from './watch/metrics-line'
export { plotRuns, type RunCurve, type RunsPlot } from './watch/plot-runs'
export { type LineOptions, NO_PROGRESS, nextProgress, type ProgressState, progressLine } from './watch/progress-line'
export { addMetrics, createRunView, type RunView } from './watch/run-view'
export type { Sink, Stamp, WatchedMetrics } from './watch/sink'
export { type WatchPageOptions, watchPage } from './watch/watch-page'
