/**
 * Which tensors share a buffer. An activation lives from the first operation that uses it to the last; before and after
 * that its buffer is others'. Planned once, so that memory is flat over steps.
 */
import { operandsOf } from './operands'
import type { Operation } from './operations'
import type { Buffer, Plan, Tensor } from './types'

/** Of a tensor in a run: indices of operations. */
interface Life {
  tensor: Tensor
  run: number
  first: number
  last: number
}

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
  // The largest first, each into the smallest buffer that is free all its life (arXiv 2001.03288): none ever has to grow.
  const lives = runs.flatMap((run, i) => livesOf(tensors, run, i)).sort((a, b) => b.tensor.size - a.tensor.size)
  const shared: { at: number; taken: Life[][] }[] = []
  for (const life of lives) {
    const { tensor, run, first, last } = life
    const isFree = (taken: readonly Life[]) => taken.every((other) => other.last < first || other.first > last)
    const found = shared.findLast(({ at, taken }) => isLike(buffers[at], tensor) && isFree(taken[run]))
    const place = found ?? { at: buffers.push(bufferOf(tensor)) - 1, taken: runs.map(() => []) }
    if (!found) shared.push(place)
    place.taken[run].push(life)
    tensor.buffer = place.at
  }
  return buffers
}

function livesOf(tensors: readonly Tensor[], run: readonly Operation[], index: number): Life[] {
  const lives = new Map<number, Life>()
  run.forEach((operation, at) => {
    const { reads, writes } = operandsOf(operation)
    for (const id of [...writes, ...reads]) {
      if (tensors[id].kind !== 'activation') continue
      const life = lives.get(id)
      if (life) life.last = at
      else lives.set(id, { tensor: tensors[id], run: index, first: at, last: at })
    }
  })
  return [...lives.values()]
}

const isLike = (a: Pick<Buffer, 'dtype' | 'half'>, b: Pick<Tensor, 'dtype' | 'half'>): boolean =>
  a.dtype === b.dtype && a.half === b.half

function bufferOf({ dtype, half, size }: Tensor): Buffer {
  return half ? { dtype, half, size } : { dtype, size }
}

/** Bytes of all buffers on a device that stores in half what may be. */
export function planBytes({ buffers }: Pick<Plan, 'buffers'>): number {
  return buffers.reduce((sum, { size, half }) => sum + size * (half ? 2 : 4), 0)
}
