/** The whole model against transformers and torch: fixtures/trainer/golden.json, made by test/oracle/trainer_golden.py. */
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import { errorsOf, storedGolden } from './support/golden'

describe.each(storedGolden())('$name', (golden) => {
  it.each(['f32', 'f64'] as const)('%s: loss, gradients and five AdamW steps are those of torch', async (precision) => {
    const errors = await errorsOf(cpuBackend({ precision }), golden)
    expect(errors.loss).toBeLessThan(1e-5)
    expect(errors.gradient).toBeLessThan(1e-5)
    expect(errors.losses).toBeLessThan(2e-5)
    expect(errors.norms).toBeLessThan(1e-5)
  })

  it('in chunks of one row of logits, and with layers computed again on the way back', async () => {
    const errors = await errorsOf(cpuBackend(), golden, { logitsElements: 1, checkpointing: true })
    expect(errors.loss).toBeLessThan(1e-5)
    expect(errors.gradient).toBeLessThan(1e-5)
    expect(errors.losses).toBeLessThan(2e-5)
  })
})
