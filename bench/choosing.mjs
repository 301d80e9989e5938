/**
 * Which choice of pieces is shortest on text of a kind that was not learned from: every domain is left out in turn, the
 * pieces are learned from the others, and the one left out is encoded. See README.md and docs/choosing.md.
 *
 *     node bench/choosing.mjs [--sizes 14336,32000] [--fold DOMAIN] [--only ROAD] [--base llama-2] [--tmp DIR] [--quick] [FILE]...
 */
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { findBases, findCorpus, workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { fixed, table, writeReport } from './support/report.mjs'

const text = { type: 'string' }
const options = readOptions({ sizes: text, fold: text, base: text })
const sizes = (options.sizes ?? (options.quick ? '500' : '14336,32000')).split(',').map((n) => wholeNumber('sizes', n))
const { countTokens, createEncoder, extendFromText, extendTokenizer } = await import('../dist/node.js')
const folder = workFolder(options.tmp)
const corpus = await findCorpus(options.files, options.quick, folder)
const base = findBases(options.quick).find(({ name }) =>
  name.includes(options.base ?? (options.quick ? '' : 'llama-2')),
)
if (corpus.files.length < 2) throw new Error('one domain cannot be left out of itself: name two files or more')

const ROADS = [
  { name: 'plain', settings: { scope: 'hangul', balance: 'none' } },
  { name: 'sentence punctuation', settings: { balance: 'none' } },
  { name: 'balanced domains', settings: { scope: 'hangul' } },
  { name: 'both (the default)', settings: {} },
  { name: 'both, and superwords', settings: { superwords: 0.5 } },
]
const roads = ROADS.filter(({ name }) => !options.only || name.includes(options.only))
const domains = corpus.files.map((path) => ({ name: basename(path).replace(/\.txt$/, ''), path }))
const folds = domains.filter(({ name }) => !options.fold || options.fold.split(',').includes(name))
const results = []
for (const fold of folds) {
  const learnedFrom = domains.filter((domain) => domain !== fold).map(({ path }) => path)
  for (const { name, settings } of roads) {
    process.stderr.write(`without ${fold.name}: ${name}\n`)
    // Within words the pieces of a size are the first ones of any larger size.
    const runs = settings.superwords === undefined ? [Math.max(...sizes)] : sizes
    for (const add of runs) {
      const done = await extendFromText({
        base: base.path,
        corpus: learnedFrom,
        add,
        threads: options.threads,
        audit: 'none',
        ...settings,
      })
      for (const size of runs.length === 1 ? sizes : [add]) {
        const learned = { ...done.learned, pieces: done.learned.pieces.slice(0, size) }
        const extended = size === add ? done.extended : extendTokenizer(done.base, learned)
        results.push({
          fold: fold.name,
          road: name,
          size,
          tokensPerSyllable: await tokensPerSyllable(extended, fold.path),
        })
      }
    }
  }
}

writeReport(options.quick ? 'choosing-quick' : 'choosing', { options: { sizes, base: base.name }, results }, [
  `Tokens a Hangul syllable, ${base.name}, each domain of ${corpus.name} left out of learning in turn.` +
    (options.quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''),
  '',
  ...table(
    ['pieces', 'how', ...folds.map(({ name }) => name), 'mean', 'worst'],
    sizes.flatMap((size) =>
      roads.map(({ name }) => {
        const rates = results
          .filter((row) => row.size === size && row.road === name)
          .map((row) => row.tokensPerSyllable)
        const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
        return [size.toLocaleString('en'), name, ...[...rates, mean, Math.max(...rates)].map((rate) => fixed(rate, 3))]
      }),
    ),
  ),
])

async function tokensPerSyllable(tokenizer, path) {
  const encoder = createEncoder(tokenizer)
  let tokens = 0
  let syllables = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue
    tokens += countTokens(encoder, line)
    for (let i = 0; i < line.length; i++) if (line[i] >= '가' && line[i] <= '힣') syllables++
  }
  return tokens / syllables
}
