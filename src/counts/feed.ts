import { decodeUtf8, encodeUtf8 } from '../text/utf8'
import { compileNormalizer } from '../tokenizer/pipeline/normalize'
import { compilePreTokenizer } from '../tokenizer/pipeline/pre-tokenize'
import { type CountPlan, planScope } from './plan'
import { createRunScanner, lastCut, RUN_CHARACTERS_MAX, type RunScanner, scanRuns } from './scan-runs'
import { scanPattern, scanSpaced } from './scan-words'
import { createWordTable, type WordTable } from './word-table'

/** Takes a text in blocks of any size, and counts its words; memory is the table and one block. */
export interface Feed {
  table: WordTable
  /** The next bytes of the text. */
  push: (block: Uint8Array) => void
  /** The text is over; the next push begins another. */
  end: () => void
}

/** What precedes a text: two newlines, so that a look back finds the beginning of a line. */
const CONTEXT = 4

/**
 * A line may be a gigabyte long: then it is cut where no word is, behind at most this many bytes, and a run longer than
 * that is cut where it stands.
 */
const CARRY_MAX = 1 << 20

/** Hangul takes three bytes a character. */
const RUN_BYTES = RUN_CHARACTERS_MAX * 3

export function createFeed(plan: CountPlan): Feed {
  const table = createWordTable()
  const scanner = createRunScanner(planScope(plan), plan.kind === 'runs' ? plan.rules : INNER)
  const scan = scanOf(plan, scanner, table)
  let buffer = new Uint8Array(1 << 20)
  buffer.fill(0x0a, 0, CONTEXT)
  let used = CONTEXT
  let begins = true

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
        const larger = new Uint8Array(used + block.length + CARRY_MAX)
        larger.set(buffer.subarray(0, used))
        buffer = larger
      }
      buffer.set(block, used)
      used += block.length
      if (begins) {
        if (used - CONTEXT < 3) return
        begins = false
        if (buffer[CONTEXT] === 0xef && buffer[CONTEXT + 1] === 0xbb && buffer[CONTEXT + 2] === 0xbf) {
          buffer.copyWithin(CONTEXT, CONTEXT + 3, used)
          used -= 3
        }
      }
      let cut = plan.kind === 'runs' ? lastCut(scanner, buffer, CONTEXT, used) : lineCut(buffer, used)
      // One run, from its first character: cut where the scan cuts it too, whatever the size of the blocks.
      if (cut === CONTEXT && used - CONTEXT > CARRY_MAX) cut += used - CONTEXT - ((used - CONTEXT) % RUN_BYTES)
      consume(cut)
    },
    end() {
      scan(buffer, CONTEXT, used)
      buffer.fill(0x0a, 0, CONTEXT)
      used = CONTEXT
      begins = true
    },
  }
}

/** Behind the last newline; in a long line, before its last space. */
function lineCut(buffer: Uint8Array, used: number): number {
  const newline = buffer.lastIndexOf(0x0a, used - 1)
  if (newline >= CONTEXT) return newline + 1
  if (used - CONTEXT <= CARRY_MAX) return CONTEXT
  const space = buffer.lastIndexOf(0x20, used - 1)
  return Math.max(space, CONTEXT)
}

/** Inside a pre-token a leading space is the pre-token's own. */
const INNER = { spaceJoins: 'last', linePrefix: false } as const

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
      return (bytes, start, end) => {
        for (const line of decodeUtf8(bytes.subarray(start, end)).split(/\r?\n/)) {
          for (const word of preTokenize(normalize(line), true)) {
            const text = plan.form === 'sentencepiece' ? word.replaceAll('▁', ' ') : word
            const inner = encodeUtf8(`\n\n${text}`)
            scanRuns(scanner, inner, 2, inner.length, table)
          }
        }
      }
    }
  }
}
