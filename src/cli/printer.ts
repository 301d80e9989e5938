import { throwIfAborted } from '../errors'
import type { Terminal } from './terminal'

export interface Printer {
  line: (text: string) => Promise<void> | undefined
  end: () => Promise<void>
}

const PART_CHARS = 1 << 16

/** Many lines to standard output in parts of about 64 KiB; a reader that waits at a pipe gets each within 100 ms. */
export function createPrinter(terminal: Terminal): Printer {
  let part = ''
  let last = 0
  const flush = async () => {
    const text = part
    part = ''
    last = performance.now()
    if (text !== '') await terminal.print(text)
    throwIfAborted(terminal.signal)
  }
  return {
    line(text) {
      part += `${text}\n`
      return part.length >= PART_CHARS || performance.now() - last > 100 ? flush() : undefined
    },
    end: flush,
  }
}
