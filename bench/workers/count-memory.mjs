/**
 * One counting within a budget, as a process of its own. Argument: JSON
 *     files, out, threads, memory (bytes; without it no budget), tmp
 *     of     count this many shards one after the other, and merge them
 * Prints a line of JSON: words, occurrences, spilledBytes, peakMb, mergeSeconds.
 */
import { rmSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

const dist = process.env.KO_VOCAB_DIST ?? new URL('../../dist', import.meta.url).href
const { countShard, countToFile, emptyBase, expandInputs, mergeCounts } = await import(`${dist}/node.js`)

const { files, out, threads, memory, tmp, of } = JSON.parse(process.argv[2])
const corpus = await expandInputs(files)
const options = { base: emptyBase('sentencepiece'), threads, memory, tmp }
let counted
let mergeSeconds
if (of === undefined) counted = await countToFile(corpus, out, options)
else {
  const folder = `${out}.shards`
  for (let index = 0; index < of; index++) await countShard(corpus, folder, { index, of }, options)
  const start = performance.now()
  counted = await mergeCounts([folder], out, { memory, tmp })
  mergeSeconds = (performance.now() - start) / 1000
  rmSync(folder, { recursive: true })
}
const { words, occurrences, spilledBytes } = counted
const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6
process.stdout.write(`${JSON.stringify({ words, occurrences, spilledBytes, peakMb, mergeSeconds })}\n`)
