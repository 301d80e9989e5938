/**
 * Ctrl-C. A JavaScript handler of SIGINT runs only when the event loop turns, so a long computation on this thread would
 * not notice it. While one goes on, the handler is taken away: the signal then ends the process at once, as the shell
 * expects, and nothing can be half written because nothing is being written. At all other times the signal aborts,
 * temporary files are removed, and the process exits with 130.
 */
export interface Interrupt {
  signal: AbortSignal
  /** Leaves the signal to the system while `busy`, and takes it back after. */
  busy: (busy: boolean) => void
  /** From now on an output may take its time to end: what is being saved is worth more than a quick exit. */
  patient: () => void
}

/** How long an output that is being written may take to end. */
const GRACE_MS = 10_000

export function createInterrupt(): Interrupt {
  const controller = new AbortController()
  let isPatient = false
  const onSignal = () => {
    // The second time it is meant.
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new Error('SIGINT'))
    // Whoever waits for standard input would wait on.
    process.stdin.destroy()
    if (!isPatient) setTimeout(() => process.exit(130), GRACE_MS).unref()
  }
  let listening = false
  const listen = (on: boolean) => {
    if (on === listening) return
    listening = on
    if (on) process.on('SIGINT', onSignal)
    else process.off('SIGINT', onSignal)
  }
  listen(true)
  const patient = () => {
    isPatient = true
  }
  return { signal: controller.signal, busy: (busy) => listen(!busy), patient }
}
