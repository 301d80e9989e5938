import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { barChart } from '../../../src/measure/report/bar-chart'
import { dotChart } from '../../../src/measure/report/dot-chart'
import { histogram } from '../../../src/measure/report/histogram'
import { writeHtml } from '../../../src/measure/report/html'
import { lineChart } from '../../../src/measure/report/line-chart'
import { linearScale, logScale, tickText } from '../../../src/measure/report/scale'
import { fit, series, shape, textWidth, WIDTH } from '../../../src/measure/report/svg'

const named = { id: 'c', title: 'A title', summary: 'a: 1.' }
const all = (source: string, pattern: RegExp) =>
  [...source.matchAll(pattern)].map(([, ...groups]) => groups.map(Number))

describe('scales', () => {
  it('linear ones begin at 0, end at or above the highest value, and have round steps', () => {
    expect(linearScale(2.7).ticks).toEqual([0, 1, 2, 3])
    expect(linearScale(0.7).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8])
    expect(linearScale(100).ticks).toEqual([0, 20, 40, 60, 80, 100])
    expect(linearScale(0).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e12, noNaN: true }), (max) => {
        const { ticks, at } = linearScale(max)
        expect(ticks.length).toBeGreaterThan(2)
        expect(ticks.length).toBeLessThan(7)
        expect(at(max)).toBeLessThanOrEqual(1 + 1e-9)
        expect(at(max)).toBeGreaterThan(0.5)
      }),
    )
  })

  it('logarithmic ones are powers of ten around the values', () => {
    expect(logScale(3, 2000).ticks).toEqual([1, 10, 100, 1000, 10_000])
    expect(logScale(10, 10).ticks).toEqual([10, 100])
    expect(logScale(1, 1e12).ticks.length).toBeLessThanOrEqual(6)
    const { at } = logScale(3, 2000)
    expect([at(1), at(100), at(10_000)]).toEqual([0, 0.5, 1])
  })

  it('their numbers are short', () => {
    expect([0, 0.25, 1500, 250_000, 3e6, 2e9].map(tickText)).toEqual(['0', '0.25', '1,500', '250k', '3M', '2B'])
    expect(tickText(0.1 + 0.2)).toBe('0.3')
  })
})

describe('bars', () => {
  it('are as long as their values, with the numbers written out', () => {
    const bars = [
      { label: 'llama-2', value: 2, shown: '2.000', series: 0, mark: 2.5, note: 'worst 2.500' },
      { label: 'ours <b>', value: 0.5, shown: '0.500', series: 1 },
    ]
    const source = writeHtml(barChart({ ...named, bars, axis: 'tokens', reference: { value: 1, label: 'one' } }))
    const [first, second] = all(source, /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/g)
    expect(first[0]).toBe(second[0])
    expect(first[1] / second[1]).toBeCloseTo(4, 1)
    const [[mark]] = all(source, /<path d="M([\d.]+),/g)
    expect(mark / first[1]).toBeCloseTo(2.5 / 2, 1)
    const [[reference]] = all(source, /<line x1="([\d.]+)"[^>]*class="reference"/g)
    expect(reference / first[1]).toBeCloseTo(0.5, 1)
    for (const text of ['2.000', '0.500', 'worst 2.500', 'ours &lt;b&gt;', 'tokens', 'one']) {
      expect(source).toContain(`>${text}</text>`)
    }
    expect(source).toContain('role="img" aria-labelledby="c-t" aria-describedby="c-d"')
    expect(source).toContain('<title id="c-t">A title</title><desc id="c-d">a: 1.</desc>')
  })
})

describe('dots', () => {
  it('stand where their values are; the worst has a ring, what is not there has none', () => {
    const rows = [
      { label: 'law', values: [2, 0.5, null] },
      { label: 'chat', values: [1, 1, null] },
    ]
    const names = ['a', 'b', 'c']
    const source = writeHtml(dotChart({ ...named, rows, names, ringed: [0, 1, null], axis: 'x' }))
    const marks = all(source, /translate\(([\d.]+) ([\d.]+)\)/g).slice(names.length)
    expect(marks).toHaveLength(4)
    expect(marks[0][0] / marks[1][0]).toBeCloseTo(4, 1)
    expect(marks[2][0]).toBe(marks[3][0])
    expect(marks[0][1]).toBe(marks[1][1])
    const rings = all(source, /<circle cx="([\d.]+)" cy="([\d.]+)"/g)
    expect(rings).toEqual([marks[0], marks[3]])
  })

  it('have a shape and a colour of which no two of 36 tokenizers share both', () => {
    const looks = Array.from({ length: 36 }, (_, i) => writeHtml(shape(i, 0, 0)))
    expect(new Set(looks).size).toBe(36)
    expect(series(0)).not.toBe(series(6))
  })
})

describe('histograms', () => {
  it('have one scale over all panels', () => {
    const panels = [
      { label: 'a', shown: 'mean 1', series: 0, shares: [20, 80] },
      { label: 'b', shown: 'mean 2', series: 1, shares: [60, 40] },
    ]
    const source = writeHtml(histogram({ ...named, panels, bins: ['0', '1+'], axis: 'x' }))
    const heights = all(source, /<rect [^>]*height="([\d.]+)"/g).flat()
    expect(heights).toHaveLength(4)
    for (const [i, share] of [20, 80, 60, 40].entries()) expect(heights[i] / heights[1]).toBeCloseTo(share / 80, 1)
  })
})

describe('lines', () => {
  const points = [
    [0, 100],
    [50, 10],
    [100, 1],
  ] as const
  const chart = { ...named, scale: 'log' as const, xAxis: 'pieces', yAxis: 'times' }
  const pointsOf = (source: string) =>
    [...source.matchAll(/<polyline points="([^"]+)"/g)].map(([, list]) =>
      list.split(' ').map((pair) => pair.split(',').map(Number)),
    )

  it('fall evenly on a logarithmic axis where they fall tenfold', () => {
    const [line] = pointsOf(writeHtml(lineChart({ ...chart, series: [{ label: 'a', points }] })))
    expect(line[1][0] - line[0][0]).toBeCloseTo(line[2][0] - line[1][0], 0)
    expect(line[1][1] - line[0][1]).toBeCloseTo(line[2][1] - line[1][1], 0)
  })

  it('leave out what a logarithm cannot show, and lines without any value', () => {
    const none = [
      [0, 0],
      [100, 0],
    ] as const
    const gap = [...points, [120, 0]] as const
    const lines = pointsOf(
      writeHtml(
        lineChart({
          ...chart,
          series: [
            { label: 'a', points: gap },
            { label: 'b', points: none },
          ],
        }),
      ),
    )
    expect(lines).toHaveLength(1)
    expect(lines[0]).toHaveLength(3)
  })

  it('name the proposal on its line, inside the chart', () => {
    for (const x of [0, 50, 100]) {
      const source = writeHtml(
        lineChart({ ...chart, series: [{ label: 'a', points }], marked: { x, label: 'proposed: 100' } }),
      )
      const [[markX]] = all(source, /<line x1="([\d.]+)"[^>]*class="marked"/g)
      const [[dotX, dotY]] = all(source, /<circle cx="([\d.]+)" cy="([\d.]+)"/g)
      const [line] = pointsOf(source)
      expect(line).toContainEqual([dotX, dotY])
      expect(dotX).toBe(markX)
      const [[labelX]] = all(source, /<text x="([\d.]+)"[^>]*>proposed: 100</g)
      const half = textWidth('proposed: 100', 10.5) / 2
      expect(labelX - half).toBeGreaterThanOrEqual(-0.1)
      expect(labelX + half).toBeLessThanOrEqual(WIDTH + 0.1)
    }
  })
})

describe('names', () => {
  it('are cut in the middle when they are too long', () => {
    expect(fit('llama-2', 100, 12)).toBe('llama-2')
    const cut = fit('/models/of/somebody/mistral-7b', 120, 12)
    expect(cut).toMatch(/^\/mod.*….*7b$/)
    expect(textWidth(cut, 12)).toBeLessThanOrEqual(120)
  })
})
