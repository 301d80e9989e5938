import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plotRuns, type RunCurve } from '../../../src/trainer/watch/plot-runs'
import { spread } from '../../../src/trainer/watch/spread'

const labels = { title: 'Korean', xLabel: 'training tokens', yLabel: 'bits per byte' }
const runs: RunCurve[] = [
  { name: 'ours', points: [1, 2, 4].map((x) => ({ x: x * 1e6, y: 2 / x })) },
  { name: 'a < b & "c"', points: [1, 4].map((x) => ({ x: x * 1e6, y: 3 / x })) },
]
const curves = (svg: string) => [...svg.matchAll(/<path d="(M[^"]*L[^"]*)" class="kv-line/g)].map(([, path]) => path)
const coordinates = (path: string) =>
  path
    .slice(1)
    .split('L')
    .map((pair) => pair.split(',').map(Number))

describe('plots of runs', () => {
  it('draw each run where its values are', () => {
    const [ours, other] = curves(plotRuns({ ...labels, runs })).map(coordinates)
    expect(ours.length).toBe(3)
    const [[x1, y1], [x2, y2], [x4, y4]] = ours
    // 1M, 2M and 4M tokens; 2, 1 and 0.5 bits.
    expect((x2 - x1) / (x4 - x1)).toBeCloseTo(1 / 3, 2)
    expect((y2 - y1) / (y4 - y1)).toBeCloseTo(2 / 3, 2)
    expect([other[0][0], other[1][0]]).toEqual([x1, x4])
    expect(other[0][1]).toBeLessThan(y1)
  })

  it('draw doublings equally far apart on logarithmic axes, and leave out what has no place there', () => {
    const zero = [{ ...runs[0], points: [{ x: 0, y: 2 }, ...runs[0].points, { x: 3, y: Number.NaN }] }]
    const [[[x1, y1], [x2, y2], [x4, y4], ...rest]] = curves(
      plotRuns({ ...labels, runs: zero, xScale: 'log', yScale: 'log' }),
    ).map(coordinates)
    expect(rest).toEqual([])
    expect((x2 - x1) / (x4 - x1)).toBeCloseTo(0.5, 2)
    expect((y2 - y1) / (y4 - y1)).toBeCloseTo(0.5, 2)
  })

  it('name runs above and at their ends with the last value, and escape names', () => {
    const svg = plotRuns({ ...labels, runs, references: [{ y: 2.1, label: 'before' }] })
    expect(svg).toContain('>ours 0.500</text>')
    expect(svg).toContain('>ours</text>')
    expect(svg).toContain('>before</text>')
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot; 0.750')
    expect(svg).not.toContain('a < b')
    expect(plotRuns({ ...labels, runs, legend: false })).not.toContain('>ours</text>')
    expect(plotRuns({ ...labels, runs, direct: false })).not.toContain('>ours 0.500</text>')
    expect(plotRuns({ ...labels, runs, decimals: 1 })).toContain('>ours 0.5</text>')
  })

  it('are the same bytes whatever the order of the points, and take a look from the run', () => {
    const turned = runs.map((run) => ({ ...run, points: run.points.toReversed() }))
    expect(plotRuns({ ...labels, runs: turned })).toBe(plotRuns({ ...labels, runs }))
    expect(plotRuns({ ...labels, runs: [{ ...runs[0], look: 5 }] })).toContain('kv-line kv-c5 kv-d2')
  })

  it('refuse to draw nothing', () => {
    const nothing = [{ name: 'a', points: [{ x: Number.NaN, y: 1 }] }]
    expect(() => plotRuns({ ...labels, runs: nothing })).toThrow("plot 'Korean': none of 1 runs has a point")
    expect(() => plotRuns({ ...labels, runs: [], yScale: 'log' })).toThrow('above 0')
  })
})

describe('labels that may not touch', () => {
  it('stay where they fit and part around their middle where not', () => {
    expect(spread([10, 50, 90], 10, 0, 100)).toEqual([10, 50, 90])
    expect(spread([52, 50, 51], 10, 0, 100)).toEqual([61, 41, 51])
    expect(spread([99, 98], 10, 0, 100)).toEqual([100, 90])
  })

  it('keep order, distance and bounds', () => {
    const wanted = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { maxLength: 12 })
    fc.assert(
      fc.property(wanted, (places) => {
        const placed = spread(places, 16, 0, 200)
        const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b] || a - b)
        for (const [rank, index] of order.entries()) {
          if (rank > 0) expect(placed[index] - placed[order[rank - 1]]).toBeGreaterThan(16 - 1e-9)
          expect(placed[index]).toBeGreaterThan(-1e-9)
          expect(placed[index]).toBeLessThan(200 + 1e-9)
        }
      }),
    )
  })
})
