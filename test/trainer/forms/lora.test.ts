/** Low-rank adapters: nothing at the beginning, the gradients of what they add, checkpoints, merging. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeSafeTensors } from '../../../src/init/safetensors'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Session } from '../../../src/trainer/backends/types'
import { loadAdapter, openAdapter } from '../../../src/trainer/forms/load-adapter'
import { beginLora, loraInitialValues, mergeLora } from '../../../src/trainer/forms/lora'
import { loraName, loraWeightOf } from '../../../src/trainer/forms/lora-names'
import { saveAdapter } from '../../../src/trainer/forms/save-adapter'
import { loadParameters, openModel } from '../../../src/trainer/load'
import { EMBEDDING, HEAD, parameterShapes } from '../../../src/trainer/model/parameters'
import { buildPlan, type PlanOptions } from '../../../src/trainer/plan/build'
import { batchInputs } from '../../../src/trainer/plan/step-inputs'
import { PROJECTIONS } from '../../../src/trainer/recipes/schema'
import { saveModel } from '../../../src/trainer/save'
import {
  batchOf,
  configOf,
  fiveSteps,
  type GoldenCase,
  gradientsOf,
  openCase,
  readGradients,
  readLoss,
  readParameters,
  relativeDistance,
  storedGolden,
} from '../support/golden'

const [untied, tied, withDocuments] = storedGolden() as GoldenCase[]
const wide = cpuBackend({ precision: 'f64' })
const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-lora-'))
afterAll(() => rmSync(temporary, { recursive: true }))
let folders = 0
const nextFolder = () => join(temporary, `${++folders}`)

const all = { rank: 3, scale: 2, targets: PROJECTIONS }
const adapters = ({ name }: { name: string }) => loraWeightOf(name) !== null

/** A case with adapters that do something: B is not 0. */
async function openWith(golden: GoldenCase, options: Partial<PlanOptions> = {}, backend = wide): Promise<Session> {
  return openCase(backend, golden, { lora: all, train: adapters, ...options })
}

async function logits(session: Session, golden: GoldenCase): Promise<Float64Array> {
  await session.run('logits', batchInputs(session.plan, batchOf(golden, session.plan.config.vocabSize, 0)))
  return Float64Array.from(await session.read(session.plan.outputs.logits!))
}

describe('at the beginning', () => {
  it('the model computes what it did, bit for bit', async () => {
    const plain = await openCase(cpuBackend(), untied, { logits: true })
    const session = await openWith(untied, { logits: true }, cpuBackend())
    beginLora(session, 7)
    for (const { name, tensor } of plain.plan.parameters)
      session.write(parameter(session, name).tensor, await plain.read(tensor))
    expect(await logits(session, untied)).toEqual(await logits(plain, untied))
  })

  it('A is uniform within 1/√inputs and depends on seed and adapter alone', () => {
    const values = loraInitialValues(64, 256, 5, 2)
    const bound = 1 / 16
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound)
    expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(bound * 0.999)
    const mean = values.reduce((a, b) => a + b) / values.length
    const variance = values.reduce((a, b) => a + b * b, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(bound * 0.02)
    expect(variance / ((bound * bound) / 3)).toBeCloseTo(1, 1)
    expect(loraInitialValues(64, 256, 5, 2)).toEqual(values)
    expect(loraInitialValues(64, 256, 5, 3)).not.toEqual(values)
    expect(loraInitialValues(64, 256, 6, 2)).not.toEqual(values)
  })
})

describe('the plan', () => {
  it('names adapters as PEFT does, behind the model', () => {
    const lora = { rank: 2, scale: 1, targets: ['q_proj', 'down_proj'] }
    const { parameters } = buildPlan(configOf(untied), { batch: 1, length: 4, lora })
    const base = parameterShapes(configOf(untied)).map(({ name }) => name)
    expect(parameters.slice(0, base.length).map(({ name }) => name)).toEqual(base)
    expect(parameters.slice(base.length, base.length + 4).map(({ name, shape }) => `${name} ${shape}`)).toEqual([
      'base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight 2,8',
      'base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight 16,2',
      `base_model.model.model.layers.0.mlp.down_proj.lora_A.weight 2,${configOf(untied).intermediateSize}`,
      'base_model.model.model.layers.0.mlp.down_proj.lora_B.weight 8,2',
    ])
  })

  it('refuses ranks and targets that cannot be', () => {
    const build = (lora: PlanOptions['lora']) => () => buildPlan(configOf(untied), { batch: 1, length: 4, lora })
    expect(build({ ...all, rank: 0 })).toThrow(/lora\.rank is 0/)
    expect(build({ ...all, scale: Number.NaN })).toThrow(/lora\.scale is NaN/)
    expect(build({ ...all, targets: ['q'] })).toThrow(/lora\.targets has q, which no layer has/)
    expect(build({ ...all, targets: [] })).toThrow(/lora\.targets is empty/)
  })

  it('is the merged model, in loss and in the gradients of A and B', async () => {
    for (const golden of [untied, tied, withDocuments]) {
      const session = await openWith(golden, { train: () => true })
      const merged = await openCase(wide, golden)
      for (const { name, tensor, shape } of merged.plan.parameters) {
        const values = Float64Array.from(await session.read(parameter(session, name).tensor))
        const a = session.plan.parameters.find((other) => other.name === loraName(name, 'A'))
        const b = session.plan.parameters.find((other) => other.name === loraName(name, 'B'))
        if (a && b && shape.length === 2)
          mergeLora(values, await session.read(a.tensor), await session.read(b.tensor), all)
        merged.write(tensor, values)
      }
      const batch = batchOf(golden, session.plan.config.vocabSize, 0)
      await gradientsOf(session, [batch])
      await gradientsOf(merged, [batch])
      expect(await readLoss(session)).toBeCloseTo(await readLoss(merged), 10)
      const [own, other] = [await readGradients(session), await readGradients(merged)]
      for (const [name, values] of other) expect(relativeDistance(own.get(name)!, values), name).toBeLessThan(1e-9)
      // dA = scale · Bᵀ · dW, dB = scale · dW · Aᵀ.
      for (const [name, gradient] of other) {
        if (!session.plan.parameters.some((one) => one.name === loraName(name, 'A'))) continue
        const [outputs, inputs] = parameter(session, name).shape
        const a = await session.read(parameter(session, loraName(name, 'A')).tensor)
        const b = await session.read(parameter(session, loraName(name, 'B')).tensor)
        const [dA, dB] = [new Float64Array(all.rank * inputs), new Float64Array(outputs * all.rank)]
        for (let o = 0; o < outputs; o++)
          for (let i = 0; i < inputs; i++)
            for (let r = 0; r < all.rank; r++) {
              dA[r * inputs + i] += all.scale * b[o * all.rank + r] * gradient[o * inputs + i]
              dB[o * all.rank + r] += all.scale * gradient[o * inputs + i] * a[r * inputs + i]
            }
        expect(relativeDistance(own.get(loraName(name, 'A'))!, dA), name).toBeLessThan(1e-8)
        expect(relativeDistance(own.get(loraName(name, 'B'))!, dB), name).toBeLessThan(1e-8)
      }
    }
  })

  it('with checkpointing, with A or B alone: the same gradients', async () => {
    const of = async (options: Partial<PlanOptions>) => {
      const session = await openWith(untied, options)
      await gradientsOf(session, [batchOf(untied, session.plan.config.vocabSize, 0)])
      return { session, gradients: await readGradients(session) }
    }
    const { gradients } = await of({})
    const others: Partial<PlanOptions>[] = [
      { checkpointing: true },
      { train: ({ name }) => loraWeightOf(name)?.part === 'A' },
      { train: ({ name }) => loraWeightOf(name)?.part === 'B' && name.includes('layers.1') },
    ]
    for (const options of others) {
      const { gradients: found } = await of(options)
      expect(found.size).toBeGreaterThan(5)
      for (const [name, values] of found) {
        expect(relativeDistance(values, gradients.get(name)!), name).toBeLessThan(1e-12)
      }
    }
  })

  it('adapters in parts give the same loss and gradients', async () => {
    const small = { ...untied, batch: 1, length: 4, documents: undefined }
    const of = async (bindingBytes: number) => {
      const backend = { ...wide, bindingBytes }
      const session = await openWith(small, { lora: { ...all, rank: 64 } }, backend)
      await gradientsOf(session, [batchOf(small, session.plan.config.vocabSize, 0)])
      return { session, loss: await readLoss(session), gradients: await readGradients(session) }
    }
    const [whole, cut] = [await of(Number.POSITIVE_INFINITY), await of(256 * 4)]
    const split = cut.session.plan.tensors.filter(({ part, size }) => part < size).map(({ name }) => name)
    expect(split).toContain(loraName('model.layers.0.mlp.up_proj.weight', 'A'))
    expect(split).toContain(`gradient of ${loraName('model.layers.0.mlp.up_proj.weight', 'B')}`)
    expect(cut.loss).toBeCloseTo(whole.loss, 12)
    for (const [name, values] of cut.gradients)
      expect(relativeDistance(values, whole.gradients.get(name)!), name).toBeLessThan(1e-12)
  })

  it('training moves adapters alone', async () => {
    const session = await openWith(untied)
    const before = await readParameters(session)
    await fiveSteps(session, untied)
    for (const [name, values] of await readParameters(session)) {
      if (loraWeightOf(name)) expect(values, name).not.toEqual(before.get(name))
      else expect(values, name).toEqual(before.get(name))
    }
    expect(session.plan.tensors.filter(({ kind }) => kind === 'gradient')).toHaveLength(
      2 * 7 * session.plan.config.layers,
    )
  })
})

describe('folders', () => {
  const dtype = 'F64'

  it('come back bit for bit, with embedding and head where they trained', async () => {
    for (const golden of [untied, tied]) {
      const train = ({ name }: { name: string }) => adapters({ name }) || name === EMBEDDING || name === HEAD
      const session = await openWith(golden, { train, logits: true })
      await fiveSteps(session, golden)
      const folder = nextFolder()
      await saveAdapter(session, folder, { base: '/models/base', dtype })
      const adapter = await openAdapter(folder)
      expect(adapter.base).toBe('/models/base')
      expect(adapter.form).toEqual({ kind: 'lora', rank: 3, alpha: 6, targets: [...PROJECTIONS] })
      const again = await openWith(golden, { logits: true })
      await loadAdapter(adapter, again)
      expect(await logits(again, golden)).toEqual(await logits(session, golden))
      const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'))
      expect(config.modules_to_save).toEqual(['embed_tokens', 'lm_head'])
    }
  })

  it('adapters alone have no modules', async () => {
    const session = await openWith(untied)
    const folder = nextFolder()
    await saveAdapter(session, folder, { base: 'b', dtype })
    const { tensors } = decodeSafeTensors(readFileSync(join(folder, 'adapter_model.safetensors')), 'x')
    expect(Object.keys(tensors).sort()).toEqual(
      session.plan.parameters.flatMap(({ name }) => (loraWeightOf(name) ? name : [])).sort(),
    )
    expect(JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')).modules_to_save).toBeNull()
  })

  it('a merged model computes the same', async () => {
    const session = await openWith(untied, { logits: true })
    const folder = nextFolder()
    const config = new TextEncoder().encode(JSON.stringify(untied.config))
    await saveModel(session, folder, { config, tokenizer: null, dtype, shardBytes: 5000 })
    const model = await openModel(folder)
    const plan = buildPlan(model.config, {
      batch: untied.batch,
      length: untied.length,
      logits: true,
      train: () => false,
    })
    const merged = await wide.open(plan)
    await loadParameters(model, merged)
    expect(relativeDistance(await logits(merged, untied), await logits(session, untied))).toBeLessThan(1e-12)
  })

  it('what has no place is refused', async () => {
    const norms = await openWith(untied, { train: ({ name }) => adapters({ name }) || name.endsWith('norm.weight') })
    await expect(saveAdapter(norms, nextFolder(), { base: 'b', dtype })).rejects.toThrow(
      /layernorm\.weight has trained/,
    )
    const plain = await openCase(wide, untied)
    await expect(saveAdapter(plain, nextFolder(), { base: 'b', dtype })).rejects.toThrow(/has no adapters/)
  })

  it('adapters of other shapes and kinds are refused', async () => {
    const session = await openWith(untied)
    const folder = nextFolder()
    await saveAdapter(session, folder, { base: 'b', dtype })
    const adapter = await openAdapter(folder)
    const wider = await openWith(untied, { lora: { ...all, rank: 4 } })
    await expect(loadAdapter(adapter, wider)).rejects.toThrow(
      /the plan wants .*q_proj.lora_A.weight \[4,8\], .* has it as \[3,8\]/,
    )
    const fewer = await openWith(untied, { lora: { ...all, targets: ['q_proj'] } })
    await expect(loadAdapter(adapter, fewer)).rejects.toThrow(/the model has no place for .*down_proj/)
    const path = join(folder, 'adapter_config.json')
    const config = JSON.parse(readFileSync(path, 'utf8'))
    for (const [key, value] of Object.entries({
      use_dora: true,
      use_rslora: true,
      bias: 'all',
      peft_type: 'IA3',
      r: 0,
      alora_invocation_tokens: [1],
      init_lora_weights: 'pissa_niter_4',
      kasa_config: {},
      layer_replication: [[0, 2]],
      lora_bias: true,
      target_parameters: ['mlp.experts'],
      trainable_token_indices: [1, 2],
      use_qalora: true,
    })) {
      writeFileSync(path, JSON.stringify({ ...config, [key]: value }))
      await expect(openAdapter(folder), key).rejects.toThrow(new RegExp(`adapter_config\\.json: ${key}: `))
    }
    const off = { layer_replication: null, lora_bias: false, target_parameters: [], init_lora_weights: 'gaussian' }
    writeFileSync(path, JSON.stringify({ ...config, ...off, trainable_token_indices: null, arrow_config: null }))
    await expect(openAdapter(folder)).resolves.toBeDefined()
    await expect(openAdapter(temporary)).rejects.toMatchObject({ code: 'io' })
  })
})

describe('merging', () => {
  it('W + scale · B · A by hand', () => {
    const weight = Float64Array.of(1, 2, 3, 4, 5, 6)
    mergeLora(weight, [1, 0, 2, 0, 1, 1], [1, 2, 0, -1], { rank: 2, scale: 0.5 })
    // B · A = [[1, 2, 4], [0, -1, -1]].
    expect([...weight]).toEqual([1.5, 3, 5, 4, 4.5, 5.5])
  })
})

function parameter(session: Session, name: string) {
  return session.plan.parameters.find((one) => one.name === name)!
}
