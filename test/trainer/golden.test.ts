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
    if (process.env.SHOW) console.log(precision, golden.name, errors)
  })

  it('in chunks of the head, with weights in parts, and computed again on the way back', async () => {
    // 64 rows a part and one row of logits a chunk is as small as it gets.
    const errors = await errorsOf(cpuBackend(), golden, { logitsElements: 1, checkpointing: true })
    expect(errors.loss).toBeLessThan(1e-5)
    expect(errors.gradient).toBeLessThan(1e-5)
    expect(errors.losses).toBeLessThan(2e-5)
  })
})
