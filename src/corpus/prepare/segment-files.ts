/** What the steps of a segment need from files: benchmarks and a tokenizer. Node only. */
import { decodeUtf8 } from '../../text/utf8'
import { countTokens, createEncoder } from '../../tokenizer/encoder'
import { loadTokenizer } from '../../tokenizer/load'
import { expandInputs } from '../files'
import type { ReadingOptions } from '../format'
import { readRecords } from '../records'
import type { SegmentContext } from './segment'

/** Plain data, so that threads can open the files themselves. */
export interface SegmentFiles {
  seed: number
  /** How benchmark files are read; the field is each step's own. */
  benchmarks: Omit<ReadingOptions, 'opened'> | undefined
  /** Path of a tokenizer that counts tokens. */
  tokenizer: string | undefined
}

export function segmentContext({ seed, benchmarks, tokenizer }: SegmentFiles): SegmentContext & {
  /** Reads the tokenizer; needed where tokens are counted. */
  openTokenizer: () => Promise<((text: string) => number) | null>
} {
  return {
    seed,
    openItems: (path, field) => benchmarkItems(path, { ...benchmarks, field }),
    openTokenizer: async () => {
      if (tokenizer === undefined) return null
      const encoder = createEncoder(await loadTokenizer(tokenizer))
      return (text) => countTokens(encoder, text)
    },
  }
}

async function* benchmarkItems(pattern: string, reading: ReadingOptions): AsyncGenerator<string> {
  for await (const { text } of readRecords(await expandInputs([pattern], reading), { ends: 'line' })) {
    yield decodeUtf8(text)
  }
}
