/** The step by ko-vocab's trainer, on any of its backends. */
import { batchInputs, buildPlan, updateInputs } from '../../../src/trainer/index.ts'
import { ADAMW, weightsOf } from '../workload.mjs'

/** @param {import('../../../src/trainer/index.ts').Backend} backend */
export async function openOurs(workload, backend) {
  const { config, batch, length } = workload
  const { learningRate, ...adamw } = ADAMW
  const plan = buildPlan(config, { batch, length, ...adamw, bindingBytes: backend.bindingBytes })
  const session = await backend.open(plan)
  const weights = weightsOf(workload)
  for (const [i, { tensor }] of plan.parameters.entries()) session.write(tensor, weights[i].values)
  const mean = new Float32Array(batch * length).fill(1 / (batch * length))
  return {
    plan,
    session,
    async run({ ids, labels }, number, read) {
      await session.run('zero')
      await session.run('forward', batchInputs(plan, { ids, labels, documentStart: null, weights: mean }))
      await session.run('backward')
      await session.run('update', updateInputs(plan, number, learningRate))
      if (!read) return null
      const [loss] = await session.read(plan.outputs.loss)
      const [square] = await session.read(plan.outputs.normSquared)
      return { loss, norm: Math.sqrt(square) }
    },
  }
}
