/** An encoder that can be read at sight: ids are bytes, with 256 before and 257 behind each document. */
import type { DocumentEncoder } from '../../../src/trainer/data/document-encoder'
import { type TokenStore, tokensInMemory } from '../../../src/trainer/data/token-store'

export const VOCABULARY = 258

export function byteEncoder(before: number[] = [256], after: number[] = [257]): DocumentEncoder {
  return {
    before,
    after,
    vocabulary: VOCABULARY,
    tokenizerSha256: '0'.repeat(64),
    encode: (text) => Int32Array.from([...before, ...text, ...after]),
  }
}

/** Documents of these lengths, special tokens counted, whose bytes run on from one to the next. */
export function storeOf(lengths: readonly number[], key = 'k', encoder = byteEncoder([], [])): Promise<TokenStore> {
  let next = 0
  const documents = lengths.map((length) => Uint8Array.from({ length }, () => next++ % 251))
  return tokensInMemory(documents, encoder, key)
}
