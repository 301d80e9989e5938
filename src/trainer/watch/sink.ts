/** What takes the metrics of a run: a file, a page, a terminal. */
import type { Metrics } from '../run/metrics'

export interface Stamp {
  /** When it came: UTC, ISO 8601 with milliseconds. */
  time: string
  /** How long the run has been running by then, pauses between its sittings left out. */
  seconds: number
}

export type WatchedMetrics = Metrics & Stamp

export interface Sink {
  /** In the order of the run. */
  write: (metrics: WatchedMetrics) => void
  /** Once, when the run is over or given up. */
  close: () => Promise<void>
}
