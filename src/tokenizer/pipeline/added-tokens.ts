/**
 * Finding added tokens in text, as Hugging Face's AddedVocabulary does: those with `normalized: false` in the text as
 * it came, the others in what is left after normalization, each time the leftmost and there the longest.
 */
import type { AddedToken, Tokenizer } from '../types'
import { compileNormalizer, type TextFunction } from './normalize'
import { RUST_WORD } from './regex-class'

/** A stretch of normalized text, or the id of an added token that stood there. */
export type Segment = { text: string; id?: undefined } | { id: number; text?: undefined }

type Emit = (text: string, id: number) => void
/** Calls `emit` with each stretch of text (id -1) and each token; not with empty stretches. */
type Finder = (text: string, emit: Emit) => void

/**
 * Text → its segments in order; the text in them is normalized. The first segment, when it is text, stands at the
 * beginning of the input. Costs one search a line where no token's first character occurs.
 */
export function splitAddedTokens(
  tokenizer: Pick<Tokenizer, 'addedTokens' | 'normalizer'>,
  normalize: TextFunction = compileNormalizer(tokenizer.normalizer),
): (text: string) => Segment[] {
  // Special tokens come first there too, which decides between two of the same content.
  const tokens = [...tokenizer.addedTokens.filter((t) => t.special), ...tokenizer.addedTokens.filter((t) => !t.special)]
  const findRaw = compileFinder(tokens.filter((token) => !token.normalized))
  const findNormalized = compileFinder(
    tokens.filter((token) => token.normalized).map((token) => ({ ...token, content: normalize(token.content) })),
  )
  return (text) => {
    const segments: Segment[] = []
    const emit: Emit = (part, id) => segments.push(id < 0 ? { text: part } : { id })
    findRaw(text, (raw, id) => {
      if (id >= 0) segments.push({ id })
      else findNormalized(normalize(raw), emit)
    })
    return segments
  }
}

/** Without tokens, the text is one stretch. */
function compileFinder(tokens: readonly AddedToken[]): Finder {
  const candidates = tokens.filter((token) => token.content !== '')
  if (candidates.length === 0) {
    return (text, emit) => {
      if (text !== '') emit(text, -1)
    }
  }
  const nextFirst = compileFirst(candidates)
  const byPrefix = groupByPrefix(candidates)
  return (text, emit) => {
    let done = 0
    for (let at = nextFirst(text, 0); at >= 0; ) {
      const token = longestAt(byPrefix, text, at)
      if (!token) {
        at = nextFirst(text, at + 1)
        continue
      }
      const end = at + token.content.length
      // A token before it may have taken its beginning as space to strip.
      if (at >= done && (!token.singleWord || standsAlone(text, at, end))) {
        const start = token.lstrip ? Math.max(spacesBefore(text, at), done) : at
        if (done < start) emit(text.slice(done, start), -1)
        emit('', token.id)
        done = token.rstrip ? spacesAfter(text, end) : end
      }
      at = nextFirst(text, end)
    }
    if (done < text.length) emit(done === 0 ? text : text.slice(done), -1)
  }
}

/** Finds the next place where a token's first character stands, or -1. */
function compileFirst(tokens: readonly AddedToken[]): (text: string, from: number) => number {
  const firsts = [...new Set(tokens.map((token) => token.content.charCodeAt(0)))]
  if (firsts.length === 1) {
    const char = String.fromCharCode(firsts[0])
    return (text, from) => text.indexOf(char, from)
  }
  // Without the u flag, so that half of a pair counts too: contents are compared by code unit.
  const any = new RegExp(`[${firsts.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}]`, 'g')
  return (text, from) => {
    any.lastIndex = from
    const found = any.exec(text)
    return found ? found.index : -1
  }
}

/** Tokens by their first two code units (one, where there is no second), the longest first. */
function groupByPrefix(tokens: readonly AddedToken[]): Map<number, AddedToken[]> {
  const groups = new Map<number, AddedToken[]>()
  const seen = new Set<string>()
  for (const token of tokens) {
    if (seen.has(token.content)) continue
    seen.add(token.content)
    const key = prefixKey(token.content, 0, token.content.length > 1)
    const group = groups.get(key)
    if (group) group.push(token)
    else groups.set(key, [token])
  }
  for (const group of groups.values()) group.sort((a, b) => b.content.length - a.content.length)
  return groups
}

function prefixKey(text: string, at: number, two: boolean): number {
  return two ? (text.charCodeAt(at) + 1) * 0x10000 + text.charCodeAt(at + 1) : text.charCodeAt(at)
}

function longestAt(groups: Map<number, AddedToken[]>, text: string, at: number): AddedToken | undefined {
  if (at + 1 < text.length) {
    const group = groups.get(prefixKey(text, at, true))
    if (group) for (const token of group) if (text.startsWith(token.content, at)) return token
  }
  return groups.get(prefixKey(text, at, false))?.[0]
}

// Rust's \w, which STARTS_WITH_WORD and ENDS_WITH_WORD of added_vocabulary.rs use.
const WORD_BEFORE = new RegExp(`[${RUST_WORD}]$`, 'v')
const WORD_AFTER = new RegExp(`^[${RUST_WORD}]`, 'v')

function standsAlone(text: string, start: number, end: number): boolean {
  // Two code units hold one whole character.
  return !WORD_BEFORE.test(text.slice(Math.max(0, start - 2), start)) && !WORD_AFTER.test(text.slice(end, end + 2))
}

function spacesBefore(text: string, end: number): number {
  let at = end
  while (at > 0 && /\p{White_Space}/u.test(text[at - 1])) at--
  return at
}

function spacesAfter(text: string, start: number): number {
  let at = start
  while (at < text.length && /\p{White_Space}/u.test(text[at])) at++
  return at
}
