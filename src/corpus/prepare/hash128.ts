/** MurmurHash3_x86_128 (Austin Appleby, public domain): 128 bits of a text's UTF-8, without any Node. */

/** Four 32-bit words, unsigned, in the order of the reference's output. */
export type Hash128 = Uint32Array

const encoder = new TextEncoder()
let scratch = new Uint8Array(1 << 12)

/**
 * @param out written and returned, so that a caller with many texts allocates nothing
 */
export function hashText(text: string, seed = 0, out: Hash128 = new Uint32Array(4)): Hash128 {
  if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3)
  const { written } = encoder.encodeInto(text, scratch)
  const hash = hashBytes(scratch, written, seed, out)
  // One long text must not keep its memory for good.
  if (scratch.length > 1 << 24) scratch = new Uint8Array(1 << 12)
  return hash
}

const C1 = 0x239b961b | 0
const C2 = 0xab0e9789 | 0
const C3 = 0x38b34ae5 | 0
const C4 = 0xa1e38b93 | 0

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by))

export function hashBytes(bytes: Uint8Array, length: number, seed = 0, out: Hash128 = new Uint32Array(4)): Hash128 {
  let h1 = seed | 0
  let h2 = seed | 0
  let h3 = seed | 0
  let h4 = seed | 0
  const blocks = length & ~15
  for (let i = 0; i < blocks; i += 16) {
    h1 ^= Math.imul(rotate(Math.imul(word(bytes, i), C1), 15), C2)
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0
    h2 ^= Math.imul(rotate(Math.imul(word(bytes, i + 4), C2), 16), C3)
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0
    h3 ^= Math.imul(rotate(Math.imul(word(bytes, i + 8), C3), 17), C4)
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0
    h4 ^= Math.imul(rotate(Math.imul(word(bytes, i + 12), C4), 18), C1)
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0
  }
  const tail = [0, 0, 0, 0]
  for (let i = blocks; i < length; i++) tail[(i - blocks) >> 2] |= bytes[i] << (((i - blocks) & 3) * 8)
  h4 ^= Math.imul(rotate(Math.imul(tail[3], C4), 18), C1)
  h3 ^= Math.imul(rotate(Math.imul(tail[2], C3), 17), C4)
  h2 ^= Math.imul(rotate(Math.imul(tail[1], C2), 16), C3)
  h1 ^= Math.imul(rotate(Math.imul(tail[0], C1), 15), C2)

  h1 ^= length
  h2 ^= length
  h3 ^= length
  h4 ^= length
  h1 = (h1 + h2 + h3 + h4) | 0
  h2 = (h2 + h1) | 0
  h3 = (h3 + h1) | 0
  h4 = (h4 + h1) | 0
  h1 = mix32(h1)
  h2 = mix32(h2)
  h3 = mix32(h3)
  h4 = mix32(h4)
  h1 = (h1 + h2 + h3 + h4) | 0
  out[0] = h1
  out[1] = h2 + h1
  out[2] = h3 + h1
  out[3] = h4 + h1
  return out
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
}

/** The finalizer of MurmurHash3: every bit of the input moves every bit of the output. Signed. */
export function mix32(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b | 0)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35 | 0)
  return h ^ (h >>> 16)
}
