/** How a run shows itself on standard error: a line that changes on a terminal, a line now and then elsewhere. */
import { NO_PROGRESS, nextProgress, progressLine } from '../trainer/watch/progress-line'
import type { Sink } from '../trainer/watch/sink'
import type { Terminal } from './terminal'

const CLEAR = '\r\u001b[2K'
const INTERVAL_MS = 100
/** Where every line stays, one in so many seconds is enough. */
const PLAIN_INTERVAL_MS = 10_000

export interface TerminalSinkOptions {
  now?: () => number
  /** Of the terminal. */
  columns?: () => number | undefined
}

/** Notes, evaluations and the last step are lines that stay. */
export function terminalSink(terminal: Terminal, options: TerminalSinkOptions = {}): Sink {
  const { now = () => performance.now(), columns = () => process.stderr.columns } = options
  const { interactive, errColors: colors } = terminal
  const clear = interactive ? CLEAR : ''
  let state = NO_PROGRESS
  let shown = Number.NEGATIVE_INFINITY
  /** Whether a line stands there that the next one replaces. */
  let open = false
  const show = (stays: boolean) => {
    shown = now()
    // The last column stays free: some terminals wrap when it is written.
    const line = progressLine(state, { colors, columns: interactive ? (columns() ?? 80) - 1 : undefined })
    open = interactive && !stays
    terminal.note(`${clear}${line}${open ? '' : '\n'}`)
  }
  return {
    write(metrics) {
      state = nextProgress(state, metrics)
      if (metrics.kind === 'note') {
        terminal.note(`${open ? clear : ''}${metrics.text}\n`)
        if (open) show(false)
      } else if (metrics.kind === 'evaluation') show(true)
      else if (metrics.step === metrics.steps) show(true)
      else if (now() - shown >= (interactive ? INTERVAL_MS : PLAIN_INTERVAL_MS)) show(false)
    },
    async close() {
      if (open) terminal.note('\n')
      open = false
    },
  }
}
