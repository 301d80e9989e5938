/**
 * How much of a text was there before, as Gopher measures it (Rae et al. 2021, arXiv 2112.11446, appendix A1.1) and
 * datatrove's GopherRepetitionFilter computes it, with eojeol as words.
 */

/**
 * Names and shares, one after the other, so that a caller may stop at the first that is too large: `duplicate-lines`,
 * `duplicate-paragraphs` (of lines and paragraphs), the same with `-characters` (of the text's characters),
 * `top-n-gram n` for 2 to 4 and `duplicate-n-grams n` for 5 to 10.
 */
export function* repeatedShares(text: string): Generator<[name: string, share: number]> {
  const length = Math.max(1, text.length)
  if (text.includes('\n')) {
    const paragraphs = duplicates(text.trim().split(/\n{2,}/))
    yield ['duplicate-paragraphs', paragraphs.elements]
    yield ['duplicate-paragraph-characters', paragraphs.characters / length]
    const lines = duplicates(text.split(/\n+/))
    yield ['duplicate-lines', lines.elements]
    yield ['duplicate-line-characters', lines.characters / length]
  }
  const words = text.match(/\S+/g) ?? []
  let grams = wordNumbers(words)
  for (let n = 2; n <= 10 && grams.distinct > 0; n++) {
    grams = longer(grams.of)
    if (n <= 4) yield [`top-n-gram ${n}`, topCharacters(words, grams, n) / length]
    else yield [`duplicate-n-grams ${n}`, repeatedCharacters(words, grams, n) / length]
  }
}

/** The n-grams of a text by where they begin. */
interface Grams {
  /** A number for each n-gram that stands there twice or more often, in the order of their first places; else -1. */
  of: Int32Array
  distinct: number
}

function duplicates(parts: readonly string[]): { elements: number; characters: number } {
  const seen = new Set<string>()
  let elements = 0
  let characters = 0
  for (const part of parts) {
    if (seen.has(part)) {
      elements++
      characters += part.length
    } else seen.add(part)
  }
  return { elements: elements / parts.length, characters }
}

function wordNumbers(words: readonly string[]): Grams {
  const ids = new Map<string, number>()
  const of = new Int32Array(words.length)
  for (let i = 0; i < words.length; i++) {
    let id = ids.get(words[i])
    if (id === undefined) {
      id = ids.size
      ids.set(words[i], id)
    }
    of[i] = id
  }
  return repeatedOnly(of, ids.size)
}

/**
 * The n-grams of one word more. One that repeats has two halves that overlap and repeat; so most places are done with at
 * once. Exact: a pair of numbers below 2^26 is one number below 2^53, and a text has fewer words.
 */
function longer(of: Int32Array): Grams {
  const pairs = new Map<number, number>()
  const next = new Int32Array(Math.max(0, of.length - 1))
  for (let i = 0; i < next.length; i++) {
    if (of[i] < 0 || of[i + 1] < 0) {
      next[i] = -1
      continue
    }
    const pair = of[i] * 2 ** 26 + of[i + 1]
    let id = pairs.get(pair)
    if (id === undefined) {
      id = pairs.size
      pairs.set(pair, id)
    }
    next[i] = id
  }
  return repeatedOnly(next, pairs.size)
}

/** Numbers in place: those that stand once become -1, the others close up. */
function repeatedOnly(of: Int32Array, distinct: number): Grams {
  const counts = new Int32Array(distinct)
  for (const id of of) if (id >= 0) counts[id]++
  let left = 0
  for (let id = 0; id < distinct; id++) counts[id] = counts[id] > 1 ? left++ : -1
  for (let i = 0; i < of.length; i++) if (of[i] >= 0) of[i] = counts[of[i]]
  return { of, distinct: left }
}

/** Characters of the most frequent n-gram, spaces between its words included, times its count; 0 if none repeats. */
function topCharacters(words: readonly string[], { of, distinct }: Grams, n: number): number {
  if (distinct === 0) return 0
  const counts = new Int32Array(distinct)
  const first = new Int32Array(distinct)
  for (let i = 0; i < of.length; i++) if (of[i] >= 0 && counts[of[i]]++ === 0) first[of[i]] = i
  // Of equally frequent ones the first counts, as in Python's Counter.most_common.
  let best = 0
  for (let id = 1; id < distinct; id++) if (counts[id] > counts[best]) best = id
  let characters = n - 1
  for (let i = 0; i < n; i++) characters += words[first[best] + i].length
  return characters * counts[best]
}

/** Characters of n-grams that were there before; one that is counted is stepped over, so that nothing counts twice. */
function repeatedCharacters(words: readonly string[], { of, distinct }: Grams, n: number): number {
  const seen = new Uint8Array(distinct)
  let characters = 0
  for (let i = 0; i < of.length; ) {
    if (of[i] < 0 || seen[of[i]] === 0) {
      if (of[i] >= 0) seen[of[i]] = 1
      i++
      continue
    }
    for (let word = 0; word < n; word++) characters += words[i + word].length
    i += n
  }
  return characters
}
