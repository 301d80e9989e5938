/** Operation cases that cross the borders of the WebGPU backend's tiles, and how far a backend is from float64 on one. */
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Backend } from '../../../src/trainer/backends/types'
import { randomValues } from '../../checkpoint/model'
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

/** Some columns of wider matrices, all at multiples of four: loads of four elements. */
export function alignedProduct(
  m: number,
  n: number,
  k: number,
  transposeA: boolean,
  transposeB: boolean,
): OperationCase {
  const [aRows, aColumns] = transposeA ? [k, m] : [m, k]
  const [bRows, bColumns] = transposeB ? [n, k] : [k, n]
  const random = (rows: number, columns: number) => ({
    shape: [rows, columns],
    values: randomValues(rows * columns, rows + 31 * columns),
  })
  return {
    name: `aligned product, ${m} × ${k} × ${n}${transposeA ? ', Aᵀ' : ''}${transposeB ? ', Bᵀ' : ''}`,
    tensors: { a: random(aRows + 1, aColumns + 4), b: random(bRows + 1, bColumns + 8), c: random(m + 2, n + 4) },
    forward: ({ a, b, c }) => [
      {
        ...{ kind: 'matmul', m, n, k, transposeA, transposeB, accumulate: true, scale: 0.25 },
        a: { tensor: a, offset: 4, stride: aColumns + 4 },
        b: { tensor: b, offset: 8, stride: bColumns + 8 },
        c: { tensor: c, offset: n + 4, stride: n + 4 },
      },
    ],
  }
}
