/**
 * Counts the words of a file as GPT-2's pattern cuts them, with ko-vocab or `@huggingface/tokenizers`. Argument: JSON
 * {library: 'ko-vocab' | 'huggingface', file, threads}. Timed from opening the file to the last count. Prints how many
 * words there are, distinct and in all, and the SHA-256 of all of them with their counts (`count`, space, bytes, newline;
 * in the order of their bytes).
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { bytesOf } from '../support/byte-alphabet.mjs'

const { library, file, threads } = JSON.parse(process.argv[2])
const count = library === 'ko-vocab' ? await ours() : await theirs()
const start = performance.now()
const counted = await count()
const seconds = (performance.now() - start) / 1000

// Latin-1 strings sort as their bytes do.
const words = counted.list().sort(([a], [b]) => (a < b ? -1 : 1))
const hash = createHash('sha256')
let total = 0
for (const [word, times] of words) {
  hash.update(`${times} `).update(word, 'latin1').update('\n')
  total += times
}
console.log(JSON.stringify({ seconds: [seconds], distinct: words.length, total, sha256: hash.digest('hex') }))

async function ours() {
  const { countUnordered, expandInputs } = await import('../../dist/node.js')
  return async () => {
    const words = await countUnordered(await expandInputs([file]), { form: 'byte-level', pattern: 'gpt2', threads })
    const bytes = Buffer.from(words.bytes.buffer, words.bytes.byteOffset, words.bytes.length)
    return {
      list: () => Array.from(words.counts, (n, i) => [bytes.latin1Slice(words.offsets[i], words.offsets[i + 1]), n]),
    }
  }
}

async function theirs() {
  const { Tokenizer } = await import('@huggingface/tokenizers')
  const { pre_tokenizer: preTokenizer } = new Tokenizer(
    {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: null,
      model: { type: 'BPE', vocab: {}, merges: [] },
    },
    {},
  )
  return async () => {
    const counts = new Map()
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '') continue
      for (const word of preTokenizer.pre_tokenize(line)) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
    return { list: () => Array.from(counts, ([word, n]) => [bytesOf(word).toString('latin1'), n]) }
  }
}
