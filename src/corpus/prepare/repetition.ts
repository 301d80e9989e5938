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
  const ids = numbered(words)
  // Without a word that stands twice no n-gram does.
  if (ids.distinct === words.length) return
  for (let n = 2; n <= 4; n++) yield [`top-n-gram ${n}`, topCharacters(words, ids.of, n) / length]
  for (let n = 5; n <= 10; n++) yield [`duplicate-n-grams ${n}`, repeatedCharacters(words, ids.of, n) / length]
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

/** Words by number, in the order in which they appear. */
function numbered(words: readonly string[]): { of: Int32Array; distinct: number } {
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
  return { of, distinct: ids.size }
}

/**
 * The n-grams by number: those of n - 1 words and the word behind, paired. Exact, since a pair of numbers below 2^26 is
 * one number below 2^53; a text has fewer words.
 */
function grams(ids: Int32Array, n: number): Int32Array {
  let current = ids
  for (let size = 2; size <= n; size++) {
    const pairs = new Map<number, number>()
    const next = new Int32Array(Math.max(0, ids.length - size + 1))
    for (let i = 0; i < next.length; i++) {
      const pair = current[i] * 2 ** 26 + ids[i + size - 1]
      let id = pairs.get(pair)
      if (id === undefined) {
        id = pairs.size
        pairs.set(pair, id)
      }
      next[i] = id
    }
    current = next
  }
  return current
}

/** Characters of the most frequent n-gram, spaces between its words included, times its count; 0 if none repeats. */
function topCharacters(words: readonly string[], ids: Int32Array, n: number): number {
  const numbers = grams(ids, n)
  const counts = new Int32Array(numbers.length)
  const first = new Int32Array(numbers.length)
  let best = 0
  for (let i = 0; i < numbers.length; i++) {
    if (counts[numbers[i]]++ === 0) first[numbers[i]] = i
  }
  // Of equally frequent ones the first counts, as in Python's Counter.most_common.
  for (let id = 1; id < counts.length; id++) if (counts[id] > counts[best]) best = id
  if (numbers.length === 0 || counts[best] < 2) return 0
  let characters = n - 1
  for (let i = 0; i < n; i++) characters += words[first[best] + i].length
  return characters * counts[best]
}

/** Characters of n-grams that were there before; one that is counted is stepped over, so that nothing counts twice. */
function repeatedCharacters(words: readonly string[], ids: Int32Array, n: number): number {
  const numbers = grams(ids, n)
  const seen = new Uint8Array(numbers.length)
  let characters = 0
  for (let i = 0; i < numbers.length; ) {
    if (seen[numbers[i]] === 0) {
      seen[numbers[i]] = 1
      i++
      continue
    }
    for (let word = 0; word < n; word++) characters += words[i + word].length
    i += n
  }
  return characters
}
