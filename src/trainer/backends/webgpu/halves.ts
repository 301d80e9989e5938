/** Values of the host as halves (IEEE 754 binary16), and back. */
import { fromF16 } from '../../../checkpoint/row-values'

const FLOAT = new Float32Array(1)
const BITS = new Uint32Array(FLOAT.buffer)

/**
 * To the nearest half, ties to even.
 *
 * @returns `wrong` is the index of the first value that is NaN or rounds beyond 65,504; -1 if all fit
 */
export function toHalves(values: Float32Array): { halves: Uint16Array; wrong: number } {
  const halves = new Uint16Array(values.length)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  for (let i = 0; i < values.length; i++) {
    const size = bits[i] & 0x7fffffff
    // 65,520 is the middle between 65,504 and the next power of two.
    if (size >= 0x477ff000) return { halves, wrong: i }
    let half: number
    if (size < 0x38800000) {
      // Below 2^-14 steps are 2^-24, as those of float32 from 0.5 on.
      FLOAT[0] = 0.5 + Math.abs(values[i])
      half = BITS[0] - 0x3f000000
    } else half = (size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13
    halves[i] = half | ((bits[i] >>> 16) & 0x8000)
  }
  return { halves, wrong: -1 }
}

let table: Float32Array | undefined

export function fromHalves(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 1 << 16 }, (_, bits) => fromF16(bits))
  const values = new Float32Array(halves.length)
  for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]]
  return values
}
