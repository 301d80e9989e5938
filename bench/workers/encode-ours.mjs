/**
 * Encodes the lines of a file with ko-vocab on one thread. Argument: JSON {tokenizer, lines, input: 'strings' | 'bytes',
 * passes, ids}. Only encoding is timed; the ids of all lines go to the file `ids` as int32: count, ids, count, ids, …
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { createEncoder, encode, encodeBytes, loadTokenizer } from '../../dist/node.js'

const query = JSON.parse(process.argv[2])
const encoder = createEncoder(await loadTokenizer(query.tokenizer))
const whole = readFileSync(query.lines)
const lines = []
for (let at = 0; at < whole.length; ) {
  const next = whole.indexOf(0x0a, at)
  lines.push(whole.subarray(at, next))
  at = next + 1
}
const strings = query.input === 'strings' ? lines.map((line) => line.toString()) : []
const seconds = []
let tokens = 0
for (let pass = 0; pass < query.passes; pass++) {
  tokens = 0
  const start = performance.now()
  if (query.input === 'strings') for (const line of strings) tokens += encode(encoder, line).length
  else for (const line of lines) tokens += encodeBytes(encoder, line).length
  seconds.push((performance.now() - start) / 1000)
}
const out = openSync(query.ids, 'w')
for (let i = 0; i < lines.length; i++) {
  const ids = query.input === 'strings' ? encode(encoder, strings[i]) : encodeBytes(encoder, lines[i])
  writeSync(out, Buffer.from(Int32Array.of(ids.length, ...ids).buffer))
}
closeSync(out)
console.log(JSON.stringify({ seconds, tokens, lines: lines.length }))
