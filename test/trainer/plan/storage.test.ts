/** Which tensors a plan stores in half, and what that saves. */
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import { EMBEDDING } from '../../../src/trainer/model/parameters'
import { buildPlan, type PlanOptions } from '../../../src/trainer/plan/build'
import { planBytes } from '../../../src/trainer/plan/memory'
import { operandsOf } from '../../../src/trainer/plan/operands'
import type { Plan, Tensor } from '../../../src/trainer/plan/types'
import { planStages } from '../../../src/trainer/run/stages'
import { recipe, stage } from '../run/small-run'
import { configOf, errorsOf, storedGolden } from '../support/golden'
import { MID } from '../webgpu/models'

const [untied] = storedGolden()
const { config, batch, length } = MID
const planOf = (options: Partial<PlanOptions> = {}) => buildPlan(config, { batch, length, storage: 'f16', ...options })
const halved = ({ tensors }: Plan) => tensors.filter(({ half }) => half)
const namesOf = (tensors: Tensor[]) => [...new Set(tensors.map(({ name }) => name.replace(/layer \d+ /, '')))].sort()

const KEPT = ['attention', 'attention input', 'gate', 'keys', 'mlp hidden', 'mlp input', 'queries', 'up', 'values']

describe('storage in half', () => {
  it('of a model that trains: what the forward keeps; no gradient, no residual stream, no statistics, no weight', () => {
    for (const checkpointing of [false, true]) {
      const plan = planOf({ checkpointing })
      expect(namesOf(halved(plan))).toEqual(KEPT)
      expect(planOf({ storage: 'f32' }).tensors.some(({ half }) => half)).toBe(false)
    }
  })

  it('of frozen weights: matrices, but for those that shall stay whole', () => {
    const lora = { rank: 8, scale: 2, targets: ['q_proj'] }
    const options = { lora, train: ({ name }: { name: string }) => name.includes('.lora_') }
    const frozen = planOf(options).parameters.filter(({ tensor }) =>
      halved(planOf(options)).some(({ id }) => id === tensor),
    )
    const matrices = planOf(options).parameters.filter(({ shape, trained }) => shape.length === 2 && !trained)
    expect(frozen.map(({ name }) => name)).toEqual(matrices.map(({ name }) => name))
    const whole = planOf({ ...options, keepWhole: (name) => name === EMBEDDING })
    expect(halved(whole)).toHaveLength(halved(planOf(options)).length - 1)
    // Some rows train: all of it is float32.
    const rows = planOf({ train: ({ name }) => name === EMBEDDING && { rows: { first: 4000, count: 96 } } })
    expect(halved(rows).some(({ name }) => name === EMBEDDING)).toBe(false)
    expect(halved(rows).some(({ name }) => name === 'lm_head.weight')).toBe(true)
  })

  it('never shares a buffer with what is whole', () => {
    const { tensors, buffers } = planOf()
    for (const { buffer, half } of tensors) if (buffer >= 0) expect(buffers[buffer].half).toBe(half)
  })

  it('not of what would be written one by one', () => {
    const of = (changes: object) =>
      namesOf(halved(buildPlan({ ...configOf(untied), ...changes }, { batch: 2, length: 12, storage: 'f16' })))
    // Heads of four are turned in halves of two.
    expect(of({})).toEqual(KEPT.filter((name) => name !== 'queries' && name !== 'keys'))
    expect(of({ headDim: 8 })).toEqual(KEPT)
    // Rows of ten; what SwiGLU makes of them is written as one row of 240.
    expect(of({ headDim: 8, intermediateSize: 10 })).toEqual(KEPT.filter((name) => !/gate|up/.test(name)))
  })

  it('takes the memory that is alive at once, and little more', () => {
    for (const storage of ['f32', 'f16'] as const) {
      const plan = planOf({ storage })
      const { tensors, buffers, programs } = plan
      const run = [...programs.forward, ...programs.backward]
      const isActivation = (id: number) => tensors[id].kind === 'activation'
      const uses = run.map((operation) => {
        const { reads, writes } = operandsOf(operation)
        return new Set([...reads, ...writes].filter(isActivation))
      })
      const last = new Map(uses.flatMap((ids, at) => [...ids].map((id) => [id, at] as const)))
      const bytes = ({ size, half }: { size: number; half?: true }) => size * (half ? 2 : 4)
      const alive = new Set<number>()
      let most = 0
      uses.forEach((ids, at) => {
        for (const id of ids) alive.add(id)
        most = Math.max(
          most,
          [...alive].reduce((sum, id) => sum + bytes(tensors[id]), 0),
        )
        for (const id of ids) if (last.get(id) === at) alive.delete(id)
      })
      const shared = new Set([...last.keys()].map((id) => tensors[id].buffer))
      const taken = [...shared].reduce((sum, at) => sum + bytes(buffers[at]), 0)
      expect(taken).toBeGreaterThanOrEqual(most)
      expect(taken / most, storage).toBeLessThan(1.2)
    }
    expect(planBytes(planOf()) / planBytes(planOf({ storage: 'f32' }))).toBeLessThan(0.9)
  })

  it('is nothing to the processor, whose results stay', async () => {
    const backend = cpuBackend({ precision: 'f64' })
    expect(await errorsOf(backend, untied, { storage: 'f16' })).toEqual(await errorsOf(backend, untied))
  })

  it('of a run in stages: what has trained before is whole', () => {
    const stages = [
      stage('rows', { train: [{ parameters: 'embedding' }] }),
      stage('others', { train: [{ parameters: 'head' }] }),
    ]
    const backend = { ...cpuBackend(), storage: 'f16' as const }
    const [first, second] = planStages({
      ...{ backend, config, recipe: recipe(...stages), baseRows: null, tokens: 1e6, batch, length, accumulate: 1 },
    })
    const weights = ({ plan }: { plan: Plan }) =>
      halved(plan).flatMap(({ name, kind }) => (kind === 'parameter' && !name.includes('layers') ? name : []))
    expect(weights(first)).toEqual(['lm_head.weight'])
    expect(weights(second)).toEqual([])
  })
})
