import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { matchingPursuit } from '../../src/init/matching-pursuit'
import { sparsemax } from '../../src/init/sparsemax'

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)
const unit = (v: readonly number[]) => v.map((value) => value / Math.hypot(...v))

function pursue(target: number[], dictionary: number[][], k: number) {
  const products = dictionary.map((atom) => dot(atom, target))
  const found = matchingPursuit(products, (atom) => dictionary.map((other) => dot(other, dictionary[atom])), k)
  const rest = target.map((value, d) =>
    found.atoms.reduce((left, atom, i) => left - found.coefficients[i] * dictionary[atom][d], value),
  )
  return { ...found, rest }
}

describe('orthogonal matching pursuit', () => {
  it('by hand: the nearest atom first, then the fit of both', () => {
    const dictionary = [[1, 0, 0], unit([1, 1, 0]), [0, 0, 1]]
    // Products 2, 3/√2, 0.4: the second atom leaves (0.5, -0.5, 0.4).
    const { atoms, coefficients, rest } = pursue([2, 1, 0.4], dictionary, 2)
    expect(atoms).toEqual([1, 0])
    expect(coefficients[0]).toBeCloseTo(Math.SQRT2, 12)
    expect(coefficients[1]).toBeCloseTo(1, 12)
    expect(rest.map((value) => Math.abs(Number(value.toFixed(9))))).toEqual([0, 0, 0.4])
  })

  it('ends when nothing is left, and passes over copies of a taken atom', () => {
    const { atoms, coefficients } = pursue(
      [0, 3],
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
      3,
    )
    expect(atoms).toEqual([1])
    expect(coefficients).toEqual([3])
    expect(matchingPursuit([0, 0], () => [1, 0], 2)).toEqual({ atoms: [], coefficients: [] })
    expect(matchingPursuit([], () => [], 2)).toEqual({ atoms: [], coefficients: [] })
  })

  it('leaves what is orthogonal to every taken atom, and less with every atom', () => {
    const vector = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 5, maxLength: 5 })
    const atom = vector.filter((v) => v.some((value) => value !== 0)).map(unit)
    fc.assert(
      fc.property(vector, fc.array(atom, { minLength: 1, maxLength: 8 }), (target, dictionary) => {
        let last = Math.hypot(...target)
        for (let k = 1; k <= 5; k++) {
          const { atoms, rest } = pursue(target, dictionary, k)
          expect(new Set(atoms).size).toBe(atoms.length)
          for (const one of atoms) expect(Math.abs(dot(dictionary[one], rest))).toBeLessThan(1e-6 * (1 + last))
          expect(Math.hypot(...rest)).toBeLessThanOrEqual(last + 1e-6)
          last = Math.hypot(...rest)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('sparsemax', () => {
  it('by hand', () => {
    expect(sparsemax([3, 1])).toEqual([1])
    expect(sparsemax([0.5, 0.5])).toEqual([0.5, 0.5])
    expect(sparsemax([0.9, 0.7, -5]).map((value) => Number(value.toFixed(9)))).toEqual([0.6, 0.4])
  })

  it('is the nearest point of the simplex: no step towards any corner comes nearer', () => {
    const scores = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(scores, (given) => {
        const falling = [...given].sort((a, b) => b - a)
        const weights = sparsemax(falling)
        expect(weights.every((weight) => weight > 0)).toBe(true)
        expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 9)
        // Projection onto a convex set: (z - p) · (corner - p) is never positive.
        const p = falling.map((_, i) => weights[i] ?? 0)
        const gap = falling.map((score, i) => score - p[i])
        for (let corner = 0; corner < p.length; corner++) expect(gap[corner] - dot(gap, p)).toBeLessThan(1e-9)
      }),
    )
  })
})
