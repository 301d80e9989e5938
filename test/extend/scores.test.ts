import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scoresBelow } from '../../src/extend/scores'
import { runs } from '../support/long'

function expectFalling(scores: Float32Array, lowest: number): void {
  let previous = Math.fround(lowest)
  for (const score of scores) {
    if (!(score < previous)) throw new Error(`${score} is not below ${previous}`)
    previous = score
  }
  expect(Number.isFinite(previous)).toBe(true)
}

describe('scoresBelow', () => {
  it.each([
    ['0', 0],
    ["Llama-2's whitespace runs", -1e9],
    ["Llama-2's lowest ordinary score", -31_740],
    ['Yi', -63_472],
    ['a fraction', -0.25],
    ['a score that is no float32', -12_345.678_9],
    ...[23, 24, 25, 29, 30, 31, 40].flatMap((power) =>
      [-129, -1, 0, 1, 65].map((step): [string, number] => [`2^${power} and ${step}`, -(2 ** power + step)]),
    ),
  ])('falls strictly as float32, from %s', (_name, lowest) => {
    expectFalling(scoresBelow(lowest, 70_000), lowest)
  })

  it('falls strictly from anywhere', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-1e30), max: 0, noNaN: true }), (lowest) => {
        expectFalling(scoresBelow(lowest, 200), lowest)
      }),
      { numRuns: runs(500) },
    )
  })

  it('steps by one where that can be told apart, by the spacing of float32 beyond', () => {
    expect([...scoresBelow(-31_740, 3)]).toEqual([-31_741, -31_742, -31_743])
    expect([...scoresBelow(-1e9, 3)]).toEqual([-1e9 - 64, -1e9 - 128, -1e9 - 192])
    expect([...scoresBelow(5, 2)]).toEqual([-1, -2])
    expect([...scoresBelow(0, 0)]).toEqual([])
  })
})
