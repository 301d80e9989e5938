/** Time on the device by kind of operation, from timestamps around every dispatch. Slower: for tuning, not for training. */
import { KoVocabError } from '../../../errors'
import { MAP_READ, USAGE } from './constants'
import type { Command } from './record'
import { encodePass } from './submit'

export interface ProfileEntry {
  /** Of the operation. */
  kind: string
  kernel: string
  milliseconds: number
  dispatches: number
  /** Floating-point operations. */
  work: number
}

export interface Profiler {
  encode: (encoder: GPUCommandEncoder, commands: readonly Command[]) => void
  /** Sums since the last call, the longest first. */
  read: () => Promise<ProfileEntry[]>
}

/** Timestamps of a set: the most that is allowed. */
const QUERIES = 4096

/** @throws KoVocabError `unsupported` without the feature timestamp-query */
export function createProfiler(device: GPUDevice): Profiler {
  if (!device.features.has('timestamp-query')) {
    const hint = 'open the device with the feature timestamp-query, or without profile'
    throw new KoVocabError('unsupported', 'this WebGPU device offers no timestamps', hint)
  }
  let pending: { buffer: GPUBuffer; commands: readonly Command[] }[] = []
  const spare: GPUQuerySet[] = []
  const encodeSet = (encoder: GPUCommandEncoder, commands: readonly Command[]) => {
    const querySet = spare.pop() ?? device.createQuerySet({ type: 'timestamp', count: QUERIES })
    commands.forEach((command, i) => {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 }
      encodePass(encoder.beginComputePass({ timestampWrites }), [command])
    })
    const size = commands.length * 16
    const resolved = device.createBuffer({ size, usage: USAGE.queryResolve | USAGE.copySrc })
    const buffer = device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyDst })
    encoder.resolveQuerySet(querySet, 0, 2 * commands.length, resolved, 0)
    encoder.copyBufferToBuffer(resolved, 0, buffer, 0, size)
    spare.push(querySet)
    pending.push({ buffer, commands })
  }
  return {
    encode(encoder, commands) {
      for (let at = 0; at < commands.length; at += QUERIES / 2) encodeSet(encoder, commands.slice(at, at + QUERIES / 2))
    },
    async read() {
      const entries = new Map<string, ProfileEntry>()
      const taken = pending
      pending = []
      for (const { buffer, commands } of taken) {
        await buffer.mapAsync(MAP_READ)
        const times = new BigInt64Array(buffer.getMappedRange())
        commands.forEach(({ kind, kernel, work }, i) => {
          const entry = entries.get(kernel) ?? { kind, kernel, milliseconds: 0, dispatches: 0, work: 0 }
          entry.milliseconds += Number(times[2 * i + 1] - times[2 * i]) / 1e6
          entry.dispatches++
          entry.work += work
          entries.set(kernel, entry)
        })
        buffer.destroy()
      }
      return [...entries.values()].sort((a, b) => b.milliseconds - a.milliseconds)
    },
  }
}
