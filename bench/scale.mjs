/**
 * How time and memory of counting and training grow with the text, from 16 MB to 1 GB, or 4 GB with --large. See
 * README.md.
 *
 *     node bench/scale.mjs [--sizes 16,64,256,1024 | --large] [--add 32000] [--rounds 1] [--threads 2] [--only NAME]
 *       [--tmp DIR] [--quick] [FILE or DIR]...
 */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { growText } from './support/grow.mjs'
import { findBases, findCorpus, workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { fixed, table, writeReport } from './support/report.mjs'
import { rounds, runMeasured } from './support/run.mjs'
import { median } from './support/statistics.mjs'

const text = { type: 'string' }
const options = readOptions({ sizes: text, add: text, seed: text, large: { type: 'boolean', default: false } })
const usual = options.quick ? '1,2' : options.large ? '16,64,256,1024,4096' : '16,64,256,1024'
const sizes = (options.sizes ?? usual).split(',').map((size) => wholeNumber('sizes', size))
const add = wholeNumber('add', options.add ?? (options.quick ? '500' : '32000'))
const count = wholeNumber('rounds', options.rounds ?? '1')
const seed = wholeNumber('seed', options.seed ?? '1')
const folder = workFolder(options.tmp)
const corpus = await findCorpus(options.files, options.quick, folder)
const worker = fileURLToPath(new URL('workers/train-ours.mjs', import.meta.url))
if (!existsSync(new URL('../dist/node.js', import.meta.url)))
  throw new Error('dist is missing: run npm run build first')

const bases = findBases(options.quick)
const base = bases.find(({ name }) => name === 'llama-2') ?? bases[0]
const roads = [
  { name: `${base.name} continued (Hangul)`, query: { base: base.path } },
  { name: 'SentencePiece form from nothing', query: { form: 'sentencepiece' } },
  { name: 'byte-level from nothing', query: { form: 'byte-level', pattern: 'gpt2' } },
].filter(({ name }) => !options.only || name.includes(options.only))

const results = []
for (const size of sizes) {
  const file = join(folder, `${size}.txt`)
  process.stderr.write(`${size} MB\n`)
  const bytes = growText(corpus.files, size * 1e6, file, seed)
  const contenders = roads.map(({ name, query }) => ({
    name,
    command: process.execPath,
    args: [worker, JSON.stringify({ files: [file], add, threads: options.threads, ...query })],
  }))
  const runs = await rounds(contenders, count, (contender) => runMeasured(contender, folder))
  rmSync(file)
  for (const { name } of contenders) {
    const all = runs.get(name)
    const done = all.filter(({ failed }) => !failed)
    const of = (pick) => median(done.map(pick))
    results.push({
      name,
      bytes,
      failed: all.find(({ failed }) => failed)?.failed,
      words: of(({ said }) => said.words),
      pieces: of(({ said }) => said.pieces),
      seconds: of((run) => run.seconds),
      countSeconds: of(({ said }) => said.countSeconds),
      trainSeconds: of(({ said }) => said.trainSeconds),
      peakMb: of((run) => run.peakMb),
      runs: all,
    })
  }
}

writeReport(
  options.quick ? 'scale-quick' : 'scale',
  { options: { sizes, add, seed, rounds: count, threads: options.threads }, corpus, results },
  [
    `${add} pieces, ${options.threads} threads; ${corpus.name} (${fixed(corpus.bytes / 1e6)} MB), repeated with a hundredth of` +
      ` the syllables changed (seed ${seed}).` +
      (options.quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''),
    '',
    ...roads.flatMap(({ name }) => [
      `## ${name}`,
      '',
      ...table(
        ['MB', 'distinct words', 'seconds', 'counting', 'training', 'MB/s', 'peak MB'],
        results
          .filter((row) => row.name === name)
          .map((row) => [
            row.failed ? `${fixed(row.bytes / 1e6, 0)} (FAILED, see the JSON)` : fixed(row.bytes / 1e6, 0),
            row.words ?? '–',
            fixed(row.seconds),
            fixed(row.countSeconds),
            fixed(row.trainSeconds),
            fixed(row.seconds && row.bytes / 1e6 / row.seconds),
            fixed(row.peakMb, 0),
          ]),
      ),
      '',
    ]),
  ],
)
