/** Text whose words are as frequent as those of language: Zipf–Mandelbrot, rank + 2.7 to the power of -1.05. */

const EXPONENT = 1.05
const SHIFT = 2.7

/** xorshift32: numbers from 0 to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/**
 * Lines of twelve words of one to four Hangul syllables.
 *
 * @param bytes least length
 * @param ranks how many words there are to draw from; the more, the more distinct ones
 */
export function zipfText(bytes: number, ranks: number, seed = 1): Uint8Array {
  const draw = random(seed)
  const text = new Uint8Array(bytes + 64)
  const low = (1 + SHIFT) ** (1 - EXPONENT)
  const high = (ranks + SHIFT) ** (1 - EXPONENT)
  let used = 0
  for (let words = 1; used < bytes; words++) {
    let rank = Math.floor((low + draw() * (high - low)) ** (1 / (1 - EXPONENT)) - SHIFT)
    for (let length = 0; length === 0 || rank > 0; length++) {
      const syllable = 0xac00 + ((rank * 7919 + length * 4099) % 11_172)
      text[used++] = 0xe0 | (syllable >> 12)
      text[used++] = 0x80 | ((syllable >> 6) & 63)
      text[used++] = 0x80 | (syllable & 63)
      rank = Math.floor(rank / 2000)
    }
    text[used++] = words % 12 === 0 ? 0x0a : 0x20
  }
  return text.subarray(0, used)
}
