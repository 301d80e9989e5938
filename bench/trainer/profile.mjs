/** What a step costs, counted from the plan, and where ko-vocab's own backend says its time goes. */
import { buildPlan, measurePeak } from '../../src/trainer/index.ts'
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

/** Steps that are summed up. */
const STEPS = 3

/**
 * Time on the device by kernel, over some steps, of a backend that was opened with `profile`.
 *
 * @param {{backend: any, run: (batch: any, number: number, read: boolean) => Promise<any>}} opened
 * @returns {Promise<{peak: {flops: number, bytes: number}, kernels: {kind: string, kernel: string, dispatches: number,
 *   milliseconds: number, work: number}[]}>} `peak` of the device, a second; the rest a step
 */
export async function profileStep({ backend, run }, batch, first) {
  await run(batch, first, true)
  await backend.profile()
  for (let i = 1; i <= STEPS; i++) await run(batch, first + i, true)
  const entries = await backend.profile()
  const perStep = (value) => value / STEPS
  return {
    peak: await measurePeak(backend.device),
    kernels: entries.map(({ kind, kernel, dispatches, milliseconds, work }) => ({
      kind,
      kernel,
      dispatches: perStep(dispatches),
      milliseconds: perStep(milliseconds),
      work: perStep(work),
    })),
  }
}
