/** Buffers of a plan in ordinary memory. */
import type { Plan, TensorId } from '../../plan/types'

/** `f32` of a plan: float32, or float64 where the arithmetic itself is to be judged. */
export type Floats = Float32Array | Float64Array

export interface Memory {
  /** The elements of an `f32` tensor, in place. */
  floats: (tensor: TensorId) => Floats
  /** The elements of an `i32` tensor, in place. */
  ints: (tensor: TensorId) => Int32Array
}

export function allocate({ tensors, buffers }: Plan, precision: 'f32' | 'f64'): Memory {
  const Float = precision === 'f64' ? Float64Array : Float32Array
  const arrays = buffers.map(({ dtype, size }) => (dtype === 'i32' ? new Int32Array(size) : new Float(size)))
  // A tensor that no operation touches has no buffer.
  const views = tensors.map(({ buffer, size }) => (buffer < 0 ? new Float(0) : arrays[buffer].subarray(0, size)))
  return {
    floats: (tensor) => views[tensor] as Floats,
    ints: (tensor) => views[tensor] as Int32Array,
  }
}
