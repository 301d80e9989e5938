/**
 * Random numbers that depend on nothing but where they stand: Philox4x32-10, a counter-based generator (J. Salmon et al.,
 * "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011), so that any trainer draws the same ones in any order.
 */

/** Four 32-bit words for a counter of four words and a key of two. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): Uint32Array {
  let [a, b, c, d] = counter
  let [left, right] = key
  for (let round = 0; round < 10; round++) {
    const high0 = highProduct(0xd2511f53, a)
    const high1 = highProduct(0xcd9e8d57, c)
    const low0 = Math.imul(0xd2511f53, a)
    const low1 = Math.imul(0xcd9e8d57, c)
    a = high1 ^ b ^ left
    b = low1
    c = high0 ^ d ^ right
    d = low0
    left = (left + 0x9e3779b9) | 0
    right = (right + 0xbb67ae85) | 0
  }
  return Uint32Array.of(a, b, c, d)
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers: partial products of 16 bits stay exact. */
function highProduct(x: number, y: number): number {
  const xHigh = x >>> 16
  const xLow = x & 0xffff
  const yHigh = y >>> 16
  const yLow = y & 0xffff
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16)
  return (xHigh * yHigh + Math.floor(middle / 0x10000) + (((middle % 0x10000) + xLow * yHigh) >>> 16)) >>> 0
}

/** Where the numbers of one row stand: no two rows, sides or purposes share any. */
export interface RandomPlace {
  /** A whole number from 0 to 2^32 - 1. */
  seed: number
  side: 'input' | 'output'
  /** The row's id in the extended tokenizer. */
  id: number
  /** What the numbers are for: 0 the noise of the file format, others the methods' own. */
  stream: number
}

/**
 * Standard normal numbers (Box-Muller, float64): with w the words at counter (i / 4, id, stream, 0) and key (seed, side),
 * side 0 for input and 1 for output, u_j = (w_j + 0.5) / 2^32, the numbers 4i to 4i + 3 are
 * √(-2 ln u_0) cos 2πu_1, √(-2 ln u_0) sin 2πu_1, √(-2 ln u_2) cos 2πu_3 and √(-2 ln u_2) sin 2πu_3.
 */
export function normals(place: RandomPlace, count: number): Float64Array {
  const values = new Float64Array(Math.ceil(count / 4) * 4)
  for (let block = 0; block * 4 < count; block++) {
    const words = wordsAt(place, block)
    for (let pair = 0; pair < 4; pair += 2) {
      const radius = Math.sqrt(-2 * Math.log((words[pair] + 0.5) / 2 ** 32))
      const angle = 2 * Math.PI * ((words[pair + 1] + 0.5) / 2 ** 32)
      values[block * 4 + pair] = radius * Math.cos(angle)
      values[block * 4 + pair + 1] = radius * Math.sin(angle)
    }
  }
  return values.subarray(0, count)
}

/** Whole numbers from 0 to `below` - 1, all as likely to within `below` / 2^32. */
export function drawn(place: RandomPlace, count: number, below: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => Math.floor((wordsAt(place, i >> 2)[i & 3] / 2 ** 32) * below))
}

function wordsAt({ seed, side, id, stream }: RandomPlace, block: number): Uint32Array {
  return philox([block, id, stream, 0], [seed | 0, side === 'input' ? 0 : 1])
}
