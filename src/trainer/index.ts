/** The trainer: a Llama-like model as a static plan of operations, and the backends that run it. */

export type { Backend, Session, StepInput, Values } from './backends/types'
export { type LlamaConfig, type RopeScaling, readLlamaConfig } from './model/config'
export type * from './plan/operations'
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
