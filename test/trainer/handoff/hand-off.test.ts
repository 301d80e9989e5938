/** The files of a hand-off, without running them: test/oracle/handoff.test.ts does. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { handOff } from '../../../src/trainer/handoff/hand-off'
import { PROGRAMS } from '../../../src/trainer/handoff/programs'
import type { HandoffModel, HandoffSettings, HandoffTarget } from '../../../src/trainer/handoff/types'
import { yamlText } from '../../../src/trainer/handoff/yaml-text'
import { readLlamaConfig } from '../../../src/trainer/model/config'
import { presetRecipe, readRecipe } from '../../../src/trainer/recipes/read'
import type { Recipe } from '../../../src/trainer/recipes/types'

const config = {
  ...{ architectures: ['LlamaForCausalLM'], vocab_size: 272, hidden_size: 16, intermediate_size: 32 },
  ...{ num_hidden_layers: 4, num_attention_heads: 2, rms_norm_eps: 1e-5, max_position_embeddings: 256 },
}
const model: HandoffModel = {
  config: readLlamaConfig(JSON.stringify(config), 'config.json'),
  ...{ folder: '../model', weights: ['model.safetensors'], hasSentencePiece: true, baseRows: 258 },
  ...{ padding: null, layerClass: 'LlamaDecoderLayer' },
}
const source = (name: string, role: 'data' | 'replay', tokens: number) => ({
  ...{ name, role, tokens, folder: `tokens/${name}` },
  files: [{ path: `../${name}.txt`, format: 'text' as const }],
})
const settings: HandoffSettings = {
  sources: [source('ko', 'data', 3000), source('news', 'data', 1000), source('en', 'replay', 500)],
  evaluation: [],
  ...{ replayShare: 0.2, length: 128, rowsPerStep: 16, micro: 2, processes: 4, tokens: 1e6, seed: 1 },
}

const handed = (recipe: Recipe | string, to: HandoffTarget, given: Partial<HandoffSettings> = {}, of = model) =>
  handOff(typeof recipe === 'string' ? presetRecipe(recipe) : recipe, of, { ...settings, ...given }, to)
const stagesOf = (recipe: Recipe | string) => JSON.parse(handed(recipe, 'fsdp').files[0].text)
const yamlOf = (handoff: ReturnType<typeof handed>, name: string) => {
  const text = handoff.files.find((file) => file.name === name)!.text
  return { text, value: parse(text, { version: '1.1' }) }
}

it('the programs are those of examples/torchrun', () => {
  const folder = fileURLToPath(new URL('../../../examples/torchrun', import.meta.url))
  const names = readdirSync(folder).filter((name) => name.endsWith('.py'))
  expect(Object.keys(PROGRAMS)).toEqual(names.sort())
  for (const name of names) expect(PROGRAMS[name], name).toBe(readFileSync(`${folder}/${name}`, 'utf8'))
})

describe('stages.json', () => {
  it('names what trains, with rows, rates and decay', () => {
    const { stages } = stagesOf('eeve')
    expect(stages).toHaveLength(7)
    const embedding = ['model.embed_tokens.weight']
    expect(stages[0].train).toEqual([
      { learning_rate_scale: 1, weight_decay: 0.1, rows: [[258, 271]], parameters: embedding },
    ])
    expect(stages[4].train.map(({ rows }: { rows: unknown }) => rows)).toEqual([[[258, 271]], null])
    const all = stages[5].train
    expect(all.flatMap(({ parameters }: { parameters: string[] }) => parameters)).toHaveLength(4 * 9 + 3)
    const norms = all.find(({ weight_decay }: { weight_decay: number }) => weight_decay === 0)
    expect(norms.parameters).toHaveLength(4 * 2 + 1)
    expect(stages[6].train.flatMap(({ parameters }: { parameters: string[] }) => parameters)).toHaveLength(4 * 9)
    expect(stages.map(({ folder }: { folder: string }) => folder).slice(0, 2)).toEqual(['1-new-input', '2-new-output'])
  })

  it('a stage takes its share of tokens, texts theirs', () => {
    const { stages, rows_per_step } = stagesOf('two-stage')
    const steps = stages.map(({ steps }: { steps: number }) => steps)
    expect(steps[0] + steps[1]).toBe(Math.ceil(1e6 / (128 * rows_per_step)))
    expect(steps[0] / (steps[0] + steps[1])).toBeCloseTo(0.3, 2)
    const shares = stages[0].sources.map(({ share }: { share: number }) => share)
    expect(shares[0]).toBeCloseTo(0.6, 12)
    expect(shares[1]).toBeCloseTo(0.2, 12)
    expect(shares[2]).toBeCloseTo(0.2, 12)
  })

  it('adapters have the names of PEFT’s model, projections beneath them too', () => {
    const { stages, lora } = stagesOf(readRecipe('extends: lora\nstages: [{ name: a, train: [all] }]', 'r.yaml'))
    expect(lora).toMatchObject({ r: 8, lora_alpha: 32 })
    const names = stages.at(-1).train.flatMap(({ parameters }: { parameters: string[] }) => parameters)
    const at = 'base_model.model.model.layers.0.self_attn.q_proj'
    expect(names).toEqual(expect.arrayContaining([`${at}.base_layer.weight`, `${at}.lora_A.default.weight`]))
    expect(names).toContain('base_model.model.model.embed_tokens.weight')
  })
})

describe('axolotl', () => {
  it('rows are ranges behind the name, whose end does not count; no decay and no FSDP there', () => {
    const handoff = handed('eeve', 'axolotl')
    const first = yamlOf(handoff, 'axolotl-1-new-input.yaml')
    expect(first.value).toMatchObject({
      unfrozen_parameters: ['^model.embed_tokens.weight$[258:272]'],
      ...{ weight_decay: 0, gradient_accumulation_steps: 2, micro_batch_size: 2, base_model: '../model' },
    })
    expect(first.value).not.toHaveProperty('fsdp_config')
    expect(first.text).toContain('# - no weight decay, where the recipe has 0.1')
    expect(handoff.warnings.join('\n')).toMatch(/stages 1-new-input, .*: no weight decay/)
    const fourth = yamlOf(handoff, 'axolotl-4-all-output.yaml').value
    expect(fourth).toMatchObject({ base_model: 'out/3-new-input-output', weight_decay: 0.1, fsdp_version: 2 })
    const layers = yamlOf(handoff, 'axolotl-7-layers.yaml').value.unfrozen_parameters
    expect(layers).toContain('^model.layers.[0-9]+.mlp.up_proj.weight$')
    expect(yamlOf(handoff, 'axolotl-6-all.yaml').value).not.toHaveProperty('unfrozen_parameters')
  })

  it('a grown model names the new layers alone', () => {
    const recipe = readRecipe('extends: llama-pro\nform: { kind: block-expansion, blocks: 2 }', 'r.yaml')
    const handoff = handed(recipe, 'axolotl')
    const { value } = yamlOf(handoff, 'axolotl-1-new-blocks.yaml')
    expect(value.base_model).toBe('out/0-grown')
    expect(value.unfrozen_parameters).toContain('^model.layers.(2|5).mlp.up_proj.weight$')
    expect(handoff.commands[0]).toBe('python train.py stages.json --to-stage 0 --out out')
  })

  it('new rows beside adapters are token indices', () => {
    const text = 'extends: lora\nstages: [{ name: adapters, train: [adapters, { parameters: embedding, rows: new }] }]'
    const { value } = yamlOf(handed(readRecipe(text, 'r.yaml'), 'axolotl'), 'axolotl-1-adapters.yaml')
    expect(value.peft_trainable_token_indices.embed_tokens).toEqual(Array.from({ length: 14 }, (_, i) => 258 + i))
    expect(value).not.toHaveProperty('lora_modules_to_save')
  })

  const all = (schedule: string, train = 'all') =>
    readRecipe(`stages: [{ name: a, learning-rate: 1e-4, schedule: ${schedule}, train: [${train}] }]`, 'r.yaml')

  it.each([
    ['{ kind: linear, final: 0.1 }', { lr_scheduler: 'polynomial', lr_scheduler_kwargs: { lr_end: 1e-5, power: 1 } }],
    ['{ kind: linear, final: 0 }', { lr_scheduler: 'linear' }],
    ['{ kind: linear, final: 1 }', { lr_scheduler: 'constant_with_warmup' }],
    ['{ kind: cosine, final: 0.2 }', { lr_scheduler: 'cosine', cosine_min_lr_ratio: 0.2 }],
    ['constant', { lr_scheduler: 'constant_with_warmup' }],
    [
      '{ kind: wsd, decay: 0.5, warmup: 0, final: 0.1 }',
      {
        lr_scheduler: 'warmup_stable_decay',
        lr_scheduler_kwargs: { num_decay_steps: 245, decay_type: '1-sqrt', min_lr_ratio: 0.1 },
      },
    ],
  ])('%s', (schedule, expected) => {
    expect(yamlOf(handed(all(schedule), 'axolotl'), 'axolotl-1-a.yaml').value).toMatchObject(expected)
  })

  it('says what it cannot: rates of their own, weights in float32, a warm-up of one step', () => {
    const recipe = all('{ kind: linear, warmup: 0.002 }', '{ parameters: all, learning-rate-scale: 2 }')
    expect(handed(recipe, 'axolotl').warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining('learning-rate-scale is not carried over'),
        expect.stringContaining('weights and Adam'),
        expect.stringContaining('two steps of a warm-up of one'),
      ]),
    )
    expect(handed('new-rows', 'axolotl').warnings.join()).not.toContain('bf16')
  })

  it('adapters of several stages are merged between them', () => {
    const stages = '[{ name: a, train: [adapters] }, { name: b, train: [adapters] }]'
    const recipe = readRecipe(`extends: lora\nstages: ${stages}`, 'r.yaml')
    const handoff = handed(recipe, 'axolotl')
    expect(handoff.commands.filter((command) => command.includes('merge'))).toEqual([
      'axolotl merge-lora axolotl-1-a.yaml',
    ])
    expect(yamlOf(handoff, 'axolotl-2-b.yaml').value.base_model).toBe('out/1-a/merged')
  })

  it('refuses an alpha between whole numbers', () => {
    const recipe = readRecipe('extends: lora\nform: { rank: 3, alpha: 4.5 }', 'r.yaml')
    expect(() => handed(recipe, 'axolotl')).toThrow(/alpha of the adapters is 4.5/)
    expect(() => handed(recipe, 'transformers')).not.toThrow()
  })

  it('a tokenizer without padding, and Mistral’s layers', () => {
    const mistral: HandoffModel = { ...model, padding: '</s>', layerClass: 'MistralDecoderLayer' }
    expect(yamlOf(handed('full', 'axolotl', {}, mistral), 'axolotl-1-all.yaml').value).toMatchObject({
      special_tokens: { pad_token: '</s>' },
      fsdp_config: { transformer_layer_cls_to_wrap: 'MistralDecoderLayer' },
    })
  })
})

describe('torchtune', () => {
  it('trains whole models; other stages run under train.py, and it says so', () => {
    const { files, commands, warnings } = handed('two-stage', 'torchtune')
    expect(files.map(({ name }) => name).filter((name) => name.endsWith('yaml'))).toEqual(['torchtune-2-all.yaml'])
    expect(commands[0]).toContain('train.py stages.json --micro 2 --from-stage 1 --to-stage 1')
    expect(warnings[0]).toContain('stage embeddings: runs under train.py')
    expect(warnings.join('\n')).toContain('the shares ko 0.6, news 0.2, en 0.2')
  })

  it.each<[string, Partial<HandoffModel>, RegExp]>([
    ['a tied head', { config: { ...model.config, tied: true } }, /no tied head/],
    ['a window shorter than a row', { config: { ...model.config, slidingWindow: 64 } }, /no sliding window/],
    ['a tokenizer without tokenizer.model', { hasSentencePiece: false }, /no tokenizer.model/],
  ])('refuses %s', (_, differs, message) => {
    expect(() => handed('full', 'torchtune', {}, { ...model, ...differs })).toThrow(message)
  })

  it('files of each kind have a dataset of their own', () => {
    const files = (['text', 'jsonl', 'tsv', 'parquet'] as const).map((format) => ({ path: `a.${format}`, format }))
    const of = (field: string) => ({
      sources: [
        { ...source('ko', 'data', 3000), files: [...files, { path: 'b.jsonl', format: 'jsonl' as const, field }] },
      ],
    })
    const { dataset } = yamlOf(handed('full', 'torchtune', of('body')), 'torchtune-1-all.yaml').value
    expect(dataset).toMatchObject([
      { source: 'text', data_files: ['a.text'], column: 'text' },
      { source: 'json', data_files: ['a.jsonl'], column: 'text' },
      { source: 'csv', data_files: ['a.tsv'], sep: '\t' },
      { source: 'parquet', data_files: ['a.parquet'] },
      { source: 'json', data_files: ['b.jsonl'], column: 'body' },
    ])
    expect(() => handed('full', 'torchtune', of('meta.body'))).toThrow(/b\.jsonl: torchtune reads columns/)
  })

  it('goes on from the files that it wrote, as many as it read', () => {
    const twice = readRecipe(
      'extends: full\nstages: [{ name: a, train: [all], schedule: constant }, { name: b, train: [all] }]',
      'r.yaml',
    )
    const handoff = handed(twice, 'torchtune', {}, { ...model, weights: ['x.safetensors', 'y.safetensors'] })
    expect(yamlOf(handoff, 'torchtune-2-b.yaml').value.checkpointer).toMatchObject({
      checkpoint_dir: 'out/1-a/epoch_0',
      checkpoint_files: ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
    })
    expect(yamlOf(handoff, 'torchtune-1-a.yaml').value).toHaveProperty('lr_scheduler')
    const flat = readRecipe('extends: full\nstages: { all: { schedule: { kind: constant, warmup: 0 } } }', 'r.yaml')
    expect(yamlOf(handed(flat, 'torchtune'), 'torchtune-1-all.yaml').value).not.toHaveProperty('lr_scheduler')
  })

  it('a grown model is grown first; adapters are left to train.py', () => {
    const grown = readRecipe('form: { kind: block-expansion, blocks: 2 }\nextends: full', 'r.yaml')
    const { commands } = handed(grown, 'torchtune')
    expect(commands[0]).toBe('python train.py stages.json --to-stage 0 --out out')
    const lora = readRecipe('extends: lora\nstages: [{ name: a, train: [all] }]', 'r.yaml')
    expect(handed(lora, 'torchtune').warnings[0]).toContain('adapters are not written for torchtune')
  })
})

describe('refuses', () => {
  it.each([
    ['rows that cannot be dealt out', 'full', { rowsPerStep: 12 }, /12 rows a step cannot be dealt out to 4 processes/],
    ['a share out of range', 'full', { replayShare: 1.5 }, /share of replay is 1.5/],
    ['no text', 'full', { sources: [] }, /no text to train on/],
    ['an objective that is not pretraining', 'dpo', {}, /objective dpo is not handed off/],
    ['too few tokens', 'eeve', { tokens: 2048 }, /has no step/],
  ] as const)('%s', (_, recipe, given, message) => {
    expect(() => handed(recipe, 'fsdp', given)).toThrow(message)
  })

  it('new rows of a model that has none', () => {
    expect(() => handed('eeve', 'fsdp', {}, { ...model, baseRows: null })).toThrow(/none of the 272 rows is known/)
  })
})

it('YAML is written for readers of version 1.1', () => {
  const value = { a: 'no', b: 1e-8, c: [2e-7, 'on'], d: 0.1 }
  const text = yamlText(['what'], value)
  expect(text).toBe('# what\na: "no"\nb: 1.0e-8\nc:\n  - 2.0e-7\n  - "on"\nd: 0.1\n')
})

describe('examples', () => {
  const llama2 = {
    ...{ architectures: ['LlamaForCausalLM'], vocab_size: 46_336, hidden_size: 4096, intermediate_size: 11_008 },
    ...{ num_hidden_layers: 32, num_attention_heads: 32, rms_norm_eps: 1e-5, max_position_embeddings: 4096 },
  }
  const large: HandoffModel = {
    ...{ config: readLlamaConfig(JSON.stringify(llama2), 'config.json'), folder: '../Llama-2-7b-ko', baseRows: 32_000 },
    ...{ weights: ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'], hasSentencePiece: true },
    ...{ padding: null, layerClass: 'LlamaDecoderLayer' },
  }
  const wide = {
    sources: [source('ko', 'data', 4e9), source('en', 'replay', 1e9)],
    ...{ length: 4096, rowsPerStep: 256, micro: 4, processes: 8, tokens: 2e9 },
  }
  const folder = '../../../examples'

  // Remove a file and run this test: it is written anew, but not in CI.
  it.each(['axolotl', 'torchtune'] as const)('of %s are what the command writes for Llama-2', async (target) => {
    const recipe = target === 'axolotl' ? 'eeve' : 'two-stage'
    const { files, commands } = handed(recipe, target, wide, large)
    const script = `# Llama-2-7b with 14,336 new pieces, recipe ${recipe}: ko-vocab handoff --to ${target}\n${commands.join('\n')}\n`
    await expect(script).toMatchFileSnapshot(`${folder}/${target}/run.sh`)
    for (const { name, text } of files.filter((file) => file.name.endsWith('.yaml')))
      await expect(text).toMatchFileSnapshot(`${folder}/${target}/${name}`)
  })
})
