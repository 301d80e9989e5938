/** N-grams of benchmark items, found in documents: by a rolling hash of their beginnings, then unit by unit. */
import { lettersOf } from './letters'

export interface ItemFinder {
  add: (item: string, file: string) => void
  /** The first shared n-gram of a text: as it is compared, and the file of the item. */
  find: (text: string) => { text: string; file: string } | null
  items: () => number
  tooShort: () => number
}

export interface ItemFinderOptions {
  /** `characters`: letters, marks and digits, whatever stands between them. `words`: eojeol without punctuation. */
  unit: 'characters' | 'words'
  /** Units of an n-gram. */
  size: number
  /** Items of fewer units than `size` are n-grams as a whole, down to this many. */
  least: number
}

/** Letters as UTF-16 units, words as numbers: what is equal is equal, no hash decides. */
type Units = Uint16Array | Int32Array

interface Gram {
  item: Units
  at: number
  length: number
  file: string
}

/** Two factors, so that two 32-bit hashes make a key of 53 bits; what the key finds is compared unit by unit. */
const F = 0x01000193
const G = 0x5bd1e995

/**
 * Memory: the items, and about 150 bytes a unit of them. Time: a few steps a unit of a document, however many items.
 */
export function createItemFinder({ unit, size, least }: ItemFinderOptions): ItemFinder {
  /** Hashes of beginnings (`least` units) to the n-grams that begin so. */
  const beginnings = new Map<number, Gram[]>()
  /** One bit for each beginning's low bits: most places of a document are done with here. */
  const filter = new Uint8Array(1 << 17)
  const vocabulary = new Map<string, number>()
  let buffer: Uint16Array = new Uint16Array(1 << 12)
  let items = 0
  let tooShort = 0

  const wordsOf = (text: string): string[] =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\s]+/gu, '')
      .match(/\S+/g) ?? []

  /** @param isItem words that no item has are all 0 in a document */
  const unitsOf = (text: string, isItem: boolean): Units => {
    const plain = text.normalize('NFC')
    if (unit === 'characters') {
      const [letters, count] = lettersOf(plain, buffer)
      buffer = letters.length > 1 << 24 ? new Uint16Array(1 << 12) : letters
      return isItem ? letters.slice(0, count) : letters.subarray(0, count)
    }
    return Int32Array.from(wordsOf(plain), (word) => {
      let number = vocabulary.get(word)
      if (number === undefined && isItem) {
        number = vocabulary.size + 1
        vocabulary.set(word, number)
      }
      return number ?? 0
    })
  }
  const spelled = ({ item, at, length }: Gram): string => {
    const part = item.subarray(at, at + length)
    if (unit === 'characters') return String.fromCharCode(...part)
    const words = [...vocabulary.keys()]
    return Array.from(part, (number) => words[number - 1]).join(' ')
  }
  return {
    add(text, file) {
      const item = unitsOf(text, true)
      if (item.length < least) {
        tooShort++
        return
      }
      items++
      const length = Math.min(size, item.length)
      forEachWindow(item, least, (a, b, at) => {
        if (at + length > item.length) return false
        const key = keyOf(a, b)
        const there = beginnings.get(key)
        const gram = { item, at, length, file }
        if (!there) beginnings.set(key, [gram])
        else if (!there.some((other) => other.length === length && isAt(item, at, other))) there.push(gram)
        filter[(a >>> 3) & 0x1ffff] |= 1 << (a & 7)
        return true
      })
    },
    find(text) {
      if (beginnings.size === 0) return null
      const units = unitsOf(text, false)
      let hit: { text: string; file: string } | null = null
      forEachWindow(units, least, (a, b, at) => {
        if ((filter[(a >>> 3) & 0x1ffff] & (1 << (a & 7))) === 0) return true
        const gram = beginnings.get(keyOf(a, b))?.find((one) => isAt(units, at, one))
        if (gram) hit = { text: spelled(gram), file: gram.file }
        return gram === undefined
      })
      return hit
    },
    items: () => items,
    tooShort: () => tooShort,
  }
}

const keyOf = (a: number, b: number): number => (a >>> 0) * 2 ** 21 + (b >>> 11)

function isAt(units: Units, at: number, gram: Gram): boolean {
  if (at + gram.length > units.length) return false
  for (let i = 0; i < gram.length; i++) if (units[at + i] !== gram.item[gram.at + i]) return false
  return true
}

/** @param see gets two hashes of the window that begins at `at`; false ends it */
function forEachWindow(units: Units, width: number, see: (a: number, b: number, at: number) => boolean): void {
  let powerF = 1
  let powerG = 1
  for (let i = 1; i < width; i++) {
    powerF = Math.imul(powerF, F)
    powerG = Math.imul(powerG, G)
  }
  let a = 0
  let b = 0
  for (let i = 0; i < units.length; i++) {
    if (i >= width) {
      a = (a - Math.imul(units[i - width], powerF)) | 0
      b = (b - Math.imul(units[i - width], powerG)) | 0
    }
    a = (Math.imul(a, F) + units[i]) | 0
    b = (Math.imul(b, G) + units[i]) | 0
    if (i >= width - 1 && !see(a, b, i - width + 1)) return
  }
}
