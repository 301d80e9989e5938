/**
 * Counting and training 32,000 pieces: ko-vocab, Hugging Face tokenizers, SentencePiece. Whole processes, wall time and
 * peak memory. See README.md.
 *
 *     node bench/train.mjs [--rounds 3] [--threads 2] [--add 32000] [--only NAME] [--tmp DIR] [--quick] [FILE or DIR]...
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBases, findCorpus, workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { findPeers } from './support/peers.mjs'
import { fixed, table, writeReport } from './support/report.mjs'
import { median, rounds, runMeasured } from './support/run.mjs'

const options = readOptions({ add: { type: 'string' } })
const add = wholeNumber('add', options.add ?? (options.quick ? '2000' : '32000'))
const count = wholeNumber('rounds', options.rounds ?? (options.quick ? '1' : '3'))
const { threads } = options
const folder = workFolder(options.tmp)
const corpus = await findCorpus(options.files, options.quick, folder)
const peers = findPeers()
const worker = (name) => fileURLToPath(new URL(`workers/${name}`, import.meta.url))
if (!existsSync(new URL('../dist/node.js', import.meta.url)))
  throw new Error('dist is missing: run npm run build first')

const all = [...ours(), ...huggingFace(), ...sentencePiece()]
const contenders = all.filter(({ name }) => !options.only || name.includes(options.only))
const runs = await rounds(contenders, count, (contender) => runMeasured(contender, folder))
const results = contenders.map(({ name, road }) => {
  const all = runs.get(name)
  const done = all.filter(({ failed }) => !failed)
  const of = (pick) => median(done.map(pick))
  return {
    name,
    road,
    failed: all.find(({ failed }) => failed)?.failed,
    pieces: of((run) => run.said.pieces),
    seconds: of((run) => run.seconds),
    cpuSeconds: of((run) => run.cpuSeconds),
    peakMb: of((run) => run.peakMb),
    loadSeconds: of((run) => run.said.loadSeconds),
    countSeconds: of((run) => run.said.countSeconds),
    trainSeconds: of((run) => run.said.trainSeconds),
    runs: all,
  }
})
const claims = checkClaims()
writeReport(
  options.quick ? 'train-quick' : 'train',
  { options: { add, threads, rounds: count }, corpus, peers, results, claims },
  [
    `${add} pieces on ${corpus.name} (${fixed(corpus.bytes / 1e6)} MB), ${threads} threads, medians of ${count} rounds.` +
      (options.quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''),
    '',
    ...table(
      ['', 'pieces', 'seconds', 'counting', 'training', 'CPU seconds', 'peak MB'],
      results.map((row) => [
        row.failed ? `${row.name} (FAILED, see the JSON)` : row.name,
        fixed(row.pieces, 0),
        fixed(row.seconds),
        fixed(row.countSeconds),
        fixed(row.trainSeconds),
        fixed(row.cpuSeconds),
        fixed(row.peakMb, 0),
      ]),
    ),
    '',
    ...(peers.absent.length > 0 ? [`Absent: ${peers.absent.join(', ')}.`, ''] : []),
    ...(claims.length === 0
      ? []
      : table(
          ['claim', 'wanted', 'measured', 'holds'],
          claims.map(({ claim, wanted, measured, holds }) => [claim, wanted, fixed(measured, 2), holds ? 'yes' : 'NO']),
        )),
  ],
)

function ours() {
  const node = (name, road, query) => ({
    name,
    road,
    command: process.execPath,
    args: [worker('train-ours.mjs'), JSON.stringify({ files: corpus.files, add, threads, ...query })],
  })
  const bases = findBases(options.quick)
  const base = bases.find(({ name }) => name === 'llama-2') ?? bases[0]
  return [
    node('ko-vocab, byte-level from nothing', 'byte-level', { form: 'byte-level', pattern: 'gpt2' }),
    node('ko-vocab, SentencePiece form from nothing', 'characters', { form: 'sentencepiece' }),
    node(`ko-vocab, ${base.name} continued (Hangul)`, 'continued', { base: base.path }),
  ]
}

function huggingFace() {
  if (!peers.tokenizers) return []
  const python = (name, road, split) => ({
    name: `tokenizers ${peers.tokenizers}, ${name}`,
    road,
    command: peers.python,
    args: [worker('hf_train.py'), JSON.stringify({ files: corpus.files, merges: add, split })],
    env: { RAYON_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: 'true' },
  })
  return [
    python('byte-level (GPT-2 split)', 'byte-level', 'byte-level'),
    python('characters (Metaspace)', 'characters', 'metaspace'),
  ]
}

function sentencePiece() {
  const args = Object.entries({
    input: corpus.files.join(),
    model_prefix: join(folder, 'spm'),
    model_type: 'bpe',
    vocab_size: add,
    // A small corpus may not give that many pieces.
    hard_vocab_limit: !options.quick,
    character_coverage: 0.9995,
    byte_fallback: true,
    normalization_rule_name: 'identity',
    remove_extra_whitespaces: false,
    // The default leaves lines of more than 4,192 bytes out.
    max_sentence_length: 1 << 24,
    num_threads: threads,
    minloglevel: 1,
  }).map(([key, value]) => `--${key}=${value}`)
  const found = []
  if (peers.spmTrain)
    found.push({ name: `spm_train ${peers.spmTrain}`, road: 'characters', command: 'spm_train', args })
  if (peers.sentencepiece) {
    found.push({
      name: `sentencepiece ${peers.sentencepiece} (C++ by way of Python)`,
      road: 'characters',
      command: peers.python,
      args: [worker('spm_train.py'), ...args],
    })
  }
  return found
}

/** Like against like: byte-level with byte-level, characters with characters; the continued base with both. */
function checkClaims() {
  if (options.quick) return []
  const mine = results.filter(({ name }) => name.startsWith('ko-vocab'))
  const claims = []
  for (const { name, road, seconds, peakMb } of results.filter((row) => !mine.includes(row))) {
    for (const own of mine.filter((row) => row.road === road || row.road === 'continued')) {
      const least = name.startsWith('tokenizers') ? 5 : 2.5
      if (seconds === null || own.seconds === null) continue
      const speed = seconds / own.seconds
      claims.push({
        claim: `${own.name}: times faster than ${name}`,
        wanted: `≥ ${least}`,
        measured: speed,
        holds: speed >= least,
      })
      if (!name.startsWith('tokenizers') || peakMb === null || own.peakMb === null) continue
      const share = own.peakMb / peakMb
      claims.push({
        claim: `${own.name}: share of the memory of ${name}`,
        wanted: '< 0.33',
        measured: share,
        holds: share < 1 / 3,
      })
    }
  }
  return claims
}
