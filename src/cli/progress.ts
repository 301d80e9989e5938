/** One line on the terminal that says how far a long step is. */
import type { Terminal } from './terminal'

const INTERVAL_MS = 100

export interface Progress {
  update: (stage: string, done: number, total: number) => void
  /** Takes the line away. */
  clear: () => void
}

/** Stages during which the event loop stands still. */
const BUSY = ['train', 'audit: pieces and merges', 'sizes']

/** Shows nothing where standard error is no terminal. */
export function createProgress(terminal: Terminal, now: () => number = () => performance.now()): Progress {
  const { interactive } = terminal
  const heard = (name: string, done: number, total: number) => terminal.busy(BUSY.includes(name) && done < total)
  if (!interactive) return { update: heard, clear: () => terminal.busy(false) }
  let stage = ''
  let start = 0
  let shown = 0
  return {
    update(name, done, total) {
      heard(name, done, total)
      const time = now()
      if (name !== stage) {
        stage = name
        start = time
      } else if (time - shown < INTERVAL_MS && done < total) return
      shown = time
      terminal.note(`\r\u001b[2K${progressLine(name, done, total, (time - start) / 1000)}`)
    },
    clear() {
      terminal.busy(false)
      if (stage !== '') terminal.note('\r\u001b[2K')
      stage = ''
    },
  }
}

/** Stages that count bytes. */
const BYTE_STAGES = ['count', 'write', 'encode', 'prepare']

/** `count   45 %   31.2 MB/s   0:12 left`. Bytes where bytes are counted, else whole things. */
export function progressLine(stage: string, done: number, total: number, seconds: number): string {
  if (total <= 1) return stage
  const percent = total > 0 ? `${Math.floor((100 * done) / total)} %` : ''
  if (seconds < 0.5 || done <= 0) return `${stage}  ${percent}`
  const rate = done / seconds
  const speed = BYTE_STAGES.includes(stage)
    ? `${(rate / 1e6).toFixed(1)} MB/s`
    : `${Math.round(rate).toLocaleString('en')}/s`
  return `${stage}  ${percent}  ${speed}  ${clock((total - done) / rate)} left`
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
