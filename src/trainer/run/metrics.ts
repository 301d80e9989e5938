/** What a run tells about itself. Plain data: the terminal, metrics.jsonl, TensorBoard and the live page all show this. */

/** After every step. */
export interface StepMetrics {
  kind: 'step'
  /** From 1; over all stages. */
  step: number
  /** Steps of the whole run. */
  steps: number
  stage: string
  /** Tokens trained on so far, this step included. */
  tokens: number
  /** Floating-point operations of training so far, by {@link https://arxiv.org/abs/2203.15556}'s 6 · parameters · tokens, counted exactly per operation of the plan. */
  flops: number
  learningRate: number
  /** Mean negative log-likelihood of the step's labels, in nats a token; with `dpo` its loss, a mean over the step's pairs. */
  loss: number
  /** Before clipping. */
  gradientNorm: number
  /**
   * By source name: mean negative log-likelihood of its labels in this step; a source without labels in it is missing.
   * With `dpo` the two are `chosen` and `rejected`.
   */
  lossOf: Record<string, number>
  /** With `dpo` alone, of the step's pairs. */
  preferences?: { pairs: number } & PreferenceScores
  tokensPerSecond: number
  /** Estimate for the rest of the run, evaluations included; null before there is one. */
  secondsLeft: number | null
}

/** How well a model tells chosen from rejected answers, against the frozen reference. */
export interface PreferenceScores {
  /** Share of pairs whose margin is above 0. */
  accuracy: number
  /** Mean margin in nats times beta: TRL's `rewards/margins`. */
  margin: number
}

/** Whenever the run is evaluated, before the first step too. */
export interface EvaluationMetrics {
  kind: 'evaluation'
  step: number
  tokens: number
  flops: number
  sets: EvaluationOfSet[]
  /** With `dpo` alone: pairs that are not learned from. */
  preferences?: EvaluationOfPreferences[]
  /** Lower is better; see the gate. Null where there is none. */
  jointScore: number | null
  /** Whether this is the best by joint score so far. */
  best: boolean
  gate: GateState
}

export interface EvaluationOfSet {
  name: string
  /** `ko`: what is learned; `en`: what must not be forgotten; null: only watched. */
  role: 'target' | 'guarded' | null
  /** Comparable across tokenizers. */
  bitsPerByte: number
  /** UTF-8. */
  bytes: number
  tokens: number
  /** exp of the mean loss a token: comparable only within one tokenizer. */
  perplexity: number
}

export interface EvaluationOfPreferences extends PreferenceScores {
  name: string
  pairs: number
  /** DPO's, a mean over the pairs: ln 2 before the first step. */
  loss: number
}

/** What the gate did: `slow` lowers the rate, `stop` ends the run with the best checkpoint kept. */
export interface GateState {
  state: 'ok' | 'warn' | 'slow' | 'stop'
  /** How far the guarded set is above its value before the first step, as a share: 0.01 is 1 %. Null where nothing is guarded. */
  worsened: number | null
  /** The largest that is allowed. */
  bound: number | null
  /** Factor on the learning rate from now on. */
  rateScale: number
}

export interface NoteMetrics {
  kind: 'note'
  step: number
  /** For people: a stage begins, a checkpoint is written, the gate warns. */
  text: string
}

export type Metrics = StepMetrics | EvaluationMetrics | NoteMetrics
