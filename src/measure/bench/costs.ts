/** What the tokens of Korean text cost a model of a given shape. docs/bench.md has the formulas with their sources. */
import type { Costs, ModelShape } from './types'

export interface TokenCost {
  /** Of Korean text; null without any. */
  tokensPerSyllable: number | null
  bytesPerToken: number | null
}

/** Hangul syllables, with all that stands between them, in a context of so many tokens. */
export function syllablesInContext(tokens: number, { tokensPerSyllable }: TokenCost): number | null {
  return tokensPerSyllable ? tokens / tokensPerSyllable : null
}

/** Keys and values: 2 · layers · kv heads · head size · bytes, for every token. */
export function kvBytes({ layers, kvHeads, headDim, cacheBytes }: ModelShape, tokens: number): number {
  return 2 * layers * kvHeads * headDim * cacheBytes * tokens
}

/** A row of `hidden` values an id; a tied model has no second matrix. */
export function embeddingParameters(
  { hidden, tied }: ModelShape,
  ids: number,
): { embedding: number; head: number; both: number } {
  const embedding = ids * hidden
  const head = tied ? 0 : embedding
  return { embedding, head, both: embedding + head }
}

/**
 * 6 · N floating-point operations a token, forward and backward (Kaplan et al. 2020, arXiv 2001.08361, section 2.1). N
 * are the parameters of the body and of the output matrix of `ids` rows (tied or not, it is multiplied with); looking up
 * an embedding row costs none, and what attention spends on the context's length is left out, as there.
 */
export function trainingFlops({ bodyParameters, hidden }: ModelShape, ids: number, tokens: number): number {
  return 6 * (bodyParameters + ids * hidden) * tokens
}

/** @param firstIds ids of the tokenizer that parameters are compared with */
export function costsOf(shape: ModelShape, ids: number, firstIds: number, cost: TokenCost): Costs {
  const { tokensPerSyllable, bytesPerToken } = cost
  const { embedding, head, both } = embeddingParameters(shape, ids)
  return {
    syllablesIn4k: syllablesInContext(4096, cost),
    syllablesIn8k: syllablesInContext(8192, cost),
    kvBytesPer1000Syllables: tokensPerSyllable === null ? null : kvBytes(shape, 1000 * tokensPerSyllable),
    embeddingParameters: embedding,
    headParameters: head,
    addedParameters: both - embeddingParameters(shape, firstIds).both,
    trainingFlopsPerMegabyte: bytesPerToken ? trainingFlops(shape, ids, 1e6 / bytesPerToken) : null,
  }
}
