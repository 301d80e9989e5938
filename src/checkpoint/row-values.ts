/**
 * The values of embedding rows as they lie in a checkpoint. Arithmetic is done in float64; a result is rounded once, to
 * the nearest value of the dtype, ties to even (IEEE 754), as numpy's `astype` and torch's `to` do from float64.
 */

/** The dtypes that embedding rows are known to have. */
export type RowDtype = 'F64' | 'F32' | 'F16' | 'BF16'

export const ROW_BYTES: Readonly<Record<RowDtype, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 }

export function isRowDtype(dtype: string): dtype is RowDtype {
  return Object.hasOwn(ROW_BYTES, dtype)
}

/**
 * float64 holds every value of the four exactly, float32 those of the last three.
 *
 * @param bytes at any alignment
 * @param at where in `into` the first value goes
 */
export function decodeValues(dtype: RowDtype, bytes: Uint8Array, into: Float64Array | Float32Array, at = 0): void {
  const count = bytes.length / ROW_BYTES[dtype]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (dtype === 'F64') for (let i = 0; i < count; i++) into[at + i] = view.getFloat64(i * 8, true)
  else if (dtype === 'F32') for (let i = 0; i < count; i++) into[at + i] = view.getFloat32(i * 4, true)
  else if (dtype === 'F16') for (let i = 0; i < count; i++) into[at + i] = fromF16(view.getUint16(i * 2, true))
  else if (into instanceof Float32Array) {
    // The bits themselves: a bfloat16 is the upper half of a float32.
    const bits = new Uint32Array(into.buffer, into.byteOffset + at * 4, count)
    for (let i = 0; i < count; i++) bits[i] = view.getUint16(i * 2, true) << 16
  } else {
    for (let i = 0; i < count; i++) {
      bits32[0] = view.getUint16(i * 2, true) << 16
      into[at + i] = float32[0]
    }
  }
}

/**
 * Rounds `values` into `bytes`.
 *
 * @returns the index of the first value that is NaN, infinite, or too large for the dtype; -1 if all fit
 */
export function encodeValues(dtype: RowDtype, values: Float64Array, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (dtype === 'BF16') return encodeBF16(values, view)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (dtype === 'F64') {
      if (!Number.isFinite(value)) return i
      view.setFloat64(i * 8, value, true)
    } else if (dtype === 'F32') {
      if (!Number.isFinite(Math.fround(value))) return i
      view.setFloat32(i * 4, value, true)
    } else {
      const bits = toF16(value)
      if (bits < 0) return i
      view.setUint16(i * 2, bits, true)
    }
  }
  return -1
}

const STRIP = 4096

/** {@link toBF16} a strip at a time, for the hundred million values of a large extension. */
function encodeBF16(values: Float64Array, view: DataView): number {
  const strip = new Float32Array(STRIP)
  const stripBits = new Uint32Array(strip.buffer)
  for (let first = 0; first < values.length; first += STRIP) {
    const count = Math.min(STRIP, values.length - first)
    strip.set(values.subarray(first, first + count))
    for (let i = 0; i < count; i++) {
      const bits = stripBits[i]
      // To the nearest, ties to even, which is right unless float32 stands in the very middle.
      let high = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16
      if ((bits & 0xffff) === 0x8000) high = toBF16(values[first + i])
      if (high < 0 || (high & 0x7f80) === 0x7f80) return first + i
      view.setUint16((first + i) * 2, high, true)
    }
  }
  return -1
}

const float32 = new Float32Array(1)
const bits32 = new Uint32Array(float32.buffer)
const view64 = new DataView(new ArrayBuffer(8))

/** The bits of the nearest bfloat16; -1 for NaN, infinity and what rounds to it. */
export function toBF16(value: number): number {
  float32[0] = value
  const bits = bits32[0]
  const low = bits & 0xffff
  let high = bits >>> 16
  // Through float32 a value may be rounded twice. That goes wrong only where float32 has the very middle between two
  // bfloat16 values while the float64 lies to one side of it.
  if (low > 0x8000) high++
  else if (low === 0x8000) {
    const near = Math.abs(float32[0])
    const far = Math.abs(value)
    if (far > near || (far === near && (high & 1) === 1)) high++
  }
  return (high & 0x7f80) === 0x7f80 ? -1 : high
}

/** The bits of the nearest float16; -1 for NaN, infinity and what rounds to it (from 65,520). */
export function toF16(value: number): number {
  const size = Math.abs(value)
  if (!(size < 65_520)) return -1
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  // Below 2^-14 the step is 2^-24 (subnormals). The scalings are exact, so one rounding is all there is; a carry runs
  // from the fraction into the exponent, as it should.
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24)
  view64.setFloat64(0, size)
  const exponent = (view64.getUint32(0) >>> 20) - 1023
  return sign | (((exponent + 15) << 10) + (roundToEven(size * 2 ** (10 - exponent)) - 1024))
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}

export function fromF16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}
