/** A folder that `tensorboard --logdir` reads while the run goes on. Node only. */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { asIoError } from '../../corpus/atomic'
import { eventRecord, restartEvent, versionEvent } from './event-file'
import type { Sink } from './sink'
import { type TensorboardStep, tensorboardEvent } from './tensorboard-events'

export interface TensorboardOptions {
  /** Default `steps`. */
  step?: TensorboardStep
  /** Where a run goes on: the step, and the tokens, after which what older files say is void. Default null: a new run. */
  after?: { step: number; tokens: number } | null
  /** In milliseconds since 1970: a part of the file's name. Default: now. */
  now?: number
}

/**
 * One file a sitting. When a run goes on, its new file begins with what `SummaryWriter(purge_step=…)` writes, so that
 * TensorBoard forgets points of steps that are trained again; the files of before stay as they are.
 *
 * @throws KoVocabError `io` when the file cannot be written
 */
export function tensorboardSink(folder: string, options: TensorboardOptions = {}): Sink {
  const { step: axis = 'steps', after = null, now = Date.now() } = options
  const path = join(folder, nextName(folder, now))
  const inFile = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw asIoError(error, path, 'written')
    }
  }
  const file = inFile(() => {
    mkdirSync(folder, { recursive: true })
    return openSync(path, 'ax')
  })
  const write = (event: Uint8Array) =>
    inFile(() => {
      const record = eventRecord(event)
      for (let done = 0; done < record.length; ) done += writeSync(file, record, done)
    })
  const wallTime = now / 1000
  write(versionEvent({ wallTime, step: 0 }))
  let tokens = after?.tokens ?? 0
  if (after) write(restartEvent({ wallTime, step: (axis === 'steps' ? after.step : after.tokens) + 1 }))
  return {
    write(metrics) {
      if (metrics.kind !== 'note') tokens = metrics.tokens
      write(tensorboardEvent(metrics, axis === 'steps' ? metrics.step : tokens))
    },
    close: async () =>
      inFile(() => {
        fsyncSync(file)
        closeSync(file)
      }),
  }
}

const NAME = /^events\.out\.tfevents\.(\d{10})\./

/** TensorBoard reads files in the order of their names: a new one must come after all that are there. */
function nextName(folder: string, now: number): string {
  let seconds = Math.floor(now / 1000)
  for (const name of namesIn(folder)) {
    const [, other] = NAME.exec(name) ?? []
    if (other && Number(other) >= seconds) seconds = Number(other) + 1
  }
  return `events.out.tfevents.${String(seconds).padStart(10, '0')}.ko-vocab`
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
