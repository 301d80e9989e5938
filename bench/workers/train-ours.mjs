/** One training by ko-vocab, as a process of its own. Argument: JSON {files, add, threads, base? , form?, pattern?}. */
import { performance } from 'node:perf_hooks'
import { countUnordered, emptyBase, expandInputs, loadTokenizer, SCOPES, trainMerges } from '../../dist/node.js'

const { files, add, threads, base, form, pattern } = JSON.parse(process.argv[2])
const start = performance.now()
const tokenizer = base ? await loadTokenizer(base) : emptyBase(form, pattern)
const corpus = await expandInputs(files)
const loaded = performance.now()
const words = await countUnordered(corpus, base ? { base: tokenizer, threads } : { form, pattern, threads })
const counted = performance.now()
const { pieces } = trainMerges(tokenizer, words, { add, ...(base ? {} : { scope: SCOPES.all }) })
const trained = performance.now()
console.log(
  JSON.stringify({
    loadSeconds: (loaded - start) / 1000,
    countSeconds: (counted - loaded) / 1000,
    trainSeconds: (trained - counted) / 1000,
    words: words.counts.length,
    pieces: pieces.length,
    leastCount: pieces.at(-1)?.count,
    peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6,
  }),
)
