/**
 * The plain backend: loops over typed arrays, sums in float64. It runs everywhere, and in float64 throughout it is the
 * reference that the other backends are held against.
 */
import { KoVocabError } from '../../../errors'
import type { Plan, Tensor } from '../../plan/types'
import { checkFit } from '../check-fit'
import type { Backend, Session, Values } from '../types'
import { allocate } from './memory'
import { runOperation } from './run'

export interface CpuOptions {
  /** What `f32` tensors are held in; `f32` by default, `f64` for reference. */
  precision?: 'f32' | 'f64'
}

export function cpuBackend({ precision = 'f32' }: CpuOptions = {}): Backend {
  return {
    name: 'cpu',
    bindingBytes: Number.POSITIVE_INFINITY,
    open: async (plan) => openSession(plan, precision),
  }
}

function openSession(plan: Plan, precision: 'f32' | 'f64'): Session {
  let memory = allocate(plan, precision)
  let isOpen = true
  const tensorOf = (id: number): Tensor => {
    if (!isOpen) throw new KoVocabError('bad-option', 'the session is closed')
    return plan.tensors[id]
  }
  const elementsOf = (tensor: Tensor): Values =>
    tensor.dtype === 'i32' ? memory.ints(tensor.id) : memory.floats(tensor.id)
  const session: Session = {
    plan,
    write(id, data, offset = 0) {
      const tensor = tensorOf(id)
      checkFit(tensor, data, offset)
      elementsOf(tensor).set(data, offset)
    },
    async read(id, offset = 0, length) {
      const tensor = tensorOf(id)
      return elementsOf(tensor).slice(offset, length === undefined ? undefined : offset + length)
    },
    async run(program, inputs = []) {
      for (const { tensor, values } of inputs) session.write(tensor, values)
      if (!isOpen) throw new KoVocabError('bad-option', 'the session is closed')
      for (const operation of plan.programs[program]) runOperation(operation, memory)
    },
    close() {
      isOpen = false
      memory = { floats: () => new Float32Array(), ints: () => new Int32Array() }
    },
  }
  for (const { tensor, values } of plan.constants) session.write(tensor, values)
  return session
}
