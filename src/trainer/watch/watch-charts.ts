/** Which charts a run has. */
import type { Html } from '../../measure/report/html'
import type { Curve, XAxis } from './curve'
import type { RunView } from './run-view'
import { type WatchChart, watchChart } from './watch-chart'
import { WATCH } from './watch-words'

export function watchCharts(view: RunView, axis: XAxis): Html[] {
  const { training, evaluations, sets } = view
  const ends = [training, evaluations].flatMap(({ buckets }) => buckets.slice(-1).map(({ place }) => place))
  if (ends.length === 0) return []
  const end = ends.reduce((a, b) => (b.step > a.step ? b : a))
  const marks = { stages: view.stages, best: view.bestPlace, end }
  const named = [...sets].map(([name, set]) => ({ name, ...set }))
  const free = named.filter(({ role }) => role !== 'guarded')
  const guarded = named.filter(({ role }) => role === 'guarded')
  const sources = valuesOf(training, 'of:')
  const pairs = valuesOf(evaluations, 'pairs:')
  const charts: WatchChart[] = [
    {
      ...{ name: 'bits', title: WATCH.bitsTitle, note: WATCH.lower, curve: evaluations, scale: 'linear' },
      lines: free.map(({ name }) => ({ value: `bits:${name}`, label: name })),
    },
    {
      ...{ name: 'guarded', title: WATCH.guardedTitle, note: WATCH.lower, curve: evaluations, scale: 'linear' },
      lines: guarded.map(({ name }) => ({ value: `bits:${name}`, label: name })),
      bounds: guarded.flatMap(({ bound }, i) => (bound === null ? [] : [{ y: bound, line: i }])),
    },
    {
      ...{ name: 'pairs', title: WATCH.pairsTitle, note: WATCH.lower, curve: evaluations, scale: 'linear' },
      lines: pairs.map((value) => ({ value, label: value.slice(6) })),
    },
    {
      ...{ name: 'loss', title: WATCH.lossTitle, curve: training, scale: 'linear', band: true },
      lines: [{ value: 'loss', label: 'loss' }],
    },
    {
      ...{ name: 'loss-of', title: WATCH.lossOfTitle, curve: training, scale: 'linear', band: true },
      lines: sources.map((value) => ({ value, label: value.slice(3) })),
    },
    {
      ...{ name: 'joint', title: WATCH.jointTitle, note: WATCH.lower, curve: evaluations, scale: 'linear' },
      lines: [{ value: 'joint', label: 'joint' }],
    },
    {
      ...{ name: 'rate', title: WATCH.rateTitle, curve: training, scale: 'linear', band: true },
      lines: [{ value: 'rate', label: 'lr' }],
    },
    {
      ...{ name: 'norm', title: WATCH.normTitle, curve: training, scale: 'log', band: true },
      lines: [{ value: 'norm', label: 'norm' }],
    },
    {
      ...{ name: 'speed', title: WATCH.speedTitle, curve: training, scale: 'linear', band: true },
      lines: [{ value: 'speed', label: 'tokens/s' }],
    },
  ]
  return charts.map((chart) => watchChart(chart, marks, axis)).filter((chart) => chart !== null)
}

function valuesOf({ buckets }: Curve, prefix: string): string[] {
  const found = buckets.flatMap(({ values }) => [...values.keys()].filter((value) => value.startsWith(prefix)))
  return [...new Set(found)].sort()
}
