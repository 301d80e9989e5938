/**
 * The classic merge of a donor's pieces (append, score 0) beside ours: text of other languages whose ids change, pieces
 * that nothing gives, tokens, and whether tokenizer.json says what the .model says. See README.md.
 *
 *     node bench/classic-merge.mjs [--pieces 16000] [--mb 20] [--only BASE] [--tmp DIR] [--quick]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SentencePieceProcessor } from 'sentencepiece-js'
import { ask, donorTexts, koVocab, trainDonor } from './support/donors.mjs'
import { findBases, workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { findPeers } from './support/peers.mjs'
import { fixed, table, writeReport } from './support/report.mjs'

/** Lines a text on which the WebAssembly build is asked too. */
const WASM_LINES = 2_000

// Each load of the WebAssembly build adds handlers to the process.
process.setMaxListeners(100)

const text = { type: 'string' }
const options = readOptions({ pieces: text, mb: text })
const pieces = wholeNumber('pieces', options.pieces ?? (options.quick ? '2000' : '16000'))
const megabytes = wholeNumber('mb', options.mb ?? '20')
const folder = workFolder(options.tmp)
const peers = findPeers()
if (!peers.sentencepiece) throw new Error(`absent: ${peers.absent.join(', ')}: nothing can be measured without it`)
const texts = await donorTexts(options.quick, megabytes, folder)
const donors = Object.fromEntries(
  ['unigram', 'bpe'].map((kind) => [kind, trainDonor(peers.python, kind, pieces, texts.donor, folder)]),
)
const pathsOf = (files) => Object.fromEntries(files.map(({ name, path }) => [name, path]))

const results = []
for (const { name, path } of findBases(options.quick)) {
  if (options.only && !name.includes(options.only)) continue
  const base = await modelOf(name, path)
  if (base === null) continue
  for (const kind of ['unigram', 'bpe']) {
    process.stderr.write(`${name}, ${kind}\n`)
    const donor = donors[kind]
    const classic = join(folder, `${name}-${kind}.model`)
    ask(peers.python, 'classic_merge.py', { base, donor, out: classic })
    const ours = join(folder, `${name}-${kind}`)
    const made = koVocab('merge', ...['--base', path, '--donor', donor, '--audit', 'none', '--out', ours])
    const roads = { classic, 'ko-vocab': join(ours, 'tokenizer.model') }
    const query = { base, merged: roads, same: pathsOf(texts.same), korean: pathsOf(texts.heldOut) }
    const found = ask(peers.python, 'compare_models.py', query)
    for (const [road, merged] of Object.entries(roads)) {
      const wasm = await askWasm(base, merged, found[road])
      const { report } = road === 'ko-vocab' ? made : { report: null }
      results.push({ base: name, donor: kind, road, ...found[road], wasm, report })
    }
  }
}

const sum = (numbers) => numbers.reduce((a, b) => a + b, 0)
const changes = (row) => sum(Object.values(row.changed).map((lines) => lines.length))
const tokens = (row, when) =>
  sum(Object.values(row.tokens).map((counts) => counts[when])) / sum(Object.values(row.syllables))
writeReport(
  options.quick ? 'classic-merge-quick' : 'classic-merge',
  { options: { pieces, megabytes }, peers, results },
  [
    `Donors of ${pieces} pieces, spm_train's defaults (nmt_nfkc), from ${texts.donor.map(({ name }) => name).join(' and ')}.` +
      (options.quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''),
    `Tokens a Hangul syllable: ${texts.heldOut.map(({ name }) => name).join(', ')}. ko-vocab got no corpus.`,
    '',
    ...table(
      [
        'base, donor, road',
        'new pieces',
        ...texts.same.map(({ name }) => `lines changed, ${name}`),
        'new pieces that nothing gives',
        'base pieces that nothing gives any more',
        'new pieces with conjoining jamo',
        'tokens a syllable, before',
        'after',
        'Korean lines whose ids are others in tokenizer.json',
      ],
      results.map((row) => [
        `${row.base}, ${row.donor}, ${row.road}`,
        row.added,
        ...texts.same.map(({ name }) => `${row.changed[name].length} of ${row.lines[name]}`),
        row.unreachable.length,
        row.lost.length,
        row.conjoining.length,
        fixed(tokens(row, 0), 3),
        fixed(tokens(row, 1), 3),
        row.conversion ? `${row.conversion.differ} of ${row.conversion.lines}` : '–',
      ]),
    ),
    '',
    `SentencePiece as WebAssembly tells the same of ${sum(results.map(({ wasm }) => wasm.lines - wasm.differ))} of ${sum(results.map(({ wasm }) => wasm.lines))} lines: whether they changed.`,
  ],
)
const broken = results.filter(
  (row) => row.road === 'ko-vocab' && changes(row) + row.unreachable.length + row.lost.length > 0,
)
for (const { base, donor } of broken) process.stderr.write(`${base}, ${donor}: our merge broke what it promises\n`)
if (broken.length > 0 || results.some(({ wasm }) => wasm.differ > 0)) process.exitCode = 1

/** The .model of a base, null for a rank file; in quick mode the one that we derive from its tokenizer.json. */
async function modelOf(name, path) {
  if (!path.endsWith('.json')) {
    const own = join(path, 'tokenizer.model')
    return existsSync(own) && readFileSync(own)[0] === 0x0a ? own : null
  }
  const { loadTokenizer, tokenizerFiles } = await import('../dist/node.js')
  const target = join(folder, `${name}.model`)
  writeFileSync(target, tokenizerFiles(await loadTokenizer(path)).files.get('tokenizer.model'))
  return target
}

/** Asks the WebAssembly build which of the first lines changed, and compares with what C++ said. */
async function askWasm(base, merged, { changed }) {
  const [before, after] = [new SentencePieceProcessor(), new SentencePieceProcessor()]
  await before.load(base)
  await after.load(merged)
  const found = { lines: 0, differ: 0 }
  for (const { name, path } of texts.same) {
    const known = new Set(changed[name])
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, WASM_LINES)
    lines.forEach((line, i) => {
      const isChanged = before.encodeIds(line).join() !== after.encodeIds(line).join()
      if (isChanged !== known.has(i)) found.differ++
    })
    found.lines += lines.length
  }
  return found
}
