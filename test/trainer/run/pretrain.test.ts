/** From files to a folder: what lies in it, forms and objectives, an init map on the way, and what is refused. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import { evaluateModels } from '../../../src/trainer/evaluate/evaluate-models'
import { openAdapter } from '../../../src/trainer/forms/load-adapter'
import { loadParameters, openModel } from '../../../src/trainer/load'
import { EMBEDDING, HEAD } from '../../../src/trainer/model/parameters'
import { buildPlan } from '../../../src/trainer/plan/build'
import { presetRecipe } from '../../../src/trainer/recipes/read'
import { readBaseRows } from '../../../src/trainer/run/base-rows'
import { planPretrain } from '../../../src/trainer/run/plan-pretrain'
import type { RunPretrainOptions } from '../../../src/trainer/run/pretrain'
import { layOut } from '../../checkpoint/model'
import { readParameters } from '../support/golden'
import { layOutRun, ROWS, recipe, stage, told, twoStages } from './small-run'

let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-pretrain-'))
  await layOutRun(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let outs = 0
const options = (changes: Partial<RunPretrainOptions> = {}): RunPretrainOptions => ({
  ...twoStages(folder, `out-${outs++}`),
  ...{ tokens: 8 * 96, recipe: recipe(stage('all')), gate: { bound: 1, onForget: 'warn' }, ...changes },
})

async function parametersOf(path: string) {
  const model = await openModel(path)
  const session = await cpuBackend().open(buildPlan(model.config, { batch: 1, length: 4, train: () => false }))
  await loadParameters(model, session)
  return readParameters(session)
}

describe('the folder', () => {
  it('is a model, with what the run was and told', async () => {
    const given = options()
    const { result, metrics } = await told(given)
    expect(readdirSync(given.out).sort()).toEqual([
      ...['best', 'checkpoints', 'config.json', 'generation_config.json', 'model.safetensors', 'run.json'],
      ...['tokenizer.json', 'tokenizer.model', 'tokenizer_config.json', 'tokens'],
    ])
    expect(result.files).toEqual(readdirSync(given.out).sort())
    expect(readdirSync(join(given.out, 'checkpoints'))).toEqual(['step-00000006', 'step-00000008'])
    const record = JSON.parse(readFileSync(join(given.out, 'run.json'), 'utf8'))
    expect(record).toMatchObject({
      command: 'pretrain',
      seed: 7,
      options: { tokens: 768, batch: 2, 'replay-share': 0.4 },
    })
    const inputs = record.inputs.map(({ path }: { path: string }) => path.replace(/^.*\//, ''))
    expect(inputs).toEqual(expect.arrayContaining(['model.safetensors', 'config.json', 'ko.txt', 'en.txt', 'odd.txt']))
    expect(record.inputs.every(({ sha256 }: { sha256: string }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true)
    // What the run said of its last model is what the folder is.
    const last = metrics.findLast((one) => one.kind === 'evaluation')
    const data = [`odd=${join(folder, 'odd.txt')}`]
    const { models } = await evaluateModels({
      models: [given.out],
      data,
      backend: cpuBackend(),
      length: 24,
      maxBytes: 300,
    })
    const guarded = last?.kind === 'evaluation' ? last.sets.find(({ name }) => name === 'odd') : undefined
    expect(models[0].sets[0].bitsPerByte).toBeCloseTo(guarded!.bitsPerByte, 5)
  })

  it('in another dtype', async () => {
    const given = options({ dtype: 'BF16' })
    await told(given)
    expect((await openModel(given.out)).dtype).toBe('BF16')
    expect(JSON.parse(readFileSync(join(given.out, 'config.json'), 'utf8')).torch_dtype).toBe('bfloat16')
  })

  it('held-out documents are measured on and never learned from', async () => {
    const given = options({ guard: undefined, watch: undefined, heldOut: 4, evaluateBytes: 1e6 })
    const { metrics } = await told(given)
    const first = metrics.find((one) => one.kind === 'evaluation')!
    expect(first.kind === 'evaluation' && first.sets.map(({ name, role }) => `${name} ${role}`)).toEqual([
      ...['ko target', 'en guarded'],
    ])
    const measured = first.kind === 'evaluation' ? first.sets.reduce((sum, { bytes }) => sum + bytes, 0) : 0
    const records = readdirSync(join(given.out, 'tokens')).map((name) =>
      JSON.parse(readFileSync(join(given.out, 'tokens', name, 'tokens.json'), 'utf8')),
    )
    const learned = records.reduce((sum, { bytes }) => sum + bytes, 0)
    const undivided = options({ evaluate: [`x=${join(folder, 'odd.txt')}`] })
    await told(undivided)
    const whole = readdirSync(join(undivided.out, 'tokens')).reduce(
      (sum, name) => sum + JSON.parse(readFileSync(join(undivided.out, 'tokens', name, 'tokens.json'), 'utf8')).bytes,
      0,
    )
    expect(measured + learned).toBe(whole)
    expect(measured / whole).toBeGreaterThan(0.1)
  })

  it('a text of one document: nothing is held out, and that is said', async () => {
    writeFileSync(join(folder, 'one.txt'), readFileSync(join(folder, 'ko.txt'), 'utf8').replaceAll('\n\n', '\n'))
    const { metrics } = await told(options({ data: [join(folder, 'one.txt')], heldOut: 100 }))
    const notes = metrics.flatMap((one) => (one.kind === 'note' ? [one.text] : []))
    expect(notes[0]).toMatch(/^one: is not measured on.*--documents line/)
  })

  it('with force, another run takes its place; a folder that is no run is left alone', async () => {
    const given = options()
    await told(given)
    const steps = (await told({ ...given, force: true, seed: 8 })).steps
    expect(steps).toHaveLength(8)
    await expect(told({ ...given, out: folder, force: true })).rejects.toThrow(/exists and is not empty/)
    expect(existsSync(join(folder, 'model'))).toBe(true)
  })
})

describe('forms and objectives', () => {
  it('LoRA: the merged model, and the adapter beside it; the base stays', async () => {
    const given = options({ recipe: presetRecipe('lora'), learningRate: 0.01 })
    const { steps } = await told(given)
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0].loss)
    const adapter = await openAdapter(join(given.out, 'adapter'))
    expect(adapter).toMatchObject({ form: { rank: 8, alpha: 32 }, base: given.model })
    expect((await openModel(given.out)).config).toEqual((await openModel(given.model)).config)
    const [before, after] = [await parametersOf(given.model), await parametersOf(given.out)]
    for (const name of before.keys()) {
      const isSame = name.endsWith('norm.weight')
      expect(JSON.stringify([...before.get(name)!]) === JSON.stringify([...after.get(name)!]), name).toBe(isSame)
    }
  })

  it('LLaMA Pro: new blocks learn, old ones stay bit for bit', async () => {
    const pro = { ...presetRecipe('llama-pro'), form: { kind: 'block-expansion' as const, blocks: 1 } }
    const given = options({ recipe: pro, baseRows: 260 })
    const { steps } = await told(given)
    expect(steps).toHaveLength(8)
    const [before, after] = [await parametersOf(given.model), await parametersOf(given.out)]
    expect(after.size).toBe(before.size + 9)
    const same = [...before].filter(
      ([name, values]) => JSON.stringify([...after.get(name)!]) === JSON.stringify([...values]),
    )
    expect(before.size - same.length).toBe(2)
    for (const name of [EMBEDDING, HEAD])
      expect([...after.get(name)!.subarray(0, 260 * 16)]).toEqual([...before.get(name)!.subarray(0, 260 * 16)])
    expect(after.get('model.layers.2.mlp.down_proj.weight')!.some((value) => value !== 0)).toBe(true)
  })

  it('each goes on after a pause as if nothing had been', async () => {
    for (const name of ['lora', 'llama-pro']) {
      const preset = presetRecipe(name)
      const form = preset.form?.kind === 'block-expansion' ? { ...preset.form, blocks: 1 } : preset.form
      const given = options({ recipe: { ...preset, form }, baseRows: 260 })
      const whole = await told(given)
      const paused = options({ ...given, out: join(folder, `out-paused-${name}`), maxSteps: 5 })
      await told({ ...paused, recipe: given.recipe })
      const rest = await told({ ...paused, recipe: given.recipe, maxSteps: undefined, resume: true })
      expect(
        rest.steps.map(({ loss }) => loss),
        name,
      ).toEqual(whole.steps.slice(5).map(({ loss }) => loss))
      expect(readFileSync(join(paused.out, 'model.safetensors'))).toEqual(
        readFileSync(join(given.out, 'model.safetensors')),
      )
    }
  })

  it('instruction: conversations in JSON Lines, the assistant alone', async () => {
    const turns = (i: number) => [
      { role: 'user', content: `${i} 더하기 ${i}?` },
      { role: 'assistant', content: `${i + i}` },
    ]
    const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify({ messages: turns(i) }))
    writeFileSync(join(folder, 'chat.jsonl'), `${lines.join('\n')}\n`)
    const given = options({
      ...{ recipe: presetRecipe('instruction'), learningRate: 5e-3, data: [join(folder, 'chat.jsonl')] },
      ...{ replay: undefined, replayShare: undefined, chatTemplate: 'llama-2', length: 64, tokens: 10 * 256 },
    })
    const { steps } = await told(given)
    expect(Object.keys(steps[0].lossOf)).toEqual(['chat'])
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0].loss)
    await expect(
      told({ ...options(given), data: [join(folder, 'ko.txt')], out: join(folder, 'no-chat') }),
    ).rejects.toThrow(/ko\.txt:1/)
    await expect(told(options({ data: [join(folder, 'chat.jsonl')] }))).rejects.toThrow(/chat\.jsonl/)
  })
})

describe('an init map on the way', () => {
  it('extends the base, trains its new rows, and goes on without extending again', async () => {
    const at = join(folder, 'extending')
    const { checkpoint, tokenizer, initMap } = await layOut(at, { hidden: 16 })
    const given = options({ model: checkpoint, initMap, tokenizer, recipe: presetRecipe('new-rows') })
    const planned = await planPretrain(given)
    expect(planned).toMatchObject({ config: { vocabSize: 272 }, baseRows: 263 })
    const { steps } = await told({ ...given, maxSteps: 5 })
    expect(steps).toHaveLength(5)
    expect(await readBaseRows(given.out)).toBe(263)
    // Killed while it was extended, and while it was saved.
    const killed = { ...given, out: join(at, 'killed'), maxSteps: 1 }
    for (const name of ['.extended.0123456789ab.tmp', '.model']) mkdirSync(join(killed.out, name), { recursive: true })
    expect((await told({ ...killed, resume: true })).steps).toHaveLength(1)
    expect(readdirSync(killed.out).filter((name) => name.startsWith('.'))).toEqual([])
    expect(readdirSync(given.out)).toEqual(expect.arrayContaining(['extended', 'rows.json', 'tokenizer.json']))
    const rest = await told({ ...given, resume: true })
    expect(rest.steps.map(({ step }) => step)).toEqual([6, 7, 8])
    const [before, after] = [await parametersOf(checkpoint), await parametersOf(given.out)]
    for (const [name, values] of before)
      expect([...after.get(name)!.subarray(0, Math.min(values.length, 263 * 16))], name).toEqual([
        ...values.subarray(0, 263 * 16),
      ])
  })
})

describe('refused before anything is written', () => {
  it.each<[string, () => Partial<RunPretrainOptions>, RegExp]>([
    ['no such model', () => ({ model: join(folder, 'none') }), /none: cannot be read/],
    ['no such text', () => ({ data: [join(folder, 'none.txt')] }), /none\.txt/],
    ['an init map without a tokenizer', () => ({ initMap: 'x' }), /--init-map is there without --tokenizer/],
    ['a share without text', () => ({ replay: [] }), /0\.4 of the tokens are to be replayed/],
    ['a share above 1', () => ({ replayShare: 1.5 }), /share of replay is 1\.5/],
    ['blocks longer than the model', () => ({ length: 257 }), /longer than the 256 positions/],
    ['new rows of a model without any', () => ({ recipe: presetRecipe('new-rows') }), /rows: new/],
    ['preferences with text to replay', () => ({ recipe: presetRecipe('dpo') }), /objective is dpo.*--replay is there/],
    ['fewer steps than stages', () => ({ recipe: presetRecipe('eeve'), tokens: 96, baseRows: 260 }), /has no step/],
  ])('%s', async (_, changes, message) => {
    const given = options(changes())
    await expect(told(given)).rejects.toThrow(message)
    expect(existsSync(given.out)).toBe(false)
  })

  it('a model of another kind, a tokenizer with more ids than rows, a window', async () => {
    const changed = (name: string, config: object) => {
      const path = join(folder, name)
      cpSync(join(folder, 'model'), path, { recursive: true })
      const text = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'))
      writeFileSync(join(path, 'config.json'), JSON.stringify({ ...text, ...config }))
      return path
    }
    const gpt = changed('gpt', { architectures: ['GPT2LMHeadModel'] })
    await expect(told(options({ model: gpt }))).rejects.toThrow(/GPT2LMHeadModel/)
    const wrong = changed('wrong', { vocab_size: ROWS + 8 })
    await expect(told(options({ model: wrong }))).rejects.toThrow(/config\.json says \[272,16\]/)
    const window = changed('window', { architectures: ['MistralForCausalLM'], sliding_window: 16 })
    await expect(told(options({ model: window }))).rejects.toThrow(/sliding_window is 16/)
    const { checkpoint, tokenizer } = await layOut(join(folder, 'larger'), { hidden: 16 })
    cpSync(join(tokenizer, 'tokenizer.json'), join(checkpoint, 'tokenizer.json'))
    rmSync(join(checkpoint, 'tokenizer.model'), { force: true })
    await expect(told(options({ model: checkpoint }))).rejects.toMatchObject({
      code: 'mismatch',
      hint: expect.stringContaining('ko-vocab apply'),
    })
  })
})
