import { throwIfAborted } from '../errors'
import { createMerger, type Merger, mergeAndOpen, mergePair } from './apply-merge'
import { createCandidates, pushCandidate, takeCandidate } from './candidates'
import { indexPairs } from './index-pairs'
import { type PairIndex, pairAt, placesOf } from './pair-index'
import { addPiece, type Registry } from './registry'
import { MISSING, segmentKey } from './segment-key'
import { INSIDE, type TrainingText } from './text'

/** Order among pairs of equal count: piece in UTF-8 byte order; symbol ids (BpeTrainer); length, then bytes (spm_train). */
export type TieRule = 'bytes' | 'ids' | 'length'

export interface TrainPiecesOptions {
  /** How many new pieces, waiting characters that are admitted included. */
  add: number
  /** Pairs and characters rarer than this are never taken; at least 1. */
  minFrequency: number
  /** The pieces there are. Symbols of the text that are no pieces yet have a key in it, but are not added. */
  registry: Registry
  /**
   * Symbols that no piece stands for yet, most frequent first; each is admitted as soon as that saves at least as many
   * tokens as the best merge.
   */
  waiting: readonly { symbol: number; count: number }[]
  /** Tokens that one occurrence of a waiting symbol saves when it becomes a piece: two for a Hangul syllable. */
  waitingSaves: (symbol: number) => number
  /** Keys that become pieces before anything is learned, by forced merges of what spells them. In order. */
  required?: readonly string[]
  /** Whether a piece may have this key. Asked once for each pair that comes to the top. */
  allowed: (key: string) => boolean
  ties?: TieRule
  /** Count (a, a) twice in `aaa`, as Hugging Face's BpeTrainer does; it can merge there only once. */
  countOverlaps?: boolean
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/** A step in the order it was learned. */
export interface LearnedStep {
  /** The symbol that was made or admitted. */
  symbol: number
  /** The pair that was merged; -1 for an admitted character. */
  left: number
  right: number
  /** Weight of the pair, or of the character, when it was taken. */
  count: number
}

/**
 * Learns pieces by byte-pair encoding: the most frequent adjacent pair becomes a symbol, again and again
 * (Sennrich et al. 2016, arXiv 1508.07909; continued from a base vocabulary: arXiv 2512.03989).
 *
 * A piece counts by its string: once it is made, every adjacent pair that spells it merges. One pair is enough for
 * that. The tokens between two token boundaries are those that the string between them gets alone, since no merge
 * crossed the boundaries; so wherever two adjacent tokens spell p, they are the same two, the last state of p alone
 * before it is whole. Hence two splits of one piece never compete (`ㅋㅋ·ㅋ` and `ㅋ·ㅋㅋ` for ㅋㅋㅋ: only one of them
 * ever occurs), and SentencePiece (leftmost pair that spells p), tiktoken and Hugging Face (all places of one ranked
 * pair, then of the next) agree. test/property/overlap.test.ts tries it on pieces that repeat and overlap themselves.
 * The exception is an older piece that its own merges cannot reach alone: a new piece may open it (see registry.ts).
 *
 * @returns the steps in order; the registry has grown by their pieces and the text is merged
 */
export function trainPieces(text: TrainingText, options: TrainPiecesOptions): LearnedStep[] {
  const { registry, ties = 'bytes', allowed, countOverlaps = false } = options
  const { keys } = registry
  const minFrequency = Math.max(1, options.minFrequency)
  const steps: LearnedStep[] = []
  let made = 0
  let nextWaiting = 0

  const index = indexPairs(text)
  const queue = createCandidates(tieOrder(ties, index, keys), index.size + 1024)
  const dead = new Set<number>()
  const grown = (pair: number) => {
    if (index.total[pair] >= minFrequency) pushCandidate(queue, pair, index.total[pair])
  }
  for (let pair = 0; pair < index.size; pair++) grown(pair)
  const merger = createMerger(text, index, registry, keys.length + options.add, grown)
  const isPiece = (symbol: number) => registry.byKey.get(keys[symbol]) === symbol
  const current = (pair: number): number => {
    if (dead.has(pair)) return 0
    const count =
      !countOverlaps && index.left[pair] === index.right[pair] ? countApart(text, index, pair) : index.total[pair]
    return count >= minFrequency ? count : 0
  }

  const waitingByKey = new Map(options.waiting.map((waiting) => [keys[waiting.symbol], waiting]))
  for (const key of options.required ?? []) {
    if (made >= options.add) break
    made += requirePiece(key, waitingByKey.get(key), options, merger, steps)
  }

  while (made < options.add) {
    if ((made & 0xff) === 0) {
      throwIfAborted(options.signal)
      options.onProgress?.(made, options.add)
    }
    const pair = takeCandidate(queue, current)
    const count = queue.tiedCount
    while (nextWaiting < options.waiting.length && isPiece(options.waiting[nextWaiting].symbol)) nextWaiting++
    const waiting = options.waiting[nextWaiting]
    // No pair with a waiting character can be due before the character: it is at most as frequent.
    if (
      waiting &&
      waiting.count >= minFrequency &&
      (pair < 0 || waiting.count * options.waitingSaves(waiting.symbol) >= count)
    ) {
      if (pair >= 0) pushCandidate(queue, pair, count)
      nextWaiting++
      admit(merger, waiting.symbol)
      steps.push({ symbol: waiting.symbol, left: -1, right: -1, count: waiting.count })
      made++
      continue
    }
    if (pair < 0) break
    const left = index.left[pair]
    const right = index.right[pair]
    const key = keys[left] + keys[right]
    if (registry.byKey.has(key) || !allowed(key)) {
      dead.add(pair)
      continue
    }
    const symbol = mint(merger, key, pair)
    steps.push({ symbol, left, right, count })
    made++
  }
  options.onProgress?.(made, options.add)
  return steps
}

/** Makes a character a piece. A base may have a piece of characters that it lacks; nothing could reach it before. */
function admit(merger: Merger, symbol: number): void {
  for (const { left, right, result } of addPiece(merger.registry, symbol)) {
    const opened = pairAt(merger.index, left, right)
    if (opened >= 0) mergePair(merger, opened, result)
  }
}

/** Makes a new piece of a pair (-1: of none that stands in the text) and merges the text; its symbol. */
function mint(merger: Merger, key: string, pair: number): number {
  const { registry } = merger
  const symbol = registry.keys.length
  registry.keys.push(key)
  const opened = addPiece(registry, symbol)
  if (pair < 0) return symbol
  if (opened.length === 0) mergePair(merger, pair, symbol)
  else mergeAndOpen(merger, pair, symbol, opened)
  return symbol
}

/** Makes a piece of this key, and before it what its symbols need; how many pieces that took. */
function requirePiece(
  key: string,
  waiting: { symbol: number; count: number } | undefined,
  options: TrainPiecesOptions,
  merger: Merger,
  steps: LearnedStep[],
): number {
  const { registry } = options
  if (waiting) {
    admit(merger, waiting.symbol)
    steps.push({ symbol: waiting.symbol, left: -1, right: -1, count: waiting.count })
    return 1
  }
  let made = 0
  while (steps.length < options.add) {
    const [left, right] = segmentKey(registry, key)
    // Whole already, or not all of its bytes are pieces.
    if (right === undefined || left === MISSING || right === MISSING) return made
    const whole = registry.keys[left] + registry.keys[right]
    if (registry.byKey.has(whole) || !options.allowed(whole)) return made
    const pair = pairAt(merger.index, left, right)
    const count = pair < 0 ? 0 : merger.index.total[pair]
    steps.push({ symbol: mint(merger, whole, pair), left, right, count })
    made++
  }
  return made
}

/** Weight of a pair of equals without overlaps: `aaa` holds (a, a) once. */
function countApart(text: TrainingText, index: PairIndex, pair: number): number {
  const { symbols, weights } = text
  const symbol = index.left[pair]
  let count = 0
  let free = 0
  for (const at of placesOf(index, pair)) {
    if (at < free || symbols[at] !== symbol) continue
    let next = at + 1
    while (symbols[next] === INSIDE) next++
    if (symbols[next] !== symbol) continue
    count += weights[at]
    free = next + 1
  }
  return count
}

function tieOrder(ties: TieRule, index: PairIndex, keys: readonly string[]): (a: number, b: number) => boolean {
  const keyOf = (pair: number) => keys[index.left[pair]] + keys[index.right[pair]]
  if (ties === 'ids') {
    return (a, b) => (index.left[a] !== index.left[b] ? index.left[a] < index.left[b] : index.right[a] < index.right[b])
  }
  const before = (a: number, b: number): boolean => {
    const first = keyOf(a)
    const second = keyOf(b)
    if (first !== second) return first < second
    // Two splits of one string: the longer left half.
    return keys[index.left[a]].length > keys[index.left[b]].length
  }
  if (ties === 'bytes') return before
  const characters = (pair: number) => {
    let count = 0
    const key = keyOf(pair)
    for (let i = 0; i < key.length; i++) if ((key.charCodeAt(i) & 0xc0) !== 0x80) count++
    return count
  }
  return (a, b) => {
    const first = characters(a)
    const second = characters(b)
    return first !== second ? first < second : before(a, b)
  }
}
