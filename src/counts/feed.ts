import { createMarkSkipper } from '../corpus/byte-order-mark'
import { decodeUtf8, encodeUtf8 } from '../text/utf8'
import { compileNormalizer } from '../tokenizer/pipeline/normalize'
import { compilePreTokenizer } from '../tokenizer/pipeline/pre-tokenize'
import { createLineFilter } from './held-out'
import { type CountPlan, planScope } from './plan'
import { createRunScanner, lastCut, type RunRules, type RunScanner, runCut, scanRuns } from './scan-runs'
import { forEachLine, LINE_BYTES_MAX, longLineCut, scanPattern, scanSpaced } from './scan-words'
import { createWordTable, type WordTable } from './word-table'

/** Takes a text in blocks of any size, and counts its words; memory is the table and one block. */
export interface Feed {
  table: WordTable
  /** The next bytes of the text. */
  push: (block: Uint8Array) => void
  /** The text is over; the next push begins another. */
  end: () => void
  /** What comes next is not the beginning of a file: a U+FEFF there is a character and no byte order mark. */
  resume: () => void
}

/** A feed that takes no notice of marks. */
type LineFeed = Omit<Feed, 'resume'>

/** How much a feed's table may hold before it is emptied; see budget.ts. */
export interface TableLimit {
  words: number
  /** Of the words. */
  bytes: number
}

export interface FeedOptions {
  /** Lines that are set apart to measure on, one in so many, are not counted (see held-out.ts). */
  leaveOut?: number
  limit?: TableLimit
  /** Called when the table has reached the limit: takes the words out and empties it. */
  onFull?: (table: WordTable) => void
}

/** With a limit, text is scanned in pieces of at most this size, which bounds how far the table can exceed it. */
const PIECE_BYTES = 1 << 18

/** What the table has room for beyond its limit: a scan of a line of {@link LINE_BYTES_MAX} can find that many. */
const BEYOND_WORDS = LINE_BYTES_MAX / 4

/** What precedes a text: two newlines, so that a look back finds the beginning of a line. */
const CONTEXT = 4

export function createFeed(plan: CountPlan, { leaveOut, limit, onFull }: FeedOptions = {}): Feed {
  const feed = limit && onFull ? createLimitedFeed(plan, limit, onFull) : createWholeFeed(plan, createWordTable())
  // The mark goes first: a line with it is the same line, and the first line that is counted may not be the file's.
  return withoutMark(leaveOut === undefined ? feed : filteredFeed(feed, leaveOut))
}

function withoutMark(feed: LineFeed): Feed {
  const { push, end, resume } = createMarkSkipper()
  return {
    ...feed,
    push: (block) => feed.push(push(block)),
    end() {
      feed.push(end())
      feed.end()
    },
    resume,
  }
}

function filteredFeed(feed: LineFeed, leaveOut: number): LineFeed {
  const filter = createLineFilter(leaveOut, 'others', feed.push)
  return {
    ...feed,
    push: filter.push,
    end() {
      filter.end()
      feed.end()
    },
  }
}

function createLimitedFeed(plan: CountPlan, limit: TableLimit, onFull: (table: WordTable) => void): LineFeed {
  // All at once, since growing would need the old and the new at the same time; memory is taken as it is written to.
  const table = createWordTable(limit.words + BEYOND_WORDS, limit.bytes + 2 * LINE_BYTES_MAX, 1 << 12)
  const feed = createWholeFeed(plan, table)
  const check = () => {
    if (table.size >= limit.words || table.used >= limit.bytes) onFull(table)
  }
  return {
    ...feed,
    push(block) {
      for (let at = 0; at < block.length; at += PIECE_BYTES) {
        feed.push(block.subarray(at, at + PIECE_BYTES))
        check()
      }
    },
    end() {
      feed.end()
      check()
    },
  }
}

function createWholeFeed(plan: CountPlan, table: WordTable): LineFeed {
  const scanner = createRunScanner(planScope(plan), rulesOf(plan))
  const scan = scanOf(plan, scanner, table)
  let buffer = new Uint8Array(1 << 20)
  buffer.fill(0x0a, 0, CONTEXT)
  let used = CONTEXT

  const consume = (to: number) => {
    if (to > CONTEXT) {
      // The scan may overwrite newlines; what becomes context is taken before it.
      const context = buffer.slice(to - CONTEXT, to)
      scan(buffer, CONTEXT, to)
      buffer.copyWithin(CONTEXT, to, used)
      buffer.set(context)
      used -= to - CONTEXT
    }
  }
  return {
    table,
    push(block) {
      if (used + block.length > buffer.length) {
        const larger = new Uint8Array(used + block.length + LINE_BYTES_MAX)
        larger.set(buffer.subarray(0, used))
        buffer = larger
      }
      buffer.set(block, used)
      used += block.length
      if (plan.kind === 'runs') {
        const cut = lastCut(scanner, buffer, CONTEXT, used)
        consume(cut > CONTEXT || used - CONTEXT <= LINE_BYTES_MAX ? cut : runCut(scanner, buffer, CONTEXT, used))
      } else {
        consume(buffer.lastIndexOf(0x0a, used - 1) + 1)
        while (used - CONTEXT > LINE_BYTES_MAX) consume(longLineCut(buffer, CONTEXT))
      }
    },
    end() {
      scan(buffer, CONTEXT, used)
      buffer.fill(0x0a, 0, CONTEXT)
      used = CONTEXT
    },
  }
}

function rulesOf(plan: CountPlan): RunRules {
  if (plan.kind === 'runs') return plan.rules
  // Inside a pre-token a leading space is the pre-token's own.
  return { spaceJoins: plan.kind === 'pipeline' ? plan.spaceJoins : 'last', linePrefix: 'never' }
}

type Scan = (bytes: Uint8Array, start: number, end: number) => void

function scanOf(plan: CountPlan, scanner: RunScanner, table: WordTable): Scan {
  switch (plan.kind) {
    case 'runs':
      return (bytes, start, end) => scanRuns(scanner, bytes, start, end, table)
    case 'spaces':
      return (bytes, start, end) => scanSpaced(bytes, start, end, table)
    case 'pattern':
      return (bytes, start, end) => scanPattern(plan.pattern, bytes, start, end, table)
    case 'pipeline': {
      const normalize = compileNormalizer(plan.normalizer)
      const preTokenize = compilePreTokenizer(plan.preTokenizer, plan.form)
      return (bytes, start, end) =>
        forEachLine(bytes, start, end, (line, from, to) => {
          const words = preTokenize(normalize(decodeUtf8(line.subarray(from, to))), true)
          // One scan a line; the newlines keep the words apart.
          const joined = `\n\n${words.join('\n\n')}`
          const inner = encodeUtf8(plan.form === 'sentencepiece' ? joined.replaceAll('▁', ' ') : joined)
          scanRuns(scanner, inner, 2, inner.length, table)
        })
    }
  }
}
