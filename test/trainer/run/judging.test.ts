/** What decides whether a run goes on: the gate, the joint score, the trend of the loss. And what steps cost. */
import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../../src/trainer/plan/build'
import { attendedPairs, flopsOf } from '../../../src/trainer/run/flops'
import { jointScore, newGate, type OnForget, passGate, worsening } from '../../../src/trainer/run/gate'
import type { EvaluationOfSet } from '../../../src/trainer/run/metrics'
import { createPace } from '../../../src/trainer/run/pace'
import { followTrend, isSteady, newTrend } from '../../../src/trainer/run/trend'
import { configOf, storedGolden } from '../support/golden'

const set = (name: string, role: EvaluationOfSet['role'], bitsPerByte: number): EvaluationOfSet => ({
  ...{ name, role, bitsPerByte, bytes: 1, tokens: 1, perplexity: 1 },
})

describe('the gate', () => {
  const through = (onForget: OnForget, worsened: number[]) => {
    let gate = newGate(null)
    return worsened.map((one) => {
      gate = passGate(gate, { bound: 0.01, onForget }, one)
      return `${gate.state} ${gate.rateScale}`
    })
  }

  it('warns above the bound, until half of it', () => {
    expect(through('warn', [0, 0.01, 0.011, 0.009, 0.006, 0.005, 0.006])).toEqual(
      ['ok', 'ok', 'warn', 'warn', 'warn', 'ok', 'ok'].map((state) => `${state} 1`),
    )
  })

  it('slows: halves above the bound, stays between, doubles at half of it', () => {
    expect(through('slow', [0.02, 0.02, 0.008, 0.004, -0.1, -0.1])).toEqual([
      ...['slow 0.5', 'slow 0.25', 'slow 0.25', 'slow 0.5', 'ok 1', 'ok 1'],
    ])
    expect(through('slow', Array(9).fill(1)).at(-1)).toBe(`slow ${1 / 64}`)
  })

  it('stops at once', () => {
    expect(through('stop', [0.01, 0.0100001])).toEqual(['ok 1', 'stop 1'])
  })

  it('looks at the worst guarded text', () => {
    const before = { ko: 2, en: 1, code: 2, watched: 1 }
    const sets = [
      set('ko', 'target', 1),
      set('en', 'guarded', 1.02),
      set('code', 'guarded', 2.2),
      set('watched', null, 9),
    ]
    expect(worsening(sets, before)).toBeCloseTo(0.1)
    expect(worsening([set('ko', 'target', 3)], before)).toBeNull()
    expect(passGate(newGate(null), { bound: 0.01, onForget: 'stop' }, null)).toMatchObject({ state: 'ok', bound: null })
  })

  it('joint score: the ratio of the targets, and ten times what is worse than the bound', () => {
    const before = { ko: 2, ko2: 4, en: 1 }
    const targets = [set('ko', 'target', 1), set('ko2', 'target', 3)]
    expect(jointScore(targets, before, 0.01, null)).toBeCloseTo(0.625)
    expect(jointScore(targets, before, 0.01, 0.01)).toBeCloseTo(0.625)
    expect(jointScore(targets, before, 0.01, 0.03)).toBeCloseTo(0.825)
    expect(jointScore([set('en', 'guarded', 1)], before, 0.01, 0)).toBeNull()
  })
})

describe('the trend of the loss', () => {
  const follow = (losses: number[], norm = 1) => {
    let trend = newTrend()
    losses.forEach((loss, i) => {
      trend = followTrend(trend, i + 1, loss, norm)
    })
    return trend
  }

  it('NaN and infinity end a run at once', () => {
    expect(() => follow([3, Number.NaN])).toThrow(
      expect.objectContaining({ code: 'diverged', message: expect.stringMatching(/step 2.*NaN/) }),
    )
    expect(() => follow([3, Number.POSITIVE_INFINITY])).toThrow(/the loss is Infinity/)
    expect(() => follow([3], Number.NaN)).toThrow(/the norm of the gradients is NaN/)
  })

  it('outliers do not, a loss that stays up does, after 16 steps', () => {
    const noisy = Array.from({ length: 400 }, (_, i) => 4 - i / 200 + (i % 20 === 0 ? 8 : i % 3))
    expect(isSteady(follow(noisy))).toBe(true)
    expect(isSteady(follow([3, 9]))).toBe(false)
    expect(follow([3, ...Array(15).fill(9)])).toMatchObject({ mean: 3, above: 15 })
    expect(() => follow([3, ...Array(16).fill(9)])).toThrow(/step 17: the loss has been far above its mean of 3\.0000/)
  })
})

describe('floating-point operations', () => {
  const [golden] = storedGolden()
  const config = configOf(golden)
  const shape = { batch: 2, length: 12 }

  it('forward: two a weight and token, the way back twice that, attention by the pairs', () => {
    const { hiddenSize: d, intermediateSize: f, vocabSize, layers, heads, kvHeads, headDim } = config
    const weights = layers * (2 * d * heads * headDim + 2 * d * kvHeads * headDim + 3 * d * f) + d * vocabSize
    const plan = buildPlan(config, shape)
    const matmuls = (name: 'evaluate' | 'backward') =>
      plan.programs[name].reduce((sum, op) => sum + (op.kind === 'matmul' ? 2 * op.m * op.n * op.k : 0), 0)
    const evaluate = flopsOf(plan, 'evaluate')
    expect(matmuls('evaluate')).toBe(2 * 24 * weights)
    // The rest is small change: norms, rotations, activations, the softmax of the loss.
    expect(evaluate.fixed / (2 * 24 * weights)).toBeGreaterThan(1)
    expect(evaluate.fixed / (2 * 24 * weights)).toBeLessThan(1.3)
    expect(evaluate.perPair).toBe(layers * heads * (4 * headDim + 3))
    const whole = flopsOf(plan, 'forward').fixed + flopsOf(plan, 'backward').fixed
    expect(whole / evaluate.fixed).toBeGreaterThan(2.8)
    expect(whole / evaluate.fixed).toBeLessThan(3.3)
  })

  it('what is frozen costs nothing', () => {
    const full = buildPlan(config, shape)
    const head = buildPlan(config, { ...shape, train: ({ name }) => name === 'lm_head.weight' })
    expect(flopsOf(head, 'backward')).toEqual({ fixed: 0, perPair: 0 })
    expect(flopsOf(head, 'update').fixed).toBeLessThan(flopsOf(full, 'update').fixed / 5)
  })

  it('pairs: a position looks at itself and what is before it in its document', () => {
    expect(attendedPairs(Int32Array.of(0, 0, 0, 0), 4)).toBe(10)
    expect(attendedPairs(Int32Array.of(0, 0, 2, 2, 0, 1, 2, 3), 4)).toBe(3 + 3 + 4)
  })
})

it('pace: speed of late, and what is left with evaluations and checkpoints', () => {
  let time = 0
  const pace = createPace(() => time)
  const after = (seconds: number) => {
    time += 1000 * seconds
  }
  expect(pace.left({ steps: 9, evaluations: 0, checkpoints: 0 })).toBeNull()
  after(2)
  expect(pace.step(100)).toBe(50)
  after(50)
  pace.pause('evaluation')
  after(10)
  pace.pause('other')
  after(2)
  expect(pace.step(100)).toBe(50)
  expect(pace.left({ steps: 10, evaluations: 2, checkpoints: 7 })).toBeCloseTo(20 + 100)
})
