import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import { buildPlan } from '../../src/trainer/plan/build'
import { configOf, storedGolden } from './support/golden'

const plan = buildPlan(configOf(storedGolden()[0]), { batch: 1, length: 4 })
const { ids, weights } = plan.inputs

describe.each(['f32', 'f64'] as const)('a session of the plain backend, %s', (precision) => {
  it('gives back what is written, from any place on, and takes copies', async () => {
    const session = await cpuBackend({ precision }).open(plan)
    const values = Float64Array.of(0.1, 0.2, 0.3, 0.4)
    session.write(weights, values)
    values[0] = 9
    session.write(weights, Float32Array.of(7), 2)
    const round = precision === 'f32' ? Math.fround : (value: number) => value
    const all = await session.read(weights)
    expect(Array.from(all)).toEqual([0.1, 0.2, 7, 0.4].map(round))
    expect(Array.from(await session.read(weights, 1, 2))).toEqual([0.2, 7].map(round))
    all[1] = 5
    expect((await session.read(weights))[1]).toBe(round(0.2))
  })

  it('refuses what does not fit, and everything once it is closed', async () => {
    const session = await cpuBackend({ precision }).open(plan)
    expect(() => session.write(ids, Float32Array.of(1))).toThrow(/ids holds i32, not the values of a Float32Array/)
    expect(() => session.write(weights, Int32Array.of(1))).toThrow(/weights holds f32/)
    expect(() => session.write(ids, Int32Array.of(1, 2), 3)).toThrow(/2 values from 3 on do not fit into ids \[4\]/)
    session.close()
    expect(() => session.write(ids, Int32Array.of(1))).toThrow(/closed/)
    await expect(session.read(ids)).rejects.toThrow(/closed/)
    await expect(session.run('zero')).rejects.toThrow(/closed/)
  })
})
