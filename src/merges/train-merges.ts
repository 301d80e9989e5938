import type { WordCounts } from '../counts/types'
import { KoVocabError } from '../errors'
import { keyToBytes, textToKey } from '../text/byte-key'
import { type Scope, scopeNamed } from '../text/scope'
import { codePointAt, utf8Length } from '../text/utf8'
import type { Tokenizer } from '../tokenizer/types'
import { isAllowed, type PieceLimits, twinsOf } from './allowed'
import { keyToPiece, pieceToKey } from './keys'
import { layOutWords } from './lay-out'
import { addPieces, createRegistry } from './registry'
import { firstParts } from './segment-key'
import { type TieRule, trainPieces } from './train'
import type { LearnedMerges } from './types'

/**
 * Which Hangul syllables become pieces whatever they save: those seen (at least `minFrequency` times), all 11,172, or
 * none. A syllable that is not required becomes a piece as soon as that saves at least as many tokens as the best
 * merge.
 */
export type SyllablePolicy = 'seen' | 'all' | 'none'

export interface TrainMergesOptions {
  /** How many pieces to add to the base; from 1. */
  add: number
  /** A piece must have been seen that often when it is made. Default 2. */
  minFrequency?: number
  /** The longest piece in characters, `▁` or the space included. Default 16, as spm_train. */
  maxPieceLength?: number
  syllables?: SyllablePolicy
  scope?: Scope
  /** Order among pairs of equal count; `ids` as Hugging Face's BpeTrainer, `length` as spm_train. Default `bytes`. */
  ties?: TieRule
  /** Keys that become pieces before anything is learned, each made of the base and those before it. */
  first?: readonly string[]
  /** Keys of the only pieces that may be learned; all that the scope allows by default. */
  only?: ReadonlySet<string>
  /** Count (a, a) twice in `aaa`, as Hugging Face's BpeTrainer does. Default false. */
  countOverlaps?: boolean
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Continues a base's byte-pair encoding on counted words: segments every word with the base, then merges the most
 * frequent pair inside the scope, again and again. Ties go to the piece that comes first in UTF-8 byte order.
 *
 * @param words as {@link countWords} gives them: a space before a run of in-scope characters, in any order
 * @returns the pieces in learned order; fewer than `add` when the words give no more
 * @throws bad-option for numbers out of range; bad-file when there are no words
 */
export function trainMerges(base: Tokenizer, words: WordCounts, options: TrainMergesOptions): LearnedMerges {
  const { add, minFrequency = 2, maxPieceLength = 16, syllables = 'none', scope = scopeNamed('hangul') } = options
  const { first = [], only } = options
  requireWhole('add', add, 1)
  requireWhole('min-frequency', minFrequency, 1)
  requireWhole('max-piece-length', maxPieceLength, 1)
  if (words.counts.length === 0) {
    throw new KoVocabError(
      'bad-file',
      `there is no word of the scope "${scope.name}" to learn from`,
      'check the corpus',
    )
  }
  const keys = base.pieces.map((piece, id) => pieceToKey(base, piece, id))
  const { text, waiting } = layOutWords(base, words, keys, [
    ...(syllables === 'all' ? SYLLABLES : []),
    ...charactersOf(base, first),
  ])
  const registry = createRegistry(keys, base.form === 'byte-level')
  addPieces(registry, mergeOrder(base, keys, scope))

  const { unit = 1 } = words
  const limits: PieceLimits = { form: base.form, scope, maxPieceLength, taken: twinsOf(base) }
  const closed = closedCharacters(base, keys)
  const mayBe = (key: string) =>
    (only === undefined || only.has(key)) &&
    isAllowed(limits, key) &&
    !closed.some((character) => key.includes(character))
  // Nothing may be made of a character that is no piece and cannot become one.
  const lacking = new Set(waiting.map(({ symbol }) => keys[symbol]).filter((key) => !mayBe(key)))
  const allowed = (key: string) =>
    mayBe(key) && (lacking.size === 0 || !firstParts(registry, key).some((character) => lacking.has(character)))
  const required = [...first, ...requiredKeys(base, words, waiting, keys, syllables, minFrequency * unit)]
  const steps = trainPieces(text, {
    add,
    minFrequency: minFrequency * unit,
    registry,
    required: closed.length > 0 ? required.filter((key) => !closed.includes(key)) : required,
    waiting: waiting.filter(({ symbol }) => allowed(keys[symbol])),
    // n byte tokens become one; a character of one byte saves nothing, but no pair with it may come before it.
    waitingSaves: (symbol) => Math.max(1, keys[symbol].length - 1),
    allowed,
    ties: options.ties,
    countOverlaps: options.countOverlaps,
    onProgress: options.onProgress,
    signal: options.signal,
  })
  return {
    pieces: steps.map(({ symbol, left, right, count }) => ({
      piece: keyToPiece(base.form, keys[symbol]),
      left: left < 0 ? null : keyToPiece(base.form, keys[left]),
      right: right < 0 ? null : keyToPiece(base.form, keys[right]),
      count: unit === 1 ? count : Math.round(count / unit),
    })),
    meta: {
      ...Object.fromEntries(Object.entries(words.meta).map(([key, value]) => [key.replace('ko_vocab.', ''), value])),
      scope: scope.name,
      add: String(add),
      min_frequency: String(minFrequency),
      max_piece_length: String(maxPieceLength),
      syllables,
    },
  }
}

const SYLLABLES = Array.from({ length: 0xd7a3 - 0xac00 + 1 }, (_, i) => 0xac00 + i)

/** SentencePiece form: pieces that are one character may stand in no word, and need a symbol all the same. */
function charactersOf(base: Tokenizer, keys: readonly string[]): number[] {
  if (base.form === 'byte-level') return []
  return keys
    .filter((key) => utf8Length(key.charCodeAt(0)) === key.length)
    .map((key) => codePointAt(keyToBytes(key), 0))
}

function requireWhole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new KoVocabError('bad-option', `${name} is ${value}`, `give a whole number from ${least}`)
  }
}

/** The base's pieces that can stand in a run of in-scope characters, in the order in which they merge. */
export function mergeOrder(base: Tokenizer, keys: readonly string[], scope: Scope): number[] {
  const { result } = base.merges
  const seen = new Uint8Array(base.pieces.length)
  const order: number[] = []
  const add = (id: number) => {
    if (seen[id] || keys[id] === '') return
    seen[id] = 1
    if (couldStand(keys[id], scope)) order.push(id)
  }
  const made = new Uint8Array(base.pieces.length)
  for (let rank = 0; rank < result.length; rank++) made[result[rank]] = 1
  // Characters and bytes first: nothing merges into them.
  for (let id = 0; id < base.pieces.length; id++) if (!made[id]) add(id)
  for (let rank = 0; rank < result.length; rank++) add(result[rank])
  return order
}

/**
 * SentencePiece form: characters that stand inside pieces of the base and are no pieces themselves. To add one would
 * bring pieces of the base to life that nothing could reach before; no trained vocabulary has such pieces.
 */
export function closedCharacters(base: Tokenizer, keys: readonly string[]): string[] {
  if (base.form === 'byte-level') return []
  const single = new Set<string>()
  base.pieces.forEach((piece, id) => {
    if (keys[id] !== '' && piece.length <= 2 && [...piece].length === 1) single.add(piece)
  })
  const closed = new Set<string>()
  base.pieces.forEach((piece, id) => {
    if (keys[id] !== '') for (const character of piece) if (!single.has(character)) closed.add(character)
  })
  return [...closed].map((character) => textToKey(character))
}

/** Whether all characters of a key might occur in words of the scope; a cheap test that may say yes too often. */
function couldStand(key: string, scope: Scope): boolean {
  if (scope.name === 'all') return true
  for (let i = 0; i < key.length; i++) {
    const byte = key.charCodeAt(i)
    if (byte < 0x80 && !(byte === 0x20 && i === 0) && !scope.trailing.includes(byte)) return false
  }
  return true
}

/** Keys of the characters that are pieces before anything is learned. */
function requiredKeys(
  base: Tokenizer,
  words: WordCounts,
  waiting: readonly { symbol: number; count: number }[],
  keys: readonly string[],
  policy: SyllablePolicy,
  minFrequency: number,
): string[] {
  if (policy === 'none') return []
  if (policy === 'all') return SYLLABLES.map((codePoint) => pieceToKey(base, String.fromCodePoint(codePoint), -1))
  if (base.form === 'byte-level') {
    return seenSyllables(words, minFrequency).map((codePoint) => pieceToKey(base, String.fromCodePoint(codePoint), -1))
  }
  return waiting
    .filter(({ symbol, count }) => count >= minFrequency && isSyllable(keys[symbol]))
    .map(({ symbol }) => keys[symbol])
}

/** Syllables of the words, most frequent first; bytes have no characters that wait for a piece. */
function seenSyllables({ bytes, offsets, counts }: WordCounts, minFrequency: number): number[] {
  const seen = new Float64Array(SYLLABLES.length)
  for (let word = 0; word < counts.length; word++) {
    for (let at = offsets[word]; at < offsets[word + 1]; at += utf8Length(bytes[at])) {
      const place = codePointAt(bytes, at) - SYLLABLES[0]
      if (place >= 0 && place < seen.length) seen[place] += counts[word]
    }
  }
  return SYLLABLES.filter((_, place) => seen[place] >= minFrequency).sort(
    (a, b) => seen[b - SYLLABLES[0]] - seen[a - SYLLABLES[0]] || a - b,
  )
}

function isSyllable(key: string): boolean {
  if (key.length !== 3) return false
  const codePoint = ((key.charCodeAt(0) & 15) << 12) | ((key.charCodeAt(1) & 63) << 6) | (key.charCodeAt(2) & 63)
  return codePoint >= 0xac00 && codePoint <= 0xd7a3
}
