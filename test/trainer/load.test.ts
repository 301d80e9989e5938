/** Folders of Hugging Face models: read into a session, and written from one. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { RowDtype } from '../../src/checkpoint/row-values'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import { loadParameters, openModel } from '../../src/trainer/load'
import { EMBEDDING, HEAD, parameterShapes } from '../../src/trainer/model/parameters'
import { buildPlan } from '../../src/trainer/plan/build'
import { saveModel } from '../../src/trainer/save'
import { randomValues, safetensorsOf } from '../checkpoint/model'
import { configOf, readParameters, storedGolden } from './support/golden'

const [untied, tied] = storedGolden()
const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-trainer-'))
afterAll(() => rmSync(temporary, { recursive: true }))
let folders = 0

type Tensors = Map<string, { shape: number[]; values: Float64Array }>

function tensorsOf(golden = untied): Tensors {
  const shapes = parameterShapes(configOf(golden))
  return new Map(
    shapes.map(({ name, shape }, i) => {
      // Multiples of 1/64 below 2: every dtype holds them.
      const values = randomValues(
        shape.reduce((a, b) => a * b, 1),
        i,
      ).map((value) => Math.round(value * 64) / 64)
      return [name, { shape, values }]
    }),
  )
}

/** A folder with the given tensors in one file. */
function writeFolder(tensors: Tensors, golden = untied, dtype: RowDtype = 'F32', config = {}): string {
  const folder = join(temporary, `model-${++folders}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify({ ...golden.config, ...config }, null, 2)}\n`)
  const named = [...tensors].map(([name, tensor]) => ({ name, dtype, ...tensor }))
  writeFileSync(join(folder, 'model.safetensors'), safetensorsOf(named))
  return folder
}

async function load(folder: string) {
  const model = await openModel(folder)
  const session = await cpuBackend().open(buildPlan(model.config, { batch: 1, length: 4 }))
  await loadParameters(model, session)
  const from = { config: model.checkpoint.config.text, tokenizer: folder, dtype: model.dtype }
  return { model, session, from }
}

describe('loading', () => {
  it.each(['F64', 'F32', 'F16', 'BF16'] as const)('%s', async (dtype) => {
    const tensors = tensorsOf()
    const { model, session } = await load(writeFolder(tensors, untied, dtype))
    expect(model.dtype).toBe(dtype)
    const found = await readParameters(session)
    expect([...found.keys()]).toEqual([...tensors.keys()])
    for (const [name, values] of found) expect(values, name).toEqual(tensors.get(name)!.values)
  })

  it('passes over what old checkpoints store besides', async () => {
    const tensors = tensorsOf()
    const frequencies = { shape: [2], values: Float64Array.of(1, 0.5) }
    tensors.set('model.layers.0.self_attn.rotary_emb.inv_freq', frequencies)
    await expect(load(writeFolder(tensors))).resolves.toBeDefined()
  })

  it('a tied head may be stored twice, if it is the same', async () => {
    const tensors = tensorsOf(tied)
    tensors.set(HEAD, tensors.get(EMBEDDING)!)
    await expect(load(writeFolder(tensors, tied))).resolves.toBeDefined()
    const { shape, values } = tensors.get(EMBEDDING)!
    tensors.set(HEAD, { shape, values: values.map((value, i) => (i === values.length - 1 ? value + 1 : value)) })
    await expect(load(writeFolder(tensors, tied))).rejects.toThrow(/lm_head\.weight differs from model\.embed_tokens/)
  })

  it('refuses tensors that are missing, unknown, of another shape or kind, or broken', async () => {
    const changed = (change: (tensors: Tensors) => void) => {
      const tensors = tensorsOf()
      change(tensors)
      return load(writeFolder(tensors))
    }
    const name = 'model.layers.1.mlp.up_proj.weight'
    await expect(changed((tensors) => tensors.delete(name))).rejects.toThrow(`has no tensor ${name} [12,8]`)
    await expect(changed((tensors) => tensors.delete(HEAD))).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringContaining('tie_word_embeddings') }),
    )
    const bias = { shape: [4], values: new Float64Array(4) }
    await expect(changed((tensors) => tensors.set('model.layers.0.self_attn.q_proj.bias', bias))).rejects.toThrow(
      /does not account for: model\.layers\.0\.self_attn\.q_proj\.bias/,
    )
    await expect(
      changed((tensors) => tensors.set(name, { shape: [8, 12], values: new Float64Array(96) })),
    ).rejects.toThrow(/has the shape \[8,12\], config\.json says \[12,8\]/)
    const folder = writeFolder(tensorsOf())
    const file = join(folder, 'model.safetensors')
    const bytes = readFileSync(file)
    bytes.writeFloatLE(Number.NaN, bytes.length - 4)
    writeFileSync(file, bytes)
    await expect(load(folder)).rejects.toThrow(/lm_head\.weight holds NaN as its value 191/)
  })

  it('refuses a plan of another model', async () => {
    const model = await openModel(writeFolder(tensorsOf()))
    const session = await cpuBackend().open(buildPlan(configOf(tied), { batch: 1, length: 4 }))
    await expect(loadParameters(model, session)).rejects.toThrow(/wants model\.embed_tokens\.weight \[20,8\]/)
  })
})

describe('saving', () => {
  it.each(['F32', 'F16', 'BF16'] as const)('%s: what is loaded again is what was saved', async (dtype) => {
    const { session, from } = await load(writeFolder(tensorsOf(), untied, 'F32', { torch_dtype: 'float32' }))
    const folder = join(temporary, `saved-${dtype}`)
    await saveModel(session, folder, { ...from, dtype })
    const again = await load(folder)
    expect(again.model.dtype).toBe(dtype)
    expect(await readParameters(again.session)).toEqual(await readParameters(session))
    const { torch_dtype, ...config } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
    expect(torch_dtype).toBe({ F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[dtype])
    expect(config).toEqual(untied.config)
  })

  it('in shards of a size, with an index', async () => {
    const { session, from } = await load(writeFolder(tensorsOf()))
    const folder = join(temporary, 'shards')
    await saveModel(session, folder, { ...from, shardBytes: 1000 })
    const names = readdirSync(folder).sort()
    expect(names[0]).toBe('config.json')
    expect(names.at(-1)).toBe('model.safetensors.index.json')
    expect(names.slice(1, -1).every((name) => /^model-\d{5}-of-\d{5}\.safetensors$/.test(name))).toBe(true)
    expect(names.length).toBeGreaterThan(4)
    const again = await load(folder)
    expect(again.model.checkpoint.shards).toHaveLength(names.length - 2)
    expect(await readParameters(again.session)).toEqual(await readParameters(session))
  })

  it('with the tokenizer, and without other weights or notes', async () => {
    const source = writeFolder(tensorsOf())
    const kept = ['tokenizer.json', 'tokenizer_config.json', 'tokenizer.model', 'generation_config.json', 'rows.json']
    for (const name of [...kept, 'README.md', 'pytorch_model.bin', 'run.json']) writeFileSync(join(source, name), name)
    const { session, from } = await load(source)
    const folder = join(temporary, 'carried')
    await saveModel(session, folder, from)
    expect(readdirSync(folder).sort()).toEqual([...kept, 'config.json', 'model.safetensors'].sort())
    expect(readFileSync(join(folder, 'tokenizer.json'), 'utf8')).toBe('tokenizer.json')
  })

  it('refuses the config of another model', async () => {
    const { session, from } = await load(writeFolder(tensorsOf()))
    const save = (config: object) =>
      saveModel(session, join(temporary, 'other'), {
        ...from,
        config: new TextEncoder().encode(JSON.stringify(config)),
      })
    await expect(save(tied.config)).rejects.toThrow(/has model\.embed_tokens\.weight \[20,8\] where the model has/)
    await expect(save({ ...untied.config, tie_word_embeddings: true })).rejects.toThrow(
      /has nothing more where the model has lm_head\.weight \[24,8\]/,
    )
  })

  it('a folder that is there is kept unless it may be replaced, and so is the old one when values are broken', async () => {
    const { session, from } = await load(writeFolder(tensorsOf()))
    const folder = join(temporary, 'twice')
    await saveModel(session, folder, from)
    await expect(saveModel(session, folder, from)).rejects.toThrow(/exists and is not empty/)
    await saveModel(session, folder, { ...from, replace: true })
    const copy = join(temporary, 'twice-copy')
    cpSync(folder, copy, { recursive: true })
    session.write(session.plan.parameters[0].tensor, Float32Array.of(1e30), 5)
    await expect(saveModel(session, folder, { ...from, dtype: 'F16', replace: true })).rejects.toThrow(
      /embed_tokens\.weight: its value 5 is 1\.\d+e\+30, which F16 cannot hold/,
    )
    expect(readFileSync(join(folder, 'model.safetensors'))).toEqual(readFileSync(join(copy, 'model.safetensors')))
    expect(readdirSync(temporary).filter((name) => name.startsWith('.'))).toEqual([])
    expect(existsSync(folder)).toBe(true)
  })
})
