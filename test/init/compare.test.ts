import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyInitMap } from '../../src/init/apply-init-map'
import { type BaseRows, baseFacts, methodFacts } from '../../src/init/compare'
import { buildInitMap } from '../../src/init/init-map'
import type { InitMethod } from '../../src/init/methods'
import { baseLogits, newMass } from '../../src/init/new-mass'
import { tokenizerOf } from './tokenizer-of'

const basePieces = ['<unk>', 'a', 'b', 'c', 'd']
const base = tokenizerOf(basePieces, 'sentencepiece', 'b')
const extended = tokenizerOf([...basePieces, 'ab', 'cd', 'dd'], 'sentencepiece', 'e')
const segments: Record<number, number[]> = { 5: [1, 2], 6: [3, 4], 7: [4, 4] }
const build = (method: InitMethod) =>
  buildInitMap({ base, extended, segment: (id) => segments[id], inputMethod: method, outputMethod: method, seed: 5 })

const matrixOf = (rows: number[][]): BaseRows => ({
  rows: rows.length,
  dim: rows[0].length,
  data: Float32Array.from(rows.flat()),
})
const matrix = matrixOf([
  [0, 0],
  [3, 4],
  [0, 2],
  [1, 0],
  [-2, 0],
  // A row that pads the matrix.
  [100, 100],
])

describe('facts', () => {
  it('of the base, by hand', () => {
    const { input, output } = baseFacts({ input: matrix, output: matrix, baseRows: 5 })
    expect(output).toBe(input)
    expect(input).toMatchObject({ rows: 5, norm: 2 })
    // Norms 0, 5, 2, 1, 2.
    expect(input.normDeviation).toBeCloseTo(Math.sqrt((4 + 9 + 0 + 1 + 0) / 5), 12)
    // The mean row is (0.4, 1.2); the row of length 0 has no cosine.
    const length = Math.hypot(0.4, 1.2)
    const cosines = [(3 * 0.4 + 4 * 1.2) / 5, 1.2, 0.4, -0.4].map((value) => value / length)
    expect(input.cosineToMean).toBeCloseTo(cosines.reduce((a, b) => a + b) / 4, 6)
    // a with b 0.8, b with a 0.8, c with a 0.6, d with b 0.
    expect(input.cosineToNearest).toBeCloseTo((0.8 + 0.8 + 0.6 + 0) / 4, 6)
  })

  it('of new rows, by hand', () => {
    const { input } = methodFacts(build('mean'), { input: matrix, output: matrix, baseRows: 5 })
    // (1.5, 3), (-0.5, 0), (-2, 0).
    const norms = [Math.hypot(1.5, 3), 0.5, 2]
    expect(input.rows).toBe(3)
    expect(input.norm).toBeCloseTo(norms.reduce((a, b) => a + b) / 3, 6)
    const length = Math.hypot(0.4, 1.2)
    expect(input.cosineToMean).toBeCloseTo(((0.6 + 3.6) / norms[0] / length - 0.8 / length) / 3, 6)
    // With a: (4.5 + 12) / 5 / |…|, and twice d itself.
    expect(input.cosineToNearest).toBeCloseTo((16.5 / 5 / norms[0] + 1 + 1) / 3, 6)
  })

  it('zero rows have no cosine', () => {
    const { input, newMass: mass } = methodFacts(build('zero'), { input: matrix, output: matrix, baseRows: 5 })
    expect(input).toEqual({ rows: 3, norm: 0, normDeviation: 0, cosineToMean: null, cosineToNearest: null })
    expect(mass).toBeNull()
  })

  it('stop when told to, and refuse a map of another base', () => {
    const options = { input: matrix, output: matrix, baseRows: 5, signal: AbortSignal.abort() }
    expect(() => methodFacts(build('mean'), options)).toThrow('interrupted')
    expect(() => methodFacts(build('mean'), { ...options, baseRows: 4 })).toThrow('the map is for 5 base rows')
    const short = matrixOf([[1, 2]])
    expect(() => methodFacts(build('mean'), { input: short, output: short, baseRows: 5 })).toThrow('the map is for 5')
  })
})

describe('the mass of new ids', () => {
  it("Hewitt's trap: logits far below 0, and a row of zeros takes nearly all", () => {
    // One hidden state (1); logits of the base -20 each: five ids e^-20, three new ones e^0.
    const low = matrixOf([[-20], [-20], [-20], [-20], [-20]])
    const logits = baseLogits(low, 5, matrixOf([[1]]))
    const zero = newMass(build('zero'), logits)
    expect(zero.mean).toBeCloseTo(3 / (3 + 5 * Math.exp(-20)), 12)
    expect(zero.bits).toBeCloseTo(Math.log2((3 + 5 * Math.exp(-20)) / (5 * Math.exp(-20))), 9)
    expect(newMass(build('mean'), logits).mean).toBeCloseTo(3 / 8, 6)
    expect(newMass(build('zero'), baseLogits(matrixOf(Array(5).fill([-2000])), 5, matrixOf([[1]])))).toMatchObject({
      mean: 1,
      most: 1,
    })
  })

  it.each<InitMethod>(['mean', 'first', 'mean_resizing', 'zero', 'randn', 'jamo'])(
    'of %s is softmax over the rows',
    (method) => {
      const value = fc.integer({ min: -8, max: 8 })
      const rows = (least: number, most: number) =>
        fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: least, maxLength: most })
      fc.assert(
        fc.property(rows(5, 6), rows(1, 4), (output, states) => {
          const map = build(method)
          const weights = matrixOf(output)
          const fresh = applyInitMap(map, weights.data, 3, 'output')
          const masses = states.map((state) => {
            const logit = (data: Float32Array, row: number) =>
              state.reduce((sum, h, d) => sum + h * data[row * 3 + d], 0)
            const olds = Array.from({ length: 5 }, (_, row) => logit(weights.data, row))
            const news = Array.from({ length: 3 }, (_, row) => logit(fresh, row))
            const most = Math.max(...olds, ...news)
            const sum = (list: number[]) => list.reduce((total, one) => total + Math.exp(one - most), 0)
            return { mass: sum(news) / (sum(olds) + sum(news)), kept: sum(olds) / (sum(olds) + sum(news)) }
          })
          const given = newMass(map, baseLogits(weights, 5, matrixOf(states)))
          expect(given.states).toBe(states.length)
          expect(given.mean).toBeCloseTo(masses.reduce((sum, { mass }) => sum + mass, 0) / states.length, 4)
          expect(given.most).toBeCloseTo(Math.max(...masses.map(({ mass }) => mass)), 4)
          const bits = masses.reduce((sum, { kept }) => sum - Math.log2(kept), 0) / states.length
          expect(given.bits / (1 + bits)).toBeCloseTo(bits / (1 + bits), 3)
        }),
      )
    },
  )

  it('wants states of the size of the rows', () => {
    expect(() => baseLogits(matrix, 5, matrixOf([[1, 2, 3]]))).toThrow(
      'the hidden states are [1, 3], the output rows have 2',
    )
  })
})
