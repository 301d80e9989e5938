/**
 * Encodes or decodes the lines of a file on one thread, with ko-vocab or a peer in JavaScript. Argument: JSON
 *     library  'ko-vocab, strings' | 'ko-vocab, bytes' | 'ko-vocab' (to decode) | 'huggingface' | 'sentencepiece'
 *     task     'encode' | 'decode'
 *     path     the tokenizer's file or folder
 *     input    lines of text; to decode, records of ids (see support/records.mjs)
 *     passes   over the whole input
 *     out      records of what came out: ids, or text
 * Only encoding and decoding are timed, in batches of 1,000 lines whose results are kept until the batch is done.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { idsOf, idsRecord, readRecords, record } from '../support/records.mjs'

const BATCH = 1000

const { library, task, path, input, passes, out } = JSON.parse(process.argv[2])
const encoding = task === 'encode'
const convert = (await openLibrary())[task]
const items = encoding ? readLines() : readRecords(input).map(idsFor)
const seconds = []
let tokens = 0
const file = openSync(out, 'w')
for (let pass = 0; pass < passes; pass++) {
  let spent = 0
  for (let at = 0; at < items.length; at += BATCH) {
    const batch = items.slice(at, at + BATCH)
    const results = new Array(batch.length)
    const start = performance.now()
    for (let i = 0; i < batch.length; i++) results[i] = convert(batch[i])
    spent += performance.now() - start
    if (pass < passes - 1) continue
    batch.forEach((item, i) => {
      tokens += (encoding ? results[i] : item).length
    })
    writeSync(file, Buffer.concat(results.map(encoding ? idsRecord : (text) => record(Buffer.from(text)))))
  }
  seconds.push(spent / 1000)
}
closeSync(file)
console.log(JSON.stringify({ seconds, tokens, lines: items.length }))
// SentencePiece's WebAssembly may hold the process.
process.exit(0)

async function openLibrary() {
  if (library === 'huggingface') {
    const { Tokenizer } = await import('@huggingface/tokenizers')
    const tokenizer = new Tokenizer(JSON.parse(readFileSync(path, 'utf8')), {})
    return {
      encode: (line) => tokenizer.encode(line, { add_special_tokens: false }).ids,
      // It takes no ids for a mistake.
      decode: (ids) =>
        ids.length === 0
          ? ''
          : tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    }
  }
  if (library === 'sentencepiece') {
    const { default: sentencepiece } = await import('sentencepiece-js')
    const processor = new sentencepiece.SentencePieceProcessor()
    await processor.load(path)
    return {
      encode: (line) => processor.encodeIds(line),
      // It ends with an error on no ids.
      decode: (ids) => (ids.length === 0 ? '' : processor.decodeIds(ids)),
    }
  }
  const koVocab = await import('../../dist/node.js')
  const tokenizer = await koVocab.loadTokenizer(path)
  const encoder = koVocab.createEncoder(tokenizer)
  const decoder = koVocab.createDecoder(tokenizer)
  return {
    encode:
      library === 'ko-vocab, bytes'
        ? // A copy: what it gives is a view that the next call overwrites, and a batch is kept.
          (line) => koVocab.encodeBytes(encoder, line).slice()
        : (line) => koVocab.encode(encoder, line),
    decode: (ids) => koVocab.decode(decoder, ids, { skipSpecialTokens: false }),
  }
}

function readLines() {
  const whole = readFileSync(input)
  const lines = []
  for (let at = 0; at < whole.length; ) {
    const next = whole.indexOf(0x0a, at)
    lines.push(whole.subarray(at, next))
    at = next + 1
  }
  return library === 'ko-vocab, bytes' ? lines : lines.map((line) => line.toString())
}

/** The peers take plain arrays. */
function idsFor(bytes) {
  return library.startsWith('ko-vocab') ? idsOf(bytes) : Array.from(idsOf(bytes))
}
