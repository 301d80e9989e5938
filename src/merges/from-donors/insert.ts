import { addPiece, type Registry } from '../registry'
import { firstParts, MISSING, segmentKey } from '../segment-key'

/** A vocabulary that grows by pieces asked for, each after all others. */
export interface Insertion {
  registry: Registry
  /** Whether a piece may have this key at all. */
  allowed: (key: string) => boolean
  /** Whether a piece of this key is wanted anyway, so that it costs nothing to make it on the way. */
  isWanted: (key: string) => boolean
  /** In how many unfinished wanted pieces a key would be a step; an intermediate that serves many is cheap. */
  sharedBy: (key: string) => number
}

/** A piece that was made, by the pair that stood there; both null for a character. */
export interface MadePiece {
  key: string
  left: string | null
  right: string | null
}

/** How a wanted piece can be made: what it costs and the next step. */
export interface Plan {
  /** Keys that have to be made before it and that nobody wants, in no order. */
  intermediates: string[]
  /** The key to make first: a character that is missing, or two adjacent tokens. */
  next: string
}

/**
 * The cheapest way to make a key of what its tokens are now, null when there is none.
 *
 * A key alone is segmented into tokens; a piece of two adjacent ones can be made at once, and then everything that
 * spells it merges. So the key is made by a binary tree over its tokens, each inner node a piece. The tree is chosen by
 * dynamic programming over intervals: a node that is wanted anyway costs nothing, another one 1 shared by all pieces
 * that could use it; of equals the shorter ones, which text has more use for. The
 * cheapest set for all wanted pieces together is a smallest-grammar problem, which is NP-hard (Charikar et al., "The
 * smallest grammar problem", 2005); this takes one piece after the other.
 */
export function planPiece(insertion: Insertion, key: string): Plan | null {
  const { registry, allowed, isWanted } = insertion
  const symbols = segmentKey(registry, key)
  const count = symbols.length
  const parts = tokenParts(registry, key, symbols)
  const missing = parts.filter((part, i) => symbols[i] === MISSING && part !== key)
  if (missing.some((character) => !allowed(character))) return null
  // [from][to): cost, and where it is cut.
  const cost: number[][] = []
  const cutAt: number[][] = []
  const nodeCost = (from: number, to: number): number => {
    const node = parts.slice(from, to).join('')
    if (node.length === key.length || isWanted(node)) return 0
    // A piece that there is, and that its tokens do not make: its merges lack a split, which nobody may add.
    if (registry.byKey.has(node) || !allowed(node)) return Number.POSITIVE_INFINITY
    return 0.1 + 0.9 / Math.max(1, insertion.sharedBy(node)) + node.length * 1e-4
  }
  for (let from = count - 1; from >= 0; from--) {
    cost[from] = []
    cutAt[from] = []
    cost[from][from + 1] = 0
    for (let to = from + 2; to <= count; to++) {
      let best = Number.POSITIVE_INFINITY
      let at = -1
      for (let cut = from + 1; cut < to; cut++) {
        const sum = cost[from][cut] + cost[cut][to]
        if (sum < best) {
          best = sum
          at = cut
        }
      }
      cost[from][to] = best === Number.POSITIVE_INFINITY ? best : best + nodeCost(from, to)
      cutAt[from][to] = at
    }
  }
  if (cost[0][count] === Number.POSITIVE_INFINITY) return null
  const steps: string[] = []
  const collect = (from: number, to: number) => {
    if (to - from < 2) return
    collect(from, cutAt[from][to])
    collect(cutAt[from][to], to)
    if (to - from < count) steps.push(parts.slice(from, to).join(''))
  }
  collect(0, count)
  const all = [...new Set([...missing, ...steps])]
  return { intermediates: all.filter((step) => !isWanted(step)), next: all[0] ?? key }
}

/**
 * Makes a key a piece, and before it what it needs. What was made is told one by one, in order.
 *
 * @returns whether it is a piece now; false when no tree of allowed pieces makes it
 */
export function insertPiece(insertion: Insertion, key: string, onMade: (made: MadePiece) => void): boolean {
  const { registry } = insertion
  for (;;) {
    const tokens = segmentKey(registry, key)
    if (tokens.length === 1 && tokens[0] !== MISSING) return registry.keys[tokens[0]] === key
    const plan = planPiece(insertion, key)
    if (plan === null) return false
    onMade(make(registry, plan.next))
  }
}

/** Makes a key a piece that is a character, or two tokens as it stands. */
function make(registry: Registry, key: string): MadePiece {
  const tokens = segmentKey(registry, key)
  const symbol = registry.keys.length
  registry.keys.push(key)
  addPiece(registry, symbol)
  if (tokens.length === 1) return { key, left: null, right: null }
  return { key, left: registry.keys[tokens[0]], right: registry.keys[tokens[1]] }
}

/** The key cut at the borders of its tokens. */
export function tokenParts(registry: Registry, key: string, symbols: readonly number[]): string[] {
  let at = 0
  return symbols.map((symbol) => {
    const part = symbol === MISSING ? firstParts(registry, key.slice(at))[0] : registry.keys[symbol]
    at += part.length
    return part
  })
}
