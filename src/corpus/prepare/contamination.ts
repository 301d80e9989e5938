/** N-grams of benchmark items, found in documents: by a rolling hash of their beginnings, then letter by letter. */

export interface ItemFinder {
  add: (item: string, file: string) => void
  /** The first shared n-gram of a text: as it is compared, and the file of the item. */
  find: (text: string) => { text: string; file: string } | null
  items: () => number
  tooShort: () => number
}

export interface ItemFinderOptions {
  unit: 'characters' | 'words'
  /** Units of an n-gram. */
  size: number
  /** Items of fewer units than `size` are n-grams as a whole, down to this many. */
  least: number
}

/** Two factors, so that two 32-bit hashes make a key of 53 bits; what the key finds is compared as text. */
const FACTORS = [0x01000193, 0x5bd1e995] as const

/**
 * Memory: about 100 bytes a unit of the benchmarks. Time a document: one step a unit, whatever the number of items.
 * What matches is equal letter by letter: no hash decides.
 */
export function createItemFinder({ unit, size, least }: ItemFinderOptions): ItemFinder {
  const isWords = unit === 'words'
  /** Beginnings of n-grams (`least` units) to the n-grams that begin so. */
  const beginnings = new Map<number, { gram: readonly string[] | string; file: string }[]>()
  const known = new Set<string>()
  let items = 0
  let tooShort = 0

  const unitsOf = (text: string): readonly string[] | string => {
    const plain = text
      .normalize('NFC')
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\s]+/gu, '')
    return isWords ? (plain.match(/\S+/g) ?? []) : plain.replace(/\s+/g, '')
  }
  return {
    add(item, file) {
      const units = unitsOf(item)
      if (units.length < least) {
        tooShort++
        return
      }
      items++
      const length = Math.min(size, units.length)
      forEachWindow(units, least, (key, at) => {
        if (at + length > units.length) return false
        const gram = units.slice(at, at + length)
        const spelled = isWords ? (gram as readonly string[]).join(' ') : (gram as string)
        if (known.has(spelled)) return true
        known.add(spelled)
        const there = beginnings.get(key)
        if (there) there.push({ gram, file })
        else beginnings.set(key, [{ gram, file }])
        return true
      })
    },
    find(text) {
      if (beginnings.size === 0) return null
      const units = unitsOf(text)
      let hit: { text: string; file: string } | null = null
      forEachWindow(units, least, (key, at) => {
        for (const { gram, file } of beginnings.get(key) ?? []) {
          if (!isAt(units, at, gram)) continue
          hit = { text: isWords ? (gram as readonly string[]).join(' ') : (gram as string), file }
          return false
        }
        return true
      })
      return hit
    },
    items: () => items,
    tooShort: () => tooShort,
  }
}

function isAt(units: readonly string[] | string, at: number, gram: readonly string[] | string): boolean {
  if (typeof units === 'string') return units.startsWith(gram as string, at)
  for (let i = 0; i < gram.length; i++) if (units[at + i] !== gram[i]) return false
  return true
}

/** @param see gets the key of the window that begins at `at`; false ends it */
function forEachWindow(
  units: readonly string[] | string,
  width: number,
  see: (key: number, at: number) => boolean,
): void {
  const values = typeof units === 'string' ? null : units.map(hashOfWord)
  const value = (i: number) => (values === null ? (units as string).charCodeAt(i) + 1 : values[i])
  const [f, g] = FACTORS
  let powerF = 1
  let powerG = 1
  for (let i = 1; i < width; i++) {
    powerF = Math.imul(powerF, f)
    powerG = Math.imul(powerG, g)
  }
  let a = 0
  let b = 0
  for (let i = 0; i < units.length; i++) {
    if (i >= width) {
      const leaving = value(i - width)
      a = (a - Math.imul(leaving, powerF)) | 0
      b = (b - Math.imul(leaving, powerG)) | 0
    }
    const coming = value(i)
    a = (Math.imul(a, f) + coming) | 0
    b = (Math.imul(b, g) + coming) | 0
    if (i >= width - 1 && !see((a >>> 0) * 2 ** 21 + (b >>> 11), i - width + 1)) return
  }
}

function hashOfWord(word: string): number {
  let hash = 0x811c9dc5 | 0
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), FACTORS[0])
  return hash
}
