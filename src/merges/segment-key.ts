import type { Registry } from './registry'

/** A first symbol that no piece stands for: a character that a SentencePiece vocabulary lacks. */
export const MISSING = -1

/**
 * What the pieces so far make of a key alone: from its first symbols (bytes, or characters of SentencePiece bases) the
 * adjacent pair that spells the piece of lowest rank merges first, leftmost first.
 *
 * @param onMade told every symbol that a merge makes, in order
 * @returns symbols; {@link MISSING} where a character is no piece, which takes part in no merge
 */
export function segmentKey(registry: Registry, key: string, onMade?: (symbol: number) => void): number[] {
  const { byKey, keys, ranks } = registry
  const tokens = firstParts(registry, key).map((part) => byKey.get(part) ?? MISSING)
  // By place: what the pair of this token and the next one spells, -1 for nothing.
  const spelled = (i: number): number => {
    if (i < 0 || i + 1 >= tokens.length || tokens[i] < 0 || tokens[i + 1] < 0) return -1
    return byKey.get(keys[tokens[i]] + keys[tokens[i + 1]]) ?? -1
  }
  const pairs = tokens.map((_, i) => spelled(i))
  for (;;) {
    let best = -1
    for (let i = 0; i + 1 < tokens.length; i++) {
      if (pairs[i] >= 0 && (best < 0 || ranks[pairs[i]] < ranks[pairs[best]])) best = i
    }
    if (best < 0) return tokens
    const made = pairs[best]
    onMade?.(made)
    tokens.splice(best, 2, made)
    pairs.splice(best, 2, -1)
    pairs[best] = spelled(best)
    if (best > 0) pairs[best - 1] = spelled(best - 1)
  }
}

/** The bytes of a key, or its characters where pieces split between characters only. */
export function firstParts({ splitsBytes }: Pick<Registry, 'splitsBytes'>, key: string): string[] {
  if (splitsBytes) return key.split('')
  const parts: string[] = []
  let start = 0
  for (let at = 1; at <= key.length; at++) {
    if (at < key.length && (key.charCodeAt(at) & 0xc0) === 0x80) continue
    parts.push(key.slice(start, at))
    start = at
  }
  return parts
}
