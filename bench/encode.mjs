/**
 * MB of text a second and core: our encoder from strings and from bytes, Hugging Face's encode_batch, and whether all
 * ids are equal; on every base, before and after an extension. See README.md.
 *
 *     node bench/encode.mjs [--mb 16] [--add 14336] [--passes 2] [--rounds 3] [--only NAME] [--tmp DIR] [--quick] [FILE]...
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBases, findCorpus, sampleOf, workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { findPeers } from './support/peers.mjs'
import { fixed, table, writeReport } from './support/report.mjs'
import { median, rounds, runMeasured } from './support/run.mjs'

const text = { type: 'string' }
const options = readOptions({ mb: text, add: text, passes: text })
const pick = (name, quick, full) => wholeNumber(name, options[name] ?? (options.quick ? quick : full))
const megabytes = pick('mb', '1', '16')
const add = pick('add', '200', '14336')
const passes = pick('passes', '2', '2')
const count = pick('rounds', '1', '3')
const folder = workFolder(options.tmp)
const corpus = await findCorpus(options.files, options.quick, folder)
const peers = findPeers()
const worker = (name) => fileURLToPath(new URL(`workers/${name}`, import.meta.url))
if (!existsSync(new URL('../dist/node.js', import.meta.url)))
  throw new Error('dist is missing: run npm run build first')

const lines = join(folder, 'lines.txt')
writeFileSync(lines, Buffer.concat(sampleOf(corpus.files, megabytes * 1e6)))
const bytes = statSync(lines).size
const tokenizers = await makeTokenizers()
const results = []
for (const tokenizer of tokenizers) results.push(...(await compare(tokenizer)))

const differing = results.filter(({ linesThatDiffer }) => linesThatDiffer > 0)
writeReport(
  options.quick ? 'encode-quick' : 'encode',
  { options: { add, megabytes, passes, rounds: count }, corpus, bytes, peers, results },
  [
    `${fixed(bytes / 1e6)} MB of ${corpus.name}; extensions by ${add} pieces learned on all of it; medians of ${count} rounds.` +
      (options.quick ? ' Quick mode: shows that everything runs, the speeds mean nothing.' : ''),
    'MB/s a core: first pass over the text, then the second (our word cache and the JIT are warm; so is their cache).',
    '',
    ...(peers.absent.length > 0 ? [`Absent: ${peers.absent.join(', ')}.`, ''] : []),
    ...table(
      ['', 'tokens', 'MB/s a core, first', 'second', 'times encode_batch', 'lines whose ids differ'],
      results.map((row) => [
        row.failed ? `${row.name} (FAILED, see the JSON)` : row.name,
        row.tokens ?? '–',
        fixed(row.rates[0]),
        fixed(row.rates[1]),
        fixed(row.timesFaster),
        row.linesThatDiffer ?? '–',
      ]),
    ),
    '',
    ...(options.quick ? [] : ['strings', 'bytes'].map(claim)),
  ],
)
if (differing.length > 0) {
  process.stderr.write(`ids differ: ${differing.map(({ name }) => name).join(', ')}\n`)
  process.exitCode = 1
}

/** At least ten times encode_batch a core, in the first pass, on the tokenizer where it is least. */
function claim(input) {
  const rows = results.filter(({ name, timesFaster }) => name.endsWith(`ko-vocab, ${input}`) && timesFaster)
  if (rows.length === 0) return `From ${input}: nothing to compare with.`
  const least = rows.reduce((a, b) => (a.timesFaster < b.timesFaster ? a : b))
  const holds = least.timesFaster >= 10 ? 'holds' : 'does NOT hold'
  return `- from ${input}: ≥ 10 times encode_batch on one thread ${holds}; least ${fixed(least.timesFaster)} (${least.name})`
}

/** Every base and its extension as folders with a tokenizer.json, which is derived where the base has none. */
async function makeTokenizers() {
  const { countUnordered, expandInputs, extendTokenizer, loadTokenizer, saveTokenizer, trainMerges } = await import(
    '../dist/node.js'
  )
  const inputs = await expandInputs(corpus.files)
  const made = []
  for (const { name, path } of findBases(options.quick)) {
    if (options.only && !name.includes(options.only)) continue
    process.stderr.write(`extending ${name}\n`)
    const base = await loadTokenizer(path)
    const words = await countUnordered(inputs, { base, threads: options.threads })
    const extended = extendTokenizer(base, trainMerges(base, words, { add }))
    for (const [label, tokenizer] of [
      [name, base],
      [`${name} + ${add}`, extended],
    ]) {
      const target = join(folder, 'tokenizers', label.replaceAll(' ', ''))
      mkdirSync(join(folder, 'tokenizers'), { recursive: true })
      await saveTokenizer(tokenizer, target)
      made.push({ label, path: join(target, 'tokenizer.json') })
    }
  }
  return made
}

/** All contenders on one tokenizer, against encode_batch on one thread. */
async function compare({ label, path }) {
  const contenders = []
  const reference = 'tokenizers, encode_batch, 1 thread'
  const hf = (name, method, threads) => ({
    name,
    cores: threads,
    command: peers.python,
    args: [worker('hf_encode.py'), JSON.stringify({ tokenizer: path, lines, method, passes, ids: idsOf(name) })],
    env: { RAYON_NUM_THREADS: String(threads), TOKENIZERS_PARALLELISM: threads > 1 ? 'true' : 'false' },
  })
  const ours = (input) => ({
    name: `ko-vocab, ${input}`,
    cores: 1,
    command: process.execPath,
    args: [
      worker('encode-ours.mjs'),
      JSON.stringify({ tokenizer: path, lines, input, passes, ids: idsOf(`ko-vocab, ${input}`) }),
    ],
  })
  contenders.push(ours('strings'), ours('bytes'))
  if (peers.tokenizers) {
    contenders.push(
      hf(reference, 'encode_batch', 1),
      hf(`tokenizers, encode_batch, ${options.threads} threads`, 'encode_batch', options.threads),
      hf('tokenizers, encode_batch_fast, 1 thread', 'encode_batch_fast', 1),
    )
  }
  process.stderr.write(`${label}\n`)
  const runs = await rounds(contenders, count, (contender) => runMeasured(contender, folder))
  const rows = contenders.map(({ name, cores }) => {
    const all = runs.get(name)
    const done = all.filter(({ failed }) => !failed)
    const rateOf = (pass) => median(done.map(({ said }) => bytes / 1e6 / said.seconds[pass] / cores))
    return {
      name: `${label}: ${name}`,
      failed: all.find(({ failed }) => failed)?.failed,
      tokens: done[0]?.said.tokens,
      rates: Array.from({ length: passes }, (_, pass) => rateOf(pass)),
      linesThatDiffer: peers.tokenizers && done.length > 0 ? linesThatDiffer(idsOf(reference), idsOf(name)) : null,
      runs: all,
    }
  })
  const theirs = rows.find(({ name }) => name.endsWith(reference))
  for (const row of rows) row.timesFaster = theirs?.rates[0] && row.rates[0] ? row.rates[0] / theirs.rates[0] : null
  return rows
}

function idsOf(name) {
  return join(folder, `${name.replace(/\W+/g, '-')}.ids`)
}

/** How many lines have other ids in one file than in the other. */
function linesThatDiffer(one, other) {
  if (!existsSync(one) || !existsSync(other)) return null
  const [a, b] = [one, other].map((path) => {
    // A copy: a small file lies unaligned in Node's pool.
    return new Int32Array(new Uint8Array(readFileSync(path)).buffer)
  })
  let [i, j, differing] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const [first, second] = [a.subarray(i, i + 1 + a[i]), b.subarray(j, j + 1 + b[j])]
    if (first.length !== second.length || first.some((id, at) => id !== second[at])) differing++
    i += first.length
    j += second.length
  }
  if (i !== a.length || j !== b.length) throw new Error(`${one} and ${other} hold different numbers of lines`)
  return differing
}
