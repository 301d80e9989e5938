/** The trainer: a Llama-like model as a static plan of operations, and the backends that run it. */

export { type CpuOptions, cpuBackend } from './backends/cpu/backend'
export type { Backend, Session, StepInput, Values } from './backends/types'
export { type LlamaConfig, type RopeScaling, readLlamaConfig } from './model/config'
export { type ParameterShape, parameterShapes } from './model/parameters'
export { buildPlan, type PlanOptions, type TrainSettings } from './plan/build'
export type * from './plan/operations'
export { type Batch, batchInputs, IGNORED, nextTokenLabels, updateInputs } from './plan/step-inputs'
export type {
  Buffer,
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
