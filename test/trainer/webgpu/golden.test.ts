/** The whole model on WebGPU against transformers and torch, and against itself. */
import { describe, expect, it } from 'vitest'
import { updateInputs } from '../../../src/trainer/plan/step-inputs'
import {
  batchOf,
  errorsOf,
  gradientsOf,
  openCase,
  readGradients,
  readParameters,
  storedGolden,
} from '../support/golden'
import { findGpu, sharedBackend, sharedDevice } from './gpu'

const gpu = await findGpu()
const PATIENCE = 300_000

describe.skipIf(!gpu.found)(`models on WebGPU (${gpu.reason})`, () => {
  describe.each(storedGolden())('$name', (golden) => {
    it.each([
      ['whole', {}],
      ['one row of logits at a time, layers computed again', { logitsElements: 1, checkpointing: true }],
    ])(
      '%s: loss, gradients and five AdamW steps are those of torch',
      async (_, options) => {
        const errors = await errorsOf(await sharedBackend(), golden, options)
        expect(errors.loss).toBeLessThan(1e-5)
        expect(errors.gradient).toBeLessThan(1e-5)
        expect(errors.losses).toBeLessThan(2e-5)
        expect(errors.norms).toBeLessThan(1e-5)
      },
      PATIENCE,
    )

    it(
      'matrices in parts, each in a buffer of its own',
      async () => {
        const bindingBytes = Math.max(768, 4 * golden.batch * golden.length * 16)
        const backend = await sharedDevice({ bindingBytes })
        const session = await openCase(backend, golden)
        const split = session.plan.tensors.filter(({ part, size }) => part < size)
        expect(split.length).toBeGreaterThan(0)
        session.close()
        const errors = await errorsOf(backend, golden)
        expect(errors.loss).toBeLessThan(1e-5)
        expect(errors.gradient).toBeLessThan(1e-5)
        expect(errors.losses).toBeLessThan(2e-5)
      },
      PATIENCE,
    )

    it(
      'gives the same bits again',
      async () => {
        const runs: Map<string, Float64Array>[] = []
        for (let run = 0; run < 2; run++) {
          const session = await openCase(await sharedBackend(), golden)
          for (let step = 0; step < 3; step++) {
            await gradientsOf(session, [batchOf(golden, session.plan.config.vocabSize, step)])
            await session.run('update', updateInputs(session.plan, step + 1, 1e-2))
          }
          runs.push(new Map([...(await readParameters(session)), ...(await readGradients(session))]))
          session.close()
        }
        expect(runs[1]).toEqual(runs[0])
      },
      PATIENCE,
    )
  })
})
