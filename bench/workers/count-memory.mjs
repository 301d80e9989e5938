/**
 * One counting within a budget, as a process of its own. Argument: JSON
 *     files, out, threads, memory (bytes; without it no budget), tmp
 *     shard  {index, of}: count this part into the folder `out`
 *     merge  a folder of shards to add up, instead of counting
 * Prints a line of JSON: words, occurrences, spilledBytes, peakMb.
 */

const dist = process.env.KO_VOCAB_DIST ?? new URL('../../dist', import.meta.url).href
const { countShard, countToFile, emptyBase, expandInputs, mergeCounts } = await import(`${dist}/node.js`)

const { files, out, threads, memory, tmp, shard, merge } = JSON.parse(process.argv[2])
const options = { base: emptyBase('sentencepiece'), threads, memory, tmp }
const count = async () => {
  const corpus = await expandInputs(files)
  return shard ? countShard(corpus, out, shard, options) : countToFile(corpus, out, options)
}
const counted = await (merge ? mergeCounts([merge], out, { memory, tmp }) : count())
const { words, occurrences, spilledBytes } = counted
const peakMb = (process.resourceUsage().maxRSS * 1024) / 1e6
process.stdout.write(`${JSON.stringify({ words, occurrences, spilledBytes, peakMb })}\n`)
