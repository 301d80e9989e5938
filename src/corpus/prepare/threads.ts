/** Segments on several threads. Node only. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { serialize } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, KoVocabError } from '../../errors'
import type { DoBatch } from './journaled'
import { type Batch, openSegment } from './segment'
import { type SegmentFiles, segmentContext } from './segment-files'
import type { Segment } from './stages'
import type { PrepareStep } from './types'

/** What a thread gets at its start. */
export interface ThreadSetup {
  steps: readonly PrepareStep[]
  files: SegmentFiles
}

export interface ThreadTask {
  segment: Segment
  batch: Batch
}

export type ThreadReply = { bytes: Uint8Array } | { error: { code: string; message: string; hint: string | undefined } }

/** A segment's work on a thread, the calling one or another; what a segment needs is opened when its first batch comes. */
export function batchDoer({ steps, files }: ThreadSetup): DoBatch {
  const open = new Map<number, ReturnType<typeof openSegment>>()
  return async (segment, batch) => {
    let work = open.get(segment.number)
    if (!work) {
      const { openTokenizer, ...context } = segmentContext(files)
      const countTokens = segment.last ? await openTokenizer() : null
      work = openSegment(segment, steps, { ...context, countTokens })
      open.set(segment.number, work)
    }
    return serialize((await work)(batch))
  }
}

/** The built script beside this module; null where sources run unbuilt, which stay on their own thread. */
export function threadScript(): string | null {
  const path = fileURLToPath(new URL('./prepare-worker.js', import.meta.url))
  return existsSync(path) ? path : null
}

interface Waiting extends ThreadTask {
  resolve: (bytes: Uint8Array) => void
  reject: (error: unknown) => void
}

/** Threads that do one batch each at a time, begun when there is work for them. */
export function startThreads(script: string, threads: number, setup: ThreadSetup) {
  const workers: Worker[] = []
  const idle: Worker[] = []
  const busy = new Map<Worker, Waiting>()
  const queue: Waiting[] = []
  let failure: { error: unknown } | null = null

  const fail = (error: unknown) => {
    failure ??= { error }
    for (const one of [...busy.values(), ...queue.splice(0)]) one.reject(error)
    busy.clear()
  }
  const start = (): Worker => {
    const worker = new Worker(script, { workerData: setup })
    workers.push(worker)
    worker.on('message', (reply: ThreadReply) => {
      const task = busy.get(worker)
      busy.delete(worker)
      idle.push(worker)
      if ('bytes' in reply) task?.resolve(reply.bytes)
      else task?.reject(new KoVocabError(reply.error.code as ErrorCode, reply.error.message, reply.error.hint))
      next()
    })
    worker.on('error', fail)
    worker.on('exit', (code) => {
      if (busy.has(worker)) fail(new KoVocabError('io', `a thread of prepare ended with exit code ${code}`))
    })
    return worker
  }
  const next = () => {
    while (queue.length > 0) {
      const worker = idle.pop() ?? (workers.length < threads ? start() : null)
      if (!worker) return
      const task = queue.shift()!
      busy.set(worker, task)
      worker.postMessage({ segment: task.segment, batch: task.batch } satisfies ThreadTask)
    }
  }
  const doBatch: DoBatch = (segment, batch) =>
    new Promise((resolve, reject) => {
      if (failure) {
        reject(failure.error)
        return
      }
      queue.push({ segment, batch, resolve, reject })
      next()
    })
  const stop = async () => {
    fail(new KoVocabError('aborted', 'the threads were stopped'))
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  return { doBatch, stop }
}
