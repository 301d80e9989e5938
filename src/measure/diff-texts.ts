import { type Encoder, encode } from '../tokenizer/encoder'
import { readablePiece } from '../tokenizer/readable-piece'
import type { Both } from './diff'

export interface TextDifference {
  /** From 1, over all lines. */
  line: number
  text: string
  /** Both tokenizations, the beginning of long ones: ids, and tokens as people read them. */
  ids: Both<number[]>
  tokens: Both<string[]>
  /** Place of the first token that differs, from 0: in its string, or else in its id. */
  at: number
}

export interface TextsDiff {
  lines: number
  /** Lines whose ids or tokens differ, and their share of all, 0 to 1. */
  differ: number
  share: number
  /** Of those, the lines that are cut into the same strings, under other ids. */
  sameStrings: number
  /** Of those, the lines with the same ids, which stand for other strings. */
  sameIds: number
  /** Of all lines. */
  tokens: Both<number>
  examples: TextDifference[]
}

export interface DiffTextsOptions {
  /** Default 10. */
  examples?: number
}

export interface TextsDiffer {
  /** Compares a line, a text of its own. */
  add: (line: string) => void
  /** What was seen so far. */
  diff: () => TextsDiff
}

/** Tokens of an example line that are kept, from its beginning. */
const TOKENS_MAX = 200

/** For texts that come one by one; {@link diffTexts} for those at hand. */
export function createTextsDiffer(a: Encoder, b: Encoder, { examples: most = 10 }: DiffTextsOptions = {}): TextsDiffer {
  const read = { a: readablePiece(a.tokenizer), b: readablePiece(b.tokenizer) }
  const tokens = { a: 0, b: 0 }
  const examples: TextDifference[] = []
  let lines = 0
  let differ = 0
  let sameStrings = 0
  let sameIds = 0
  const renamed = renamedIds(read, Math.min(a.tokenizer.pieces.length, b.tokenizer.pieces.length))
  return {
    add(text) {
      lines++
      const ids = { a: encode(a, text), b: encode(b, text) }
      tokens.a += ids.a.length
      tokens.b += ids.b.length
      const idsDifferAt = firstDifference(ids.a, ids.b)
      if (idsDifferAt < 0 && !(renamed && ids.a.some((id) => renamed[id] === 1))) return
      differ++
      const strings = { a: Array.from(ids.a, read.a), b: Array.from(ids.b, read.b) }
      let at = firstDifference(strings.a, strings.b)
      if (idsDifferAt < 0) sameIds++
      else if (at < 0) {
        sameStrings++
        at = idsDifferAt
      }
      if (examples.length >= most) return
      examples.push({
        line: lines,
        text,
        ids: { a: Array.from(ids.a.slice(0, TOKENS_MAX)), b: Array.from(ids.b.slice(0, TOKENS_MAX)) },
        tokens: { a: strings.a.slice(0, TOKENS_MAX), b: strings.b.slice(0, TOKENS_MAX) },
        at,
      })
    },
    diff: () => ({
      lines,
      differ,
      share: lines === 0 ? 0 : differ / lines,
      sameStrings,
      sameIds,
      tokens: { ...tokens },
      examples,
    }),
  }
}

/** Encodes lines with both and says where they part ways; what a post-processor adds is left out. */
export function diffTexts(a: Encoder, b: Encoder, lines: Iterable<string>, options: DiffTextsOptions = {}): TextsDiff {
  const differ = createTextsDiffer(a, b, options)
  for (const line of lines) differ.add(line)
  return differ.diff()
}

/** By id, 1 where both have one and it reads differently; null when there is none. */
function renamedIds(read: Both<(id: number) => string>, size: number): Uint8Array | null {
  const renamed = new Uint8Array(size)
  for (let id = 0; id < size; id++) if (read.a(id) !== read.b(id)) renamed[id] = 1
  return renamed.includes(1) ? renamed : null
}

/** The first place where two lists differ, -1 for none. */
function firstDifference<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i
  return -1
}
