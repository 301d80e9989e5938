/** A process of its own that encodes a file, to see how much memory that took at most. */
import { readFile } from 'node:fs/promises'
import { expandInputs } from '../../../src/corpus/files'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import { encodeFiles } from '../../../src/trainer/data/token-cache'

const [tokenizerFile, text, cache] = process.argv.slice(2)
const tokenizer = readTokenizerJson(await readFile(tokenizerFile, 'utf8'), tokenizerFile)
const begin = performance.now()
const { store } = await encodeFiles({ files: await expandInputs([text]), tokenizer, cache })
const seconds = (performance.now() - begin) / 1000
process.stdout.write(
  JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024, tokens: store.tokens, seconds }),
)
