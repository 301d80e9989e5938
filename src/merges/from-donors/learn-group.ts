import type { WordCounts } from '../../counts/types'
import type { Scope } from '../../text/scope'
import type { Tokenizer } from '../../tokenizer/types'
import { keyOfPiece, keyToPiece, pieceToKey } from '../keys'
import { addPieces, createRegistry, type Registry } from '../registry'
import { segmentKey } from '../segment-key'
import { mergeOrder, trainMerges } from '../train-merges'
import type { LearnedPiece } from '../types'
import { type Insertion, insertPiece, planPiece, tokenParts } from './insert'

export interface GroupOptions {
  words?: WordCounts
  unreachable: 'complete' | 'drop'
  unseen: 'keep' | 'drop'
  minFrequency: number
  maxPieceLength: number
  scope: Scope
  allowed: (key: string) => boolean
  signal?: AbortSignal
}

/**
 * Makes the wanted pieces of donors of equal priority.
 *
 * @param before pieces that are made already, and stay first
 * @param wanted keys, best first
 * @returns `before` and all that was made, in an order in which each piece is made of earlier ones
 */
export function learnGroup(
  base: Tokenizer,
  before: readonly LearnedPiece[],
  wanted: ReadonlySet<string>,
  options: GroupOptions,
): LearnedPiece[] {
  const first = before.map(({ piece }) => keyOfPiece(base.form, piece))
  if (options.words === undefined) return complete(base, before, wanted, options)
  const trained = train(base, first, wanted, [], options.words, options)
  const all = complete(base, trained, wanted, options)
  const there = new Set(first)
  const helpers = all
    .map(({ piece }) => keyOfPiece(base.form, piece))
    .filter((key) => !wanted.has(key) && !there.has(key))
  if (helpers.length === 0) return options.unseen === 'drop' ? trained : all
  const again = train(base, first, wanted, helpers, options.words, options)
  return options.unseen === 'drop' ? again : complete(base, again, wanted, options)
}

/** Continued BPE on the words, in which nothing but the wanted pieces and their helpers may be made. */
function train(
  base: Tokenizer,
  first: readonly string[],
  wanted: ReadonlySet<string>,
  helpers: readonly string[],
  words: WordCounts,
  { minFrequency, maxPieceLength, scope, signal }: GroupOptions,
): LearnedPiece[] {
  const only = new Set([...first, ...wanted, ...helpers])
  return trainMerges(base, words, { add: only.size, minFrequency, maxPieceLength, scope, first, only, signal }).pieces
}

/** Makes the wanted pieces that are missing one by one, with what they need. */
export function complete(
  base: Tokenizer,
  before: readonly LearnedPiece[],
  wanted: ReadonlySet<string>,
  { unreachable, scope, allowed }: GroupOptions,
): LearnedPiece[] {
  const registry = registryOf(base, before, scope)
  const made = [...before]
  let open = [...wanted].filter((key) => !registry.byKey.has(key))
  const insertion = insertionOf(registry, allowed, wanted, open)
  const spell = (key: string | null) => (key === null ? null : keyToPiece(base.form, key))
  // What could not be made may be possible once others are there.
  for (let left = open.length + 1; open.length < left; ) {
    left = open.length
    for (const key of open) {
      if (unreachable === 'drop' && planPiece(insertion, key)?.intermediates.length !== 0) continue
      insertPiece(insertion, key, (piece) =>
        made.push({ piece: spell(piece.key)!, left: spell(piece.left), right: spell(piece.right), count: 0 }),
      )
    }
    open = open.filter((key) => !registry.byKey.has(key))
  }
  return made
}

/** The base's pieces that can stand in the scope, and those made since, in the order in which they merge. */
export function registryOf(base: Tokenizer, made: readonly LearnedPiece[], scope: Scope): Registry {
  const keys = base.pieces.map((piece, id) => pieceToKey(base, piece, id))
  const order = mergeOrder(base, keys, scope)
  for (const { piece } of made) {
    order.push(keys.length)
    keys.push(keyOfPiece(base.form, piece))
  }
  const registry = createRegistry(keys, base.form === 'byte-level')
  addPieces(registry, order)
  return registry
}

/**
 * @param open wanted keys that are no pieces yet
 */
export function insertionOf(
  registry: Registry,
  allowed: (key: string) => boolean,
  wanted: ReadonlySet<string>,
  open: readonly string[],
): Insertion {
  const shared = new Map<string, number>()
  for (const key of open) {
    const parts = tokenParts(registry, key, segmentKey(registry, key))
    const steps = new Set<string>()
    for (let from = 0; from < parts.length; from++) {
      let step = parts[from]
      for (const part of parts.slice(from + 1)) {
        step += part
        steps.add(step)
      }
    }
    steps.delete(key)
    for (const step of steps) shared.set(step, (shared.get(step) ?? 0) + 1)
  }
  return { registry, allowed, isWanted: (key) => wanted.has(key), sharedBy: (key) => shared.get(key) ?? 0 }
}
