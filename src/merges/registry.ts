/**
 * All pieces by their key, and which pairs a new piece makes possible.
 *
 * Once a piece exists, every adjacent pair that spells it merges. A piece that is made later can open such a pair: with
 * `BC` new, (`A`, `BC`) spells the older `ABC` at once. Pieces are asked for each split once, when the missing half
 * comes, so the merge loop itself never has to look a string up.
 */
export interface Registry {
  keys: string[]
  byKey: Map<string, number>
  /** Order in which pieces merge: by symbol, lower first. Grows. */
  ranks: number[]
  nextRank: number
  /** Missing half → older pieces that wait for it. */
  waiting: Map<string, number[]>
  /** UTF-8 bytes inside a character are no split: keys of SentencePiece bases split between characters only. */
  splitsBytes: boolean
}

/** A pair that spells a piece. */
export interface Split {
  left: number
  right: number
  result: number
}

export function createRegistry(keys: string[], splitsBytes: boolean): Registry {
  return { keys, byKey: new Map(), ranks: [], nextRank: 0, waiting: new Map(), splitsBytes }
}

/** Adds a piece. `rank`: its place among the base's merges; by default behind all. */
export function addPiece(registry: Registry, symbol: number, rank = registry.nextRank): void {
  const key = registry.keys[symbol]
  registry.byKey.set(key, symbol)
  registry.ranks[symbol] = rank
  registry.nextRank = Math.max(registry.nextRank, rank + 1)
  awaitHalves(registry, symbol)
}

function awaitHalves(registry: Registry, symbol: number): void {
  const key = registry.keys[symbol]
  for (let cut = 1; cut < key.length; cut++) {
    if (!isCut(registry, key, cut)) continue
    const left = key.slice(0, cut)
    if (!registry.byKey.has(left)) waitFor(registry, left, symbol)
    else {
      const right = key.slice(cut)
      if (!registry.byKey.has(right)) waitFor(registry, right, symbol)
    }
  }
}

function waitFor(registry: Registry, half: string, symbol: number): void {
  const list = registry.waiting.get(half)
  if (!list) registry.waiting.set(half, [symbol])
  else if (list[list.length - 1] !== symbol) list.push(symbol)
}

function isCut(registry: Registry, key: string, cut: number): boolean {
  return registry.splitsBytes || (key.charCodeAt(cut) & 0xc0) !== 0x80
}

/** All pairs of pieces that spell this piece, longest left half first. */
export function splitsOf(registry: Registry, symbol: number): Split[] {
  const key = registry.keys[symbol]
  const splits: Split[] = []
  for (let cut = key.length - 1; cut > 0; cut--) {
    if (!isCut(registry, key, cut)) continue
    const left = registry.byKey.get(key.slice(0, cut))
    if (left === undefined) continue
    const right = registry.byKey.get(key.slice(cut))
    if (right !== undefined) splits.push({ left, right, result: symbol })
  }
  return splits
}

/** The pairs that this new piece opens to older pieces. Call once, right after {@link addPiece}. */
export function openedBy(registry: Registry, symbol: number): Split[] {
  const key = registry.keys[symbol]
  const list = registry.waiting.get(key)
  if (!list) return []
  registry.waiting.delete(key)
  const opened: Split[] = []
  for (const result of list) {
    const whole = registry.keys[result]
    if (whole.startsWith(key)) {
      const half = whole.slice(key.length)
      const right = registry.byKey.get(half)
      if (right !== undefined) opened.push({ left: symbol, right, result })
      else waitFor(registry, half, result)
    }
    if (whole.endsWith(key)) {
      const half = whole.slice(0, whole.length - key.length)
      const left = registry.byKey.get(half)
      // `xx` from x twice is one split, found above.
      if (left === undefined) waitFor(registry, half, result)
      else if (left !== symbol) opened.push({ left, right: symbol, result })
    }
  }
  return opened
}

/**
 * The order in which the splits of one piece stand in tokenizer.json.
 *
 * transformers writes the longest left half first. SentencePiece takes the leftmost pair whatever its split, Hugging
 * Face the split of lowest rank; they differ where two splits share a token: (u, v) and (v, x) in `u v x`, which needs
 * a v that both ends and begins the piece. (u, v) stands further left, so it must rank first; when v is longer than
 * half of the piece, that turns the usual order around.
 */
export function orderSplits(keys: readonly string[], splits: Split[]): Split[] {
  const ordered = splits.slice()
  if (ordered.length < 2) return ordered
  const key = keys[ordered[0].result]
  const lengthOf = (split: Split) => keys[split.left].length
  ordered.sort((a, b) => lengthOf(b) - lengthOf(a))
  for (let i = 0; i < ordered.length; i++) {
    const cut = lengthOf(ordered[i])
    if (cut * 2 <= key.length) break
    // ordered[i] = (v, x) with |v| = cut > half: is v also the end of the piece?
    if (!key.endsWith(keys[ordered[i].left])) continue
    const twin = ordered.findIndex((split) => lengthOf(split) === key.length - cut)
    if (twin < 0 || key.endsWith(keys[ordered[twin].left])) continue
    const swapped = ordered[i]
    ordered[i] = ordered[twin]
    ordered[twin] = swapped
  }
  return ordered
}
