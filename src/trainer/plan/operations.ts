/**
 * The operations that a backend has to know: one kernel each, all of them here.
 *
 * Rules for all:
 * - Sizes are plain numbers of the operation (uniforms of a kernel); nothing depends on the values of inputs but what the
 *   formulas say. Everything is row-major without padding unless a stride is given.
 * - N = batch · length positions; `columns` is the length of a row.
 * - Operands of one operation lie in different buffers, except where the operation is said to work *in place*: then the
 *   tensor is one operand, read and written. Two operands that are only read may be the same tensor.
 * - Written elements are exactly those of the formula; all others stay as they are.
 * - Sums are taken in float32 or wider, in an order that does not change from run to run: no atomics.
 * - `=` overwrites, `+=` adds to what is there. `(+)=` adds where the operation's `accumulate` is true.
 */
import type { TensorId } from './types'

/** Consecutive elements of a tensor, from `offset` (in elements) on. They lie within one part of the tensor. */
export interface Slice {
  tensor: TensorId
  offset: number
}

/** A matrix within a tensor: element [i, j] lies at offset + i · stride + j. It lies within one part of the tensor. */
export interface MatrixView {
  tensor: TensorId
  /** Elements. */
  offset: number
  /** Elements from a row to the next one; at least the length of a row. */
  stride: number
}

/** `out[i] = value` for 0 ≤ i < length. */
export interface Fill {
  kind: 'fill'
  out: Slice
  value: number
  length: number
}

/** `out[i] = a[i] + b[i]` for 0 ≤ i < length. */
export interface Add {
  kind: 'add'
  a: TensorId
  b: TensorId
  out: TensorId
  length: number
}

/**
 * `out[0] (+)= Σ a[i] · b[i]` for 0 ≤ i < length. `a` and `b` may be the same (a sum of squares). Lengths reach 10^9: sum
 * in blocks, not in one running float32 sum, so that the relative error of a sum of squares stays below 1e-6.
 */
export interface Dot {
  kind: 'dot'
  a: Slice
  b: Slice
  /** [1]. */
  out: TensorId
  length: number
  accumulate: boolean
}

/**
 * `out[p, c] = table[id, c]` with id = ids[p], for the positions p < N whose id is in firstRow ≤ id < firstRow + rows;
 * all other positions stay as they are (another part of the table fills them).
 */
export interface Embed {
  kind: 'embed'
  /** i32 [N]. */
  ids: TensorId
  /** Where row `firstRow` begins. */
  table: Slice
  /** [N, columns]. */
  out: TensorId
  positions: number
  columns: number
  firstRow: number
  rows: number
}

/**
 * For each i < N whose id = tokens[i] is in firstRow ≤ id < firstRow + rows (-1 never is), with its positions order[s]
 * for starts[i] ≤ s < starts[i + 1]:
 * `gradient[id - firstRow, c] += Σ_s upstream[order[s], c]`, in the order of s. Every id stands in `tokens` once, so that
 * one group may own a row and nothing needs atomics.
 */
export interface EmbedGradient {
  kind: 'embedGradient'
  /** i32 [N], then i32 [N + 1], i32 [N]: see PlanInputs.occurrences. */
  tokens: TensorId
  starts: TensorId
  order: TensorId
  /** [N, columns]. */
  upstream: TensorId
  /** Where row `firstRow` begins. */
  gradient: Slice
  positions: number
  columns: number
  firstRow: number
  rows: number
}

/**
 * Root mean square norm (arXiv 1910.07467):
 * `inverse[r] = 1 / sqrt(Σ_c x[r, c]² / columns + epsilon)`, `out[r, c] = x[r, c] · inverse[r] · weight[c]`, r < rows.
 */
export interface RmsNorm {
  kind: 'rmsNorm'
  /** [rows, columns]. */
  x: TensorId
  /** [columns]. */
  weight: TensorId
  /** [rows, columns]. */
  out: TensorId
  /** [rows]; kept for the gradients. */
  inverse: TensorId
  rows: number
  columns: number
  epsilon: number
}

/**
 * With g[r, c] = upstream[r, c] · weight[c] and n[r, c] = x[r, c] · inverse[r]:
 * `gradient[r, c] (+)= inverse[r] · (g[r, c] - n[r, c] · Σ_j g[r, j] · n[r, j] / columns)`.
 */
export interface RmsNormGradient {
  kind: 'rmsNormGradient'
  /** [rows, columns]. */
  x: TensorId
  /** [columns]. */
  weight: TensorId
  /** [rows]. */
  inverse: TensorId
  /** [rows, columns]. */
  upstream: TensorId
  /** [rows, columns]: with `accumulate` the residual stream's gradient, to which the branch's is added. */
  gradient: TensorId
  rows: number
  columns: number
  accumulate: boolean
}

/** `gradient[c] += Σ_r upstream[r, c] · x[r, c] · inverse[r]`. */
export interface RmsNormWeightGradient {
  kind: 'rmsNormWeightGradient'
  /** [rows, columns]. */
  x: TensorId
  /** [rows]. */
  inverse: TensorId
  /** [rows, columns]. */
  upstream: TensorId
  /** [columns]. */
  gradient: TensorId
  rows: number
  columns: number
}

/**
 * `c[i, j] (+)= scale · Σ_l A[i, l] · B[l, j]` for i < m, j < n, l < k, where
 * A[i, l] is `a[i, l]`, or `a[l, i]` with `transposeA`; B[l, j] is `b[l, j]`, or `b[j, l]` with `transposeB`.
 *
 * Three of the four occur, with a weight W [out, in] as checkpoints have it:
 * x · Wᵀ (`transposeB`, forward), dy · W (neither, gradient of x), dyᵀ · x (`transposeA`, gradient of W).
 * Offsets and strides need not be multiples of anything: c may be some columns of a wider matrix.
 */
export interface Matmul {
  kind: 'matmul'
  a: MatrixView
  b: MatrixView
  c: MatrixView
  m: number
  n: number
  k: number
  transposeA: boolean
  transposeB: boolean
  accumulate: boolean
  scale: number
}

/**
 * Rotary position embedding (arXiv 2104.09864) *in place*, in the order of transformers: the first half of a head's
 * values turns with the second half, not each with its neighbour. With half = headDim / 2, c = cos[positions[p], i] and
 * s = sin[positions[p], i], for every p < N, head and i < half, u = x[p, head, i] and w = x[p, head, half + i]:
 * `x[p, head, i] = u · c - w · s` and `x[p, head, half + i] = w · c + u · s`.
 * `inverse` turns back (s negated), which is the gradient.
 */
export interface Rope {
  kind: 'rope'
  /** [N, heads, headDim]. */
  x: TensorId
  /** i32 [N]. */
  positions: TensorId
  /** [length, headDim / 2] each: tables of the host. */
  cos: TensorId
  sin: TensorId
  rows: number
  heads: number
  headDim: number
  inverse: boolean
}

/** What the four operations of attention share. Query head h reads key head floor(h · kvHeads / heads). */
interface AttentionSizes {
  batch: number
  length: number
  /** A multiple of kvHeads. */
  heads: number
  kvHeads: number
  headDim: number
  /** 1 / sqrt(headDim) as a rule. */
  scale: number
  /**
   * i32 [N]. In a block, position t attends to the positions j with documentStart[t] ≤ j ≤ t: itself always among them.
   * documentStart never falls within a block, so a key j is attended by consecutive t.
   */
  documentStart: TensorId
  /**
   * [N, heads, 2]: of each position and head first the logarithm of its sum of exponentials, then delta. One tensor, so
   * that no operation has more than eight (the storage buffers that every WebGPU device offers a shader).
   */
  statistics: TensorId
}

/**
 * Causal attention within documents, without storing length × length (online softmax, arXiv 2205.14135). For block b,
 * position t, head h with key head g, over the j that t attends to:
 * `z_j = scale · Σ_d q[b, t, h, d] · k[b, j, g, d]`, `statistics[b, t, h, 0] = L = log Σ_j exp(z_j)`,
 * `out[b, t, h, d] = Σ_j exp(z_j - L) · v[b, j, g, d]`. It leaves statistics[b, t, h, 1] as it is.
 */
export interface Attention extends AttentionSizes {
  kind: 'attention'
  /** [N, heads, headDim], turned by rope. */
  q: TensorId
  /** [N, kvHeads, headDim]; k turned by rope. */
  k: TensorId
  v: TensorId
  /** [N, heads, headDim]. */
  out: TensorId
}

/** `statistics[r, 1] = Σ_d upstream[r, d] · out[r, d]` for the r < N · heads rows of headDim values. */
export interface AttentionDelta {
  kind: 'attentionDelta'
  /** [N, heads, headDim]. */
  out: TensorId
  upstream: TensorId
  /** [N, heads, 2]; the first of each two stays as it is. */
  statistics: TensorId
  rows: number
  headDim: number
}

/**
 * With P_tj = exp(z_tj - statistics[b, t, h, 0]), recomputed, and
 * S_tj = P_tj · (Σ_d upstream[b, t, h, d] · v[b, j, g, d] - statistics[b, t, h, 1]):
 * `gradient[b, t, h, d] = scale · Σ_j S_tj · k[b, j, g, d]`.
 */
export interface AttentionQueryGradient extends AttentionSizes {
  kind: 'attentionQueryGradient'
  q: TensorId
  k: TensorId
  v: TensorId
  /** [N, heads, headDim]. */
  upstream: TensorId
  /** [N, heads, headDim]. */
  gradient: TensorId
}

/**
 * With P and S as in {@link AttentionQueryGradient}, over the query heads h of key head g and the t that attend to j:
 * `keyGradient[b, j, g, d] = scale · Σ_h Σ_t S_tj · q[b, t, h, d]`,
 * `valueGradient[b, j, g, d] = Σ_h Σ_t P_tj · upstream[b, t, h, d]`.
 */
export interface AttentionKeyValueGradient extends AttentionSizes {
  kind: 'attentionKeyValueGradient'
  q: TensorId
  k: TensorId
  v: TensorId
  /** [N, heads, headDim]. */
  upstream: TensorId
  /** [N, kvHeads, headDim] each. */
  keyGradient: TensorId
  valueGradient: TensorId
}

/** `out[i] = gate[i] · sigmoid(gate[i]) · up[i]` (arXiv 2002.05202), sigmoid(x) = 1 / (1 + exp(-x)), i < length. */
export interface SwiGlu {
  kind: 'swiglu'
  gate: TensorId
  up: TensorId
  out: TensorId
  length: number
}

/**
 * *In place*: gate and up become their gradients. With σ = sigmoid(gate[i]) and the old values on the right:
 * `gate[i] = upstream[i] · up[i] · σ · (1 + gate[i] · (1 - σ))`, `up[i] = upstream[i] · gate[i] · σ`.
 * With `into` they stay as they are: `into` becomes the gradient of gate, and upstream, in place, that of up. For gate and
 * up in half, in which gradients would underflow.
 */
export interface SwiGluGradient {
  kind: 'swigluGradient'
  gate: TensorId
  up: TensorId
  upstream: TensorId
  into?: TensorId
  length: number
}

/**
 * Cross-entropy over the full vocabulary for some rows of the batch: row r of `logits` is position firstRow + r.
 * With y = labels[firstRow + r], L = log Σ_c exp(logits[r, c]) (largest logit subtracted first), w = weights[firstRow + r]:
 * `nll[firstRow + r] = L - logits[r, y]`, or 0 where y < 0; and with `gradient`, *in place*,
 * `logits[r, c] = w · (exp(logits[r, c] - L) - (c = y ? 1 : 0))`, or 0 where y < 0.
 * Without `gradient` logits stay as they are (and `weights` is not read).
 */
export interface CrossEntropy {
  kind: 'crossEntropy'
  /** [rows, vocabulary], from element 0 of the tensor. */
  logits: TensorId
  /** i32 [N]. */
  labels: TensorId
  /** [N]. */
  weights: TensorId
  /** [N]. */
  nll: TensorId
  firstRow: number
  rows: number
  vocabulary: number
  gradient: boolean
}

/**
 * As torch's clip_grad_norm_: `out[0] = min(1, maxNorm / (sqrt(normSquared[0]) + 1e-6))`, 1 where maxNorm is 0;
 * `out[1] = 1` if normSquared[0] is finite, else 0 (ask the bits of the exponent: shaders may assume that no NaN occurs),
 * and then out[0] = 0.
 */
export interface Clip {
  kind: 'clip'
  /** [1]. */
  normSquared: TensorId
  /** [2]. */
  out: TensorId
  maxNorm: number
}

/**
 * Adam with decoupled weight decay (arXiv 1711.05101) as torch computes it, for i < length. Nothing is written where
 * clip[1] is 0, so that a step that went wrong leaves parameters and state whole. Else, with
 * rate = step[0] · learningRateScale and g = gradient[i] · clip[0]:
 * `m[i] = beta1 · m[i] + (1 - beta1) · g`, `v[i] = beta2 · v[i] + (1 - beta2) · g²`, then with the new m and v
 * `parameter[i] = parameter[i] · (1 - rate · weightDecay) - (rate / step[1]) · m[i] / (sqrt(v[i]) / sqrt(step[2]) + epsilon)`.
 * parameter, m and v are read and written in place.
 */
export interface AdamW {
  kind: 'adamw'
  parameter: Slice
  gradient: Slice
  m: Slice
  v: Slice
  /** [2], of {@link Clip}. */
  clip: TensorId
  /** [4], see PlanInputs.step. */
  step: TensorId
  length: number
  beta1: number
  beta2: number
  epsilon: number
  weightDecay: number
  learningRateScale: number
}

export type Operation =
  | Fill
  | Add
  | Dot
  | Embed
  | EmbedGradient
  | RmsNorm
  | RmsNormGradient
  | RmsNormWeightGradient
  | Matmul
  | Rope
  | Attention
  | AttentionDelta
  | AttentionQueryGradient
  | AttentionKeyValueGradient
  | SwiGlu
  | SwiGluGradient
  | CrossEntropy
  | Clip
  | AdamW

export type OperationKind = Operation['kind']
