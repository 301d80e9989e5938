/** Buffers of a plan on the device. */
import { KoVocabError } from '../../../errors'
import { planBytes } from '../../plan/memory'
import type { MatrixView, Slice } from '../../plan/operations'
import type { Buffer, Plan, TensorId } from '../../plan/types'
import { USAGE } from './constants'
import type { Place } from './launch'

export interface GpuMemory {
  /** Of the buffer, or of the part in which the slice lies. */
  at: (slice: Slice | MatrixView | TensorId) => Place
  /** Pieces of a tensor, cut wherever a part ends. */
  pieces: (tensor: TensorId, offset: number, length: number) => { place: Place; from: number; length: number }[]
  /** All together. */
  bytes: number
  free: () => void
}

/** Of an element. */
export const bytesEach = ({ half }: Pick<Buffer, 'half'>): number => (half ? 2 : 4)

/** @throws KoVocabError `unsupported` for a tensor beyond the device's largest buffer or binding */
export function allocate(device: GPUDevice, plan: Plan): GpuMemory {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits
  const most = Math.min(maxBufferSize, maxStorageBufferBindingSize)
  const partOf = plan.buffers.map(({ size }) => size)
  for (const { buffer, size, part } of plan.tensors) if (buffer >= 0 && part < size) partOf[buffer] = part
  const buffers = plan.buffers.map(({ size, half }, i) => {
    const part = partOf[i]
    return Array.from({ length: Math.ceil(size / part) }, (_, at) => {
      const elements = Math.min(part, size - at * part)
      // Loads take four elements at a time.
      const bytes = Math.ceil(elements / 4) * 4 * bytesEach({ half })
      if (bytes > most) {
        const { name, shape } = plan.tensors.find(({ buffer, size: own }) => buffer === i && own === size)!
        const what = `${name} [${shape}] needs ${bytes} bytes, the device binds at most ${most} at once`
        throw new KoVocabError('unsupported', what, 'build the plan with bindingBytes of the backend')
      }
      return device.createBuffer({
        label: `buffer ${i}`,
        size: bytes,
        usage: USAGE.storage | USAGE.copySrc | USAGE.copyDst,
      })
    })
  })
  const place = (tensor: TensorId, offset: number): Place => {
    const { buffer, dtype, half } = plan.tensors[tensor]
    const part = partOf[buffer]
    const type = half ? 'f16' : dtype
    return { buffer: buffers[buffer][Math.floor(offset / part)], offset: offset % part, type }
  }
  return {
    at: (slice) => (typeof slice === 'number' ? place(slice, 0) : place(slice.tensor, slice.offset)),
    pieces(tensor, offset, length) {
      const pieces = []
      const { part } = plan.tensors[tensor]
      for (let at = 0; at < length; ) {
        const step = Math.min(length - at, part - ((offset + at) % part))
        pieces.push({ place: place(tensor, offset + at), from: at, length: step })
        at += step
      }
      return pieces
    },
    bytes: planBytes(plan),
    free: () => {
      for (const parts of buffers) for (const buffer of parts) buffer.destroy()
    },
  }
}
