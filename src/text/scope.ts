import { KoVocabError } from '../errors'

/**
 * The text an extension may touch.
 *
 * A new piece may only spell: an optional leading space, then characters of the scope's `core`
 * (the last one may be cut, if every character with that UTF-8 prefix belongs to the scope's `blocks`),
 * then characters of `trailing`; with `spaces` several such words with one space between them. So no text without a core
 * character can ever contain a new piece, and none ends in a space that could belong to the text behind it.
 */
export interface Scope {
  name: string
  /**
   * Inclusive code point ranges whose characters make pieces, ascending. Letters all of them (`all` apart): the split
   * patterns of byte-level bases keep a run of letters together, and not one with `・` or `゛` in it.
   */
  core: readonly (readonly [number, number])[]
  /**
   * Inclusive ranges that count as inside when a cut character is judged: whole Unicode blocks, so that unassigned
   * neighbours (U+D7A4 beside 힣) and archaic jamo do not forbid the prefix `ED 9E` of 히 and 힘.
   */
  blocks: readonly (readonly [number, number])[]
  /** Code points that may follow core characters inside a piece, ascending; empty for most scopes. */
  trailing: readonly number[]
  /** Whether a piece may go on behind a space, with another word of the same make. */
  spaces?: boolean
}

const SYLLABLES = [0xac00, 0xd7a3] as const
const JAMO = [0x1100, 0x11ff] as const
const COMPATIBILITY_JAMO = [0x3131, 0x318e] as const

const HANGUL_CORE = [JAMO, COMPATIBILITY_JAMO, SYLLABLES] as const
const HANGUL_BLOCKS = [JAMO, [0x3130, 0x318f], [0xa960, 0xa97f], [0xac00, 0xd7ff]] as const
const HANJA_CORE = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfa6d],
  [0xfa70, 0xfad9],
] as const
const HANJA_BLOCKS = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
] as const
const KANA_CORE = [
  [0x3041, 0x3096],
  [0x309d, 0x309f],
  [0x30a1, 0x30fa],
  [0x30fc, 0x30ff],
] as const
const KANA_BLOCKS = [[0x3040, 0x30ff]] as const

function union(...lists: (readonly (readonly [number, number])[])[]): [number, number][] {
  return lists
    .flat()
    .map(([low, high]) => [low, high] as [number, number])
    .sort((a, b) => a[0] - b[0])
}

/**
 * The scopes by name.
 *
 * `hangul`: 11,172 syllables, 256 conjoining jamo, 94 compatibility jamo. The others add to it; `all` is for tokenizers
 * that are trained from nothing and has no limits.
 */
export const SCOPES: Readonly<Record<string, Scope>> = {
  hangul: { name: 'hangul', core: HANGUL_CORE, blocks: HANGUL_BLOCKS, trailing: [] },
  'hangul+punctuation': {
    name: 'hangul+punctuation',
    core: HANGUL_CORE,
    blocks: HANGUL_BLOCKS,
    trailing: [0x21, 0x2c, 0x2e, 0x3f],
  },
  'hangul+superwords': {
    name: 'hangul+superwords',
    core: HANGUL_CORE,
    blocks: HANGUL_BLOCKS,
    trailing: [],
    spaces: true,
  },
  'hangul+punctuation+superwords': {
    name: 'hangul+punctuation+superwords',
    core: HANGUL_CORE,
    blocks: HANGUL_BLOCKS,
    trailing: [0x21, 0x2c, 0x2e, 0x3f],
    spaces: true,
  },
  'hangul+hanja': {
    name: 'hangul+hanja',
    core: union(HANGUL_CORE, HANJA_CORE),
    blocks: union(HANGUL_BLOCKS, HANJA_BLOCKS),
    trailing: [],
  },
  'hangul+hanja+kana': {
    name: 'hangul+hanja+kana',
    core: union(HANGUL_CORE, HANJA_CORE, KANA_CORE),
    blocks: union(HANGUL_BLOCKS, HANJA_BLOCKS, KANA_BLOCKS),
    trailing: [],
  },
  all: { name: 'all', core: [[0, 0x10ffff]], blocks: [[0, 0x10ffff]], trailing: [] },
}

/** What an extension touches when nothing is said: byte-level split patterns keep letters and punctuation apart. */
export function defaultScopeName(form: 'sentencepiece' | 'byte-level'): string {
  return form === 'sentencepiece' ? 'hangul+punctuation' : 'hangul'
}

const SUPERWORDS = '+superwords'

/** The scope whose pieces may go on behind a space. Throws `bad-option` where there is none. */
export function superwordScope(scope: Scope): Scope {
  if (scope.spaces) return scope
  const name = `${scope.name}${SUPERWORDS}`
  if (Object.hasOwn(SCOPES, name)) return SCOPES[name]
  const known = Object.keys(SCOPES).filter((other) => other.endsWith(SUPERWORDS))
  throw new KoVocabError(
    'bad-option',
    `the scope "${scope.name}" has no superwords`,
    `choose one of ${known.map((other) => other.slice(0, -SUPERWORDS.length)).join(', ')}`,
  )
}

/** The scope without its superwords: what words are counted with. */
export function wordScope(scope: Scope): Scope {
  return scope.spaces ? scopeNamed(scope.name.slice(0, -SUPERWORDS.length)) : scope
}

/** The scope of that name. Throws `bad-option` naming the known ones. */
export function scopeNamed(name: string): Scope {
  const scope = Object.hasOwn(SCOPES, name) ? SCOPES[name] : undefined
  if (!scope) {
    throw new KoVocabError(
      'bad-option',
      `there is no scope "${name}"`,
      `choose one of ${Object.keys(SCOPES).join(', ')}`,
    )
  }
  return scope
}

function within(ranges: readonly (readonly [number, number])[], codePoint: number): boolean {
  for (const [low, high] of ranges) if (codePoint >= low && codePoint <= high) return true
  return false
}

export function inScope(scope: Scope, codePoint: number): boolean {
  return within(scope.core, codePoint)
}

/** True for code points whose tokens an extension of this scope may change: the core and its blocks. */
export function mayChange(scope: Scope, codePoint: number): boolean {
  return within(scope.core, codePoint) || within(scope.blocks, codePoint)
}

/** Whether [low, high] lies inside the union of the ranges; they are ascending and may touch. */
function covered(ranges: readonly (readonly [number, number])[], low: number, high: number): boolean {
  let next = low
  for (const [from, to] of ranges) {
    if (from > next) return false
    if (to >= next) next = to + 1
    if (next > high) return true
  }
  return false
}

/**
 * Whether every character whose UTF-8 form begins with these bytes (a lead byte and too few continuation bytes) lies
 * in the scope's blocks. `EC 95` yes (U+C540..U+C57F); `EA` no (U+A000..U+AFFF holds Yi); `E3 84` no (Bopomofo).
 */
export function prefixInScope(scope: Scope, bytes: ArrayLike<number>, start: number, end: number): boolean {
  const lead = bytes[start]
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0
  if (size === 0 || end - start >= size) return false
  let low = lead & (0xff >> (size + 1))
  for (let i = start + 1; i < end; i++) {
    if ((bytes[i] & 0xc0) !== 0x80) return false
    low = (low << 6) | (bytes[i] & 0x3f)
  }
  const missing = 6 * (size - (end - start))
  low <<= missing
  let high = low + 2 ** missing - 1
  // Overlong forms and surrogates are no characters: `E0` begins at U+0800 and `ED` ends at U+D7FF.
  if (size === 3 && low < 0x800) low = 0x800
  if (size === 4 && low < 0x10000) low = 0x10000
  if (low <= 0xd7ff && high >= 0xd800 && high <= 0xdfff) high = 0xd7ff
  if (high > 0x10ffff) high = 0x10ffff
  return low <= high && covered(scope.blocks, low, high)
}

/**
 * Whether a new piece may be made of these UTF-8 bytes: `[space] core… [cut core character | trailing…]`, or several of
 * these where the scope has superwords.
 * Bytes that begin inside a character are never in scope: `BE 80` ends characters of every script.
 */
export function pieceInScope(scope: Scope, bytes: ArrayLike<number>, start = 0, end = bytes.length): boolean {
  let at = start
  if (scope.name === 'all') return end > start
  // A word, or several with a space between them.
  do {
    if (bytes[at] === 0x20) at++
    let core = 0
    while (at < end) {
      const lead = bytes[at]
      const size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0
      if (size === 0) return false
      if (at + size > end) return prefixInScope(scope, bytes, at, end)
      let codePoint = size === 1 ? lead : lead & (0xff >> (size + 1))
      for (let i = 1; i < size; i++) {
        if ((bytes[at + i] & 0xc0) !== 0x80) return false
        codePoint = (codePoint << 6) | (bytes[at + i] & 0x3f)
      }
      // An overlong form stands in no text.
      if (size === 4 && codePoint < 0x10000) return false
      if (!within(scope.core, codePoint)) break
      core++
      at += size
    }
    if (core === 0) return false
    // ASCII, all of them.
    while (at < end && scope.trailing.includes(bytes[at])) at++
  } while (scope.spaces && bytes[at] === 0x20 && at < end)
  return at === end
}
