/** Pieces within words, or words first and then pieces across spaces. Node only. */
import type { CorpusDomain } from '../corpus/domains'
import { domainWeights, joinCounts } from '../counts/balance'
import { countPhrases, requirePhrases } from '../counts/phrases'
import { KoVocabError } from '../errors'
import { domainCounts, type LearnOptions, learnMerges, withPlainMeta, withSymbols } from '../merges/learn'
import { trainMerges } from '../merges/train-merges'
import type { LearnedMerges } from '../merges/types'
import { wordScope } from '../text/scope'
import type { Tokenizer } from '../tokenizer/types'
import { extendTokenizer } from './extend'

export interface LearnPiecesOptions extends LearnOptions {
  /**
   * With a scope that has superwords: the share of the pieces, 0 to 1, that are learned within words before pieces may go
   * on behind a space. Default 0.5.
   */
  superwords?: number
}

/** {@link learnMerges}; where the scope has superwords, {@link learnSuperwords}. */
export async function learnPieces(
  base: Tokenizer,
  domains: readonly CorpusDomain[],
  options: LearnPiecesOptions,
): Promise<LearnedMerges> {
  const crosses = options.scope.spaces && options.merges === undefined
  return crosses ? learnSuperwords(base, domains, options, options.add!) : learnMerges(base, domains, options)
}

/** @throws bad-option for a share out of range; where superwords are to be learned also as {@link requirePhrases} */
export function requireSuperwords(
  base: Tokenizer,
  domains: readonly CorpusDomain[],
  { superwords = 0.5, scope, merges }: Pick<LearnPiecesOptions, 'superwords' | 'scope' | 'merges'>,
): void {
  if (!(superwords >= 0 && superwords <= 1)) {
    throw new KoVocabError('bad-option', `superwords is ${superwords}`, 'give a share from 0 to 1')
  }
  if (scope.spaces && merges === undefined) requirePhrases(base, domains)
}

/**
 * Words first, then pieces across spaces (SuperBPE, arXiv 2503.13423): the first pieces are learned within words, from
 * all of the text; with them in place the others are learned from phrases, of a sample of it.
 */
async function learnSuperwords(
  base: Tokenizer,
  domains: readonly CorpusDomain[],
  options: LearnPiecesOptions,
  add: number,
): Promise<LearnedMerges> {
  const { scope, superwords = 0.5, userDefinedSymbols, minFrequency, maxPieceLength, signal, onProgress } = options
  requireSuperwords(base, domains, options)
  const counted = await domainCounts(base, domains, options)
  const weights = options.balance === 'none' ? counted.map(() => 1) : domainWeights(counted)
  const first = Math.round(add * superwords)
  const told = (from: number) => (done: number) => onProgress?.('train', from + done, add)
  const common = { minFrequency, maxPieceLength, signal }
  const words =
    first === 0
      ? { pieces: [], meta: {} }
      : trainMerges(withSymbols(base, userDefinedSymbols), joinCounts(counted, weights), {
          ...common,
          add: first,
          syllables: options.syllables,
          scope: wordScope(scope),
          onProgress: told(0),
        })
  const rest = first === add ? 0 : add - words.pieces.length
  if (rest === 0) {
    return withPlainMeta({ ...words, meta: { ...words.meta, scope: scope.name, superwords: String(superwords) } })
  }
  const extended = first === 0 ? base : extendTokenizer(base, words)
  const phrases = await countPhrases(base, domains, counted, weights, { scope, normalize: options.normalize, signal })
  const beyond = trainMerges(withSymbols(extended, userDefinedSymbols), phrases, {
    ...common,
    add: rest,
    syllables: first === 0 ? options.syllables : 'none',
    scope,
    onProgress: told(words.pieces.length),
  })
  const meta = { ...beyond.meta, ...words.meta, scope: scope.name, add: String(add), superwords: String(superwords) }
  return withPlainMeta({ pieces: [...words.pieces, ...beyond.pieces], meta })
}
