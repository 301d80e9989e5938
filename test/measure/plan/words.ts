/** Counted words of lines, without files. */
import { createFeed } from '../../../src/counts/feed'
import { countsMeta, planFor } from '../../../src/counts/plan'
import type { WordCounts } from '../../../src/counts/types'
import { wordCount, wordLength, wordStart } from '../../../src/counts/word-table'
import type { Scope } from '../../../src/text/scope'
import { encodeUtf8 } from '../../../src/text/utf8'
import type { Tokenizer } from '../../../src/tokenizer/types'

export function wordsOf(base: Tokenizer, lines: readonly string[], scope: Scope): WordCounts {
  const plan = planFor(base, scope)
  const feed = createFeed(plan)
  feed.push(encodeUtf8(lines.join('\n')))
  feed.end()
  const { table } = feed
  const places = Array.from({ length: table.size }, (_, i) => i)
  const meta = Object.entries(countsMeta(plan, 'keep', base)).map(([key, value]) => [`ko_vocab.${key}`, value])
  return {
    bytes: table.arena.subarray(0, table.used),
    offsets: Uint32Array.from([
      ...places.map((i) => wordStart(table, i)),
      table.size > 0 ? wordStart(table, table.size - 1) + wordLength(table, table.size - 1) : 0,
    ]),
    counts: Float64Array.from(places, (i) => wordCount(table, i)),
    meta: Object.fromEntries(meta),
  }
}
