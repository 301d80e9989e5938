/**
 * A training step as data: which tensors there are, in which buffers they lie, and which operations run over them in
 * which order. Made once for a model, a batch shape and a choice of what trains; replayed every step by a backend.
 */
import type { LlamaConfig } from '../model/config'
import type { Operation } from './operations'

/** Index into {@link Plan.tensors}. */
export type TensorId = number

/**
 * - `parameter`: weights; written by the host before the first step, changed by `update` if they train
 * - `gradient`: of a parameter's trained rows; zeroed by `zero`, added to by every `forward` and `backward`
 * - `state`: Adam's moments; begin as zeros, or as the host writes them when a run is resumed
 * - `input`: written by the host before a run
 * - `constant`: written once, with {@link Plan.constants}, when the plan is opened
 * - `output`: written by a program for the host to read, kept until that program runs again
 * - `activation`: lives within one step; shares its buffer with others, so its contents are undefined outside its life
 */
export type TensorKind = 'parameter' | 'gradient' | 'state' | 'input' | 'constant' | 'output' | 'activation'

export interface Tensor {
  id: TensorId
  /** For people and errors: `model.layers.0.mlp.up_proj.weight`, `gradient of …`, `layer 0 queries`. */
  name: string
  kind: TensorKind
  /** `f32` is the arithmetic's own: the float64 reference holds it as float64. */
  dtype: 'f32' | 'i32'
  /**
   * With PlanOptions.storage `f16`: may be stored in 16 bits (IEEE 754 binary16), which a backend may ignore. No
   * gradient is, nor what the residual stream carries. Operations read and write such a tensor four elements at a time.
   */
  half?: true
  /** Row-major, without padding: element [i, j] of [rows, columns] lies at i · columns + j. */
  shape: number[]
  /** Elements: the product of the shape. */
  size: number
  /**
   * Index into {@link Plan.buffers}; -1 where no operation uses it. A tensor begins at element 0 of its buffer; only
   * activations share one, those in half with their like.
   */
  buffer: number
  /**
   * Elements of a part; `size` where it is not split. A tensor larger than what the device binds at once lies in
   * several parts of this many elements (the last may be shorter), a whole number of rows each, and no operation
   * touches two parts of a tensor. A backend may make a buffer of each.
   */
  part: number
}

export interface Buffer {
  dtype: 'f32' | 'i32'
  /** Of tensors in half, see {@link Tensor.half}. */
  half?: true
  /** Elements of the largest tensor that lies here. */
  size: number
}

/** Rows `first` … `first + count - 1` of a matrix. */
export interface RowRange {
  first: number
  count: number
}

export interface Parameter {
  /** Its name in a Hugging Face checkpoint. */
  name: string
  shape: number[]
  tensor: TensorId
  /** Null where it is frozen. */
  trained: TrainedParameter | null
}

export interface TrainedParameter {
  /** The rows that train; all others never change, not by a bit. A vector is one row. */
  rows: RowRange
  /** Each of the shape [rows.count, columns], or of the vector: what does not train has none. */
  gradient: TensorId
  firstMoment: TensorId
  secondMoment: TensorId
  weightDecay: number
  learningRateScale: number
}

/**
 * In the order of a step:
 *
 * - `zero`: gradients and loss become 0; once before the micro-batches of a step
 * - `forward`: from ids to the loss, and, because the head's logits are never all stored, at once from the loss to the
 *   gradients of the head and of the last hidden states; adds to `loss`, writes `nll`
 * - `backward`: the gradients of everything else that trains; right after its `forward`, which leaves it the activations
 * - `update`: gradient norm, clipping, AdamW; once after the micro-batches of a step
 * - `evaluate`: from ids to `nll` and `loss`, no gradients; between steps, never between `forward` and `backward`, and
 *   `loss` is added to as `forward` does
 * - `logits`: from ids to the logits of every position; only where the plan was asked for it
 */
export type ProgramName = 'zero' | 'forward' | 'backward' | 'update' | 'evaluate' | 'logits'

/** The tensors that the host writes before a run. N = batch · length positions, block after block. */
export interface PlanInputs {
  /** i32 [N]: token ids, 0 … vocabulary - 1. */
  ids: TensorId
  /** i32 [N]: rotary positions, 0 … length - 1. */
  positions: TensorId
  /** i32 [N]: the first position *within the block* of the document that the position belongs to; ≤ its own index. */
  documentStart: TensorId
  /** i32 [N]: the id that position p should predict (already shifted); below 0 where there is none. */
  labels: TensorId
  /** f32 [N]: weight of each position's negative log-likelihood in the loss, 1 / label tokens of the step as a rule. */
  weights: TensorId
  /**
   * i32, the positions of each distinct id: `tokens` [N] are the ids that occur, each once, then -1; `starts` [N + 1]
   * where each one's positions begin in `order` [N]; after the last one `starts` stays at N. Positions ascend within an
   * id. Null where the embedding is frozen.
   */
  occurrences: { tokens: TensorId; starts: TensorId; order: TensorId } | null
  /** f32 [4]: learning rate, 1 - β1^t, 1 - β2^t of step t = 1, 2, …, and 0. Null where nothing trains. */
  step: TensorId | null
}

/** The tensors that the host reads after a run. */
export interface PlanOutputs {
  /** f32 [N]: negative log-likelihood of each label in nats, 0 where there is none. Not weighted. */
  nll: TensorId
  /** f32 [1]: sum of weight · nll since `zero`. */
  loss: TensorId
  /** f32 [1]: square of the global gradient norm before clipping. Null where nothing trains. */
  normSquared: TensorId | null
  /** f32 [N, vocabulary]; null where the plan was not asked for it. */
  logits: TensorId | null
}

/** Low-rank adapters (arXiv 2106.09685): `y += scale · (x · Aᵀ) · Bᵀ`, A [rank, inputs], B [outputs, rank]. */
export interface LoraShape {
  rank: number
  /** alpha / rank. */
  scale: number
  /** The last names of the projections that have one, in all layers: `q_proj` … `down_proj`. */
  targets: readonly string[]
}

export interface Plan {
  config: LlamaConfig
  /** Blocks of a micro-batch. */
  batch: number
  /** Positions of a block. */
  length: number
  tensors: Tensor[]
  buffers: Buffer[]
  constants: { tensor: TensorId; values: Float64Array }[]
  /** In the order of the model: embedding, layers, norm, head, then adapters. A tied head is the embedding. */
  parameters: Parameter[]
  /** The adapters that stand behind the model's parameters. */
  lora?: LoraShape | null
  inputs: PlanInputs
  outputs: PlanOutputs
  programs: Record<ProgramName, Operation[]>
}
