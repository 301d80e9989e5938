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
      } else if (time - shown < INTERVAL_MS && (done < total || total === 0)) return
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

/**
 * `count  45 %  1.2 of 2.7 GB  31.2 MB/s  0:12 left`. Bytes where bytes are counted, else whole things.
 *
 * @param total 0 where nobody knows, as of standard input
 */
export function progressLine(stage: string, done: number, total: number, seconds: number): string {
  const isBytes = BYTE_STAGES.includes(stage.split(' ')[0])
  if (total <= 1 && !(isBytes && total === 0 && done > 0)) return stage
  const percent = total > 0 ? `  ${Math.floor((100 * done) / total)} %` : ''
  if (seconds < 0.5 || done <= 0) return stage + percent
  const rate = done / seconds
  const left = total > 0 ? `  ${clock((total - done) / rate)} left` : ''
  if (!isBytes) return `${stage}${percent}  ${Math.round(rate).toLocaleString('en')}/s${left}`
  return `${stage}${percent}  ${bytesText(done, total)}  ${(rate / 1e6).toFixed(1)} MB/s${left}`
}

/** `1.2 of 2.7 GB`, both in the unit of the larger. */
function bytesText(done: number, total: number): string {
  const [unit, name] = Math.max(done, total) >= 1e9 ? [1e9, 'GB'] : [1e6, 'MB']
  const of = total > 0 ? ` of ${(total / unit).toFixed(1)}` : ''
  return `${(done / unit).toFixed(1)}${of} ${name}`
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds)
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  const clockMinutes = hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}` : String(minutes)
  return `${clockMinutes}:${String(whole % 60).padStart(2, '0')}`
}
