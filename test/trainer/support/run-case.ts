/** An operation case on a backend. */
import type { Backend, Values } from '../../../src/trainer/backends/types'
import { addTensor } from '../../../src/trainer/plan/draft'
import type { Operation } from '../../../src/trainer/plan/operations'
import type { Plan, Tensor } from '../../../src/trainer/plan/types'
import { configOf, storedGolden } from './golden'
import type { OperationCase } from './operation-cases'

/** A plan of nothing but the case: `forward` and `backward` are its operations, every tensor has a buffer of its own. */
export function planOf({ tensors: given, forward, backward }: OperationCase): { plan: Plan; ids: Map<string, number> } {
  const tensors: Tensor[] = []
  const space = { tensors, bindingElements: Number.POSITIVE_INFINITY }
  const ids = new Map<string, number>()
  for (const [name, { shape, values }] of Object.entries(given)) {
    const id = addTensor(space, 'parameter', name, shape, values instanceof Int32Array ? 'i32' : 'f32')
    tensors[id].buffer = id
    ids.set(name, id)
  }
  const byName = Object.fromEntries(ids)
  const none: Operation[] = []
  const nothing = { ids: 0, positions: 0, documentStart: 0, labels: 0, weights: 0, occurrences: null, step: null }
  const plan: Plan = {
    ...{ config: configOf(storedGolden()[0]), batch: 1, length: 1, tensors, constants: [], parameters: [] },
    buffers: tensors.map(({ dtype, size }) => ({ dtype, size })),
    inputs: nothing,
    outputs: { nll: 0, loss: 0, normSquared: null, logits: null },
    programs: {
      ...{ zero: none, update: none, evaluate: none, logits: none },
      ...{ forward: forward(byName), backward: backward?.(byName) ?? none },
    },
  }
  return { plan, ids }
}

/** All tensors after `forward`, and after `backward` too. */
export async function runCase(backend: Backend, given: OperationCase): Promise<Map<string, Values>[]> {
  const { plan, ids } = planOf(given)
  const session = await backend.open(plan)
  try {
    for (const [name, { values }] of Object.entries(given.tensors)) session.write(ids.get(name)!, values)
    const states: Map<string, Values>[] = []
    for (const program of ['forward', 'backward'] as const) {
      await session.run(program)
      const state = new Map<string, Values>()
      for (const [name, id] of ids) state.set(name, await session.read(id))
      states.push(state)
    }
    return states
  } finally {
    session.close()
  }
}
