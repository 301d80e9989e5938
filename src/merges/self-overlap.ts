import { orderSplits, type Registry, type Split, splitsOf } from './registry'

/**
 * Whether SentencePiece and Hugging Face could part ways over a piece of this key, were it made next.
 *
 * SentencePiece merges the leftmost pair that spells a piece; Hugging Face all pairs of one split, then all of the
 * next. {@link orderSplits} makes them equal wherever two splits share one token. What it cannot settle are pieces that
 * repeat a string w three times or more (`ㅋㅋㅋ` from ㅋ·ㅋㅋ and ㅋㅋ·ㅋ): in `ㅋㅋ ㅋ ㅋㅋ` both orders are
 * possible. Whether such a row of tokens can arise depends on the shorter repetitions, so we try: every run of w up to
 * four times the piece's length, begun and ended anywhere inside w, is encoded both ways.
 */
export function overlapsUnsafely(registry: Registry, key: string): boolean {
  const period = smallestPeriod(key)
  if (key.length / period < 3) return false
  const { keys, byKey, ranks, nextRank } = registry
  const symbol = keys.length
  keys.push(key)
  byKey.set(key, symbol)
  ranks[symbol] = nextRank
  const unsafe = splitsOf(registry, symbol).length > 1 && runsDiffer(registry, key, period)
  keys.pop()
  byKey.delete(key)
  ranks.length = symbol
  return unsafe
}

function runsDiffer(registry: Registry, key: string, period: number): boolean {
  const encode = runEncoder(registry, key.slice(0, period))
  const run = key.slice(0, period).repeat((4 * key.length) / period + 2)
  for (let from = 0; from < period; from++) {
    if (!registry.splitsBytes && (run.charCodeAt(from) & 0xc0) === 0x80) continue
    for (let length = key.length; length <= 4 * key.length; length++) {
      if (!registry.splitsBytes && (run.charCodeAt(from + length) & 0xc0) === 0x80) continue
      const text = run.slice(from, from + length)
      if (encode(text, true) !== encode(text, false)) return true
    }
  }
  return false
}

/** The length of the shortest w with key = w w … w; the key's own length when there is none. */
export function smallestPeriod(key: string): number {
  for (let period = 1; period * 2 <= key.length; period++) {
    if (key.length % period === 0 && key.startsWith(key.slice(period))) return period
  }
  return key.length
}

/** Encodes runs of one string with the pieces, no longer than the last one, that lie inside such runs; `bySplit`: as Hugging Face ranks pairs. */
function runEncoder(registry: Registry, period: string): (text: string, bySplit: boolean) => string {
  const longest = registry.keys[registry.keys.length - 1].length
  const run = period.repeat(longest / period.length + 2)
  const rankOfPair = new Map<string, number>()
  const seen = new Set<number>()
  for (let length = 1; length <= longest; length++) {
    for (let from = 0; from < period.length; from++) {
      const symbol = registry.byKey.get(run.slice(from, from + length))
      if (symbol === undefined || seen.has(symbol)) continue
      seen.add(symbol)
      const ordered: Split[] = orderSplits(registry.keys, splitsOf(registry, symbol))
      ordered.forEach((split, at) => {
        rankOfPair.set(`${registry.keys[split.left]}\0${registry.keys[split.right]}`, registry.ranks[symbol] * 64 + at)
      })
    }
  }
  return (text, bySplit) => {
    const tokens: string[] = []
    for (let i = 0; i < text.length; i++) {
      if (!registry.splitsBytes && (text.charCodeAt(i) & 0xc0) === 0x80) tokens[tokens.length - 1] += text[i]
      else tokens.push(text[i])
    }
    for (;;) {
      let best = Number.POSITIVE_INFINITY
      let at = -1
      for (let i = 0; i + 1 < tokens.length; i++) {
        let rank = rankOfPair.get(`${tokens[i]}\0${tokens[i + 1]}`)
        if (rank === undefined) continue
        if (!bySplit) rank = Math.floor(rank / 64)
        if (rank < best) {
          best = rank
          at = i
        }
      }
      if (at < 0) return tokens.join('\0')
      tokens.splice(at, 2, tokens[at] + tokens[at + 1])
    }
  }
}
