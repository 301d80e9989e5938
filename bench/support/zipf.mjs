/** Text with as many distinct words as wanted, in a file of any size. */
import { closeSync, openSync, writeSync } from 'node:fs'

/**
 * Writes lines of twelve words of one to five Hangul syllables, frequent as Zipf and Mandelbrot have it: a word of rank r
 * comes as often as (r + 2.7) to the power of -1.05, r up to `ranks`. A text of language has fewer distinct words by far:
 * this is the hard case for whatever counts them.
 *
 * @param {number} bytes least size of the file
 * @param {string} path
 * @param {number} ranks
 * @param {number} seed from 1
 * @returns {number} bytes written
 */
export function zipfFile(bytes, path, ranks = 1e10, seed = 1) {
  const exponent = 1.05
  const shift = 2.7
  const low = (1 + shift) ** (1 - exponent)
  const high = (ranks + shift) ** (1 - exponent)
  // Two xorshift generators of 32 bits: one alone would repeat itself after 4 billion words, 27 GB.
  let a = seed | 1
  let b = (seed * 2654435761) | 1
  const draw = () => {
    a ^= a << 13
    a ^= a >>> 17
    a ^= a << 5
    b ^= b << 7
    b ^= b >>> 25
    b ^= b << 12
    return ((a + b) >>> 0) / 2 ** 32
  }
  const block = new Uint8Array(1 << 20)
  const file = openSync(path, 'w')
  let written = 0
  try {
    for (let words = 1, used = 0; written < bytes; words++) {
      let rank = Math.floor((low + draw() * (high - low)) ** (1 / (1 - exponent)) - shift)
      for (let length = 0; length === 0 || rank > 0; length++) {
        const syllable = 0xac00 + ((rank * 7919 + length * 4099) % 11_172)
        block[used++] = 0xe0 | (syllable >> 12)
        block[used++] = 0x80 | ((syllable >> 6) & 63)
        block[used++] = 0x80 | (syllable & 63)
        rank = Math.floor(rank / 2000)
      }
      block[used++] = words % 12 === 0 ? 0x0a : 0x20
      if (used > block.length - 64 || written + used >= bytes) {
        writeSync(file, block, 0, used)
        written += used
        used = 0
      }
    }
  } finally {
    closeSync(file)
  }
  return written
}
