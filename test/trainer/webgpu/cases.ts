/** Operation cases that cross the borders of the WebGPU backend's tiles, and how far a backend is from float64 on one. */
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Backend } from '../../../src/trainer/backends/types'
import { relativeDistance } from '../support/golden'
import { largeCases, type OperationCase, smallCases } from '../support/operation-cases'
import { runCase } from '../support/run-case'

export function allCases(): OperationCase[] {
  return [...smallCases(), ...largeCases()]
}

/** The worst relative L2 distance of a tensor after `forward` or `backward`. */
export async function distanceOf(backend: Backend, given: OperationCase): Promise<{ worst: number; tensor: string }> {
  const [found, expected] = [await runCase(backend, given), await runCase(cpuBackend({ precision: 'f64' }), given)]
  let [worst, tensor] = [0, '']
  found.forEach((state, i) => {
    for (const [name, values] of state) {
      const distance = relativeDistance(values, expected[i].get(name)!)
      // Not a number is worse than anything.
      if (!(distance <= worst)) [worst, tensor] = [distance, name]
    }
  })
  return { worst, tensor }
}
