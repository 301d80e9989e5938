import { createFeed } from '../../src/counts/feed'
import { planFor } from '../../src/counts/plan'
import type { WordCounts } from '../../src/counts/types'
import { wordCount, wordLength, wordStart } from '../../src/counts/word-table'
import { scopeNamed } from '../../src/text/scope'
import { encodeUtf8 } from '../../src/text/utf8'
import type { Tokenizer } from '../../src/tokenizer/types'

/** The Hangul words of a text, as the base makes them; no file and no thread. */
export function wordCounts(base: Tokenizer, text: string): WordCounts {
  const feed = createFeed(planFor(base, scopeNamed('hangul')))
  feed.push(encodeUtf8(text))
  feed.end()
  const { table } = feed
  const offsets = new Uint32Array(table.size + 1)
  const counts = new Float64Array(table.size)
  for (let i = 0; i < table.size; i++) {
    offsets[i + 1] = wordStart(table, i) + wordLength(table, i)
    counts[i] = wordCount(table, i)
  }
  return { bytes: table.arena.subarray(0, table.used), offsets, counts, meta: {} }
}
