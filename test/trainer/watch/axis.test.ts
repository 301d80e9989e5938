import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAxis, numberText } from '../../../src/trainer/watch/axis'

const labels = (options: Parameters<typeof createAxis>[0]) => createAxis(options).ticks.map(({ label }) => label)

describe('axes', () => {
  it('linear ones lie close around their values, with labels that have the same digits', () => {
    expect(labels({ min: 2.31, max: 2.94 })).toEqual(['2.2', '2.4', '2.6', '2.8', '3.0'])
    expect(labels({ min: 1, max: 1.012 })).toEqual(['1.0000', '1.0025', '1.0050', '1.0075', '1.0100', '1.0125'])
    expect(labels({ min: -3, max: 5 })).toEqual(['-4', '-2', '0', '2', '4', '6'])
  })

  it('tight ones end at the values', () => {
    const axis = createAxis({ min: 12, max: 987, tight: true })
    expect([axis.min, axis.max, axis.at(12), axis.at(987)]).toEqual([12, 987, 0, 1])
    expect(axis.ticks.map(({ label }) => label)).toEqual(['200', '400', '600', '800'])
  })

  it('one value gets room around it', () => {
    expect(createAxis({ min: 3, max: 3 }).at(3)).toBeCloseTo(0.5, 0)
    expect(createAxis({ min: 0, max: 0 }).ticks.length).toBeGreaterThan(2)
    expect(createAxis({ min: 5, max: 5, scale: 'log' }).at(5)).toBeGreaterThan(0)
  })

  it('logarithmic ones have decades, or digits between them where decades are few', () => {
    expect(labels({ min: 1, max: 1e6, scale: 'log' })).toEqual(['1', '10', '100', '1,000', '10k', '100k', '1M'])
    expect(labels({ min: 1e6, max: 1e8, scale: 'log', tight: true })).toEqual(['1M', '3M', '10M', '30M', '100M'])
    expect(labels({ min: 1.1, max: 2.9, scale: 'log' })).toEqual(['1.0', '1.5', '2.0', '2.5', '3.0'])
    expect(labels({ min: 1.01, max: 1.04, scale: 'log' })).toEqual(['1.01', '1.02', '1.03', '1.04'])
    expect(labels({ min: 1e-5, max: 1e-3, scale: 'log' })).toEqual(['10⁻⁵', '3×10⁻⁵', '10⁻⁴', '3×10⁻⁴', '0.001'])
  })

  it('hold their values and have few ticks in rising order, whatever the values', () => {
    const value = fc.double({ min: 1e-9, max: 1e22, noNaN: true })
    fc.assert(
      fc.property(value, value, fc.constantFrom('linear', 'log'), fc.boolean(), (a, b, scale, tight) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)]
        const axis = createAxis({ min, max, scale, tight })
        for (const value of [min, max]) {
          expect(axis.at(value)).toBeGreaterThan(-1e-6)
          expect(axis.at(value)).toBeLessThan(1 + 1e-6)
        }
        expect(axis.ticks.length).toBeLessThan(16)
        expect(axis.ticks.length).toBeGreaterThan(tight ? 0 : 1)
        const places = axis.ticks.map(({ value }) => axis.at(value))
        expect(places).toEqual(places.toSorted((x, y) => x - y))
        expect(places.every((place) => place > -1e-6 && place < 1 + 1e-6)).toBe(true)
      }),
    )
  })
})

describe('numbers on axes', () => {
  it('are short', () => {
    const shown = [0, 0.25, 1, 9000, 20_000, 1_500_000, 2e9, 3e12, 2e18, 1e19, 3e-5, 1e-5, -0.5].map((n) =>
      numberText(n),
    )
    expect(shown).toEqual([
      '0',
      '0.25',
      '1',
      '9,000',
      '20k',
      '1.5M',
      '2B',
      '3T',
      '2×10¹⁸',
      '10¹⁹',
      '3×10⁻⁵',
      '10⁻⁵',
      '-0.5',
    ])
    expect(numberText(1, 0.05)).toBe('1.00')
  })
})
