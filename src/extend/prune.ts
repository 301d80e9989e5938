import { throwIfAborted } from '../errors'
import type { LearnedMerges } from '../merges/types'
import { tokenizerHash } from '../tokenizer/hash'
import type { Tokenizer } from '../tokenizer/types'
import { type AddedPieces, addedPieces, learnedOf } from './added-pieces'
import { extendTokenizer } from './extend'
import { padTokenizer } from './pad'
import { type PruneOptions, pruneGoal, requireOneGoal } from './prune-goal'
import { countUses } from './uses'

export interface RemovedPiece {
  /** In the extended tokenizer that was given. */
  id: number
  piece: string
  /** Uses when it was taken away: those that it got from pieces taken away before it included. */
  uses: number
}

export interface PrunedExtension {
  tokenizer: Tokenizer
  paddingIds: number[]
  /** What stayed, as {@link extendTokenizer} takes it: it makes `tokenizer`, padding apart. */
  learned: LearnedMerges
  userDefinedSymbols: string[]
  /** In the order in which they were taken away. */
  removed: RemovedPiece[]
  /** By old id, padding left out: the new one, -1 for a removed one. Base ids stay. */
  newIds: Int32Array
  /** By new id: uses on `words` after pruning; base ids only where they stand in those words. */
  uses: Float64Array
}

/**
 * Takes added pieces away from the leaves: again and again the least used one that no piece left is made of (ties: the
 * highest id). Base ids never move, added ids are numbered anew without gaps and in their order. The result is what
 * {@link extendTokenizer} makes of the pieces that stayed: splits and scores are made anew.
 *
 * Uses are exact at every step: they are those that the tokenizer without the pieces taken away so far has on `words`.
 * That a removed piece hands its uses to the two it is made of would be no more than a guess. Without `ab`, the text
 * `abc` may become `a bc`, where `c` loses a use and `bc` gains one: a piece out of the way lets others form. So the
 * words that hold the piece are merged again; no other word can change, since a leaf is inside no other new piece, and
 * the base pieces that it opened are followed. The guess is right only where the piece merges last of all.
 *
 * A base piece that only a new one had opened (see splits.ts) may become unreachable by merges, as it is in the base.
 * The text of removed user-defined symbols is not in the words, so it is not counted anew.
 *
 * Time: one merge of each word whose piece goes, and a look at all pieces for each one taken away.
 *
 * @throws KoVocabError `bad-option` for options that contradict each other or ask for more than can go; with `pieces`,
 * naming what is made of them; `mismatch` and `unsupported` as {@link addedPieces}
 */
export function pruneExtension(base: Tokenizer, extended: Tokenizer, options: PruneOptions): PrunedExtension {
  requireOneGoal(options, options.words !== undefined)
  const { words, signal, onProgress = () => {} } = options
  const added = addedPieces(base, extended, options.paddingIds)
  const { mayGo, total, below } = pruneGoal(extended, added, options)
  const uses = countUses(extended, words, base.pieces.length)
  /** By id, how many of the pieces left are made of it. */
  const neededBy = new Int32Array(extended.pieces.length)
  for (const { parts } of added.derivations.values()) for (const part of parts) neededBy[part]++
  const gone = new Uint8Array(extended.pieces.length)
  const removed: RemovedPiece[] = []
  const takeAway = (id: number) => {
    gone[id] = 1
    removed.push({ id, piece: extended.pieces[id], uses: uses.of[id] })
  }
  for (const id of added.symbols) if (mayGo(id)) takeAway(id)
  while (removed.length < total) {
    if ((removed.length & 0xff) === 0) {
      throwIfAborted(signal)
      onProgress(removed.length, Math.min(total, added.learned.length))
    }
    let least = -1
    for (const id of added.learned) {
      if (gone[id] || neededBy[id] > 0 || !mayGo(id)) continue
      if (least < 0 || uses.of[id] <= uses.of[least]) least = id
    }
    if (least < 0 || uses.of[least] >= below) break
    takeAway(least)
    for (const part of added.derivations.get(least)!.parts) neededBy[part]--
    uses.remove(least)
  }
  onProgress(removed.length, removed.length)
  return build(base, extended, added, gone, removed, uses.of, options)
}

function build(
  base: Tokenizer,
  extended: Tokenizer,
  added: AddedPieces,
  gone: Uint8Array,
  removed: RemovedPiece[],
  usesOf: Float64Array,
  { padToMultiple = 1, learned: before }: PruneOptions,
): PrunedExtension {
  const stays = (id: number) => gone[id] === 0
  const learned = learnedOf(extended, added, added.learned.filter(stays), before)
  // The base is the one that was compared; older names of it would only stand in the way.
  const meta: Record<string, string> = {
    ...learned.meta,
    base: base.sha256 ?? tokenizerHash(base),
    pruned: String(removed.length),
  }
  learned.meta = Object.fromEntries(Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1)))
  const userDefinedSymbols = added.symbols.filter(stays).map((id) => extended.pieces[id])
  const plain = extendTokenizer(base, learned, { userDefinedSymbols })
  const { tokenizer, paddingIds } = padTokenizer(plain, padToMultiple)
  const newIds = new Int32Array(extended.pieces.length - added.padding.length)
  const uses = new Float64Array(tokenizer.pieces.length)
  let next = 0
  for (let id = 0; id < newIds.length; id++) {
    newIds[id] = stays(id) ? next++ : -1
    if (newIds[id] >= 0) uses[newIds[id]] = usesOf[id]
  }
  return { tokenizer, paddingIds, learned, userDefinedSymbols, removed, newIds, uses }
}
