/**
 * Memory and time of counting text with very many distinct words: without a budget, within budgets, and in shards that
 * are merged. See README.md.
 *
 *     node bench/memory.mjs [--sizes 100,400,1600] [--budgets 400,1000] [--shards 8] [--ranks 1e10] [--threads 2]
 *       [--free-up-to 800] [--shards-up-to 2000] [--tmp DIR] [--quick]
 */
import { createHash } from 'node:crypto'
import { createReadStream, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { fixed, table, writeReport } from './support/report.mjs'
import { runMeasured } from './support/run.mjs'
import { zipfFile } from './support/zipf.mjs'

const text = { type: 'string' }
const own = { sizes: text, budgets: text, shards: text, ranks: text, 'free-up-to': text, 'shards-up-to': text }
const options = readOptions(own)
const list = (name, usual) => (options[name] ?? usual).split(',').map((value) => wholeNumber(name, value))
const sizes = list('sizes', options.quick ? '5,10' : '100,400,1600')
const budgets = list('budgets', options.quick ? '400' : '400,1000')
const shards = wholeNumber('shards', options.shards ?? (options.quick ? '2' : '8'))
const ranks = Number(options.ranks ?? 1e10)
/** Beyond that, MB of text, counting without a budget takes more memory than small machines have. */
const freeUpTo = wholeNumber('free-up-to', options['free-up-to'] ?? '800')
/** Beyond that the shards, one after the other, tell nothing new. */
const shardsUpTo = wholeNumber('shards-up-to', options['shards-up-to'] ?? '2000')
const folder = workFolder(options.tmp)
const worker = fileURLToPath(new URL('workers/count-memory.mjs', import.meta.url))

const results = []
for (const size of sizes) {
  const file = join(folder, `${size}.txt`)
  process.stderr.write(`${size} MB\n`)
  const bytes = zipfFile(size * 1e6, file, ranks)
  const roads = [
    ...(size <= freeUpTo ? [{ name: 'no budget' }] : []),
    ...budgets.map((budget) => ({ name: `${budget} MB`, memory: budget * 1e6 })),
    ...(size <= shardsUpTo
      ? [{ name: `${budgets[0]} MB, ${shards} shards, merged`, memory: budgets[0] * 1e6, of: shards }]
      : []),
  ]
  let expected
  for (const { name, memory, of } of roads) {
    process.stderr.write(`  ${name}\n`)
    const out = join(folder, 'counts.parquet')
    const query = { files: [file], out, threads: options.threads, memory, tmp: folder }
    const run = await (of ? inShards(query, of) : counting(query)).catch(({ message }) => ({ failed: message }))
    const row = { name, bytes, budgetMb: memory && memory / 1e6, ...run, ...run.said }
    if (!run.failed) {
      row.peakMb = run.said.peakMb
      row.fileBytes = statSync(out).size
      const hash = await sha256(out)
      expected ??= hash
      if (hash !== expected) row.failed = 'the counts are not the bytes of the first road'
      if (memory && row.peakMb > memory / 1e6) row.failed = `took ${fixed(row.peakMb, 0)} MB of ${memory / 1e6}`
      rmSync(out)
    }
    delete row.said
    results.push(row)
  }
  rmSync(file)
  // After each size: what is measured should not be lost.
  report()
}

function counting(query) {
  return runMeasured({ command: process.execPath, args: [worker, JSON.stringify(query)] }, folder)
}

/** A process a shard, one after the other, and one that merges. */
async function inShards(query, of) {
  const shards = `${query.out}.shards`
  const runs = []
  for (let index = 0; index < of; index++) runs.push(await counting({ ...query, out: shards, shard: { index, of } }))
  const merged = await counting({ ...query, merge: shards })
  rmSync(shards, { recursive: true })
  const all = [...runs, merged]
  const sum = (of) => all.reduce((total, run) => total + of(run), 0)
  const said = {
    ...merged.said,
    peakMb: Math.max(...all.map((run) => run.said.peakMb)),
    spilledBytes: sum((run) => run.said.spilledBytes),
  }
  return { seconds: sum((run) => run.seconds), mergeSeconds: merged.seconds, said }
}

/**
 * For 100 GB: distinct words grow with a power of the text (Heaps), that of the last two sizes. Time and spilled bytes grow
 * with the text once it is much more than the tables hold: each run then holds as many words for as much text.
 */
function projection(name) {
  const rows = results.filter((row) => row.name === name && !row.failed)
  if (rows.length < 2) return null
  const [one, two] = rows.slice(-2)
  const heaps = Math.log(two.words / one.words) / Math.log(two.bytes / one.bytes)
  const times = 100e9 / two.bytes
  return {
    name,
    words: two.words * times ** heaps,
    spilledBytes: two.spilledBytes * times,
    hours: (two.seconds * times) / 3600,
  }
}
function report() {
  const projected = budgets.map((budget) => projection(`${budget} MB`)).filter(Boolean)
  const millions = (count) => (count === undefined || count === null ? '–' : fixed(count / 1e6))
  writeReport(
    options.quick ? 'memory-quick' : 'memory',
    { options: { sizes, budgets, shards, ranks, threads: options.threads }, results, projected },
    [
      `Zipf–Mandelbrot words of up to ${ranks} ranks, ${options.threads} threads; every row wrote the same bytes.` +
        (options.quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''),
      '',
      ...table(
        ['MB of text', 'road', 'distinct words, M', 'seconds', 'MB/s', 'peak MB', 'spilled MB', 'of it merging, s'],
        results.map((row) => [
          fixed(row.bytes / 1e6, 0),
          row.failed ? `${row.name} (FAILED: ${row.failed.split('\n')[0]})` : row.name,
          millions(row.words),
          fixed(row.seconds),
          fixed(row.seconds && row.bytes / 1e6 / row.seconds),
          fixed(row.peakMb, 0),
          millions(row.spilledBytes),
          fixed(row.mergeSeconds),
        ]),
      ),
      '',
      ...(projected.length === 0
        ? []
        : [
            '100 GB of such text, reckoned from the largest size (words: from the last two); peak memory is within the budget:',
            '',
            ...table(
              ['budget', 'distinct words, M', 'spilled GB', 'hours'],
              projected.map((row) => [
                row.name,
                millions(row.words),
                fixed(row.spilledBytes && row.spilledBytes / 1e9),
                fixed(row.hours),
              ]),
            ),
          ]),
    ],
  )
  if (results.some((row) => row.failed)) process.exitCode = 1
}

async function sha256(path) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}
