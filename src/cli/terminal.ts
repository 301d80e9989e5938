/** What a command has of the world: standard output and error, colours, and a signal that Ctrl-C fires. */
import pc from 'picocolors'
import type { Interrupt } from './interrupt'

export type Colors = ReturnType<typeof pc.createColors>

export interface Terminal {
  /** Data. Waits while the reader is slower than we are. */
  print: (text: string) => Promise<void>
  /** Everything else. */
  note: (text: string) => void
  outColors: Colors
  errColors: Colors
  /** Whether standard error is a terminal: progress is shown there only. */
  interactive: boolean
  signal: AbortSignal
  /** Says that the event loop stands still for a while: see interrupt.ts. */
  busy: (busy: boolean) => void
  /** Says that an interrupted command may take its time to save: see interrupt.ts. */
  patient: () => void
}

export function createTerminal({ signal, busy, patient }: Interrupt): Terminal {
  return {
    print: (text) =>
      new Promise((resolve) => {
        if (process.stdout.write(text)) resolve()
        else process.stdout.once('drain', resolve)
      }),
    note: (text) => void process.stderr.write(text),
    outColors: colorsFor(process.stdout.isTTY),
    errColors: colorsFor(process.stderr.isTTY),
    interactive: process.stderr.isTTY === true,
    signal,
    busy,
    patient,
  }
}

/** NO_COLOR and FORCE_COLOR are as https://no-color.org and https://force-color.org say. */
function colorsFor(isTerminal: boolean | undefined): Colors {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  if (NO_COLOR) return pc.createColors(false)
  return pc.createColors(FORCE_COLOR ? FORCE_COLOR !== '0' : isTerminal === true && TERM !== 'dumb')
}
