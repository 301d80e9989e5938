import { createMergeTable, findMerge, type MergeTable } from '../tokenizer/merge-table'
import { modelPieces } from '../tokenizer/symbols'
import type { Tokenizer } from '../tokenizer/types'

/** How a piece comes to be when its string alone is merged. */
export interface Derivation {
  /** The last two tokens before the piece is whole; both -1 for a first symbol (a character, or a byte). */
  left: number
  right: number
  /** Ids of all pieces on the way, rising: first symbols and base pieces included, the piece itself left out. */
  parts: number[]
}

/**
 * A function from an id to its derivation: its string is taken apart into first symbols (characters, or bytes in the
 * byte alphabet) and merged, lowest rank first, then leftmost, without `ignore_merges` and dummy prefix. Null where that
 * does not give the id: 588 pieces of Llama-3 are not reached by merges, nor are byte pieces and added tokens.
 *
 * Why this is all that a piece needs. Every merge that happens on the way makes a token that ends up inside the one
 * token that is left, so it is among the parts. A piece outside of them takes part in no merge that happens: taking its
 * merges away takes nothing from the sequence of steps, and of the pairs that stand side by side at each step it only
 * takes such as lost against another one. So the steps are the same, and the piece is reached as before. Base pieces
 * that a new piece opened (see splits.ts) need no case of their own, since the merges that happen are followed, the
 * opened ones among them.
 *
 * Each derivation takes time quadratic in the piece's symbols, which are few; nothing is remembered between calls.
 */
export function derivationsOf(tokenizer: Tokenizer): (id: number) => Derivation | null {
  const ids = modelPieces(tokenizer)
  const table = createMergeTable(tokenizer.merges)
  const added = new Set(tokenizer.addedTokens.map((token) => token.id))
  return (id) => {
    const piece = tokenizer.pieces[id] ?? ''
    if (piece === '' || added.has(id) || ids.get(piece) !== id) return null
    const symbols: number[] = []
    for (const char of piece) {
      const symbol = ids.get(char)
      if (symbol === undefined) return null
      symbols.push(symbol)
    }
    if (symbols.length === 1) return { left: -1, right: -1, parts: [] }
    const parts = new Set(symbols)
    while (symbols.length > 2) {
      const [at, made] = nextMerge(table, symbols)
      if (at < 0) return null
      symbols.splice(at, 2, made)
      parts.add(made)
    }
    const [left, right] = symbols
    return nextMerge(table, symbols)[1] === id ? { left, right, parts: [...parts].sort((a, b) => a - b) } : null
  }
}

/**
 * The base pieces that merges reach by way of new pieces alone, and the new ones among their parts: `가나다` of a base
 * that has no `나다`, once `나다` is learned (see splits.ts).
 */
export function openedPieces(tokenizer: Tokenizer, firstNew: number): Map<number, number[]> {
  const { left, right, result } = tokenizer.merges
  const candidates = new Set(result.filter((id, i) => id < firstNew && (left[i] >= firstNew || right[i] >= firstNew)))
  const opened = new Map<number, number[]>()
  if (candidates.size === 0) return opened
  const derivationOf = derivationsOf(tokenizer)
  // A base piece may also be made of another base piece that was opened.
  for (let before = 0; before < candidates.size; ) {
    before = candidates.size
    for (let rank = 0; rank < result.length; rank++) {
      if (result[rank] >= firstNew) continue
      if (candidates.has(left[rank]) || candidates.has(right[rank])) candidates.add(result[rank])
    }
  }
  for (const id of candidates) {
    const parts = derivationOf(id)?.parts.filter((part) => part >= firstNew) ?? []
    if (parts.length > 0) opened.set(id, parts)
  }
  return opened
}

/** Place and result of the merge that comes next; -1 for none. */
function nextMerge(table: MergeTable, symbols: readonly number[]): [at: number, made: number] {
  let best = Number.POSITIVE_INFINITY
  let found: [number, number] = [-1, -1]
  for (let i = 0; i + 1 < symbols.length; i++) {
    const slot = findMerge(table, symbols[i], symbols[i + 1])
    if (slot < 0 || table.slots[slot + 2] >= best) continue
    best = table.slots[slot + 2]
    found = [i, table.slots[slot + 3]]
  }
  return found
}
