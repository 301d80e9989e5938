/** Text to learn and text to replay, in the shares of a recipe. */
import { KoVocabError } from '../../errors'
import { type Batches, createBatches, type Source } from '../data/batches'
import type { PackingKind } from '../data/packing'
import type { StageData } from './types'

export interface MixedDataOptions {
  /** What is learned. Several divide their part in proportion to their tokens. */
  data: readonly Source[]
  /** What must not be forgotten. */
  replay?: readonly Source[]
  /** Of all tokens: 0 to 1. */
  replayShare?: number
  length: number
  seed: number
  vocabulary: number
  packing?: PackingKind
}

/**
 * The batches of each stage. A stage goes on behind the rows of each text that the stages before it have read, whatever
 * its own share of replay is.
 *
 * @throws KoVocabError as createBatches; `bad-option` for a share without a text to replay
 */
export function mixedData(options: MixedDataOptions): (stage: StageData) => Batches {
  const { data, replay = [], replayShare = 0, length, seed, vocabulary, packing } = options
  return ({ replayShare: own, read }) => {
    const share = own ?? replayShare
    if (share > 0 && replay.length === 0) {
      const what = `${share} of the tokens are to be replayed, but there is no text for it`
      throw new KoVocabError('bad-option', what, 'name it with --replay, or set the share to 0')
    }
    const total = replay.reduce((sum, { store }) => sum + store.tokens, 0)
    const replayed = replay.map((source) => ({
      ...source,
      share: total > 0 ? (share * source.store.tokens) / total : 0,
    }))
    // Without a share of their own, the texts to learn divide what is left; of nothing, nothing is left to divide.
    const learned = share < 1 ? data : data.map((source) => ({ ...source, share: 0 }))
    return createBatches({ sources: [...learned, ...replayed], length, seed, vocabulary, packing, after: read })
  }
}
