/** A recipe: what a model is made into, what trains when, and how fast. Plain data; YAML and presets are read into it. */

export interface Recipe {
  name: string
  /** One sentence for people; what it follows (paper, model) included. */
  description: string
  objective: Objective
  /** How the model is changed before the first stage: null trains it as it is. */
  form: Lora | BlockExpansion | null
  /** One after another; each begins with the parameters that the one before it left, and with a new optimizer. */
  stages: Stage[]
}

/** `causal-lm`: every token of packed text. The other two read conversations (JSON lines). */
export type Objective =
  | { kind: 'causal-lm' }
  /** Learns the assistant's turns alone; prompts are masked. */
  | { kind: 'instruction' }
  /** Direct preference optimization (arXiv 2305.18290) with the model before the first stage as frozen reference. */
  | { kind: 'dpo'; beta: number }

/** Low-rank adapters (arXiv 2106.09685) on projections: y += (alpha / rank) · (x · Aᵀ) · Bᵀ. */
export interface Lora {
  kind: 'lora'
  rank: number
  alpha: number
  /** The last names of projections: `q_proj` … `down_proj`. */
  targets: string[]
}

/** LLaMA Pro (arXiv 2401.02415): `blocks` copies of blocks that begin as the identity, spread evenly among the old ones. */
export interface BlockExpansion {
  kind: 'block-expansion'
  blocks: number
}

export interface Stage {
  name: string
  /** The first rule that matches a parameter decides; what none matches is frozen. */
  train: TrainRule[]
  /** The part of the run's tokens, a share of all stages' shares; the run says how many tokens there are. */
  share: number
  /** The schedule's highest. */
  learningRate: number
  schedule: Schedule
  weightDecay: number
  beta1: number
  beta2: number
  epsilon: number
  /** Global gradient norm that is not exceeded; 0 for none. */
  maxNorm: number
  /** Instead of the run's own share of replay. */
  replayShare?: number
}

/**
 * - `embedding`, `head` (also a tied one: a tied head is the embedding), `attention`, `mlp`, `norms`: by role
 * - `layers`: attention, mlp and the norms of the layers; `all`: everything
 * - `adapters`: LoRA's A and B; `new-blocks`: all of the blocks that a {@link BlockExpansion} added
 * - else a name with `*` for any characters: `model.layers.*.mlp.*`
 */
export interface TrainRule {
  parameters: string
  /** Of embedding and head: the rows of the new pieces, those of the base, or all (default). */
  rows?: 'new' | 'base' | 'all'
  /** Times the stage's rate; 1 by default. */
  learningRateScale?: number
  weightDecay?: number
}

/** The rate as a share of the stage's `learningRate`, by the share of the stage's steps. */
export interface Schedule {
  /** `wsd`: warm-up, stable, then a decay (arXiv 2404.06395). */
  kind: 'constant' | 'linear' | 'cosine' | 'wsd'
  /** The part of the steps in which the rate rises from 0: 0 to 1. */
  warmup: number
  /** Where it ends, as a share of the highest: 0 to 1. */
  final: number
  /** `wsd` alone: the part of the steps at the end in which it falls. */
  decay?: number
}
