/**
 * Which tensors share a buffer. An activation lives from the first operation that writes it to the last that uses it;
 * when it has died, its buffer is taken by a later one. Planned once, so that memory is flat over steps.
 */
import { operandsOf } from './operands'
import type { Operation } from './operations'
import type { Buffer, Plan, Tensor } from './types'

/**
 * Sets `buffer` of every tensor.
 *
 * @param runs operations that follow each other without a break, activations kept between them: [forward, backward] as
 * one run, evaluate as another. No activation lives in two runs, so that all runs share the same buffers.
 */
export function placeTensors(tensors: readonly Tensor[], runs: readonly (readonly Operation[])[]): Buffer[] {
  const buffers: Buffer[] = []
  for (const tensor of tensors) {
    if (tensor.kind === 'activation') continue
    tensor.buffer = buffers.push(bufferOf(tensor)) - 1
  }
  const shared = buffers.length
  for (const run of runs) placeRun(tensors, run, buffers, shared)
  return buffers
}

function placeRun(tensors: readonly Tensor[], run: readonly Operation[], buffers: Buffer[], shared: number): void {
  const lastUse = new Map<number, number>()
  const usesOf = run.map((operation) => {
    const { reads, writes } = operandsOf(operation)
    return [...new Set([...writes, ...reads])].filter((id) => tensors[id].kind === 'activation')
  })
  usesOf.forEach((uses, at) => {
    for (const id of uses) lastUse.set(id, at)
  })
  const free = new Set(Array.from({ length: buffers.length - shared }, (_, i) => shared + i))
  const placed = new Set<number>()
  usesOf.forEach((uses, at) => {
    for (const id of uses) {
      if (placed.has(id)) continue
      placed.add(id)
      tensors[id].buffer = take(tensors[id], free, buffers)
    }
    for (const id of uses) if (lastUse.get(id) === at) free.add(tensors[id].buffer)
  })
}

function bufferOf({ dtype, half, size }: Tensor): Buffer {
  return half ? { dtype, half, size } : { dtype, size }
}

/** The smallest free buffer that holds it; else the largest free one, grown; else a new one. */
function take(tensor: Tensor, free: Set<number>, buffers: Buffer[]): number {
  let best = -1
  for (const at of free) {
    if (buffers[at].dtype !== tensor.dtype || buffers[at].half !== tensor.half) continue
    const isBetter =
      best < 0 ||
      (buffers[at].size >= tensor.size
        ? buffers[best].size < tensor.size || buffers[at].size < buffers[best].size
        : buffers[best].size < tensor.size && buffers[at].size > buffers[best].size)
    if (isBetter) best = at
  }
  if (best < 0) return buffers.push(bufferOf(tensor)) - 1
  free.delete(best)
  buffers[best].size = Math.max(buffers[best].size, tensor.size)
  return best
}

/** Bytes of all buffers on a device that stores in half what may be. */
export function planBytes({ buffers }: Pick<Plan, 'buffers'>): number {
  return buffers.reduce((sum, { size, half }) => sum + size * (half ? 2 : 4), 0)
}
