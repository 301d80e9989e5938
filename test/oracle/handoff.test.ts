/** Handed-off recipes: torch reads the same batches, at the same rates, and learns what the trainer here learns. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import type { Session, Values } from '../../src/trainer/backends/types'
import { createBatches } from '../../src/trainer/data/batches'
import { openTokens } from '../../src/trainer/data/open-tokens'
import type { TokenStore } from '../../src/trainer/data/token-store'
import { evaluationWindows } from '../../src/trainer/data/windows'
import { writeTokens } from '../../src/trainer/data/write-tokens'
import { expandLayers } from '../../src/trainer/forms/block-expansion'
import { formatStages, resolveStages } from '../../src/trainer/handoff/stages'
import type { HandoffModel, HandoffSettings } from '../../src/trainer/handoff/types'
import { loadParameters, openModel } from '../../src/trainer/load'
import { buildPlan } from '../../src/trainer/plan/build'
import { batchInputs, updateInputs } from '../../src/trainer/plan/step-inputs'
import { planOptionsOf } from '../../src/trainer/recipes/plan-options'
import { readRecipe } from '../../src/trainer/recipes/read'
import { learningRateAt } from '../../src/trainer/recipes/schedule'
import type { Recipe, Schedule } from '../../src/trainer/recipes/types'
import { mixedData } from '../../src/trainer/run/mixed-data'
import { writeModel } from '../checkpoint/model'
import { findPython, runPython } from '../support/python'
import { byteEncoder } from '../trainer/data/byte-encoder'
import { relativeDistance } from '../trainer/support/golden'

const python = findPython(['torch', 'transformers', 'safetensors', 'numpy'])
const trainerPython = findPython(['torch', 'transformers', 'safetensors', 'numpy', 'accelerate'])
const programs = fileURLToPath(new URL('../../examples/torchrun', import.meta.url))
vi.setConfig({ testTimeout: 600_000, hookTimeout: 900_000 })
const root = mkdtempSync(join(tmpdir(), 'ko-vocab-handoff-'))
afterAll(() => rmSync(root, { recursive: true }))

/** Ids of bytes and two special tokens are the base's, the rest are new. */
const BASE_ROWS = 258
const ROWS = 272
const model: HandoffModel = {
  ...{ config: null!, folder: 'model', baseRows: BASE_ROWS, weights: [], hasSentencePiece: false },
  ...{ padding: null, layerClass: 'LlamaDecoderLayer' },
}

const recipe = readRecipe(
  `
defaults: { learning-rate: 0.01, weight-decay: 0.1, schedule: { kind: cosine, warmup: 0.4, final: 0.1 } }
stages:
  - name: new-rows
    train: [{ parameters: embedding, rows: new, learning-rate-scale: 2 }, { parameters: head, rows: new, weight-decay: 0.3 }]
  - name: attention
    train: ["model.layers.1.self_attn.*", norms]
    schedule: { kind: wsd, warmup: 0.2, decay: 0.4 }
    replay-share: 0.5
  - name: all
    train: [all]
    learning-rate: 0.002
`,
  'recipe.yaml',
)

const settings: HandoffSettings = {
  sources: [],
  evaluation: [{ name: 'ko', folder: 'ko' }],
  ...{
    replayShare: 0.25,
    length: 24,
    rowsPerStep: 4,
    micro: 2,
    processes: 1,
    tokens: 15 * 4 * 24,
    seed: 4_000_000_000,
  },
}

const sentences = ['나는 학교에 간다', 'the cat sat', '오늘 날씨가 좋다.', 'It is raining again today, she said', '끝']
const documents = (count: number, from: number) =>
  Array.from({ length: count }, (_, i) => new TextEncoder().encode(sentences[(i * 7 + from) % 5].repeat((i % 4) + 1)))

/** Bytes, every fifth of which stands for a new piece. */
const encoder = () => ({
  ...byteEncoder(),
  vocabulary: ROWS,
  encode: (text: Uint8Array) =>
    Int32Array.from([256, ...Array.from(text, (byte, i) => (i % 5 === 4 ? BASE_ROWS + (byte % 14) : byte)), 257]),
})

let stores: Record<string, TokenStore>

beforeAll(async () => {
  writeModel(join(root, 'model'), { rows: ROWS, hidden: 16, layers: 2, shards: 2 })
  model.config = (await openModel(join(root, 'model'))).config
  for (const [name, count, from] of [
    ['data', 60, 0],
    ['replay', 40, 1],
    ['ko', 9, 2],
  ] as const) {
    mkdirSync(join(root, name))
    await writeTokens(
      join(root, name),
      documents(count, from),
      encoder(),
      name.padEnd(64, '0').replace(/[^0-9a-f]/g, 'a'),
    )
  }
  stores = {
    data: await openTokens(join(root, 'data')),
    replay: await openTokens(join(root, 'replay')),
    ko: await openTokens(join(root, 'ko')),
  }
  const source = (name: string, role: 'data' | 'replay') => ({
    name,
    folder: name,
    role,
    tokens: stores[name].tokens,
    files: [],
  })
  settings.sources = [source('data', 'data'), source('replay', 'replay')]
})

function writeStages(name: string, of: Recipe): string {
  const path = join(root, name)
  writeFileSync(path, formatStages(of, model, settings, resolveStages(of, model, settings)))
  return path
}

/** Runs a program of examples/torchrun, under torchrun where there are several processes. */
function launch(program: string, processes: number, words: string[]): string {
  const torchrun = ['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', `${processes}`]
  const all = [...(processes === 1 ? [] : torchrun), join(programs, program), ...words]
  const quiet = { HF_HUB_OFFLINE: '1', PYTHONDONTWRITEBYTECODE: '1', TOKENIZERS_PARALLELISM: 'false' }
  const env = { ...process.env, ...quiet, OMP_NUM_THREADS: '1', CUDA_VISIBLE_DEVICES: '' }
  const run = spawnSync(python.path!, all, { encoding: 'utf8', env, timeout: 600_000 })
  if (run.status !== 0) throw new Error(`${program} ended with ${run.status}: ${run.stderr.slice(-3000)}`)
  return run.stdout
}

/** Runs train.py and returns its metrics. */
function train(stages: string, out: string, processes: number, options: string[] = []) {
  launch('train.py', processes, [stages, '--out', join(root, out), ...options])
  const lines = readFileSync(join(root, out, 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const metrics = lines.map((line) => JSON.parse(line))
  const pick = (kind: string, key: string): number[] => metrics.filter((m) => m.kind === kind).map((m) => m[key])
  return {
    losses: pick('step', 'loss'),
    norms: pick('step', 'gradient_norm'),
    bits: pick('evaluation', 'bits_per_byte'),
  }
}

/** The same by the CPU backend here. */
async function ours(of: Recipe, stages = of.stages.length) {
  const folder = await openModel(join(root, 'model'))
  const resolved = resolveStages(of, model, settings)
  const { length, rowsPerStep, seed } = settings
  const result = {
    losses: [] as number[],
    norms: [] as number[],
    bits: [] as number[],
    after: [] as Map<string, Values>[],
  }
  let before: Map<string, Values> | null = null
  let read: readonly number[] = []
  const batchesOf = mixedData({
    data: [named('data')],
    replay: [named('replay')],
    replayShare: settings.replayShare,
    length,
    seed,
    vocabulary: ROWS,
  })
  for (const { stage, steps } of resolved.slice(0, stages || 1)) {
    const options = planOptionsOf(of, stage, folder.config, { baseRows: BASE_ROWS })
    const plan = buildPlan(folder.config, { batch: rowsPerStep, length, ...options })
    const session = await cpuBackend().open(plan)
    if (before === null) await loadParameters(folder, session)
    else for (const { name, tensor } of plan.parameters) session.write(tensor, before.get(name)!)
    const batches = batchesOf({ replayShare: stage.replayShare, read })
    if (before === null) result.bits.push(await bitsPerByte(session))
    if (stages === 0) return result
    for (let step = 1; step <= steps; step++) {
      const blocks = batches.read((step - 1) * rowsPerStep, rowsPerStep)
      const weights = new Float64Array(blocks.ids.length).fill(1 / blocks.targets)
      await session.run('zero')
      await session.run('forward', batchInputs(plan, { ...blocks, weights }))
      await session.run('backward')
      await session.run('update', updateInputs(plan, step, learningRateAt(stage, step, steps)))
      result.losses.push((await session.read(plan.outputs.loss))[0])
      result.norms.push(Math.sqrt((await session.read(plan.outputs.normSquared!))[0]))
    }
    read = batches.counts(steps * rowsPerStep).map((count, i) => count + (read[i] ?? 0))
    result.bits.push(await bitsPerByte(session))
    before = new Map()
    for (const { name, tensor } of plan.parameters) before.set(name, await session.read(tensor))
    result.after.push(before)
    session.close()
  }
  return result
}

const named = (name: string) => ({ name, store: stores[name] })

async function bitsPerByte(session: Session): Promise<number> {
  const { plan } = session
  const { length, batch } = plan
  const windows = evaluationWindows(documents(9, 2), (text) => encoder().encode(text).slice(1), {
    length,
    rows: batch,
    start: [256],
  })
  let nats = 0
  let bytes = 0
  for await (const blocks of windows) {
    const weights = new Float64Array(blocks.ids.length).fill(1)
    await session.run('evaluate', batchInputs(plan, { ...blocks, weights }))
    for (const value of await session.read(plan.outputs.nll)) nats += value
    bytes += blocks.bytes
  }
  return nats / Math.LN2 / bytes
}

async function parametersOf(folder: string): Promise<Map<string, Values>> {
  const opened = await openModel(folder)
  const session = await cpuBackend().open(buildPlan(opened.config, { batch: 1, length: 4, train: () => false }))
  await loadParameters(opened, session)
  const found = new Map<string, Values>()
  for (const { name, tensor } of session.plan.parameters) found.set(name, await session.read(tensor))
  return found
}

const apart = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i])))

describe.skipIf(!python.path)(`handed off to torch (${python.reason})`, () => {
  let expected: Awaited<ReturnType<typeof ours>>
  let single: ReturnType<typeof train>
  let stages: string
  beforeAll(async () => {
    stages = writeStages('stages.json', recipe)
    expected = await ours(recipe)
    single = train(stages, 'one', 1, ['--micro', '2'])
  })

  it('one process learns what the CPU backend learns, step by step', () => {
    expect(single.losses).toHaveLength(15)
    expect(apart(single.losses, expected.losses)).toBeLessThan(2e-5)
    expect(apart(single.norms, expected.norms)).toBeLessThan(2e-4)
    expect(apart(single.bits, expected.bits)).toBeLessThan(2e-5)
    // The three stages do something: else equal losses would say nothing.
    expect(single.losses[14]).toBeLessThan(single.losses[0] - 0.1)
  })

  it.each(['fsdp', 'ddp'])('two processes give the losses of one: %s', async (parallel) => {
    const two = train(stages, `two-${parallel}`, 2, ['--parallel', parallel])
    expect(two.losses).toHaveLength(15)
    expect(apart(two.losses, single.losses)).toBeLessThan(5e-6)
    expect(apart(two.bits, single.bits)).toBeLessThan(5e-6)
    const base = await parametersOf(join(root, 'model'))
    const after = await parametersOf(join(root, `two-${parallel}`, '1-new-rows'))
    const [end] = expected.after
    for (const [name, values] of after) {
      const isMatrix = name.startsWith('model.embed') || name.startsWith('lm_head')
      const kept = isMatrix ? BASE_ROWS * 16 : values.length
      expect(bitsOf(values.subarray(0, kept)), name).toEqual(bitsOf(base.get(name)!.subarray(0, kept)))
      if (!isMatrix) continue
      const [moved, ourMoved] = [values, end.get(name)!].map((v) =>
        Array.from(v.subarray(kept), (x, i) => x - base.get(name)![kept + i]),
      )
      expect(moved.filter((x) => x === 0)).toHaveLength(0)
      expect(apart(moved, ourMoved)).toBeLessThan(1e-4)
    }
  })
})

describe.skipIf(!trainerPython.path)(`handed off to transformers' Trainer (${trainerPython.reason})`, () => {
  it.each([1, 2])('learns what train.py learns, in %s processes', async (processes) => {
    const stages = writeStages('stages.json', recipe)
    const args = {
      per_device_train_batch_size: 2,
      gradient_accumulation_steps: 2 / processes,
      logging_steps: 1,
      report_to: 'none',
      use_cpu: true,
    }
    writeFileSync(join(root, 'arguments.json'), JSON.stringify(args))
    const out = join(root, `trainer-${processes}`)
    launch('train_transformers.py', processes, [stages, '--arguments', join(root, 'arguments.json'), '--out', out])
    const expected = await ours(recipe)
    const losses = recipe.stages.flatMap(({ name }, i) => {
      const log: { loss?: number }[] = JSON.parse(readFileSync(join(out, `${i + 1}-${name}.log.json`), 'utf8'))
      return log.flatMap(({ loss }) => loss ?? [])
    })
    expect(losses).toHaveLength(15)
    expect(apart(losses, expected.losses)).toBeLessThan(6e-5)
    for (const [i, { name }] of recipe.stages.entries()) {
      const found = await parametersOf(join(out, `${i + 1}-${name}`))
      const wanted = expected.after[i]
      const base = await parametersOf(join(root, 'model'))
      for (const [parameter, values] of found) {
        const update = (v: Values) => Float64Array.from(v, (x, at) => x - base.get(parameter)![at])
        const [a, b] = [update(values), update(wanted.get(parameter)!)]
        if (b.every((x) => x === 0))
          expect(
            a.every((x) => x === 0),
            parameter,
          ).toBe(true)
        else expect(relativeDistance(a, b), `${name} ${parameter}`).toBeLessThan(2e-3)
      }
    }
  })
})

const peft = findPython(['torch', 'transformers', 'safetensors', 'numpy', 'peft'])
const oneStage = (text: string) => readRecipe(`${text}\ndefaults: { learning-rate: 0.01 }`, 'recipe.yaml')

describe.skipIf(!python.path)(`forms of a recipe under torchrun (${python.reason})`, () => {
  it('blocks that are added begin as the identity, and they alone learn', async () => {
    const grown = oneStage('form: { kind: block-expansion, blocks: 1 }\nstages: [{ name: new, train: [new-blocks] }]')
    const { bits } = train(writeStages('grown.json', grown), 'grown', 2)
    expect(Math.abs(bits[0] - (await ours(recipe, 0)).bits[0])).toBeLessThan(2e-5)
    expect(bits[1]).not.toBe(bits[0])
    const { from, added } = expandLayers(2, 1)
    const base = await parametersOf(join(root, 'model'))
    const after = await parametersOf(join(root, 'grown', '1-new'))
    for (const [name, values] of after) {
      const layer = /layers\.(\d+)/.exec(name)?.[1]
      const old = layer === undefined ? name : name.replace(`layers.${layer}`, `layers.${from[Number(layer)]}`)
      const same = bitsOf(values).every((bits, i) => bits === bitsOf(base.get(old)!)[i])
      expect(same, name).toBe(layer === undefined || !added.includes(Number(layer)))
    }
  })

  it.skipIf(!peft.path)(`adapters begin as nothing, and PEFT loads them (${peft.reason})`, async () => {
    const lora = oneStage(
      'form: { kind: lora, rank: 2, targets: [q_proj, up_proj] }\nstages: [{ name: a, train: [adapters, { parameters: embedding, rows: new }] }]',
    )
    const { bits } = train(writeStages('lora.json', lora), 'lora', 2)
    expect(Math.abs(bits[0] - (await ours(recipe, 0)).bits[0])).toBeLessThan(2e-5)
    const query = { model: join(root, 'model'), adapter: join(root, 'lora', '1-a'), base: BASE_ROWS }
    const got = await runPython<Record<string, unknown>>(python.path!, LOAD_ADAPTER, query)
    expect(got).toEqual({ adapters: 8, moved: true, base_rows_kept: true, new_rows_moved: true })
  })
})

const LOAD_ADAPTER = `
import json, sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
q = json.load(sys.stdin)
load = lambda: AutoModelForCausalLM.from_pretrained(q['model'], dtype=torch.float32)
base = load().get_input_embeddings().weight
model = PeftModel.from_pretrained(load(), q['adapter'])
rows = model.get_base_model().get_input_embeddings().weight
adapters = {name: p for name, p in model.named_parameters() if 'lora_' in name}
moved = all(p.abs().max() > 0 for p in adapters.values())
kept = torch.equal(rows[:q['base']], base[:q['base']])
new = bool((rows[q['base']:] != base[q['base']:]).all())
json.dump({'adapters': len(adapters), 'moved': moved, 'base_rows_kept': kept, 'new_rows_moved': new}, sys.stdout)
`

const arrow = findPython(['torch', 'numpy', 'pyarrow'])
it.skipIf(!arrow.path)(`rows as Parquet are the trainer's (${arrow.reason})`, async () => {
  const stages = writeStages('stages.json', recipe)
  launch('blocks.py', 1, [stages, '--stage', '2', '--out', join(root, 'blocks')])
  const code = `import json, sys, pyarrow.parquet as pq; json.dump(pq.read_table(json.load(sys.stdin)).to_pydict(), sys.stdout)`
  const path = join(root, 'blocks', '2-attention.parquet')
  const got = await runPython<Record<string, number[][]>>(arrow.path!, code, path)
  const { length, rowsPerStep, seed, replayShare } = settings
  const options = { data: [named('data')], replay: [named('replay')], replayShare, length, seed, vocabulary: ROWS }
  const before = mixedData(options)({ replayShare: undefined, read: [] }).counts(5 * rowsPerStep)
  const blocks = mixedData(options)({ replayShare: 0.5, read: before }).read(0, 5 * rowsPerStep)
  expect(got.input_ids.flat()).toEqual([...blocks.ids])
  const labels = [...blocks.labels].map((_, at) => (at % length === 0 ? -100 : blocks.labels[at - 1]))
  expect(got.labels.flat()).toEqual(labels)
})

const bitsOf = (values: Values) => new Uint32Array(Float32Array.from(values).buffer)

describe.skipIf(!python.path)(`batches and rates in Python (${python.reason})`, () => {
  it('are those of the trainer, for any row and any schedule', async () => {
    const sources = [
      { name: 'data', share: 0.8 },
      { name: 'replay', share: 0.15 },
      { name: 'ko', share: 0.05 },
    ]
    const schedules: Schedule[] = [
      { kind: 'constant', warmup: 0.1, final: 1 },
      { kind: 'linear', warmup: 0.07, final: 0 },
      { kind: 'cosine', warmup: 0, final: 0.1 },
      { kind: 'wsd', warmup: 0.25, final: 0.05, decay: 0.3 },
      { kind: 'wsd', warmup: 0.5, final: 0.05, decay: 0.5 },
    ]
    const places = [
      [0, 40],
      [37, 5],
      [900, 30],
      [12, 3],
    ]
    const counts = [1, 2, 7, 50]
    const query = { programs, root, sources, schedules, places, counts, lengths: [24, 7], seed: 3_000_000_001 }
    const got = await runPython<{ batches: Record<string, number[]>[]; rates: number[] }>(python.path!, READ, query)
    const named = sources.map(({ name, share }) => ({ name, share, store: stores[name] }))
    let at = 0
    for (const length of query.lengths) {
      const batches = createBatches({ sources: named, length, seed: query.seed, vocabulary: ROWS })
      for (const [first, rows] of places) {
        const { ids, labels, positions, documentStart: starts } = batches.read(first, rows)
        const wanted = Object.entries({ ids, labels, positions, starts }).map(([key, values]) => [key, [...values]])
        expect(got.batches[at++], `${length}: ${first}`).toEqual(Object.fromEntries(wanted))
      }
    }
    const rates = schedules.flatMap((schedule) =>
      counts.flatMap((steps) =>
        Array.from({ length: steps }, (_, i) => learningRateAt({ learningRate: 3e-4, schedule }, i + 1, steps)),
      ),
    )
    expect(got.rates).toHaveLength(rates.length)
    expect(apart(got.rates, rates)).toBeLessThan(1e-18)
  })
})

const READ = `
import json, sys
q = json.load(sys.stdin)
sys.dont_write_bytecode = True
sys.path.insert(0, q['programs'])
from batches import Batches, Store
from stages import rate
found = []
for length in q['lengths']:
    batches = Batches([(Store(f"{q['root']}/{s['name']}"), s['share']) for s in q['sources']], length, q['seed'])
    for first, rows in q['places']:
        found.append({key: values.ravel().tolist() for key, values in batches.read(first, rows).items()})
rates = [rate({'schedule': {'decay': 0, **s}, 'steps': n, 'learning_rate': 3e-4}, i + 1) for s in q['schedules'] for n in q['counts'] for i in range(n)]
json.dump({'batches': found, 'rates': rates}, sys.stdout)
`
