/** Each operation: gradients against finite differences in float64, float32 against float64, products against the formula. */
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import type { Matmul } from '../../src/trainer/plan/operations'
import { differences } from './support/differences'
import { relativeDistance } from './support/golden'
import { largeCases, matmulWithin, optimizing, smallCases } from './support/operation-cases'
import { planOf, runCase } from './support/run-case'

const reference = cpuBackend({ precision: 'f64' })

describe('gradients are those of finite differences', () => {
  it.each(smallCases().map((given) => [given.name, given] as const))('%s', async (_, given) => {
    const [, after] = await runCase(reference, given)
    for (const [operand, gradient] of given.gradients!) {
      const expected = await differences(given, operand)
      expect(relativeDistance(after.get(gradient)!, expected), operand).toBeLessThan(1e-7)
    }
  })
})

describe('float32 is float64 but for rounding', () => {
  it.each(largeCases().map((given) => [given.name, given] as const))('%s', async (_, given) => {
    const [plain, wide] = [await runCase(cpuBackend(), given), await runCase(reference, given)]
    plain.forEach((state, i) => {
      for (const [name, values] of state) expect(relativeDistance(values, wide[i].get(name)!), name).toBeLessThan(2e-6)
    })
  })
})

describe('products', () => {
  const transposes = [false, true].flatMap((a) => [false, true].map((b) => [a, b] as const))
  it.each(transposes)('Aᵀ %s, Bᵀ %s: the formula, and nothing around it', async (transposeA, transposeB) => {
    const given = matmulWithin(7, 5, 6, transposeA, transposeB)
    const { plan } = planOf(given)
    const { a, b, c, m, n, k, scale } = plan.programs.forward[0] as Matmul
    const [A, B] = [given.tensors.a.values, given.tensors.b.values]
    const expected = Float64Array.from(given.tensors.c.values)
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let l = 0; l < k; l++) {
          const left = A[a.offset + (transposeA ? l * a.stride + i : i * a.stride + l)]
          const right = B[b.offset + (transposeB ? j * b.stride + l : l * b.stride + j)]
          sum += left * right
        }
        expected[c.offset + i * c.stride + j] += scale * sum
      }
    }
    const [state] = await runCase(reference, given)
    expect(relativeDistance(state.get('c')!, expected)).toBeLessThan(1e-14)
  })
})

describe('clipping', () => {
  it.each([
    [4, [1 / (2 + 1e-6), 1]],
    [0.25, [1, 1]],
    [Number.POSITIVE_INFINITY, [0, 0]],
    [Number.NaN, [0, 0]],
  ])('to 1, of a squared norm %s', async (normSquared, expected) => {
    const [state] = await runCase(reference, optimizing(3, normSquared))
    expect(Array.from(state.get('clip')!)).toEqual(expected)
  })
})

describe('a step that went wrong', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'leaves parameters and moments whole: squared norm %s',
    async (norm) => {
      const given = optimizing(9, norm)
      const [state] = await runCase(reference, given)
      for (const name of ['parameter', 'm', 'v']) expect(state.get(name)).toEqual(given.tensors[name].values)
      const [moved] = await runCase(reference, optimizing(9, 2))
      for (const name of ['parameter', 'm', 'v']) expect(moved.get(name)).not.toEqual(given.tensors[name].values)
    },
  )
})
