/**
 * One training by ko-vocab, as a process of its own. Argument: JSON
 *     files, add, threads
 *     base, or form and pattern: what to begin with
 *     as     'BpeTrainer' | 'spm_train' | 'spm_train 0.1': learn what these learn from the same words; without it, as
 *            ko-vocab does
 *     out    a file for what was learned, one a line: `left right` as BpeTrainer, the piece as spm_train
 */
import { writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import {
  countUnordered,
  emptyBase,
  expandInputs,
  loadTokenizer,
  PieceKind,
  SCOPES,
  trainMerges,
} from '../../dist/node.js'

/** The rules of others; test/oracle/from-nothing.test.ts proves them. */
const RULES = {
  BpeTrainer: { ties: 'ids', countOverlaps: true, minFrequency: 2, maxPieceLength: 1_000_000 },
  spm_train: { ties: 'length', countOverlaps: true, minFrequency: 1 },
  // Without the queue of newer versions, it counts (a, a) in `aaa` once.
  'spm_train 0.1': { ties: 'length', countOverlaps: false, minFrequency: 1 },
}

const { files, add, threads, base, form, pattern, as, out } = JSON.parse(process.argv[2])
const start = performance.now()
const tokenizer = base ? await loadTokenizer(base) : emptyBase(form, pattern)
const corpus = await expandInputs(files)
const loaded = performance.now()
const words = await countUnordered(corpus, base ? { base: tokenizer, threads } : { form, pattern, threads })
const counted = performance.now()
const { pieces } = trainMerges(as?.startsWith('spm_train') ? withCharacters(tokenizer, words) : tokenizer, words, {
  add,
  ...(base ? {} : { scope: SCOPES.all }),
  ...RULES[as],
})
const trained = performance.now()
if (out) {
  const lines =
    as === 'BpeTrainer' ? pieces.map(({ left, right }) => `${left} ${right}`) : pieces.map(({ piece }) => piece)
  writeFileSync(out, `${lines.join('\n')}\n`)
}
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

/** spm_train with all characters covered has them as pieces before it learns, by code point here. */
function withCharacters(empty, { bytes, offsets }) {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const seen = new Set(['▁'])
  for (let i = 0; i + 1 < offsets.length; i++) {
    for (const char of decoder.decode(bytes.subarray(offsets[i], offsets[i + 1]))) if (char !== ' ') seen.add(char)
  }
  const characters = [...seen].sort((a, b) => a.codePointAt(0) - b.codePointAt(0))
  const kept = empty.pieces.filter((_, id) => empty.kinds[id] !== PieceKind.Normal)
  const pieces = kept.concat(characters)
  const kinds = new Uint8Array(pieces.length).fill(PieceKind.Normal)
  kinds.set(empty.kinds.filter((kind) => kind !== PieceKind.Normal))
  return { ...empty, pieces, kinds, scores: new Float32Array(pieces.length), sha256: undefined }
}
