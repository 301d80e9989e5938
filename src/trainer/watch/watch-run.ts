/** Everything that shows a run, in one call: the loop only tells its metrics. */
import { join } from 'node:path'
import { throwIfAborted } from '../../errors'
import type { Metrics } from '../run/metrics'
import { curvesFile } from './curves-file'
import { jsonlSink } from './jsonl-sink'
import { type LivePage, livePage } from './live-page'
import { addMetrics, createRunView } from './run-view'
import type { Sink, WatchedMetrics } from './sink'
import type { TensorboardStep } from './tensorboard-events'
import { tensorboardSink } from './tensorboard-sink'

export interface WatchRunOptions {
  /** Of the run's outputs: gets `metrics.jsonl`, `curves.html` and, if wanted, `tensorboard/`. */
  folder: string
  /** The run's name. */
  name: string
  /** The step that a run goes on after; 0 where it begins again behind the evaluation before its first step. Default null: a new run. */
  after?: number | null
  /** Write TensorBoard's event files, over steps or over tokens. Default null: none. */
  tensorboard?: TensorboardStep | null
  /** Serve the live page. Default null: none. */
  page?: { port?: number; host?: string } | null
  /** Others that want the metrics of this sitting: the terminal. */
  sinks?: readonly Sink[]
  signal?: AbortSignal
  /** Milliseconds since 1970. */
  now?: () => number
}

export interface RunWatch {
  /** For the loop: takes the metrics in order. Throws KoVocabError `io` when a file cannot be written. */
  onMetrics: (metrics: Metrics) => void
  /** Of the live page. */
  url: string | null
  /** Writes what is left; also for a run that failed. */
  close: () => Promise<void>
}

/**
 * Opens all that was asked for. A run that goes on shows what it did before, once: what came after its step is cut from
 * metrics.jsonl and void in TensorBoard, and an evaluation that the file has already is not taken again.
 *
 * @throws KoVocabError as jsonlSink, tensorboardSink and livePage do
 */
export async function watchRun(options: WatchRunOptions): Promise<RunWatch> {
  const { folder, name, after = null, tensorboard = null, page = null, sinks = [], signal, now = Date.now } = options
  throwIfAborted(signal)
  // Each page fills a view of its own: they are small, and neither depends on the other.
  const views = [createRunView(), createRunView()]
  const live: LivePage | null = page ? await livePage({ name, view: views[0], ...page }) : null
  const last = { seconds: 0, tokens: 0, evaluated: -1 }
  const remember = (metrics: WatchedMetrics) => {
    last.seconds = metrics.seconds
    if (metrics.kind !== 'note') last.tokens = metrics.tokens
    if (metrics.kind === 'evaluation') last.evaluated = metrics.step
  }
  const open: Sink[] = []
  try {
    const onKept = (metrics: WatchedMetrics) => {
      remember(metrics)
      for (const view of views) addMetrics(view, metrics)
    }
    // Files first: what a page shows is on the disk.
    open.push(jsonlSink(join(folder, 'metrics.jsonl'), { after, onKept }))
    if (tensorboard) {
      const goesOn = after === null ? null : { step: after, tokens: last.tokens }
      open.push(tensorboardSink(join(folder, 'tensorboard'), { step: tensorboard, after: goesOn, now: now() }))
    }
  } catch (error) {
    await closeAll(live ? [...open, live] : open)
    throw error
  }
  open.push(curvesFile(join(folder, 'curves.html'), { name, view: views[1] }), ...(live ? [live] : []), ...sinks)
  const start = now() - 1000 * last.seconds
  return {
    url: live?.url ?? null,
    onMetrics(metrics) {
      if (metrics.kind === 'evaluation' && metrics.step <= last.evaluated) return
      const at = now()
      // Clocks are set back now and then; a run is not.
      const seconds = Math.max(last.seconds, (at - start) / 1000)
      const watched = { ...metrics, time: new Date(at).toISOString(), seconds }
      remember(watched)
      for (const sink of open) sink.write(watched)
    },
    close: () => closeAll(open),
  }
}

/** Closes all of them, then throws the first error. */
async function closeAll(sinks: readonly Sink[]): Promise<void> {
  const results = await Promise.allSettled(sinks.map((sink) => sink.close()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
