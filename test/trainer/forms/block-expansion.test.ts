/** LLaMA Pro: where blocks go, that they begin as the identity, and that the old ones stay. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Session } from '../../../src/trainer/backends/types'
import { addedLayers, expandConfig, expandedOrigins, expandLayers } from '../../../src/trainer/forms/block-expansion'
import { expandConfigText } from '../../../src/trainer/forms/expand-config-text'
import { loadParameters, openModel } from '../../../src/trainer/load'
import { readLlamaConfig } from '../../../src/trainer/model/config'
import { parameterShapes } from '../../../src/trainer/model/parameters'
import { buildPlan } from '../../../src/trainer/plan/build'
import { batchInputs } from '../../../src/trainer/plan/step-inputs'
import { planOptionsOf } from '../../../src/trainer/recipes/plan-options'
import { readRecipe } from '../../../src/trainer/recipes/read'
import { saveModel } from '../../../src/trainer/save'
import {
  batchOf,
  configOf,
  fiveSteps,
  type GoldenCase,
  openCase,
  readParameters,
  storedGolden,
} from '../support/golden'

const [untied, tied] = storedGolden() as GoldenCase[]
const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-blocks-'))
afterAll(() => rmSync(temporary, { recursive: true }))

async function logits(session: Session, golden: GoldenCase): Promise<Float64Array> {
  await session.run('logits', batchInputs(session.plan, batchOf(golden, session.plan.config.vocabSize, 0)))
  return Float64Array.from(await session.read(session.plan.outputs.logits!))
}

async function saved(golden: GoldenCase, name: string): Promise<string> {
  const folder = join(temporary, name)
  const session = await openCase(cpuBackend(), golden)
  const config = new TextEncoder().encode(JSON.stringify(golden.config))
  await saveModel(session, folder, { config, tokenizer: null, dtype: 'F32' })
  return folder
}

describe('places', () => {
  it('as LLaMA Pro: a new block behind each group', () => {
    expect(expandLayers(4, 2)).toEqual({ from: [0, 1, 1, 2, 3, 3], added: [2, 5] })
    expect(addedLayers(40, 8)).toEqual([4, 9, 14, 19, 24, 29, 34, 39])
    expect(expandLayers(3, 2).from).toEqual([0, 1, 1, 2, 2])
    expect(expandLayers(2, 2).from).toEqual([0, 0, 1, 1])
    expect(() => expandLayers(2, 3)).toThrow(/3 new blocks cannot be spread among 2/)
    expect(() => expandLayers(2, 0)).toThrow(/0 new blocks/)
  })

  it('groups differ by at most one block', () => {
    const sizes = fc
      .integer({ min: 1, max: 80 })
      .chain((layers) => fc.tuple(fc.constant(layers), fc.integer({ min: 1, max: layers })))
    fc.assert(
      fc.property(sizes, ([layers, blocks]) => {
        const { from, added } = expandLayers(layers, blocks)
        expect(from).toHaveLength(layers + blocks)
        expect(added).toHaveLength(blocks)
        expect(added.at(-1)).toBe(layers + blocks - 1)
        expect(from.filter((_, i) => !added.includes(i))).toEqual(Array.from({ length: layers }, (_, i) => i))
        for (const layer of added) expect(from[layer]).toBe(from[layer - 1])
        const groups = added.map((layer, i) => layer - (i === 0 ? -1 : added[i - 1]) - 1)
        expect(Math.max(...groups) - Math.min(...groups)).toBeLessThanOrEqual(1)
      }),
    )
  })
})

describe('a model with more blocks', () => {
  it.each([
    ['untied', untied, 2],
    ['tied', tied, 1],
  ] as const)('%s: computes what the old one did, bit for bit', async (name, golden, blocks) => {
    const model = await openModel(await saved(golden, `same-${name}`))
    const config = expandConfig(model.config, blocks)
    expect(config.layers).toBe(model.config.layers + blocks)
    const { batch, length } = golden
    const options = { batch, length, logits: true, train: () => false }
    const plain = await cpuBackend().open(buildPlan(model.config, options))
    await loadParameters(model, plain)
    const larger = await cpuBackend().open(buildPlan(config, options))
    const seen: number[] = []
    const onProgress = (done: number, total: number) => seen.push(done / total)
    await loadParameters(model, larger, { origins: expandedOrigins(model.config, blocks), onProgress })
    expect(await logits(larger, golden)).toEqual(await logits(plain, golden))
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.at(-1)).toBeLessThanOrEqual(1)
  })

  it('trains the new blocks alone, is saved whole, and its config says how many layers there are', async () => {
    const model = await openModel(await saved(untied, 'train'))
    const recipe = readRecipe(
      'extends: llama-pro\nform: { blocks: 1 }\nstages: { new-blocks: { train: [new-blocks] } }',
      'x',
    )
    const config = expandConfig(model.config, 1)
    const { notes, ...options } = planOptionsOf(recipe, recipe.stages[0], config, { baseRows: null })
    const { batch, length } = untied
    const session = await cpuBackend().open(buildPlan(config, { batch, length, ...options }))
    await loadParameters(model, session, { origins: expandedOrigins(model.config, 1) })
    const before = await readParameters(session)
    await fiveSteps(session, untied)
    const last = `model.layers.${config.layers - 1}.`
    for (const [name, values] of await readParameters(session)) {
      if (name.startsWith(last)) expect(values, name).not.toEqual(before.get(name))
      else expect(values, name).toEqual(before.get(name))
    }
    const text = expandConfigText(model.checkpoint.config.text, 'config.json', 1)
    expect(readLlamaConfig(new TextDecoder().decode(text), 'config.json')).toEqual(config)
    const folder = join(temporary, 'trained')
    await saveModel(session, folder, { config: text, tokenizer: null, dtype: 'F32' })
    expect([...(await openModel(folder)).places.keys()]).toEqual(parameterShapes(config).map(({ name }) => name))
  })

  it('every parameter has an origin of its shape', () => {
    const config = configOf(untied)
    const old = new Map(parameterShapes(config).map(({ name, shape }) => [name, shape]))
    const origins = expandedOrigins(config, 1)
    const shapes = parameterShapes(expandConfig(config, 1))
    expect([...origins.keys()]).toEqual(shapes.map(({ name }) => name))
    for (const { name, shape } of shapes) {
      const origin = origins.get(name)!
      if (origin.kind === 'copy') expect(old.get(origin.name), name).toEqual(shape)
    }
    const zeros = [...origins].flatMap(([name, { kind }]) => (kind === 'zeros' ? name : []))
    const last = `model.layers.${config.layers}`
    expect(zeros).toEqual([`${last}.self_attn.o_proj.weight`, `${last}.mlp.down_proj.weight`])
  })

  it('a config that lists its layers is refused', () => {
    const text = new TextEncoder().encode(JSON.stringify({ ...untied.config, layer_types: ['full_attention'] }))
    expect(() => expandConfigText(text, 'config.json', 1)).toThrow(/layer_types lists the layers/)
  })
})
