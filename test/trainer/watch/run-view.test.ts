import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addPoint, createCurve } from '../../../src/trainer/watch/curve'
import { addMetrics, createRunView } from '../../../src/trainer/watch/run-view'
import { watchPage } from '../../../src/trainer/watch/watch-page'
import { evaluationAt, noteAt, runOf, stamped, stepAt } from './support'

const placeAt = (step: number) => ({ step, tokens: 2 * step, flops: 3 * step, seconds: step / 2 })

function viewOf(metrics: ReturnType<typeof runOf>) {
  const view = createRunView()
  for (const one of metrics) addMetrics(view, one)
  return view
}

describe('curves', () => {
  it('keep every point while there are few', () => {
    const curve = createCurve(4)
    for (const step of [1, 2, 3, 4]) addPoint(curve, placeAt(step), [['loss', step]])
    expect(curve.buckets.map(({ place, values }) => [place.step, values.get('loss')!.last])).toEqual(
      [1, 2, 3, 4].map((step) => [step, step]),
    )
  })

  it('never grow beyond their size, and lose neither least, greatest, sum nor number of values', () => {
    const values = fc.array(fc.double({ noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
      minLength: 1,
      maxLength: 300,
    })
    fc.assert(
      fc.property(values, fc.constantFrom(2, 8, 32), (all, most) => {
        const curve = createCurve(most)
        for (const [i, value] of all.entries()) addPoint(curve, placeAt(i + 1), [['v', value]])
        const { buckets, width } = curve
        expect(buckets.length).toBeLessThanOrEqual(most)
        expect(buckets.length).toBeGreaterThanOrEqual(Math.min(all.length, most / 2))
        // Each bucket holds the values of its own `width` points, no other's.
        for (const [at, bucket] of buckets.entries()) {
          const slice = all.slice(at * width, (at + 1) * width)
          const finite = slice.filter((value) => !Number.isNaN(value))
          expect(bucket.points).toBe(slice.length)
          expect(bucket.place.step).toBe(at * width + slice.length)
          const range = bucket.values.get('v')
          if (finite.length === 0) expect(range).toBeUndefined()
          else {
            // Of a zero the sign is no matter: -0 + 0 is 0.
            const found = [range!.min + 0, range!.max + 0, range!.count, range!.last + 0]
            expect(found).toEqual([Math.min(...finite) + 0, Math.max(...finite) + 0, finite.length, finite.at(-1)! + 0])
            expect(range!.sum).toBeCloseTo(
              finite.reduce((sum, value) => sum + value, 0),
              3,
            )
          }
        }
        expect(buckets.reduce((sum, { points }) => sum + points, 0)).toBe(all.length)
      }),
    )
  })
})

describe('the view of a run', () => {
  it('knows stages by where they begin, sets by what they were at first, and the best evaluation', () => {
    const view = viewOf([...runOf(40), stamped(evaluationAt(41, { best: false }))])
    expect(view.stages.map(({ name, place }) => [name, place.step])).toEqual([
      ['new rows', 0],
      ['all', 10],
    ])
    expect([...view.sets]).toEqual([
      ['ko', { role: 'target', first: 2.5, bound: null }],
      ['en', { role: 'guarded', first: 1, bound: 1.01 }],
    ])
    expect([view.best!.step, view.bestPlace!.tokens, view.evaluation!.step]).toEqual([40, 480_000, 41])
  })

  it('stays small over a million steps, and its page too', () => {
    const view = createRunView()
    const step = stamped(stepAt(1))
    for (let n = 1; n <= 1_000_000; n++) {
      Object.assign(step, { step: n, steps: 1_000_000, tokens: n * 1000, seconds: n, loss: n === 654_321 ? 99 : 2 })
      addMetrics(view, step)
      if (n % 1000 === 0) {
        addMetrics(view, stamped(evaluationAt(n)))
        addMetrics(view, stamped(noteAt(n, `checkpoint ${n}`)))
      }
    }
    expect(view.training.buckets.length).toBeLessThanOrEqual(300)
    expect(view.evaluations.buckets.length).toBeLessThanOrEqual(300)
    expect([view.notes.length, view.olderNotes]).toEqual([200, 800])
    // One step of a million is still to be seen.
    expect(Math.max(...view.training.buckets.map(({ values }) => values.get('loss')!.max))).toBe(99)
    expect(watchPage(view, { name: 'long' }).length).toBeLessThan(600_000)
  }, 60_000)

  it('counts steps that are not finite and leaves them out of curves', () => {
    const view = viewOf(
      [stepAt(1), stepAt(2, { loss: Number.NaN }), stepAt(3, { gradientNorm: Infinity })].map(stamped),
    )
    expect(view.broken).toBe(2)
    expect(view.training.buckets[1].values.has('loss')).toBe(false)
    const page = watchPage(view, { name: 'broken' })
    expect(page).toContain('2 steps had a loss or gradient that was not finite')
    expect(page).not.toMatch(/points="[^"]*NaN/)
  })
})

describe('the page of a run', () => {
  const page = watchPage(viewOf(runOf(40)), { name: '<run> & co' })

  it('is the same bytes for the same metrics, asks nobody, and escapes what is not its own', () => {
    expect(watchPage(viewOf(runOf(40)), { name: '<run> & co' })).toBe(page)
    expect(page).toContain("connect-src 'none'")
    expect(page).not.toMatch(/\b(src|href)="(?!#|data:)/)
    expect(page).toContain('&lt;run&gt; &amp; co')
    expect(page).not.toContain('<run>')
    expect(watchPage(createRunView(), { name: 'a', live: true })).toContain("connect-src 'self'")
  })

  it('draws each chart over each axis, with the bound, borders of stages and the best checkpoint', () => {
    const figures = [...page.matchAll(/<figure class="card" id="([^"]+)">/g)].map(([, id]) => id)
    const names = ['bits', 'guarded', 'loss', 'loss-of', 'joint', 'rate', 'norm', 'speed']
    const axes = ['tokens', 'steps', 'flops', 'time']
    expect(figures).toEqual(axes.flatMap((axis) => names.map((name) => `${name}-${axis}`)))
    const guarded = page.split('id="guarded-tokens"')[1].split('</figure>')[0]
    const levels = [...guarded.matchAll(/y1="([\d.]+)"[^>]*class="(grid|bound l0)"/g)].map(([, y, kind]) => [
      kind,
      Number(y),
    ])
    // The bound of 1.01 lies on the grid's highest line.
    expect(levels.filter(([kind]) => kind === 'bound l0').map(([, y]) => y)).toEqual([
      Math.min(...levels.filter(([kind]) => kind === 'grid').map(([, y]) => Number(y))),
    ])
    expect(guarded.match(/class="marked"/g)?.length).toBe(1)
    expect(guarded.match(/class="stage"/g)?.length).toBe(1)
    expect(page.split('id="loss-tokens"')[1].split('</figure>')[0]).not.toContain('class="marked"')
  })

  it('says that there is nothing before the first metric', () => {
    expect(watchPage(createRunView(), { name: 'a' }).match(/Nothing has come yet/g)?.length).toBe(8)
  })
})
