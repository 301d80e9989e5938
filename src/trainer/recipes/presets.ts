/**
 * The recipes that come with the trainer, as the YAML that a user would write. What was held against which source stands
 * in docs/recipes.md ("Where they come from"); rates, schedules and shares are ours where a description names no source.
 */
import { KoVocabError } from '../../errors'
import { nearest } from '../../text/nearest'

const PRESETS = {
  full: `
description: Every parameter from the first step on.
defaults:
  learning-rate: 5e-5
  schedule: { kind: cosine, warmup: 0.02, final: 0.1 }
stages:
  - name: all
    train: [all]
`,
  'two-stage': `
description: >-
  Embedding and head first, so that the layers meet new pieces that mean something, then everything. Steps and rate are
  those of Solar-Ko-Recovery's model card, which has 30 of 100 billion tokens for the first as we read it.
defaults:
  schedule: { kind: cosine, warmup: 0.02, final: 0.1 }
stages:
  - name: embeddings
    train: [embedding, head]
    share: 0.3
    learning-rate: 5e-5
  - name: all
    train: [all]
    share: 0.7
    learning-rate: 5e-5
`,
  eeve: `
description: >-
  The seven stages of EEVE (arXiv 2402.14714) as public reimplementations have them. Those train stage 6, some 7 too, by
  QLoRA: here all weights train. Rates and shares are ours.
defaults:
  learning-rate: 1e-4
  schedule: { kind: cosine, warmup: 0.02, final: 0.1 }
stages:
  - name: 1-new-input
    train: [{ parameters: embedding, rows: new }]
  - name: 2-new-output
    train: [{ parameters: head, rows: new }]
  - name: 3-new-input-output
    train: [{ parameters: embedding, rows: new }, { parameters: head, rows: new }]
  - name: 4-all-output
    train: [head]
  - name: 5-new-input-all-output
    train: [{ parameters: embedding, rows: new }, head]
  - name: 6-all
    train: [all]
    share: 2
    learning-rate: 5e-5
  - name: 7-layers
    train: [layers]
    learning-rate: 2e-5
`,
  'new-rows': `
description: Only the rows of the new pieces in embedding and head; every weight of the base stays as it is, bit for bit.
defaults:
  learning-rate: 2e-4
  schedule: { kind: cosine, warmup: 0.02, final: 0.1 }
stages:
  - name: new-rows
    train: [{ parameters: embedding, rows: new }, { parameters: head, rows: new }]
`,
  lora: `
description: >-
  Low-rank adapters on all projections, with embedding and head trained in full, as Chinese-LLaMA does after it has
  extended a vocabulary (arXiv 2304.08177); rank, alpha and rate are those of its scripts.
form: { kind: lora, rank: 8, alpha: 32 }
defaults:
  learning-rate: 2e-4
  schedule: { kind: cosine, warmup: 0.02, final: 0.1 }
stages:
  - name: adapters
    train: [adapters, embedding, head]
`,
  'llama-pro': `
description: >-
  LLaMA Pro (arXiv 2401.02415): eight new blocks that begin as the identity learn, the old weights stay as they are. That
  the rows of new pieces learn, too, is ours: LLaMA Pro adds none.
form: { kind: block-expansion, blocks: 8 }
defaults:
  learning-rate: 2e-4
  schedule: { kind: cosine, warmup: 0.06, final: 0.1 }
stages:
  - name: new-blocks
    train: [new-blocks, { parameters: embedding, rows: new }, { parameters: head, rows: new }]
`,
  instruction: `
description: Conversations, of which the assistant's turns alone are learned; every parameter trains.
objective: instruction
defaults:
  learning-rate: 2e-5
  schedule: { kind: cosine, warmup: 0.03, final: 0.1 }
  weight-decay: 0
stages:
  - name: instruction
    train: [all]
`,
  dpo: `
description: >-
  Direct preference optimization (arXiv 2305.18290) with the model at the beginning as reference; beta, rate and schedule
  as Zephyr's (arXiv 2310.16944).
objective: { kind: dpo, beta: 0.1 }
defaults:
  learning-rate: 5e-7
  schedule: { kind: linear, warmup: 0.1, final: 0 }
  weight-decay: 0
stages:
  - name: dpo
    train: [all]
`,
} as const

export type PresetName = keyof typeof PRESETS

export const presetNames = Object.keys(PRESETS) as PresetName[]

export function isPreset(name: string): name is PresetName {
  return Object.hasOwn(PRESETS, name)
}

/** @throws KoVocabError `bad-option` naming the nearest */
export function presetText(name: string): string {
  if (isPreset(name)) return PRESETS[name].trimStart()
  const near = nearest(name, presetNames)
  const known = `known: ${presetNames.join(', ')}`
  const hint = near === undefined ? known : `did you mean ${near}? ${known}`
  throw new KoVocabError('bad-option', `there is no recipe ${JSON.stringify(name)}`, hint)
}
