import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../src/trainer/plan/build'
import { batchInputs, occurrencesOf, updateInputs } from '../../src/trainer/plan/step-inputs'
import { configOf, storedGolden } from './support/golden'

const plan = buildPlan(configOf(storedGolden()[0]), { batch: 2, length: 3 })
const good = {
  ids: Int32Array.of(1, 2, 3, 4, 5, 6),
  documentStart: Int32Array.of(0, 1, 1, 0, 0, 2),
  labels: Int32Array.of(-100, 3, -100, 5, -100, -100),
  weights: new Float32Array(6),
}

describe('inputs of a batch', () => {
  it('rotary positions count from the beginning of each document', () => {
    const found = batchInputs(plan, good).find(({ tensor }) => tensor === plan.inputs.positions)
    expect(Array.from(found!.values)).toEqual([0, 0, 1, 0, 1, 0])
  })

  it.each([
    [{ ids: Int32Array.of(1, 2) }, /ids has 2 values, 2 blocks of 3 positions need 6/],
    [{ ids: Int32Array.of(1, 2, 24, 4, 5, 6) }, /ids\[2\] is 24, expected 0 to 23/],
    [{ ids: Int32Array.of(1, -1, 4, 4, 5, 6) }, /ids\[1\] is -1/],
    [{ labels: Int32Array.of(1, 2, 3, 99, 5, 6) }, /labels\[3\] is 99, expected below 24/],
    [{ documentStart: Int32Array.of(0, 1, 0, 0, 0, 2) }, /documentStart\[2\] is 0, expected 1 or 2/],
    [{ documentStart: Int32Array.of(0, 1, 1, 1, 1, 1) }, /documentStart\[3\] is 1, expected 0 or 0/],
  ])('refuses %o', (wrong, message) => {
    expect(() => batchInputs(plan, { ...good, ...wrong })).toThrow(message)
  })

  it('every position stands once, under its own id, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 1, maxLength: 30 }), (list) => {
        const ids = Int32Array.from(list)
        const { tokens, starts, order } = occurrencesOf(ids)
        const distinct = [...new Set(list)].sort((a, b) => a - b)
        expect(Array.from(tokens)).toEqual([...distinct, ...list.slice(distinct.length).map(() => -1)])
        distinct.forEach((id, i) => {
          const expected = list.flatMap((other, at) => (other === id ? [at] : []))
          expect(Array.from(order.slice(starts[i], starts[i + 1]))).toEqual(expected)
        })
        expect(starts.slice(distinct.length).every((start) => start === list.length)).toBe(true)
        expect(starts).toHaveLength(list.length + 1)
      }),
    )
  })

  it('an update wants something that trains', () => {
    expect(Array.from(updateInputs(plan, 2, 0.5)[0].values)).toEqual([0.5, 1 - 0.9 ** 2, 1 - 0.999 ** 2, 0])
    const frozen = buildPlan(configOf(storedGolden()[0]), { batch: 1, length: 3, train: () => false })
    expect(() => updateInputs(frozen, 1, 0.5)).toThrow(/nothing trains/)
  })
})

describe('options', () => {
  it.each([
    [{ batch: 0 }, /batch is 0/],
    [{ length: 1.5 }, /length is 1.5/],
    [{ beta1: 1 }, /beta1 is 1/],
    [{ weightDecay: -1 }, /weightDecay is -1/],
    [{ maxNorm: Number.NaN }, /maxNorm is NaN/],
  ])('refuses %o', (wrong, message) => {
    expect(() => buildPlan(configOf(storedGolden()[0]), { batch: 1, length: 2, ...wrong })).toThrow(message)
  })
})
