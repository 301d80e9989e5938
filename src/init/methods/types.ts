/** What an initialization method is given and what it gives. */
import type { Tokenizer } from '../../tokenizer/types'
import type { CorpusStatistics } from '../corpus-statistics'

/** Which of the two matrices a row is for: embeddings of the input, or those that give the logits. */
export type Side = 'input' | 'output'

/** What is the same for every new piece of one side. */
export interface InitContext {
  base: Tokenizer
  extended: Tokenizer
  side: Side
  /** Ids of the base, holes included. */
  baseRows: number
  /** The base ids that spell a string in the vocabulary's own spelling (`▁안녕`, `Ġìķĥ`), by merging alone. */
  spell: (piece: string) => readonly number[]
  /** Counts of a corpus; null where none was given. */
  corpus: CorpusStatistics | null
  /** How many base rows a sparse method may take; null: the method's own number. */
  k: number | null
  seed: number
}

export interface NewPiece {
  id: number
  /** In the extended tokenizer's spelling. */
  piece: string
  /** The base ids that spell it; at least one. */
  segmentation: readonly number[]
  /** By token of the segmentation: the bytes of text that it spells, at least 1. */
  lengths: readonly number[]
}

/** A new row: Σ weights[i] · base[ids[i]], an id that stands twice counted twice. */
export interface InitRow {
  ids: readonly number[]
  /** Beside `ids`. */
  weights: readonly number[]
  /** Weight of the mean of all base rows. Default 0. */
  mean?: number
  /** Standard deviation of normal noise on every value. Default 0. */
  noise?: number
}

/** A method: once a side it prepares what it needs, then makes the row of each new piece. */
export type InitMethodFunction = (context: InitContext) => (piece: NewPiece) => InitRow
