/** What a hand-off is made of: facts of the model and the data, and the files that another trainer gets. */
import type { CorpusFormat } from '../../corpus/format'
import type { LlamaConfig } from '../model/config'

export interface HandoffModel {
  config: LlamaConfig
  /** Where the other trainer finds it; may be relative to the hand-off's own folder. */
  folder: string
  /** Its files of weights, for trainers that want them named. */
  weights: readonly string[]
  /** Whether it has a tokenizer.model of SentencePiece's. */
  hasSentencePiece: boolean
  /** The token to fill rows up with, where its tokenizer names none itself: the end of a text. Else null. */
  padding: string | null
  /** transformers' class of its layers. */
  layerClass: 'LlamaDecoderLayer' | 'MistralDecoderLayer'
  /** Rows of embedding and head that the base had: those behind them are new. Null where nothing is known to be new. */
  baseRows: number | null
}

/** A file of text, for trainers that encode themselves. */
export interface SourceFile {
  /** Relative to the hand-off's folder. */
  path: string
  format: CorpusFormat
  /** Of the records' fields the one with the text. Default `text`. */
  field?: string
}

export interface HandoffSource {
  name: string
  /** Encoded tokens, relative to the hand-off's folder. */
  folder: string
  tokens: number
  /** The text that it was encoded from. */
  files: readonly SourceFile[]
  /** `replay` gets the stage's share of replay, `data` the rest. */
  role: 'data' | 'replay'
}

export interface HandoffSettings {
  sources: readonly HandoffSource[]
  evaluation: readonly Pick<HandoffSource, 'name' | 'folder'>[]
  /** Of all tokens, where a stage has no share of its own; 0 to below 1. */
  replayShare: number
  /** Positions of a row. */
  length: number
  /** Rows of a step, over all processes and micro-batches. */
  rowsPerStep: number
  /** Rows that a process computes at once: for trainers that want it in a file. */
  micro: number
  /** Processes that the files of other trainers reckon with. */
  processes: number
  /** Of the run. */
  tokens: number
  seed: number
}

export const HANDOFF_TARGETS = ['fsdp', 'transformers', 'axolotl', 'torchtune'] as const
export type HandoffTarget = (typeof HANDOFF_TARGETS)[number]

export interface HandoffFile {
  /** Relative to the hand-off's folder. */
  name: string
  text: string
}

export interface Handoff {
  files: HandoffFile[]
  /** What the target cannot do as the recipe says; each stands in the head of the files concerned, too. */
  warnings: string[]
  /** The commands that run it, in order. */
  commands: string[]
}
