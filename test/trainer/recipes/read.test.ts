/** Recipes from YAML and back. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatRecipe } from '../../../src/trainer/recipes/format'
import { presetNames, presetText } from '../../../src/trainer/recipes/presets'
import { presetRecipe, readRecipe } from '../../../src/trainer/recipes/read'
import { PROJECTIONS, ROLES } from '../../../src/trainer/recipes/schema'
import type { Objective, Recipe, Schedule, Stage, TrainRule } from '../../../src/trainer/recipes/types'

const read = (text: string) => readRecipe(text, 'my.yaml')
const minimal = 'stages:\n  - { name: a, train: [all], learning-rate: 1e-4 }\n'

describe('presets', () => {
  it('are these', () => {
    expect(presetNames).toEqual('full two-stage eeve new-rows lora llama-pro instruction dpo'.split(' '))
    for (const name of presetNames) {
      expect(presetRecipe(name).name).toBe(name)
      expect(readRecipe(presetText(name), `${name}.yaml`)).toEqual(presetRecipe(name))
      expect(presetRecipe(name).description).not.toBe('')
    }
  })

  it('eeve has the seven stages of the paper', () => {
    const { stages } = presetRecipe('eeve')
    const input = { parameters: 'embedding', rows: 'new' }
    const output = { parameters: 'head', rows: 'new' }
    const all = (parameters: string) => ({ parameters })
    expect(stages.map(({ train }) => train)).toEqual([
      ...[[input], [output], [input, output], [all('head')], [input, all('head')], [all('all')], [all('layers')]],
    ])
  })

  it('an unknown name is answered with the nearest', () => {
    expect(() => presetRecipe('llamapro')).toThrow(
      expect.objectContaining({ code: 'bad-option', hint: expect.stringContaining('did you mean llama-pro?') }),
    )
  })
})

describe('reading', () => {
  it('fills in what is not said', () => {
    expect(read(minimal)).toEqual({
      ...{ name: 'my', description: '', objective: { kind: 'causal-lm' }, form: null },
      stages: [
        {
          ...{ name: 'a', train: [{ parameters: 'all' }], share: 1, learningRate: 1e-4 },
          schedule: { kind: 'cosine', warmup: 0.02, final: 0.1 },
          ...{ weightDecay: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, maxNorm: 1 },
        },
      ],
    })
  })

  it('defaults are for all stages, and stages say otherwise', () => {
    const { stages } = read(`
defaults: { learning-rate: 3e-4, weight-decay: 0, schedule: { kind: wsd, warmup: 0.1, decay: 0.3 } }
stages:
  - { name: a, train: [embedding] }
  - { name: b, train: [all], learning-rate: 1e-5, schedule: linear, replay-share: 0.5 }
  - { name: c, train: [all], schedule: { decay: 0.5 } }
`)
    expect(stages.map(({ learningRate }) => learningRate)).toEqual([3e-4, 1e-5, 3e-4])
    expect(stages.map(({ weightDecay }) => weightDecay)).toEqual([0, 0, 0])
    expect(stages.map(({ replayShare }) => replayShare)).toEqual([undefined, 0.5, undefined])
    expect(stages.map(({ schedule }) => schedule)).toEqual([
      { kind: 'wsd', warmup: 0.1, final: 0.1, decay: 0.3 },
      { kind: 'linear', warmup: 0.1, final: 0.1 },
      { kind: 'wsd', warmup: 0.1, final: 0.1, decay: 0.5 },
    ])
  })

  it('extends a preset: defaults, single stages, all stages, form', () => {
    const changed = read('extends: two-stage\ndefaults: { beta2: 0.99 }\nstages: { embeddings: { share: 2 } }')
    const base = presetRecipe('two-stage')
    expect(changed.name).toBe('my')
    expect(changed.stages).toEqual([
      { ...base.stages[0], beta2: 0.99, share: 2 },
      { ...base.stages[1], beta2: 0.99 },
    ])
    const replaced = read(`extends: two-stage\n${minimal}`)
    expect(replaced.stages.map(({ name }) => name)).toEqual(['a'])
    expect(replaced.description).toBe(base.description)
    expect(read('extends: lora\nform: { rank: 4 }').form).toEqual({ ...presetRecipe('lora').form, rank: 4 })
    expect(read('extends: lora\nform: { kind: block-expansion, blocks: 2 }').form).toEqual({
      ...{ kind: 'block-expansion', blocks: 2 },
    })
    expect(read('extends: lora\nform: none').form).toBeNull()
    expect(read('extends: lora\nform: null').form).toBeNull()
    expect(read('extends: dpo\nobjective: { beta: 0.5 }').objective).toEqual({ kind: 'dpo', beta: 0.5 })
    expect(read('extends: dpo\nobjective: causal-lm').objective).toEqual({ kind: 'causal-lm' })
  })

  it('extends files, which extend others', () => {
    const files: Record<string, string> = {
      'a.yaml': 'extends: b.yaml\ndefaults: { weight-decay: 0.3 }',
      'b.yaml': 'extends: full\ndefaults: { weight-decay: 0.2, beta1: 0.8 }',
      'c.yaml': 'extends: c.yaml',
    }
    const open = (name: string) => ({ text: files[name], source: name })
    const recipe = readRecipe(files['a.yaml'], 'a.yaml', { open })
    expect(recipe.stages).toEqual([{ ...presetRecipe('full').stages[0], weightDecay: 0.3, beta1: 0.8 }])
    expect(() => readRecipe(files['c.yaml'], 'c.yaml', { open })).toThrow(
      /c\.yaml:1:1: .*in a circle: c\.yaml → c\.yaml/,
    )
  })

  it('targets stand in the order of the model', () => {
    const { form } = read('extends: lora\nform: { targets: [v_proj, q_proj, v_proj] }')
    expect(form).toMatchObject({ targets: ['q_proj', 'v_proj'] })
  })

  const wrong: [text: string, message: RegExp, hint: RegExp][] = [
    ['a: [', /^my\.yaml:1:\d+: is no YAML/, /YAML/],
    ['extends: full\nextends: eeve', /^my\.yaml:2:1: is no YAML: Map keys must be unique/, /YAML/],
    ['x', /^my\.yaml: holds no recipe/, /extends: full/],
    ['name: x', /^my\.yaml: the recipe has no list of stages/, /extends: full/],
    ['stages: { a: {} }', /no list of stages/, /list its stages/],
    ['extends: eve', /^my\.yaml:1:1: there is no recipe "eve"/, /did you mean eeve\?/],
    ['extends: eeve\nstages:\n  6-al: {}', /^my\.yaml:3:3: eeve has no stage "6-al"/, /did you mean 6-all\?/],
    [
      'stages:\n- name: a\n  learning_rate: 3',
      /^my\.yaml:3:3: unknown key "learning_rate" in stages\.0/,
      /learning-rate\?/,
    ],
    ['stage: []', /^my\.yaml:1:1: unknown key "stage"$/, /did you mean stages\?/],
    [
      'stages:\n- name: a\n  train: [{ parameters: all, row: new }]',
      /^my\.yaml:3:30: unknown key "row"/,
      /did you mean rows\?/,
    ],
    ['stages:\n- name: a\n  schedule: cosin', /^my\.yaml:3:3: stages\.0\.schedule is "cosin"/, /did you mean cosine\?/],
    [
      'stages:\n- name: a\n  schedule: { warmup: 2 }',
      /^my\.yaml:3:15: stages\.0\.schedule\.warmup is 2/,
      /share from 0 to 1/,
    ],
    [
      'extends: full\nstages:\n  all: { shar: 1 }',
      /^my\.yaml:3:10: unknown key "shar" in stages\.all/,
      /did you mean share\?/,
    ],
    [
      'extends: lora\nform: { targets: [q_prj] }',
      /^my\.yaml:2:19: form\.targets\.0 is "q_prj"/,
      /did you mean q_proj\?/,
    ],
    ['extends: full\ndefaults: { beta1: 1 }', /^my\.yaml:2:13: defaults\.beta1 is 1/, /0 to below 1/],
    ['extends: full\ndefaults: { learning-rate: 0 }', /learning-rate is 0/, /above 0/],
    ['stages:\n- train: [all]', /^my\.yaml:2:3: stages\.0\.name is missing/, /text/],
    ['stages:\n- name: a', /^my\.yaml: stage a does not say what trains/, /train: \[all\]/],
    ['stages:\n- { name: a, train: [all] }', /^my\.yaml: stage a has no learning-rate/, /defaults/],
    ['extends: full\ndefaults: { schedule: { decay: 0.1 } }', /decay is 0\.1, but the schedule is cosine/, /wsd/],
    ['extends: full\ndefaults: { schedule: { kind: wsd, warmup: 0.6, decay: 0.5 } }', /more than 1/, /shares/],
    ['extends: full\nobjective: { beta: 1 }', /beta is 1, but the objective is causal-lm/, /DPO/],
    ['extends: full\nform: { rank: 3 }', /form has no kind/, /lora/],
    ['extends: full\nform: { kind: lora, blocks: 3 }', /form\.blocks is there, but the form is lora/, /remove blocks/],
    ['extends: full\nform: block-expansion', /form\.blocks is missing/, /how many/],
    [`${minimal}  - { name: a, train: [all], learning-rate: 1 }`, /two stages are called a/, /rename/],
  ]

  it.each(wrong)('%j', (text, message, hint) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: message.source.includes('is no YAML') ? 'bad-file' : 'bad-option',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    )
  })
})

describe('the page', () => {
  const page = readFileSync(new URL('../../../docs/recipes.md', import.meta.url), 'utf8')

  it('shows recipes that can be read', () => {
    const written = [...page.matchAll(/^```yaml no-run\n([\s\S]*?)^```/gm)].map(([, yaml]) =>
      readRecipe(yaml, 'recipes.md'),
    )
    expect(written.map(({ stages }) => stages.map(({ name }) => name))).toEqual([
      ['embeddings', 'adapters'],
      ['embeddings', 'all'],
    ])
  })

  it('names every recipe and every rule', () => {
    for (const name of [...presetNames, ...ROLES]) expect(page).toContain(`\`${name}\``)
  })
})

describe('formatting', () => {
  const number = fc.double({ min: 1e-9, max: 0.99, noNaN: true })
  const schedule: fc.Arbitrary<Schedule> = fc.oneof(
    fc.record({ kind: fc.constantFrom('linear' as const, 'cosine' as const), warmup: number, final: number }),
    fc.record({ kind: fc.constant('constant' as const), warmup: number, final: fc.constant(1) }),
    fc.record({
      ...{ kind: fc.constant('wsd' as const), final: number },
      ...{ warmup: number.map((x) => x / 2), decay: number.map((x) => x / 2) },
    }),
  )
  const rule: fc.Arbitrary<TrainRule> = fc.record(
    {
      parameters: fc.constantFrom('all', 'embedding', 'model.layers.*'),
      rows: fc.constantFrom('new' as const, 'base' as const, 'all' as const),
      ...{ learningRateScale: number, weightDecay: number },
    },
    { requiredKeys: ['parameters'] },
  )
  const stage: fc.Arbitrary<Stage> = fc.record(
    {
      name: fc.string({ minLength: 1 }),
      train: fc.array(rule, { minLength: 1, maxLength: 3 }),
      ...{ share: number, learningRate: number, schedule, weightDecay: number, beta1: number, beta2: number },
      ...{ epsilon: number, maxNorm: number, replayShare: number },
    },
    {
      requiredKeys: [
        ...(['name', 'train', 'share', 'learningRate', 'schedule', 'weightDecay'] as const),
        ...(['beta1', 'beta2', 'epsilon', 'maxNorm'] as const),
      ],
    },
  )
  const recipe: fc.Arbitrary<Recipe> = fc.record({
    name: fc.string({ minLength: 1 }),
    description: fc.string().map((text) => text.trim()),
    objective: fc.oneof(
      fc.constantFrom<Objective>({ kind: 'causal-lm' }, { kind: 'instruction' }),
      fc.record({ kind: fc.constant('dpo' as const), beta: number }),
    ),
    form: fc.oneof(
      fc.constant(null),
      fc.record({ kind: fc.constant('block-expansion' as const), blocks: fc.integer({ min: 1, max: 99 }) }),
      fc.record({
        ...{ kind: fc.constant('lora' as const), rank: fc.integer({ min: 1, max: 99 }), alpha: number },
        targets: fc.subarray<string>([...PROJECTIONS], { minLength: 1 }),
      }),
    ),
    stages: fc.uniqueArray(stage, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
  })

  it('reading gives the same recipe again', () => {
    fc.assert(
      fc.property(recipe, (given) => {
        expect(readRecipe(formatRecipe(given), 'x.yaml')).toEqual(given)
      }),
    )
  })

  it('presets too, what their stages share standing once', () => {
    for (const name of presetNames) expect(read(formatRecipe(presetRecipe(name)))).toEqual(presetRecipe(name))
    const text = formatRecipe(presetRecipe('two-stage'))
    expect(text.match(/beta2/g)).toHaveLength(1)
    expect(text.match(/learning-rate/g)).toHaveLength(1)
    expect(formatRecipe(presetRecipe('eeve')).match(/learning-rate/g)).toHaveLength(7)
  })
})
