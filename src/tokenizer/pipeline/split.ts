/** Cutting a string at matches, in the five manners of Hugging Face `tokenizers` (SplitDelimiterBehavior). */
import { KoVocabError } from '../../errors'

export const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const
export type Behavior = (typeof BEHAVIORS)[number]

export function behaviorOf(value: unknown, fallback?: Behavior): Behavior {
  if (value === undefined && fallback) return fallback
  if (BEHAVIORS.includes(value as Behavior)) return value as Behavior
  throw new KoVocabError(
    'bad-file',
    `tokenizer.json: split behavior ${JSON.stringify(value)}`,
    `one of ${BEHAVIORS.join(', ')}`,
  )
}

/** Cuts the text and leaves out empty parts. `startsCut` tells whether the text's own beginning was removed. */
export type Splitter = (text: string) => { parts: string[]; startsCut: boolean }

interface Span {
  start: number
  end: number
  match: boolean
}

/** @param pattern a string, or a RegExp with the flag `g` */
export function compileSplit(pattern: string | RegExp, behavior: Behavior, invert = false): Splitter {
  return (text) => {
    const spans = typeof pattern === 'string' ? stringSpans(text, pattern) : regexSpans(text, pattern)
    if (invert) for (const span of spans) span.match = !span.match
    const kept = behavior === 'Removed' ? spans.filter((span) => !span.match) : join(spans, behavior)
    const parts: string[] = []
    for (const { start, end } of kept) if (end > start) parts.push(text.slice(start, end))
    return { parts, startsCut: kept.length > 0 && kept[0].start > 0 }
  }
}

function stringSpans(text: string, pattern: string): Span[] {
  const spans: Span[] = []
  let done = 0
  if (pattern !== '') {
    for (let start = text.indexOf(pattern); start >= 0; start = text.indexOf(pattern, done)) {
      if (start > done) spans.push({ start: done, end: start, match: false })
      done = start + pattern.length
      spans.push({ start, end: done, match: true })
    }
  }
  if (done < text.length) spans.push({ start: done, end: text.length, match: false })
  return spans
}

function regexSpans(text: string, pattern: RegExp): Span[] {
  const spans: Span[] = []
  let done = 0
  for (const found of text.matchAll(pattern)) {
    const start = found.index
    const end = start + found[0].length
    // Rust takes no empty match right behind another match.
    if (end === start && start === done && spans.length > 0) continue
    if (start > done) spans.push({ start: done, end: start, match: false })
    spans.push({ start, end, match: true })
    done = end
  }
  if (done < text.length) spans.push({ start: done, end: text.length, match: false })
  return spans
}

function join(spans: Span[], behavior: Behavior): Span[] {
  if (behavior === 'Isolated') return spans
  const joined: Span[] = []
  let previous = false
  if (behavior === 'MergedWithNext') {
    for (let i = spans.length - 1; i >= 0; i--) {
      const span = spans[i]
      if (span.match && !previous && joined.length > 0) joined[joined.length - 1].start = span.start
      else joined.push({ ...span })
      previous = span.match
    }
    return joined.reverse()
  }
  for (const span of spans) {
    const grow = behavior === 'Contiguous' ? span.match === previous : span.match && !previous
    if (grow && joined.length > 0) joined[joined.length - 1].end = span.end
    else joined.push({ ...span })
    previous = span.match
  }
  return joined
}
