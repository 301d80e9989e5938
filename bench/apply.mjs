/**
 * Extending a checkpoint of the shape of Llama-2-7B (13.5 GB in BF16): ko-vocab, `cp` of the bytes that are written anew,
 * and transformers' resize_token_embeddings. See README.md.
 *
 *     node bench/apply.mjs [--rounds 3] [--shard-gb 9.9] [--add 14336] [--only NAME] [--tmp DIR] [--quick] [FILE or DIR]...
 */
import { spawnSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findBases, findCorpus, workFolder } from './support/inputs.mjs'
import { readOptions, wholeNumber } from './support/options.mjs'
import { findPeers } from './support/peers.mjs'
import { fixed, table, writeReport } from './support/report.mjs'
import { rounds, runMeasured } from './support/run.mjs'
import { median } from './support/statistics.mjs'

const options = readOptions({ 'shard-gb': { type: 'string' }, add: { type: 'string' } })
const { quick } = options
const count = wholeNumber('rounds', options.rounds ?? (quick ? '1' : '3'))
const add = wholeNumber('add', options.add ?? (quick ? '500' : '14336'))
const shardBytes = Number(options['shard-gb'] ?? (quick ? 0.02 : 9.9)) * 1e9
const shape = quick ? { hidden: 256, inner: 688, layers: 2 } : { hidden: 4096, inner: 11_008, layers: 32 }
const dist = new URL('../dist/node.js', import.meta.url)
if (!existsSync(dist)) throw new Error('dist is missing: run npm run build first')
const { extendFromText, prepareApply } = await import(dist.href)

const folder = workFolder(options.tmp)
const corpus = await findCorpus(options.files, quick, folder)
const peers = findPeers()
const worker = (name) => fileURLToPath(new URL(`workers/${name}`, import.meta.url))
const base = findBases(quick).find(({ name }) => name === 'llama-2') ?? findBases(quick)[0]
const tokenizer = join(folder, 'extended')
process.stderr.write(`extending ${base.name}, writing the checkpoint\n`)
await extendFromText({ base: base.path, corpus: corpus.files, add, padToMultiple: 64, audit: 'none', out: tokenizer })
const checkpoint = join(folder, 'base')
const bytes = writeCheckpoint()
const out = join(folder, 'out')
const given = { checkpoint, tokenizer, initMap: join(tokenizer, 'init-map.safetensors'), out }
const { plan, rewritten } = await prepareApply(given)
const files = [...rewritten.keys()].map((name) => join(checkpoint, name))
const transformers = transformersVersion()

const contenders = [
  { name: 'ko-vocab', command: process.execPath, args: [worker('apply-ours.mjs'), JSON.stringify(given)] },
  { name: 'cp of the rewritten shards', command: 'sh', args: ['-c', `mkdir ${out} && cp ${files.join(' ')} ${out}`] },
  {
    name: 'cp of the rewritten shards, and sync',
    command: 'sh',
    args: ['-c', `mkdir ${out} && cp ${files.join(' ')} ${out} && sync ${out}/*`],
  },
  ...(transformers === null
    ? []
    : [
        {
          name: `transformers ${transformers}, resize_token_embeddings`,
          command: peers.python,
          args: [worker('hf_resize.py'), JSON.stringify({ checkpoint, out, rows: plan.rows })],
          // It holds the model in memory, and takes minutes: once is enough.
          once: true,
        },
      ]),
].filter(({ name }) => !options.only || name.includes(options.only))

let round = 0
const runs = await rounds(contenders, count, async (contender) => {
  if (contender.once && round++ > 0) throw new Error('measured once')
  rmSync(out, { recursive: true, force: true })
  // What the run before has left to be written would slow this one down.
  spawnSync('sync')
  return runMeasured(contender, folder)
})
const results = contenders.map(({ name, once }) => {
  const all = runs.get(name).filter(({ failed }) => !(once && failed === 'measured once'))
  const of = (pick) => median(all.filter(({ failed }) => !failed).map(pick))
  return {
    name,
    failed: all.find(({ failed }) => failed)?.failed,
    seconds: of((run) => run.seconds),
    cpuSeconds: of((run) => run.cpuSeconds),
    peakMb: of((run) => run.peakMb),
    runs: all,
  }
})
const written = [...rewritten.values()].reduce((a, b) => a + b, 0)
const claims = checkClaims()
writeReport(
  quick ? 'apply-quick' : 'apply',
  {
    options: { add, shardBytes, rounds: count },
    shape,
    bytes,
    written,
    rows: plan.rows,
    transformers,
    results,
    claims,
  },
  [
    `A model of ${fixed(bytes / 1e9)} GB in BF16, ${files.length} shards with an embedding: ${fixed(written / 1e9)} GB written anew, ` +
      `${plan.rows} rows. Medians of ${count} rounds.${quick ? ' Quick mode: shows that everything runs, the numbers mean nothing.' : ''}`,
    '',
    ...table(
      ['', 'seconds', 'GB/s', 'CPU seconds', 'peak MB'],
      results.map((row) => [
        row.failed ? `${row.name} (FAILED, see the JSON)` : row.name,
        fixed(row.seconds),
        fixed(row.seconds === null ? null : written / 1e9 / row.seconds, 2),
        fixed(row.cpuSeconds),
        fixed(row.peakMb, 0),
      ]),
    ),
    '',
    ...(transformers === null ? ['Absent: transformers with torch, or memory for the model.', ''] : []),
    ...(claims.length === 0
      ? []
      : table(
          ['claim', 'wanted', 'measured', 'holds'],
          claims.map(({ claim, wanted, measured, holds }) => [claim, wanted, fixed(measured, 2), holds ? 'yes' : 'NO']),
        )),
  ],
)

function checkClaims() {
  const [ours, cp, synced] = ['ko-vocab', 'shards', 'and sync'].map((end) =>
    results.find(({ name }) => name.endsWith(end)),
  )
  if (quick || !ours?.seconds) return []
  const claims = [{ claim: 'peak memory, MB', wanted: '< 512', measured: ours.peakMb, holds: ours.peakMb < 512 }]
  for (const peer of [cp, synced]) {
    if (!peer?.seconds) continue
    const measured = ours.seconds / peer.seconds
    claims.push({ claim: `time by that of ${peer.name}`, wanted: '≤ 1.5', measured, holds: measured <= 1.5 })
  }
  return claims
}

/** Random weights, a block of 64 MB over and over, in shards as save_pretrained makes them. */
function writeCheckpoint() {
  const { hidden, inner, layers } = shape
  const vocabulary = 32_000
  const tensors = [['model.embed_tokens.weight', [vocabulary, hidden]]]
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`
    tensors.push([`${at}.input_layernorm.weight`, [hidden]], [`${at}.post_attention_layernorm.weight`, [hidden]])
    for (const name of ['q', 'k', 'v', 'o']) tensors.push([`${at}.self_attn.${name}_proj.weight`, [hidden, hidden]])
    for (const name of ['gate', 'up']) tensors.push([`${at}.mlp.${name}_proj.weight`, [inner, hidden]])
    tensors.push([`${at}.mlp.down_proj.weight`, [hidden, inner]])
  }
  tensors.push(['model.norm.weight', [hidden]], ['lm_head.weight', [vocabulary, hidden]])
  const block = new Uint16Array(1 << 25)
  randomFillSync(block)
  // Sign and fraction stay random, the exponent makes numbers between 2^-6 and 2^-5.
  for (let i = 0; i < block.length; i++) block[i] = (block[i] & 0x807f) | 0x3c80
  const shards = [[]]
  let size = 0
  for (const [name, dims] of tensors) {
    const bytes = dims.reduce((a, b) => a * b, 2)
    if (size + bytes > shardBytes) {
      shards.push([])
      size = 0
    }
    shards.at(-1).push({ name, shape: dims, bytes })
    size += bytes
  }
  mkdirSync(checkpoint)
  const weightMap = {}
  let total = 0
  shards.forEach((shard, i) => {
    const pad = (n) => String(n).padStart(5, '0')
    const file = shards.length === 1 ? 'model.safetensors' : `model-${pad(i + 1)}-of-${pad(shards.length)}.safetensors`
    const header = { __metadata__: { format: 'pt' } }
    let end = 0
    for (const { name, shape, bytes } of shard) {
      header[name] = { dtype: 'BF16', shape, data_offsets: [end, end + bytes] }
      weightMap[name] = file
      end += bytes
    }
    const json = Buffer.from(JSON.stringify(header))
    const start = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ')
    start.writeBigUInt64LE(BigInt(start.length - 8))
    json.copy(start, 8)
    const handle = openSync(join(checkpoint, file), 'w')
    writeSync(handle, start)
    const data = Buffer.from(block.buffer)
    for (let left = end; left > 0; left -= data.length) writeSync(handle, data, 0, Math.min(left, data.length))
    closeSync(handle)
    total += end
  })
  if (shards.length > 1) {
    const index = { metadata: { total_size: total }, weight_map: weightMap }
    writeFileSync(join(checkpoint, 'model.safetensors.index.json'), JSON.stringify(index, null, 2))
  }
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: hidden / 128,
    vocab_size: vocabulary,
    tie_word_embeddings: false,
    torch_dtype: 'bfloat16',
  }
  writeFileSync(join(checkpoint, 'config.json'), JSON.stringify(config, null, 2))
  const path = statSync(base.path).isDirectory() ? join(base.path, 'tokenizer.json') : base.path
  writeFileSync(join(checkpoint, 'tokenizer.json'), readFileSync(path))
  spawnSync('sync')
  return total
}

/** null where it is absent, or the model and its copy of the embeddings would not fit into memory. */
function transformersVersion() {
  if (!peers.python || freeMemory() < bytes * 1.25) return null
  const script = 'import torch, safetensors, transformers; print(transformers.__version__)'
  const run = spawnSync(peers.python, ['-c', script], { encoding: 'utf8' })
  return run.status === 0 ? run.stdout.trim() : null
}

/** Bytes; os.freemem leaves out what the system only caches. */
function freeMemory() {
  const meminfo = existsSync('/proc/meminfo') ? readFileSync('/proc/meminfo', 'utf8') : ''
  const kib = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1]
  return kib === undefined ? freemem() : Number(kib) * 1024
}
