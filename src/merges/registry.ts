/**
 * All pieces by their key, and which pairs a new piece makes possible.
 *
 * Once a piece exists, every adjacent pair that spells it merges. A piece that is made later can open such a pair: with
 * `BC` new, (`A`, `BC`) spells an older `ABC` that its own merges could not reach. Pieces are asked for each split once,
 * when the missing half comes, so the merge loop itself never has to look a string up.
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

/** Adds the pieces there are from the start, in the order in which they merge. */
export function addPieces(registry: Registry, symbols: Iterable<number>): void {
  const added: number[] = []
  for (const symbol of symbols) {
    registry.byKey.set(registry.keys[symbol], symbol)
    registry.ranks[symbol] = registry.nextRank++
    added.push(symbol)
  }
  for (const symbol of added) awaitHalves(registry, symbol)
}

/**
 * Adds a piece that merges after all others.
 *
 * @returns the pairs with it that spell older pieces
 */
export function addPiece(registry: Registry, symbol: number): Split[] {
  registry.byKey.set(registry.keys[symbol], symbol)
  registry.ranks[symbol] = registry.nextRank++
  awaitHalves(registry, symbol)
  return openedBy(registry, symbol)
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

/** All pairs of pieces that spell this piece, longest left half first, as transformers orders them. */
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

function openedBy(registry: Registry, symbol: number): Split[] {
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
