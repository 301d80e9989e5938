/**
 * Commands to the queue, in pieces: long ones are cut so that no driver takes the device away for being busy, and the
 * host waits when too many are under way.
 */
import type { Profiler } from './profile'
import type { Command } from './record'

export interface Submitter {
  run: (commands: readonly Command[]) => Promise<void>
}

/** Seconds of work in a command buffer, aimed at: drivers lose patience after two to ten. */
const PIECE_SECONDS = 0.1
/** Command buffers under way, at most. */
const UNDER_WAY = 8
/** Floating-point operations of a piece: to begin with, and at least. */
const FIRST_PIECE = 2e9
const LEAST_PIECE = 2e8

export function createSubmitter(device: GPUDevice, profiler: Profiler | null): Submitter {
  let piece = FIRST_PIECE
  let ended = 0
  const underWay: Promise<unknown>[] = []

  const submit = (commands: readonly Command[], work: number) => {
    const encoder = device.createCommandEncoder()
    if (profiler) profiler.encode(encoder, commands)
    else encodePass(encoder.beginComputePass(), commands)
    const began = performance.now()
    device.queue.submit([encoder.finish()])
    const done = device.queue.onSubmittedWorkDone().then(
      () => {
        const now = performance.now()
        const seconds = (now - Math.max(began, ended)) / 1000
        ended = now
        // Small pieces measure the way there and back, not the device.
        if (seconds > 0.02 || work > piece / 2) {
          const wanted = (work / Math.max(seconds, 1e-4)) * PIECE_SECONDS
          piece = Math.max(LEAST_PIECE, Math.min(piece * 4, wanted))
        }
      },
      // A lost device: whoever watches it knows already.
      () => undefined,
    )
    underWay.push(done)
  }

  return {
    async run(commands) {
      let first = 0
      let work = 0
      for (let i = 0; i < commands.length; i++) {
        if (i > first && work + commands[i].work > piece) {
          submit(commands.slice(first, i), work)
          first = i
          work = 0
          while (underWay.length > UNDER_WAY) await underWay.shift()
        }
        work += commands[i].work
      }
      if (first < commands.length) submit(commands.slice(first), work)
      while (underWay.length > UNDER_WAY) await underWay.shift()
    },
  }
}

export function encodePass(pass: GPUComputePassEncoder, commands: readonly Command[]): void {
  let last: GPUComputePipeline | undefined
  for (const { pipeline, bindings, grid } of commands) {
    if (pipeline !== last) pass.setPipeline(pipeline)
    last = pipeline
    pass.setBindGroup(0, bindings)
    pass.dispatchWorkgroups(...grid)
  }
  pass.end()
}
