/**
 * Does a model learn Korean, and does it keep its English? A model of about a million parameters is trained on English
 * first, and then on Korean: with and without an extended vocabulary, with and without English replay, with each
 * initialization of the new rows, by each recipe. Everything is a call of the command, as a user would make it.
 *
 *     node bench/adaptation/adaptation.mjs [--step prepare|train|plot|all] [--work DIR] [--english FILE] [--korean NAME=MB,…]
 *       [--korean-folder DIR] [--tokens 12e6] [--base-tokens 4e7] [--backend auto] [--parallel 1] [--only NAME] [--quick]
 *
 * `train` needs nothing but the folder that `prepare` made and the command (`--cli`), so that it can run elsewhere.
 */
import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeRandomModel } from './model.mjs'
import { adaptationRuns, folderOf, METHODS } from './runs.mjs'
import { splitTexts } from './texts.mjs'

const text = (value) => ({ type: 'string', default: value })
const { values: options } = parseArgs({
  options: {
    step: text('all'),
    work: text('out/adaptation'),
    english: text('../shared/data/other/en.txt'),
    'korean-folder': text('../shared/data/ko'),
    korean: text('encyclopedia=16,petitions=5,reviews=4,general=3,dialogue=3,literature=2'),
    vocabulary: text('2048'),
    add: text('4096'),
    /** Of the extended runs; all others spend the same FLOPs. */
    tokens: text('12e6'),
    'base-tokens': text('4e7'),
    length: text('256'),
    batch: text('32'),
    'learning-rate': text('1e-3'),
    backend: text('auto'),
    parallel: text('1'),
    evaluations: text('10'),
    'eval-bytes': text('400k'),
    only: text(''),
    cli: text(fileURLToPath(new URL('../../dist/cli.js', import.meta.url))),
    docs: text(fileURLToPath(new URL('../../docs/images', import.meta.url))),
    quick: { type: 'boolean', default: false },
  },
})
if (options.quick)
  Object.assign(options, {
    tokens: '2e3',
    'base-tokens': '2e3',
    length: '64',
    batch: '2',
    evaluations: '1',
    'eval-bytes': '4k',
  })
const work = resolve(options.work)
const at = (...names) => join(work, ...names)
mkdirSync(work, { recursive: true })

const steps = { prepare, train, plot: async () => (await import('./plot.mjs')).plotAll(work, resolve(options.docs)) }
for (const [name, step] of Object.entries(steps)) if (options.step === 'all' || options.step === name) await step()

/** Texts, the English tokenizer, its extension, an init map for each method, and the model with random weights. */
async function prepare() {
  const korean = options.korean.split(',').map((part) => {
    const [name, megabytes] = part.split('=')
    return { path: join(options['korean-folder'], `${name}.txt`), megabytes: Number(megabytes) }
  })
  const sizes = {
    en: await splitTexts([{ path: options.english, megabytes: 30 }], at('en.txt'), at('en-heldout.txt')),
    ko: await splitTexts(korean, at('ko.txt'), at('ko-heldout.txt')),
  }
  process.stderr.write(`texts, bytes: ${JSON.stringify(sizes)}\n`)
  const form = ['--base', 'none', '--form', 'sentencepiece']
  await run([
    'extend',
    ...form,
    '--corpus',
    at('en.txt'),
    '--vocab-size',
    options.vocabulary,
    '--audit',
    'none',
    '--out',
    at('english'),
    '--force',
  ])
  await run([
    'extend',
    '--base',
    at('english'),
    '--corpus',
    at('ko.txt'),
    '--add',
    options.add,
    '--audit',
    'full',
    '--unchanged',
    at('en-heldout.txt'),
    '--out',
    at('korean'),
    '--force',
  ])
  for (const method of METHODS) {
    const folder = at('tokenizers', method)
    rmSync(folder, { recursive: true, force: true })
    cpSync(at('korean'), folder, { recursive: true })
    const both = ['--base', at('english'), '--extended', at('korean'), '--input', method, '--output', method]
    await run(['init-map', ...both, '--corpus', at('ko.txt'), '--out', folder])
  }
  writeRandomModel(at('random'), at('english'), Number(options.vocabulary), 1)
}

/** The English model, then every run from it; what is there already stays. */
async function train() {
  const shape = [
    '--length',
    options.length,
    '--batch',
    options.batch,
    '--accumulate',
    '1',
    '--backend',
    options.backend,
  ]
  const held = [
    '--eval',
    `ko=${at('ko-heldout.txt')}`,
    '--guard',
    `en=${at('en-heldout.txt')}`,
    '--on-forget',
    'warn',
    '--eval-bytes',
    options['eval-bytes'],
  ]
  if (!existsSync(at('base', 'config.json'))) {
    const english = [
      '--model',
      at('random'),
      '--data',
      at('en.txt'),
      '--recipe',
      'full',
      '--tokens',
      options['base-tokens'],
    ]
    const rate = ['--learning-rate', '3e-3']
    await run([
      'pretrain',
      ...english,
      ...rate,
      ...shape,
      ...held,
      ...every(options['base-tokens'], 4),
      '--out',
      at('base'),
    ])
  }
  for (const method of METHODS) {
    const folder = at('models', `extended-${method}`)
    if (existsSync(folder)) continue
    const from = ['--checkpoint', at('base'), '--tokenizer', at('tokenizers', method)]
    await run(['apply', ...from, '--out', folder, '--license', 'apache-2.0'])
  }
  const modelOf = (name) => (name === 'base' ? at('base') : at('models', name))
  const perToken = new Map()
  const jobs = []
  for (const { name, model, replay, recipe } of adaptationRuns()) {
    const out = at('runs', folderOf({ name }))
    if (!name.includes(options.only) || existsSync(join(out, 'config.json'))) continue
    rmSync(out, { recursive: true, force: true })
    const english = replay > 0 ? ['--replay', at('en.txt'), '--replay-share', String(replay)] : []
    const what = ['--model', modelOf(model), '--data', at('ko.txt'), ...english, '--recipe', recipe, ...shape]
    const rate = ['--learning-rate', options['learning-rate']]
    jobs.push(async () => {
      const key = `${model === 'base' ? 'base' : 'extended'} full`
      if (!perToken.has(key)) perToken.set(key, flopsOf(modelOf(model), shape))
      const equal = (await flopsOf(modelOf('extended-mean'), shape)) / (await perToken.get(key))
      const tokens = String(Math.round(Number(options.tokens) * equal))
      await run([
        'pretrain',
        ...what,
        ...rate,
        ...held,
        ...every(tokens, options.evaluations),
        '--tokens',
        tokens,
        '--out',
        out,
      ])
    })
  }
  const left = [...jobs]
  const lane = async () => {
    for (let job = left.shift(); job; job = left.shift()) await job()
  }
  await Promise.all(Array.from({ length: Number(options.parallel) }, lane))
}

/** Steps between evaluations, so that there are so many of them, and checkpoints at the end alone. */
function every(tokens, times) {
  const steps = Math.ceil(Number(tokens) / (Number(options.length) * Number(options.batch)))
  return ['--eval-every', String(Math.max(1, Math.floor(steps / Number(times)))), '--save-every', String(steps)]
}

/** FLOPs a token when everything trains, as the command counts them. */
async function flopsOf(model, shape) {
  const { flops, tokens } = JSON.parse(
    await run([
      'pretrain',
      '--model',
      model,
      '--data',
      at('ko.txt'),
      '--recipe',
      'full',
      ...shape,
      '--tokens',
      '1e6',
      '--out',
      at('none'),
      '--dry-run',
      '--json',
    ]),
  )
  return flops / tokens
}

function run(args) {
  const began = Date.now()
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [options.cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, errors] = ['', '']
    child.stdout.on('data', (data) => (out += data))
    child.stderr.on('data', (data) => (errors += data))
    child.on('close', (code) => {
      const line = `${((Date.now() - began) / 1000).toFixed(1)} s  ${code === 0 ? '' : `exit ${code} `}ko-vocab ${args.join(' ')}`
      process.stderr.write(`${line}\n`)
      appendFileSync(at('log.txt'), `${line}\n${errors}\n`)
      if (code === 0) done(out)
      else fail(new Error(`${line}\n${errors.slice(-2000)}`))
    })
  })
}
