/** What `ko-vocab plan` finds out, as plain data: it is JSON as it stands, and every output is made of it alone. */
import type { RunRecord } from '../../corpus/run-types'
import type { Form } from '../../tokenizer/types'
import type { ModelShape } from '../bench/types'

/** Three places of a list in rising order: its least value, and those that 5 % and 10 % of it do not exceed. */
export interface Rarest {
  least: number
  p5: number
  p10: number
}

/** An extension of so many pieces. Formulas: docs/plan.md. */
export interface PlanRow {
  pieces: number
  /** All ids: the base's and the pieces. */
  vocabulary: number
  /** Of the measured text. */
  tokens: number
  tokensPerSyllable: number
  /** Share of the base's tokens that are saved, 0 to 1. */
  saved: number
  /** Of the tokens that the largest size saves, the share that this one saves. */
  shareOfGain: number
  /** What the last thousand pieces do, or all of them where there are fewer; null at 0. */
  lastThousand: {
    /** Share of tokens that they save. */
    saves: number
    /** Share that they add to the FLOPs of a token. */
    costs: number
  } | null
  /** Against the base, embedding and output matrix. */
  addedParameters: number
  /** FLOPs a token that the new rows of the output matrix cost forward. */
  addedSoftmaxFlops: number
  /** On 10^6 bytes of the measured text. */
  trainingFlopsPerMegabyte: number
  inferenceFlopsPerMegabyte: number
  /** Of keys and values in the cache. */
  kvBytesPer1000Syllables: number
  /** How often the rarest new pieces stand in the text that they were learned from; null at 0. */
  uses: Rarest | null
  /** How often they are expected in the training tokens; null at 0. */
  expected: Rarest | null
  /** Share of new pieces that are expected less often than `enough`. */
  rareShare: number
}

/** What a larger size fails, or that there is none. */
export type Bound = 'flops' | 'rare' | 'largest'

export interface Proposal {
  pieces: number
  vocabulary: number
  bound: Bound
}

export interface ExtensionPlan {
  format: 'ko-vocab-plan'
  formatVersion: '1'
  /** Of ko-vocab. */
  version: string
  base: { sha256: string; form: Form; ids: number }
  model: ModelShape
  learned: {
    pieces: number
    /** How many were asked for; there are fewer when the text gives no more. */
    most: number
    scope: string
    /** Distinct words, and Hangul syllables in all of them. */
    words: number
    syllables: number
    /** One line in so many was left out to measure on; null with a text of its own. */
    leftOut: number | null
  }
  measured: { lines: number; bytes: number; syllables: number }
  trainingTokens: number
  /** A piece that is expected less often than that is rare. */
  enough: number
  /** Sizes with a larger share of rare pieces are not proposed. */
  rareShare: number
  /** Ids in all are a multiple of this at every size but the first and the last. */
  multipleOf: number
  /** By size, 0 first and all pieces last. */
  rows: PlanRow[]
  /** null when no size beyond the base has enough of its pieces seen, or none pays. */
  proposal: Proposal | null
  /** The size at which a megabyte costs the fewest FLOPs. */
  cheapest: number
  /** The smallest sizes with so much of the gain; none of them need pass the test of rare pieces. */
  alternatives: { shareOfGain: number; pieces: number; vocabulary: number }[]
  /** Sentences. */
  why: string[]
  /** Options and inputs, as run.json has them. */
  run: RunRecord
}
