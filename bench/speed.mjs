/**
 * MB/s of counting, training, encoding and decoding, ours and a peer's in alternation (A B A B …), and whether both
 * gave the same. See README.md.
 *
 *     node bench/speed.mjs [--only count,train,encode,decode] [--base llama-2,llama-3] [--peer PART] [--rounds 5]
 *       [--mb 16] [--js-mb 1] [--count-mb 64] [--train-mb N] [--add 14336] [--merges 32000] [--passes 2] [--threads 2]
 *       [--tmp DIR] [--quick] [FILE or DIR]...
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codecPairs } from './speed/codec.mjs'
import { countPairs } from './speed/count.mjs'
import { claims, claimsTable, stageTable } from './speed/tables.mjs'
import { makeTokenizers } from './speed/tokenizers.mjs'
import { trainPairs } from './speed/train.mjs'
import { findBases, findCorpus, workFolder } from './support/inputs.mjs'
import { npmBases } from './support/npm-bases.mjs'
import { megabytes, namesOf, readOptions, wholeNumber } from './support/options.mjs'
import { comparePair } from './support/pairs.mjs'
import { findPeers } from './support/peers.mjs'
import { fixed, writeReport } from './support/report.mjs'
import { runMeasured } from './support/run.mjs'
import { writeLinesToEncode } from './support/texts.mjs'

const STAGES = ['count', 'train', 'encode', 'decode']

if (!existsSync(new URL('../dist/node.js', import.meta.url)))
  throw new Error('dist is missing: run npm run build first')
const text = { type: 'string' }
const options = readOptions({
  base: text,
  peer: text,
  mb: text,
  'js-mb': text,
  'count-mb': text,
  'train-mb': text,
  add: text,
  merges: text,
  passes: text,
})
const { quick, threads } = options
const whole = (name, small, full) => wholeNumber(name, options[name] ?? (quick ? small : full))
const bytes = (name, small, full) => 1e6 * megabytes(name, options[name] ?? (quick ? small : full))
const stages = namesOf('only', options.only ?? STAGES.join(), STAGES)
const rounds = whole('rounds', '1', '5')
const add = whole('add', '200', '14336')
const merges = whole('merges', '2000', '32000')
const passes = whole('passes', '2', '2')
const sizes = {
  encode: bytes('mb', '0.25', '16'),
  js: bytes('js-mb', '0.05', '1'),
  count: bytes('count-mb', '0.5', '64'),
  train: options['train-mb'] || quick ? bytes('train-mb', '0.5') : Number.POSITIVE_INFINITY,
}

const folder = workFolder(options.tmp)
const corpus = await findCorpus(options.files, quick, folder)
const peers = findPeers()
const worker = (name) => fileURLToPath(new URL(`workers/${name}`, import.meta.url))
const bases = await basesOf()
const given = { corpus, folder, peers, sizes, threads, worker, quick, bases, passes }

const results = []
const sections = []
const coded = stages.some((stage) => stage === 'encode' || stage === 'decode') ? await toEncode() : null
for (const stage of stages) {
  const { intro, pairs } = await pairsOf(stage)
  const wanted = pairs.filter(({ peer }) => !options.peer || peer?.name.includes(options.peer))
  const rows = []
  for (const pair of wanted) {
    rows.push({ stage, ...(await comparePair(pair, rounds, (contender) => runMeasured(contender, folder))) })
  }
  results.push(...rows)
  sections.push(`## ${stage}`, '', ...intro, '', ...stageTable(stage, rows), '')
  // After every stage: the whole takes an hour, and what is measured should not be lost.
  report(stage === stages.at(-1))
}

const wrong = results.filter(({ failed, match }) => failed || match.equal === false)
for (const { name, failed, match } of wrong) process.stderr.write(`${name}: ${failed ?? `differs: ${match.text}`}\n`)
process.exitCode = wrong.length > 0 ? 1 : 0

function pairsOf(stage) {
  if (stage === 'count') return countPairs(given)
  if (stage === 'train') return trainPairs({ ...given, add: merges })
  return codecPairs(stage, { ...given, ...coded })
}

/** Those of ../shared; Llama-2 and Llama-3 from npm where it is absent, and in quick mode. */
async function basesOf() {
  const found = findBases(quick)
  const has = (name) => found.some((base) => base.name === name)
  const all = has('llama-2') && has('llama-3') ? found : [...(await npmBases(folder)), ...found]
  const names = namesOf(
    'base',
    options.base ?? 'llama-2,llama-3',
    all.map(({ name }) => name),
  )
  return names.map((name) => all.find((base) => base.name === name))
}

/** Tokenizers, and lines that no tokenizer reads as one of its added tokens. */
async function toEncode() {
  const { tokenizers, addedTokens } = await makeTokenizers({ ...given, add, onlyExtended: quick })
  const lines = (size, name) => writeLinesToEncode(corpus.files, size, join(folder, name), addedTokens)
  return { tokenizers, texts: { whole: lines(sizes.encode, 'lines.txt'), small: lines(sizes.js, 'lines-js.txt') } }
}

function report(last) {
  const found = quick ? [] : claims(results)
  writeReport(
    quick ? 'speed-quick' : 'speed',
    {
      options: {
        stages,
        rounds,
        passes,
        add,
        merges,
        threads,
        sizes: { ...sizes, train: options['train-mb'] ?? 'all' },
      },
      corpus,
      peers,
      results,
      claims: found,
    },
    [
      `${corpus.name} (${fixed(corpus.bytes / 1e6)} MB). ko-vocab and the peer run in alternation, A B A B, each run a process` +
        ` of its own, ${rounds} round${rounds > 1 ? 's' : ''}; \`times\` is how many times as fast ko-vocab is in the same round. All values: median` +
        ` of the rounds (least–greatest).${quick ? ' Quick mode: shows that everything runs, the speeds mean nothing.' : ''}`,
      '',
      `Peers: ${versions()}.${peers.absent.length > 0 ? ` Absent: ${peers.absent.join(', ')}.` : ''}`,
      '',
      ...sections,
      ...(found.length > 0 ? ['## wanted', '', ...claimsTable(found)] : []),
    ],
    { say: last },
  )
}

function versions() {
  const named = {
    tokenizers: 'tokenizers',
    sentencepiece: 'sentencepiece (Python package)',
    spmTrain: 'spm_train',
    tiktoken: 'tiktoken',
    huggingFaceJs: '@huggingface/tokenizers',
    sentencePieceJs: 'sentencepiece-js',
    pythonVersion: 'Python',
  }
  const found = Object.entries(named).filter(([key]) => peers[key])
  return found.map(([key, name]) => `${name} ${peers[key]}`).join(', ') || 'none'
}
