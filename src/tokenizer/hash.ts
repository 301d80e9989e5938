/** A fingerprint of a tokenizer that does not depend on the file format it was read from. */
import type { Tokenizer } from './types'

/**
 * SHA-256 (hex) over the UTF-8 text of these lines, each ended by `\n`:
 *
 * 1. `ko-vocab tokenizer 1`
 * 2. JSON of `{ added, byte_fallback, form, fuse_unk, ignore_merges, normalizer, pre_tokenizer, unk }` with sorted keys
 *    and no spaces; `added` lists the added tokens by id as [id, lstrip, normalized, rstrip, single_word], flags 0 or 1
 * 3. one line a piece, by id: its JSON string (`""` for a hole)
 * 4. one line a merge, by rank: `left right`, as ids
 *
 * Whether an added token is special is left out: it changes no ids, and `.model` and tokenizer_config.json name it
 * differently for some bases. Scores are left out: they only say the order of the merges again.
 */
export function tokenizerHash(tokenizer: Tokenizer): string {
  const flag = (value: boolean) => (value ? 1 : 0)
  const head = {
    added: [...tokenizer.addedTokens]
      .sort((a, b) => a.id - b.id)
      .map((t) => [t.id, flag(t.lstrip), flag(t.normalized), flag(t.rstrip), flag(t.singleWord)]),
    byte_fallback: tokenizer.byteFallback,
    form: tokenizer.form,
    fuse_unk: tokenizer.fuseUnk,
    ignore_merges: tokenizer.ignoreMerges,
    normalizer: tokenizer.normalizer,
    pre_tokenizer: tokenizer.preTokenizer,
    unk: tokenizer.unkId,
  }
  const { left, right } = tokenizer.merges
  const lines = ['ko-vocab tokenizer 1', canonicalJson(head)]
  for (const piece of tokenizer.pieces) lines.push(JSON.stringify(piece))
  for (let rank = 0; rank < left.length; rank++) lines.push(`${left[rank]} ${right[rank]}`)
  return sha256Hex(new TextEncoder().encode(`${lines.join('\n')}\n`))
}

/** JSON with the keys of every object sorted, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}

/**
 * SHA-256 of bytes as 64 hex digits (FIPS 180-4). Written out because the platforms' own is asynchronous in browsers.
 */
export function sha256Hex(bytes: Uint8Array): string {
  const state = new Uint32Array(INITIAL)
  const words = new Int32Array(64)
  const whole = bytes.length - (bytes.length % 64)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < whole; at += 64) compress(state, words, view, at)

  // The rest, a 1 bit, zeros, and the length in bits as 64 bits big endian.
  const rest = bytes.length - whole
  const tail = new Uint8Array(rest < 56 ? 64 : 128)
  tail.set(bytes.subarray(whole))
  tail[rest] = 0x80
  const tailView = new DataView(tail.buffer)
  tailView.setUint32(tail.length - 8, Math.floor(bytes.length / 0x20000000))
  tailView.setUint32(tail.length - 4, (bytes.length << 3) >>> 0)
  for (let at = 0; at < tail.length; at += 64) compress(state, words, tailView, at)
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}

function compress(state: Uint32Array, w: Int32Array, view: DataView, at: number): void {
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + i * 4)
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]
    const y = w[i - 2]
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0
  }
  let [a, b, c, d, e, f, g, h] = Int32Array.from(state)
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
  state[4] += e
  state[5] += f
  state[6] += g
  state[7] += h
}

const PRIMES = firstPrimes(64)
/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND = Int32Array.from(PRIMES, (p) => fraction32(Math.cbrt(p)))
/** The same of the square roots of the first 8 primes. */
const INITIAL = Uint32Array.from(PRIMES.slice(0, 8), (p) => fraction32(Math.sqrt(p)) >>> 0)

function fraction32(x: number): number {
  return Math.floor((x - Math.floor(x)) * 2 ** 32) | 0
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) if (primes.every((p) => n % p !== 0)) primes.push(n)
  return primes
}
