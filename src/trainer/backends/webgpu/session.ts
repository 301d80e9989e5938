/** A plan on a device: values in, programs, values out. */
import { KoVocabError } from '../../../errors'
import { planBytes } from '../../plan/memory'
import type { Plan, Tensor, TensorId } from '../../plan/types'
import { checkFit } from '../check-fit'
import type { Session, Values } from '../types'
import { MAP_READ, USAGE } from './constants'
import type { DeviceWatch } from './failures'
import { fromHalves, toHalves } from './halves'
import type { Traits } from './launch'
import { allocate, bytesEach, type GpuMemory } from './memory'
import { pipelinesOf } from './pipelines'
import type { Profiler } from './profile'
import { type Recording, record } from './record'
import { createSubmitter } from './submit'

/** Bytes of a read that is served by a buffer which stays; larger ones come and go. */
const SMALL_READ = 1 << 16

export async function openSession(
  device: GPUDevice,
  plan: Plan,
  watch: DeviceWatch,
  traits: Traits,
  profiler: Profiler | null,
): Promise<Session> {
  const freed: (() => void)[] = []
  try {
    const what = `when memory for a plan of ${Math.ceil(planBytes(plan) / 2 ** 20)} MiB was allocated`
    const memory = await watch.guard(what, () => {
      const memory = allocate(device, plan)
      freed.push(memory.free)
      return memory
    })
    const recording = await watch.guard('when kernels were compiled', async () => {
      const recording = await record(device, plan, memory, pipelinesOf(device), traits)
      freed.push(recording.free)
      return recording
    })
    const session = createSession(device, plan, watch, memory, recording, profiler)
    for (const { tensor, values } of plan.constants) session.write(tensor, values)
    return session
  } catch (error) {
    for (const free of freed) free()
    throw error
  }
}

function createSession(
  device: GPUDevice,
  plan: Plan,
  watch: DeviceWatch,
  memory: GpuMemory,
  recording: Recording,
  profiler: Profiler | null,
): Session {
  let isOpen = true
  const submitter = createSubmitter(device, profiler)
  const staging = createStaging(device)
  const tensorOf = (id: TensorId): Tensor => {
    if (!isOpen) throw new KoVocabError('bad-option', 'the session is closed')
    watch.check()
    return plan.tensors[id]
  }
  // One program after the other: a run that waits for the device must not be overtaken.
  let order: Promise<void> = Promise.resolve()
  const write = (id: TensorId, data: Values, offset = 0) => {
    const tensor = tensorOf(id)
    checkFit(tensor, data, offset)
    if (tensor.buffer < 0) return
    const floats = data instanceof Float64Array ? Float32Array.from(data) : data
    const values = tensor.half ? halvesOf(tensor, floats as Float32Array, offset) : floats
    const each = bytesEach(tensor)
    for (const { place, from, length } of memory.pieces(id, offset, values.length))
      device.queue.writeBuffer(
        place.buffer,
        place.offset * each,
        values.buffer as ArrayBuffer,
        values.byteOffset + from * each,
        length * each,
      )
  }
  return {
    plan,
    write,
    async read(id, offset = 0, length) {
      const tensor = tensorOf(id)
      const count = length ?? tensor.size - offset
      const Kind = tensor.dtype === 'i32' ? Int32Array : Float32Array
      if (tensor.buffer < 0) return new Kind(0)
      // Of halves whole words come back.
      const first = tensor.half ? offset & ~1 : offset
      const elements = tensor.half ? (offset + count + 1 - first) & ~1 : count
      const values = tensor.half ? new Uint16Array(elements) : new Kind(elements)
      const bytes = new Uint8Array(values.buffer)
      const each = bytesEach(tensor)
      await order
      await Promise.all(
        memory
          .pieces(id, first, elements)
          .map(({ place, from, length: size }) =>
            staging.read(place.buffer, place.offset * each, bytes.subarray(from * each, (from + size) * each)),
          ),
      ).catch((cause) => {
        watch.check()
        const hint = 'open the backend again and resume from the last checkpoint'
        throw new KoVocabError('unsupported', `${tensor.name} cannot be read: ${String(cause)}`, hint, { cause })
      })
      watch.check()
      if (values instanceof Uint16Array) return fromHalves(values.subarray(offset - first, offset - first + count))
      return values
    },
    async run(program, inputs = []) {
      const before = order
      const mine = (async () => {
        await before
        if (!isOpen) throw new KoVocabError('bad-option', 'the session is closed')
        watch.check()
        for (const { tensor, values } of inputs) write(tensor, values)
        await submitter.run(recording.programs[program])
      })()
      order = mine.catch(() => undefined)
      await mine
    },
    close() {
      if (!isOpen) return
      isOpen = false
      recording.free()
      memory.free()
      staging.free()
    },
  }
}

/** @throws KoVocabError `bad-option` for half a word; `unsupported` for a value that no half holds */
function halvesOf({ name }: Tensor, values: Float32Array, offset: number): Uint16Array {
  if (offset % 2 !== 0 || values.length % 2 !== 0) {
    const what = `${values.length} values of ${name} from ${offset} on: in half they are written two at a time`
    throw new KoVocabError('bad-option', what, 'write whole rows')
  }
  const { halves, wrong } = toHalves(values)
  if (wrong < 0) return halves
  const what = `${name}: its value ${offset + wrong} is ${values[wrong]}, halves end at 65504`
  throw new KoVocabError('unsupported', what, 'store it in float32: storage f32')
}

/** Buffers through which values come back. */
function createStaging(device: GPUDevice) {
  const spare: GPUBuffer[] = []
  let isOpen = true
  const create = (size: number) => device.createBuffer({ size, usage: USAGE.mapRead | USAGE.copyDst })
  return {
    async read(source: GPUBuffer, at: number, into: Uint8Array): Promise<void> {
      if (into.length === 0) return
      const isSmall = into.length <= SMALL_READ
      const buffer = isSmall ? (spare.pop() ?? create(SMALL_READ)) : create(into.length)
      const encoder = device.createCommandEncoder()
      encoder.copyBufferToBuffer(source, at, buffer, 0, into.length)
      device.queue.submit([encoder.finish()])
      await buffer.mapAsync(MAP_READ, 0, into.length)
      into.set(new Uint8Array(buffer.getMappedRange(0, into.length)))
      buffer.unmap()
      if (isSmall && isOpen) spare.push(buffer)
      else buffer.destroy()
    },
    free() {
      isOpen = false
      for (const buffer of spare.splice(0)) buffer.destroy()
    },
  }
}
