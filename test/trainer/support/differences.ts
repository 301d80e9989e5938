/** Gradients by finite differences, in float64. */
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { OperationCase } from './operation-cases'
import { runCase } from './run-case'

const reference = cpuBackend({ precision: 'f64' })

/** Of the objective by each value of an operand, central, step 1e-5. */
export async function differences(given: OperationCase, operand: string): Promise<Float64Array> {
  const { values } = given.tensors[operand]
  const found = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const moved = async (by: number) => {
      const tensors = { ...given.tensors, [operand]: { ...given.tensors[operand], values: values.slice() } }
      tensors[operand].values[i] += by
      return objectiveOf({ ...given, tensors })
    }
    found[i] = ((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5
  }
  return found
}

async function objectiveOf(given: OperationCase): Promise<number> {
  const [before] = await runCase(reference, { ...given, backward: undefined })
  const { out, upstream } = given.objective!
  const u = before.get(upstream)!
  return Array.from(before.get(out)!).reduce((sum, value, i) => sum + value * u[i], 0)
}
