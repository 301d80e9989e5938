/** Which lines stand in many documents, in bounded memory: a sketch finds candidates, a second pass counts them. */
import { hashText } from './hash128'

const ROWS = 4

export interface LineCounter {
  /** Once for each document that has the line, in passes 0 and 1. */
  observe: (line: string, pass: number) => void
  passed: (pass: number) => void
  /** After both passes. Exact, but for a collision of 53-bit hashes. */
  isFrequent: (line: string) => boolean
  frequent: () => number
}

/**
 * The first pass fills a count-min sketch with conservative update (Cormode and Muthukrishnan 2005; Estan and Varghese
 * 2002): it never counts too little. The second counts exactly those lines that the sketch holds for frequent, so that
 * what it overrates does no harm. Memory: the sketch, and about 40 bytes a candidate.
 *
 * @param documents from how many on a line is frequent
 * @param bytes of the sketch, rounded down to a power of two
 */
export function lineCounter({ documents, bytes }: { documents: number; bytes: number }): LineCounter {
  const width = 2 ** Math.floor(Math.log2(bytes / (4 * ROWS)))
  let sketch = new Uint32Array(0)
  const counts = new Map<number, number>()
  const hash = new Uint32Array(4)
  const cells = new Uint32Array(ROWS)

  /** The least of a line's cells. */
  const look = (): number => {
    let least = Number.POSITIVE_INFINITY
    for (let row = 0; row < ROWS; row++) {
      cells[row] = row * width + (hash[row] & (width - 1))
      if (sketch[cells[row]] < least) least = sketch[cells[row]]
    }
    return least
  }
  /** 53 bits of a line's hash that no cell of the sketch was chosen by alone. */
  const key = (): number => hash[3] * 2 ** 21 + (hash[2] >>> 11)
  return {
    observe(line, pass) {
      if (sketch.length === 0) sketch = new Uint32Array(width * ROWS)
      hashText(line, 0, hash)
      const least = look()
      if (pass > 0) {
        if (least >= documents) counts.set(key(), (counts.get(key()) ?? 0) + 1)
        return
      }
      for (const cell of cells) if (sketch[cell] === least) sketch[cell]++
    },
    passed(pass) {
      if (pass === 0) return
      for (const [line, count] of counts) if (count < documents) counts.delete(line)
      sketch = new Uint32Array(0)
    },
    isFrequent(line) {
      hashText(line, 0, hash)
      return counts.has(key())
    },
    frequent: () => counts.size,
  }
}
