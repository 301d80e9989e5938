/** Sums over lines, from which every figure follows. Tallies of domains add up to the tally of all. */
import type { MeasuredTokenizer } from '../tokenizers/types'
import { alignTokens, type Ink, inkOf, inkPositions, insideWord } from './align'
import { comesBack } from './round-trip'

export interface Tally {
  lines: number
  tokens: number
  /** By id: how often. */
  uses: Float64Array
  /** Eojeols of the lines that could be aligned, and those of them with a token boundary inside. */
  words: number
  splitWords: number
  unalignedLines: number
  changedLines: number
  lostLines: number
  /** Morpheme boundaries inside eojeols, and those of them that are token boundaries. */
  boundaries: number
  agreeing: number
}

/** A line, with what is the same for all tokenizers. */
export interface PreparedLine {
  text: string
  ink: Ink
  /** Places in `ink` where josa and eomi begin inside an eojeol; null without an analyser. */
  boundaries: number[] | null
}

export function noTally(size: number): Tally {
  return {
    lines: 0,
    tokens: 0,
    uses: new Float64Array(size),
    words: 0,
    splitWords: 0,
    unalignedLines: 0,
    changedLines: 0,
    lostLines: 0,
    boundaries: 0,
    agreeing: 0,
  }
}

/** @param boundaries UTF-16 places of {@link PreparedLine.boundaries} */
export function prepareLine(text: string, boundaries: readonly number[] | null): PreparedLine {
  const ink = inkOf(text)
  if (!boundaries) return { text, ink, boundaries }
  const positions = inkPositions(text)
  const places = new Set(boundaries.map((at) => positions[at]).filter((at) => insideWord(ink, at)))
  return { text, ink, boundaries: [...places] }
}

/** Adds a line. Returns the text that its tokens decode to when it is `lost`, else null. */
export function addLine(tally: Tally, tokenizer: MeasuredTokenizer, line: PreparedLine): string | null {
  const { text, ink } = line
  const ids = tokenizer.encode(text)
  tally.lines++
  tally.tokens += ids.length
  for (let i = 0; i < ids.length; i++) tally.uses[ids[i]]++

  const begins = alignTokens(ink, ids, tokenizer.bytes)
  if (begins) {
    addWords(tally, ink, begins)
    if (line.boundaries) {
      const at = new Set(begins)
      tally.boundaries += line.boundaries.length
      for (const boundary of line.boundaries) if (at.has(boundary)) tally.agreeing++
    }
  } else if (!addNormalized(tally, tokenizer, text, ids)) tally.unalignedLines++

  const decoded = tokenizer.decode(ids)
  const back = comesBack(tokenizer, text, decoded)
  if (back === 'same') return null
  tally.changedLines++
  if (back === 'changed') return null
  tally.lostLines++
  return decoded
}

/** Eojeols are counted in the text that the normalizer makes, where the tokens are of that one. */
function addNormalized(tally: Tally, tokenizer: MeasuredTokenizer, text: string, ids: ArrayLike<number>): boolean {
  const normalized = tokenizer.normalize(text)
  if (normalized === text) return false
  const ink = inkOf(normalized)
  const begins = alignTokens(ink, ids, tokenizer.bytes)
  if (begins) addWords(tally, ink, begins)
  return begins !== null
}

function addWords(tally: Tally, ink: Ink, begins: readonly number[]): void {
  tally.words += ink.words
  let last = -1
  for (const at of begins) {
    if (!insideWord(ink, at) || ink.wordAt[at] === last) continue
    last = ink.wordAt[at]
    tally.splitWords++
  }
}

export function sumTallies(size: number, parts: readonly Tally[]): Tally {
  const { uses, ...counts } = noTally(size)
  for (const part of parts) {
    for (let id = 0; id < size; id++) uses[id] += part.uses[id]
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += part[key]
  }
  return { ...counts, uses }
}
