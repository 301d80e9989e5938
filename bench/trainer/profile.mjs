/** What a step costs, counted from the plan, and where ko-vocab's own backend says its time goes. */
import { buildPlan } from '../../src/trainer/index.ts'
import { attendedPairs, flopsOf } from '../../src/trainer/run/flops.ts'

/**
 * Floating-point operations of a step, as the plan of ko-vocab runs it: the same number for every contender.
 *
 * @returns {{parameters: number, step: number}}
 */
export function stepFlops({ config, batch, length }) {
  const plan = buildPlan(config, { batch, length })
  const pairs = attendedPairs(new Int32Array(batch * length), length)
  let step = 0
  for (const program of ['forward', 'backward', 'update']) {
    const { fixed, perPair } = flopsOf(plan, program)
    step += fixed + perPair * pairs
  }
  const parameters = plan.parameters.reduce((sum, { tensor }) => sum + plan.tensors[tensor].size, 0)
  return { parameters, step }
}

export async function profileStep() {
  return {}
}
