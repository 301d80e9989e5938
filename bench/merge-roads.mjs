/**
 * Which road is better: a donor's pieces in its own order, the same ranked by a corpus, or as many pieces that extend
 * learns from the corpus; on domains that neither the donor nor the corpus has. See README.md.
 *
 *     node bench/merge-roads.mjs [--pieces 16000] [--mb 20] [--add 12000] [--only BASE] [--tmp DIR] [--quick]
 */
import { join } from 'node:path'
import { donorTexts, koVocab, trainDonor } from './support/donors.mjs'
import { findBases, workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { findPeers } from './support/peers.mjs'
import { fixed, table, writeReport } from './support/report.mjs'

const text = { type: 'string' }
const options = readOptions({ pieces: text, mb: text, add: text })
const pieces = wholeNumber('pieces', options.pieces ?? (options.quick ? '2000' : '16000'))
const megabytes = wholeNumber('mb', options.mb ?? '20')
const add = wholeNumber('add', options.add ?? (options.quick ? '500' : '8000'))
const folder = workFolder(options.tmp)
const peers = findPeers()
if (!peers.sentencepiece) throw new Error(`absent: ${peers.absent.join(', ')}: nothing can be measured without it`)
const texts = await donorTexts(options.quick, megabytes, folder)
const paths = (files) => files.map(({ path }) => path)
const donors = ['unigram', 'bpe'].map((kind) => ({
  kind,
  path: trainDonor(peers.python, kind, pieces, texts.donor, folder),
}))

const results = []
for (const { name, path } of findBases(options.quick)) {
  if (options.only && !name.includes(options.only)) continue
  for (const donor of donors) {
    process.stderr.write(`${name}, ${donor.kind}\n`)
    results.push({ base: name, donor: donor.kind, ...compare(path, donor.path) })
  }
}
writeReport(
  options.quick ? 'merge-roads-quick' : 'merge-roads',
  { options: { pieces, megabytes, add }, peers, results },
  [
    `${add} new pieces. Donors of ${pieces} pieces from ${megabytes} MB of ${names(texts.donor)}; the user's corpus is ${megabytes} MB of ${names(texts.corpus)}.` +
      (options.quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''),
    `Tokens a Hangul syllable on ${names(texts.heldOut)}, which neither has.`,
    '',
    ...table(
      [
        'base, donor',
        'base alone',
        'merge, no corpus',
        'merge, ranked by the corpus',
        'merge, ranked by what the donor was learned from',
        'extend on the corpus',
        'extend on what the donor was learned from',
      ],
      results.map((row) => [
        `${row.base}, ${row.donor}`,
        ...['before', 'plain', 'corpus', 'own', 'extendCorpus', 'extendOwn'].map((road) => fixed(row[road], 3)),
      ]),
    ),
  ],
)

function names(files) {
  return files.map(({ name }) => name).join(', ')
}

/** Nothing is written: the measure stands in the report of a dry run. */
function compare(base, donor) {
  const common = ['--base', base, '--donor', donor, '--add', String(add), '--test', ...paths(texts.heldOut)]
  const merge = (...more) => {
    const args = [...common, ...more, '--threads', String(options.threads), '--dry-run', '--out', join(folder, 'none')]
    const { report } = koVocab('merge', ...args)
    const { before, after, extend } = report.measure
    return { before: before.tokensPerSyllable, after: after.tokensPerSyllable, extend: extend?.tokensPerSyllable }
  }
  const plain = merge()
  const corpus = merge('--corpus', ...paths(texts.corpus))
  const own = merge('--corpus', ...paths(texts.donor))
  return {
    before: plain.before,
    plain: plain.after,
    corpus: corpus.after,
    own: own.after,
    extendCorpus: corpus.extend,
    extendOwn: own.extend,
  }
}
