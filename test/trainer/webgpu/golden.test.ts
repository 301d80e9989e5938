/** The whole model on WebGPU against transformers and torch, and against itself. */
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import { updateInputs } from '../../../src/trainer/plan/step-inputs'
import {
  batchOf,
  errorsOf,
  fiveSteps,
  gradientsOf,
  openCase,
  readGradients,
  readParameters,
  relativeDistance,
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
      'a table in parts, each in a buffer of its own: as float64 without parts',
      async () => {
        // A vocabulary that no longer fits into a binding, where all else does.
        const config = { ...golden.config, vocab_size: 96 }
        const given = { ...golden, config, batch: 1, length: 4, documents: undefined }
        const session = await openCase(await sharedDevice({ bindingBytes: 1536 }), given)
        const whole = await openCase(cpuBackend({ precision: 'f64' }), given)
        const parts = session.plan.tensors.filter(({ part, size }) => part < size)
        expect(parts.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['parameter', 'gradient', 'state']))
        const [found, expected] = [await fiveSteps(session, given), await fiveSteps(whole, given)]
        found.losses.forEach((loss, i) => {
          expect(Math.abs(loss - expected.losses[i])).toBeLessThan(2e-5)
        })
        const gradients = await readGradients(whole)
        for (const [name, values] of await readGradients(session))
          expect(relativeDistance(values, gradients.get(name)!), name).toBeLessThan(1e-3)
        session.close()
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

  // One model: kernels are the same for all, and on a processor these compile for half a minute.
  const [golden] = storedGolden()
  it(
    `${golden.name} by workgroups, as on a GPU: loss, gradients and five AdamW steps are those of torch`,
    async () => {
      const errors = await errorsOf(await sharedDevice({ traits: { subgroup: 0 } }), golden)
      expect(errors.loss).toBeLessThan(1e-5)
      expect(errors.gradient).toBeLessThan(1e-5)
      expect(errors.losses).toBeLessThan(2e-5)
      expect(errors.norms).toBeLessThan(1e-5)
    },
    PATIENCE,
  )
})
