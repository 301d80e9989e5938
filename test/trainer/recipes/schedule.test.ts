/** Steps of stages, and rates of steps: by hand, and what holds for all. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { presetRecipe } from '../../../src/trainer/recipes/read'
import { learningRateAt, stepsOf } from '../../../src/trainer/recipes/schedule'
import type { Schedule } from '../../../src/trainer/recipes/types'

const rates = (schedule: Schedule, steps: number, learningRate = 1) =>
  Array.from({ length: steps }, (_, i) => learningRateAt({ learningRate, schedule }, i + 1, steps))

function close(actual: number[], expected: number[]): void {
  expect(actual).toHaveLength(expected.length)
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i], 12)
}

describe('rates', () => {
  it('linear: up from 0, the highest at the end of the warm-up, down to the end', () => {
    close(rates({ kind: 'linear', warmup: 0.4, final: 0 }, 10), [
      0.25,
      0.5,
      0.75,
      1,
      5 / 6,
      4 / 6,
      3 / 6,
      2 / 6,
      1 / 6,
      0,
    ])
    close(rates({ kind: 'linear', warmup: 0, final: 0.5 }, 5, 2), [2, 1.75, 1.5, 1.25, 1])
  })

  it('cosine', () => {
    const half = Math.SQRT1_2
    const after = [1, (1 + half) / 2, 0.5, (1 - half) / 2, 0]
    close(rates({ kind: 'cosine', warmup: 0, final: 0 }, 5), after)
    close(rates({ kind: 'cosine', warmup: 0.5, final: 0.2 }, 8), [
      ...[0.25, 0.5, 0.75, 1],
      ...after.slice(1).map((left) => 0.2 + 0.8 * left),
    ])
  })

  it('wsd: stays, then falls by 1 - √q', () => {
    close(rates({ kind: 'wsd', warmup: 0.2, final: 0, decay: 0.4 }, 10), [
      ...[0.5, 1, 1, 1, 1, 1],
      ...[1 - Math.sqrt(1 / 4), 1 - Math.sqrt(2 / 4), 1 - Math.sqrt(3 / 4), 0],
    ])
    close(rates({ kind: 'wsd', warmup: 0, final: 0.1, decay: 0 }, 3), [1, 1, 1])
  })

  it('constant', () => {
    close(rates({ kind: 'constant', warmup: 0.5, final: 1 }, 4, 3), [1.5, 3, 3, 3])
  })

  it('a stage of one step has the highest rate', () => {
    for (const kind of ['constant', 'linear', 'cosine'] as const)
      expect(rates({ kind, warmup: 0, final: kind === 'constant' ? 1 : 0 }, 1)).toEqual([1])
  })

  it('rises, then never again; ends where it should', () => {
    const schedule = fc.record({
      kind: fc.constantFrom('linear' as const, 'cosine' as const, 'wsd' as const),
      warmup: fc.double({ min: 0, max: 0.5, noNaN: true }),
      final: fc.double({ min: 0, max: 1, noNaN: true }),
      decay: fc.double({ min: 0.1, max: 0.5, noNaN: true }),
    })
    fc.assert(
      fc.property(schedule, fc.integer({ min: 10, max: 400 }), (given, steps) => {
        const found = rates(given, steps)
        const top = found.indexOf(1)
        expect(top).toBe(Math.max(0, Math.round(given.warmup * steps) - 1))
        for (let i = 1; i < steps; i++) {
          if (i <= top) expect(found[i]).toBeGreaterThan(found[i - 1])
          else expect(found[i]).toBeLessThanOrEqual(found[i - 1] + 1e-12)
        }
        expect(found[steps - 1]).toBeCloseTo(given.final, 12)
      }),
    )
  })

  it('steps are counted from 1', () => {
    const stage = presetRecipe('full').stages[0]
    expect(() => learningRateAt(stage, 0, 5)).toThrow(/step 0 of 5/)
    expect(() => learningRateAt(stage, 6, 5)).toThrow(/step 6 of 5/)
  })
})

describe('steps', () => {
  it('by share, the last one whole', () => {
    expect(stepsOf(presetRecipe('two-stage'), 1000, 100)).toEqual([3, 7])
    expect(stepsOf(presetRecipe('two-stage'), 1001, 100)).toEqual([3, 8])
    expect(stepsOf(presetRecipe('eeve'), 8000, 100)).toEqual([10, 10, 10, 10, 10, 20, 10])
    expect(stepsOf(presetRecipe('full'), 1, 100)).toEqual([1])
  })

  it('a stage without a step is an error', () => {
    expect(() => stepsOf(presetRecipe('eeve'), 300, 100)).toThrow(/stage .* has no step: 300 tokens are 3 steps of 100/)
    expect(() => stepsOf(presetRecipe('full'), 0, 100)).toThrow(/tokens is 0/)
  })

  it('come to the whole, each within one step of its share', () => {
    const shares = fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(shares, fc.integer({ min: 100, max: 10_000 }), (given, total) => {
        const [stage] = presetRecipe('full').stages
        const stages = given.map((share, i) => ({ ...stage, name: `${i}`, share }))
        const steps = stepsOf({ stages }, total * 7, 7)
        const sum = given.reduce((a, b) => a + b)
        expect(steps.reduce((a, b) => a + b)).toBe(total)
        steps.forEach((count, i) => {
          expect(Math.abs(count - (total * given[i]) / sum)).toBeLessThanOrEqual(1.000001)
        })
      }),
    )
  })
})
