/**
 * Rotary tables (arXiv 2104.09864), made on the host: in a shader, sin and cos of large angles cost 1.9e-4 of gradient
 * error. Frequencies and angles are rounded to float32, as transformers rounds them: models were trained with these angles,
 * and at position 8,000 the exact ones are 2e-4 away.
 */
import type { LlamaConfig } from './config'

/** [length, headDim / 2] each: cosine and sine of position · frequency. */
export interface RopeTables {
  cos: Float64Array
  sin: Float64Array
}

export function ropeTables(config: LlamaConfig, length: number): RopeTables {
  const frequencies = ropeFrequencies(config)
  const half = frequencies.length
  const cos = new Float64Array(length * half)
  const sin = new Float64Array(length * half)
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i])
      cos[position * half + i] = Math.cos(angle)
      sin[position * half + i] = Math.sin(angle)
    }
  }
  return { cos, sin }
}

/**
 * Radians a position, of each pair of values: theta^(-2i / headDim), scaled as transformers' modeling_rope_utils does.
 */
export function ropeFrequencies({ headDim, ropeTheta, ropeScaling }: LlamaConfig): Float32Array {
  const frequencies = Float32Array.from(
    { length: headDim / 2 },
    (_, i) => 1 / Math.fround(ropeTheta ** Math.fround((2 * i) / headDim)),
  )
  if (ropeScaling.type === 'default') return frequencies
  const { factor } = ropeScaling
  if (ropeScaling.type === 'linear') return frequencies.map((frequency) => frequency / factor)
  const { lowFrequency, highFrequency, originalLength } = ropeScaling
  return frequencies.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency
    if (wavelength < originalLength / highFrequency) return frequency
    if (wavelength > originalLength / lowFrequency) return frequency / factor
    const share = (originalLength / wavelength - lowFrequency) / (highFrequency - lowFrequency)
    return (1 - share) * (frequency / factor) + share * frequency
  })
}
