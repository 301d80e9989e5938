/** A training run on standard error: one line that changes on a terminal, a line now and then elsewhere. */
import type { Metrics } from '../trainer/run/metrics'
import { NO_PROGRESS, nextProgress, progressLine } from '../trainer/watch/progress-line'
import type { Terminal } from './terminal'

const TERMINAL_MS = 100

export interface RunProgress {
  write: (metrics: Metrics) => void
  close: () => Promise<void>
}

export interface RunProgressOptions {
  /** Seconds between lines where standard error is no terminal. Default 30. */
  every?: number
  now?: () => number
  /** Of the terminal. */
  columns?: () => number | undefined
}

/** Notes and evaluations are lines that stay; a sink of `watchRun`. */
export function createRunProgress(terminal: Terminal, options: RunProgressOptions = {}): RunProgress {
  const { every = 30, now = () => performance.now(), columns = () => process.stderr.columns } = options
  const { interactive, errColors: colors } = terminal
  const clear = interactive ? '\r\u001b[2K' : ''
  let state = NO_PROGRESS
  let shown = Number.NEGATIVE_INFINITY
  let open = false
  const line = () => {
    shown = now()
    if (!interactive) return terminal.note(`${progressLine(state, { colors })}\n`)
    // The last column stays free: some terminals wrap when it is written.
    const room = columns()
    terminal.note(`${clear}${progressLine(state, { colors, columns: room && room - 1 })}`)
    open = true
  }
  return {
    write(metrics) {
      state = nextProgress(state, metrics)
      if (metrics.kind === 'note') {
        terminal.note(`${open ? clear : ''}${metrics.text}\n`)
        if (open) line()
      } else if (metrics.kind === 'evaluation') {
        line()
        if (interactive) terminal.note('\n')
        open = false
      } else {
        const wait = interactive ? TERMINAL_MS : 1000 * every
        if (now() - shown >= wait || metrics.step === metrics.steps) line()
      }
    },
    async close() {
      if (open) terminal.note('\n')
      open = false
    },
  }
}
