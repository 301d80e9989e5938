/**
 * The steps of `prepare`, each alone: MB/s of CPU time beside a plain pass over the same documents; the whole of it, from
 * files to shards, on several threads; and how well near-duplicates are found that were planted. See README.md.
 *
 *     node bench/prepare.mjs [--rounds 3] [--mb 32] [--library FILE] [--only STEP] [--quick] [FILE or DIR]...
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findCorpus, sampleOf, workFolder } from './support/inputs.mjs'
import { megabytes, readOptions, wholeNumber } from './support/options.mjs'
import { fixed, table, writeReport } from './support/report.mjs'
import { median } from './support/statistics.mjs'

const options = readOptions({ mb: { type: 'string' }, library: { type: 'string' } })
const { quick } = options
const count = wholeNumber('rounds', options.rounds ?? (quick ? '1' : '3'))
const mb = megabytes('mb', options.mb ?? (quick ? '1' : '32'))
const library = options.library ? pathToFileURL(resolve(options.library)) : new URL('../dist/node.js', import.meta.url)
if (!existsSync(library)) throw new Error(`${library.pathname} is missing: run npm run build first`)
const { DEFAULT_PLAN, expandDomains, prepareDocuments, prepareFolder, readPlan } = await import(library.href)

const work = workFolder(options.tmp)
const corpus = await findCorpus(options.files, quick, work)
const texts = sampleOf(corpus.files, mb * 1e6).flatMap((part) =>
  part
    .toString('utf8')
    .split(/\n(?:[^\S\n]*\n)+/)
    .filter((text) => text.trim() !== ''),
)
const documentsOf = (all) => all.map((text, i) => ({ text, source: 'bench', license: null, id: String(i) }))
const documents = documentsOf(texts)
const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)

const contenders = [
  // What every step pays: documents counted on their way in and out, no text looked at but for its length.
  { name: 'plain pass', step: { length: { 'min-characters': 0 } } },
  ...['html', 'characters', 'nfc', 'jamo', 'whitespace', 'runs', 'personal', 'repeated-lines', 'boilerplate'],
  ...['hangul', 'repetition', 'exact', 'near'],
  { name: 'near, words', step: { near: { unit: 'words', size: 5 } } },
  { name: 'decontaminate', step: { decontaminate: { files: ['items'] } } },
  { name: 'mix', step: { mix: { weights: { bench: 0.5 } } } },
]
  .map((one) => (typeof one === 'string' ? { name: one, step: one } : one))
  .filter(({ name }) => name === 'plain pass' || !options.only || name.includes(options.only))

/** A thousand passages of the text itself, as benchmark items; every document is looked through. */
const items = texts
  .filter((text) => text.length > 60)
  .slice(-1000)
  .map((text) => text.slice(0, 60).split('').reverse().join(''))

const seconds = new Map(contenders.map(({ name }) => [name, []]))
const reports = new Map()
for (let round = 0; round <= count; round++) {
  for (const { name, step } of contenders) {
    const before = process.cpuUsage()
    const onReport = (report) => reports.set(name, report.steps[0])
    for await (const _ of prepareDocuments(documents, [step], { openItems: () => items, onReport })) {
    }
    const { user, system } = process.cpuUsage(before)
    // The first round warms up.
    if (round > 0 || quick) seconds.get(name).push((user + system) / 1e6)
  }
}
const plain = median(seconds.get('plain pass'))
const results = contenders.map(({ name }) => {
  const taken = median(seconds.get(name))
  const { changed, removed, figures } = reports.get(name)
  return { name, seconds: taken, rate: bytes / 1e6 / taken, ofPlain: taken / plain, changed, removed, figures }
})
const whole = options.only ? [] : await wholeCommand()
const planted = await plantedDuplicates()

writeReport(
  quick ? 'prepare-quick' : 'prepare',
  { options: { mb, rounds: count }, corpus: corpus.name, documents: texts.length, bytes, results, whole, planted },
  [
    `${corpus.name}: ${fixed(bytes / 1e6)} MB in ${texts.length.toLocaleString('en')} documents, from memory, one thread. CPU ` +
      `seconds, the medians of ${count} rounds.${quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''}`,
    '',
    ...table(
      ['step', 'MB/s', 'CPU seconds', 'times the plain pass', 'changed', 'removed'],
      results.map((row) => [
        row.name,
        fixed(row.rate, 1),
        fixed(row.seconds, 2),
        fixed(row.ofPlain, 1),
        row.changed.toLocaleString('en'),
        row.removed.toLocaleString('en'),
      ]),
    ),
    '',
    'From a file to shards, with reading, deduplicating, journals and compressing.',
    '',
    ...table(
      ['what', 'threads', 'MB/s', 'seconds', 'CPU seconds'],
      whole.map((row) => [row.name, row.threads, fixed(row.rate, 1), fixed(row.seconds, 1), fixed(row.cpu, 1)]),
    ),
    '',
    'Near-duplicates planted into these documents: words replaced by words of other documents, spaces taken out, or a',
    'line put before. Similarity is the true Jaccard of the shingles, a planted copy is found when it goes.',
    '',
    ...table(
      ['shingles', 'planted at', 'copies', 'found'],
      planted.flatMap(({ unit, rows, others, removed }) => [
        ...rows.map((row) => [
          unit,
          row.band,
          row.copies.toLocaleString('en'),
          `${fixed((100 * row.found) / row.copies, 1)} %`,
        ]),
        [unit, 'nothing planted', others.toLocaleString('en'), removed.toLocaleString('en')],
      ]),
    ),
  ],
)

/** prepareFolder with the default steps on 1, 2, 4 … threads, and with none that does anything; medians of the rounds. */
async function wholeCommand() {
  const path = join(work, 'documents.txt')
  writeFileSync(path, texts.join('\n\n'))
  const domains = await expandDomains([path])
  const most = Math.max(2, Math.min(availableParallelism(), 16))
  const threads = [1, 2, 4, 8, 16].filter((some) => some <= most)
  const plain = readPlan('steps: [{ length: { min-characters: 0 } }]', 'plain')
  const contenders = [
    ...[1, 2].map((some) => ({ name: 'plain pass', threads: some, plan: plain })),
    ...threads.map((some) => ({ name: 'default steps', threads: some, plan: readPlan(DEFAULT_PLAN, 'default') })),
  ].map((one) => ({ ...one, runs: [] }))
  const out = join(work, 'prepared')
  for (let round = 0; round < count; round++) {
    for (const one of contenders) {
      const [before, start] = [process.cpuUsage(), performance.now()]
      await prepareFolder({ domains, plan: one.plan, out, format: 'jsonl.zst', threads: one.threads })
      const seconds = (performance.now() - start) / 1000
      const { user, system } = process.cpuUsage(before)
      one.runs.push({ seconds, cpu: (user + system) / 1e6 })
      rmSync(out, { recursive: true })
    }
  }
  return contenders.map(({ name, threads: used, runs }) => {
    const [taken, cpu] = [median(runs.map((run) => run.seconds)), median(runs.map((run) => run.cpu))]
    return { name, threads: used, seconds: taken, cpu, rate: bytes / 1e6 / taken, runs }
  })
}

/** Copies with edits behind the documents that they are of, by similarity; and how many others went. */
async function plantedDuplicates() {
  const long = texts.filter((text) => text.length >= 200 && text.length <= 4000)
  // Documents that resemble each other by themselves would count as false finds.
  const clean = []
  for await (const { text } of prepareDocuments(documentsOf(long), [
    { near: { threshold: 0.3, bands: 40, rows: 3 } },
  ])) {
    if (clean.length < (quick ? 300 : 3000)) clean.push(text)
  }
  const words = clean.join(' ').split(/\s+/)
  let state = 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const edits = [
    (text) => replaced(text, 0.01),
    (text) => replaced(text, 0.03),
    (text) => replaced(text, 0.06),
    (text) => replaced(text, 0.15),
    (text) => text.replace(/ /g, () => (random() < 0.2 ? '' : ' ')),
    (text) => `기사 입력 2024.01.01. 무단 전재 금지\n${text}`,
  ]
  function replaced(text, rate) {
    const other = () => words[Math.floor(random() * words.length)]
    return text.replace(/\S+/g, (word) => (random() < rate ? other() : word))
  }
  const copies = clean.map((text, i) => edits[i % edits.length](text))
  const all = documentsOf([...clean, ...copies])
  const found = []
  for (const [unit, size] of [
    ['characters', 6],
    ['words', 5],
  ]) {
    const kept = new Set()
    for await (const { id } of prepareDocuments(all, [{ near: { unit, size } }])) kept.add(Number(id))
    const bands = [
      [0.95, 1.01],
      [0.9, 0.95],
      [0.85, 0.9],
      [0.8, 0.85],
      [0.75, 0.8],
      [0.6, 0.75],
      [0, 0.6],
    ]
    const rows = bands.map(([from, to]) => ({
      band: `${fixed(from, 2)} to ${fixed(Math.min(1, to), 2)}`,
      from,
      to,
      copies: 0,
      found: 0,
    }))
    copies.forEach((copy, i) => {
      const similarity = jaccard(clean[i], copy, unit, size)
      const row = rows.find(({ from, to }) => similarity >= from && similarity < to)
      row.copies++
      if (!kept.has(clean.length + i)) row.found++
    })
    const removed = clean.filter((_, i) => !kept.has(i)).length
    found.push({ unit, rows: rows.filter((row) => row.copies > 0), others: clean.length, removed })
  }
  return found
}

/** By sets of strings, apart from the library's hashes. */
function jaccard(x, y, unit, size) {
  const setOf = (text) => {
    const plain = text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}\s]+/gu, ' ')
    const units = unit === 'words' ? plain.split(/\s+/).filter(Boolean) : [...plain.replace(/\s+/g, '')]
    const set = new Set()
    for (let at = 0; at + size <= units.length; at++) set.add(units.slice(at, at + size).join(' '))
    return set
  }
  const [a, b] = [setOf(x), setOf(y)]
  let both = 0
  for (const one of a) if (b.has(one)) both++
  return both / Math.max(1, a.size + b.size - both)
}
