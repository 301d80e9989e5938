import { readablePiece } from '../tokenizer/readable-piece'
import type { Tokenizer } from '../tokenizer/types'
import type { Both } from './diff'

export interface MergesDiff {
  count: Both<number>
  /** Pairs, as strings, that only one of the two has. */
  onlyA: number
  onlyB: number
  /**
   * Where the pairs that both have first come in another order: the pair that comes next in each, and its rank there.
   * null when they come in the same order.
   */
  orderChangesAt: Both<{ pair: [string, string]; rank: number }> | null
  examples: Record<'onlyA' | 'onlyB', { pair: [string, string]; rank: number }[]>
}

/** @param names pieces by id, spelled alike in both */
export function diffMerges(a: Tokenizer, b: Tokenizer, names: Both<string[]>, most: number): MergesDiff {
  const read = { a: readablePiece(a), b: readablePiece(b) }
  const pairs = { a: pairsOf(a, names.a), b: pairsOf(b, names.b) }
  const shown = (side: 'a' | 'b', rank: number) => {
    const { left, right } = (side === 'a' ? a : b).merges
    return { pair: [read[side](left[rank]), read[side](right[rank])] as [string, string], rank }
  }
  const [inA, inB] = [new Set(pairs.a), new Set(pairs.b)]
  const ranksOnly = (side: 'a' | 'b', other: ReadonlySet<string>) =>
    pairs[side].flatMap((pair, rank) => (other.has(pair) ? [] : [rank]))
  const onlyA = ranksOnly('a', inB)
  const onlyB = ranksOnly('b', inA)
  return {
    count: { a: pairs.a.length, b: pairs.b.length },
    onlyA: onlyA.length,
    onlyB: onlyB.length,
    orderChangesAt: firstChange(),
    examples: {
      onlyA: onlyA.slice(0, most).map((rank) => shown('a', rank)),
      onlyB: onlyB.slice(0, most).map((rank) => shown('b', rank)),
    },
  }

  function firstChange(): MergesDiff['orderChangesAt'] {
    let rankA = 0
    let rankB = 0
    for (;;) {
      while (rankA < pairs.a.length && !inB.has(pairs.a[rankA])) rankA++
      while (rankB < pairs.b.length && !inA.has(pairs.b[rankB])) rankB++
      if (rankA === pairs.a.length || rankB === pairs.b.length) return null
      if (pairs.a[rankA] !== pairs.b[rankB]) return { a: shown('a', rankA), b: shown('b', rankB) }
      rankA++
      rankB++
    }
  }
}

/** By rank. No piece holds a NUL. */
function pairsOf({ merges }: Tokenizer, names: readonly string[]): string[] {
  return Array.from(merges.left, (left, rank) => `${names[left]}\0${names[merges.right[rank]]}`)
}
