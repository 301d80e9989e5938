/** Extended checkpoints as their users load them: safetensors and numpy, transformers, FSDP under torchrun. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyInitMapToCheckpoint } from '../../src/checkpoint/apply'
import type { RowDtype } from '../../src/checkpoint/row-values'
import { extendTokenizer } from '../../src/extend/extend'
import { padTokenizer } from '../../src/extend/pad'
import { buildInitMap, type InitMap } from '../../src/init/init-map'
import { writeInitMap } from '../../src/init/init-map-file'
import type { InitMethod } from '../../src/init/methods'
import { segmentPiece } from '../../src/init/segment'
import { trainMerges } from '../../src/merges/train-merges'
import { createEncoder } from '../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { saveTokenizer } from '../../src/tokenizer/save'
import type { Tokenizer } from '../../src/tokenizer/types'
import { type ModelShape, writeModel } from '../checkpoint/model'
import { wordCounts } from '../extend/words'
import { koreanText, llama2Json } from '../support/fixtures'
import { findPython, runPython } from '../support/python'

const numpy = findPython(['safetensors', 'numpy'])
const transformers = findPython(['transformers', 'torch', 'safetensors'])
const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-checkpoint-'))
afterAll(() => rmSync(temporary, { recursive: true }))

let base: Tokenizer
let extended: Tokenizer
let paddingIds: number[]
const tokenizer = join(temporary, 'llama-2-ko')

/** What transformers wants to know of Llama-2's tokenizer. */
const tokenizerConfig = `${JSON.stringify({ tokenizer_class: 'LlamaTokenizer', bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>', add_bos_token: true })}\n`

beforeAll(async () => {
  base = readTokenizerJson(await llama2Json(), 'tokenizer.json', { 'tokenizer_config.json': tokenizerConfig })
  const text = (await koreanText()).slice(0, 200_000)
  const learned = trainMerges(base, wordCounts(base, text), { add: 300 })
  const padded = padTokenizer(extendTokenizer(base, learned), 64)
  extended = padded.tokenizer
  paddingIds = padded.paddingIds
  await saveTokenizer(extended, tokenizer)
})

function mapOf(inputMethod: InitMethod, outputMethod: InitMethod): InitMap {
  const encoder = createEncoder(base)
  const segment = (id: number) => [...segmentPiece(encoder, extended.pieces[id])]
  return buildInitMap({ base, extended, paddingIds, inputMethod, outputMethod, segment, seed: 5 })
}

/** A base model with Llama-2's vocabulary, and its extension. */
async function applied(name: string, shape: Partial<ModelShape>, input: InitMethod, output: InitMethod) {
  const folder = join(temporary, name)
  mkdirSync(folder)
  const checkpoint = join(folder, 'base')
  await saveTokenizer(base, checkpoint)
  writeModel(checkpoint, { rows: base.pieces.length, ...shape })
  const initMap = join(folder, 'init-map.safetensors')
  writeFileSync(initMap, writeInitMap(mapOf(input, output)))
  const out = join(folder, 'out')
  const result = await applyInitMapToCheckpoint({ checkpoint, initMap, tokenizer, out })
  return { checkpoint, initMap, out, result }
}

const kinds: [string, RowDtype, Partial<ModelShape>, InitMethod, InitMethod][] = [
  ['F32, one file', 'F32', {}, 'mean', 'first'],
  ['F32, three shards', 'F32', { shards: 3 }, 'weighted', 'mean'],
  ['BF16, two shards', 'BF16', { shards: 2 }, 'mean', 'weighted'],
  ['F16, tied', 'F16', { tied: true }, 'weighted', 'weighted'],
  ['F64, one file', 'F64', {}, 'mean', 'last'],
  ['BF16, padded base', 'BF16', { rows: 32_064 }, 'mean', 'mean'],
  ['F32, a dense map', 'F32', { shards: 2 }, 'mean_resizing', 'randn'],
]

describe.skipIf(!numpy.path)(`new rows are W · base in float64, rounded once, bit for bit (${numpy.reason})`, () => {
  it.each(kinds)('%s', async (name, dtype, shape, input, output) => {
    const folders = await applied(`numpy ${name}`, { dtype, ...shape }, input, output)
    const got = await runPython<Record<string, unknown>>(numpy.path!, CHECK_ROWS, folders)
    expect(got).toEqual({ rows: 32_320, wrong: [], padding: 20, others: true, unread: [] })
  })
})

describe.skipIf(!transformers.path)(`transformers (${transformers.reason})`, () => {
  const loaded = kinds.filter(([, dtype]) => dtype !== 'F64')

  it(`loads them, and the logits of base ids are the base's: ${loaded.map(([name]) => name).join('; ')}`, async () => {
    const texts = ['The quick brown fox', '설치하려면 창을 다시 로드하세요.']
    const folders = []
    for (const [name, dtype, shape, input, output] of loaded) {
      const { checkpoint, out } = await applied(`transformers ${name}`, { dtype, ...shape }, input, output)
      folders.push({ name, checkpoint, out })
    }
    const names = { F32: 'torch.float32', BF16: 'torch.bfloat16', F16: 'torch.float16', F64: 'torch.float64' }
    const wanted = loaded.map(([name, dtype, { tied = false }]) => ({
      name,
      missing: [],
      unexpected: [],
      mismatched: [],
      vocabulary: 32_320,
      ids: 32_320,
      rows: true,
      hidden: 0,
      logits: true,
      shorter: true,
      decoded: texts,
      tied,
      dtype: names[dtype],
    }))
    // One process for all: it takes Python longer to start than to load them.
    expect(await runPython(transformers.path!, CHECK_MODELS, { folders, texts })).toEqual(wanted)
    // Python starts, and reads six models.
  }, 300_000)

  it('two processes of torchrun load it, shard it with FSDP, and a step of training lowers the loss', async () => {
    const { out } = await applied('fsdp', { dtype: 'F32', shards: 2, layers: 2 }, 'mean', 'first')
    const script = join(temporary, 'fsdp.py')
    writeFileSync(script, FSDP_STEP)
    const query = { out, script, result: join(temporary, 'fsdp.json') }
    const got = await runPython<{ ranks: number; before: number; after: number; frozen: boolean }>(
      transformers.path!,
      RUN_TORCHRUN,
      query,
    )
    expect(got).toMatchObject({ ranks: 2, frozen: true })
    expect(got.after).toBeLessThan(got.before)
  })
})

/** Everything again in numpy, which has no bfloat16: those are their bits, and rounding is done here by bits too. */
const CHECK_ROWS = `
import json, struct, sys, math
import numpy as np
q = json.load(sys.stdin)
import glob, os
def load(folder):
    tensors = {}
    for path in sorted(glob.glob(os.path.join(folder, '*.safetensors'))):
        raw = open(path, 'rb').read()
        n = struct.unpack('<Q', raw[:8])[0]
        for name, t in json.loads(raw[8:8 + n]).items():
            if name == '__metadata__':
                continue
            a, b = t['data_offsets']
            kind = {'F32': '<f4', 'F64': '<f8', 'F16': '<f2', 'BF16': '<u2'}[t['dtype']]
            tensors[name] = (t['dtype'], np.frombuffer(raw[8 + n + a:8 + n + b], kind).reshape(t['shape']))
    return tensors
def wide(dtype, a):
    if dtype == 'BF16':
        return (a.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return a.astype(np.float64)
def narrow(dtype, x):
    if dtype != 'BF16':
        with np.errstate(over='raise'):
            return x.astype({'F32': '<f4', 'F64': '<f8', 'F16': '<f2'}[dtype])
    # Nearest bfloat16 of a float64: of the two around it the nearer, ties to the even bits.
    f = np.abs(x).astype(np.float32)
    f = np.where(f.astype(np.float64) > np.abs(x), np.nextafter(f, np.float32(0)), f)
    low = f.view(np.uint32) >> 16
    lo = (low << 16).astype(np.uint32).view(np.float32).astype(np.float64)
    hi = ((low + 1) << 16).astype(np.uint32).view(np.float32).astype(np.float64)
    a, b = np.abs(x) - lo, hi - np.abs(x)
    bits = np.where((b < a) | ((a == b) & (low % 2 == 1)), low + 1, low)
    return (bits | np.where(np.signbit(x), 0x8000, 0)).astype('<u2')
from safetensors import safe_open
with safe_open(q['initMap'], 'np') as f:
    meta = f.metadata()
    m = {k: f.get_tensor(k) for k in f.keys()}
base_rows = int(meta['base_rows'])
def philox(c, k):
    c, k = list(c), list(k)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xffffffff, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xffffffff]
        k = [(k[0] + 0x9E3779B9) & 0xffffffff, (k[1] + 0xBB67AE85) & 0xffffffff]
    return c
def normals(side, id, count):
    out = []
    for i in range(0, count, 4):
        u = [(w + 0.5) / 2**32 for w in philox([i // 4, id, 0, 0], [int(meta['seed']), 0 if side == 'input' else 1])]
        for a, b in ((u[0], u[1]), (u[2], u[3])):
            r = math.sqrt(-2 * math.log(a))
            out += [r * math.cos(2 * math.pi * b), r * math.sin(2 * math.pi * b)]
    return np.array(out[:count])
before, after = load(q['checkpoint']), load(q['out'])
rows_json = json.load(open(os.path.join(q['out'], 'rows.json')))
ids = lambda kind: [i for a, b in rows_json[kind] for i in range(a, b + 1)]
wrong, padding = [], 0
everything = sorted(ids('base') + ids('new') + ids('padding') + ids('unused'))
assert everything == list(range(rows_json['rows']))
assert ids('new') == m['new_ids'].tolist()
for name, side in (('model.embed_tokens.weight', 'input'), ('lm_head.weight', 'output')):
    if name not in before:
        continue
    dtype, old = before[name]
    _, new = after[name]
    assert new.shape == (rows_json['rows'], old.shape[1]), new.shape
    base = wide(dtype, old)
    kept = [i for i in ids('base') + ids('unused')]
    if new[kept].tobytes() != old[kept].tobytes():
        wrong.append([name, 'base'])
    mean = np.zeros(old.shape[1])
    for row in base[:base_rows]:
        mean = mean + row
    mean = mean / base_rows
    indptr, indices, weights = m[side + '.indptr'], m[side + '.indices'], m[side + '.weights'].astype(np.float64)
    for r, id in enumerate(m['new_ids'].tolist()):
        x = np.zeros(old.shape[1])
        for k in range(indptr[r], indptr[r + 1]):
            x = x + weights[k] * base[indices[k]]
        if side + '.mean' in m:
            x = x + np.float64(m[side + '.mean'][r]) * mean
        if side + '.noise' in m:
            # sin, cos and log of two libraries may differ in the last bit of a float64.
            x = x + np.float64(m[side + '.noise'][r]) * normals(side, id, old.shape[1])
            if dtype == 'F32' and np.allclose(wide(dtype, new[id]), x, rtol=1.3e-7, atol=0):
                continue
        if narrow(dtype, x).tobytes() != new[id].tobytes():
            wrong.append([name, id])
    for id in ids('padding'):
        padding = len(ids('padding'))
        if narrow(dtype, mean).tobytes() != new[id].tobytes():
            wrong.append([name, 'padding', id])
others = all(before[n][1].tobytes() == after[n][1].tobytes() and before[n][0] == after[n][0]
             for n in before if n not in ('model.embed_tokens.weight', 'lm_head.weight'))
unread = []
for path in glob.glob(os.path.join(q['out'], '*.safetensors')):
    with safe_open(path, 'np') as f:
        if f.metadata() != {'format': 'pt'}:
            unread.append(path)
index = os.path.join(q['out'], 'model.safetensors.index.json')
if os.path.exists(index):
    d = json.load(open(index))
    if d['metadata']['total_size'] != sum(a.nbytes for _, a in after.values()): unread.append('total_size')
    if d['metadata']['total_parameters'] != sum(a.size for _, a in after.values()): unread.append('total_parameters')
    for name, file in d['weight_map'].items():
        with safe_open(os.path.join(q['out'], file), 'np') as f:
            if name not in f.keys(): unread.append(name)
print(json.dumps({'rows': rows_json['rows'], 'wrong': wrong[:5], 'padding': padding, 'others': others, 'unread': unread}))
`

const CHECK_MODELS = `
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
q = json.load(sys.stdin)
n = 32000
def check(name, checkpoint, out):
    old = AutoModelForCausalLM.from_pretrained(checkpoint, dtype='auto')
    new, info = AutoModelForCausalLM.from_pretrained(out, dtype='auto', output_loading_info=True)
    old_tok, new_tok = AutoTokenizer.from_pretrained(checkpoint), AutoTokenizer.from_pretrained(out)
    rows = torch.equal(old.get_input_embeddings().weight[:n], new.get_input_embeddings().weight[:n])
    rows = rows and torch.equal(old.get_output_embeddings().weight[:n], new.get_output_embeddings().weight[:n])
    ids = new_tok(q['texts'][0], return_tensors='pt').input_ids
    assert old_tok(q['texts'][0]).input_ids == ids[0].tolist()
    before, after = old_tok(q['texts'][1]).input_ids, new_tok(q['texts'][1]).input_ids
    with torch.no_grad():
        a, b = old(ids, output_hidden_states=True), new(ids, output_hidden_states=True)
        assert torch.isfinite(new(torch.tensor([after])).logits).all() and max(after) >= n
    eps = torch.finfo(old.dtype).eps
    # The same sums, perhaps in another order, since the matrix has another shape.
    logits = torch.allclose(a.logits[..., :n].double(), b.logits[..., :n].double(), rtol=8 * eps, atol=8 * eps)
    return {
        'name': name, 'missing': sorted(info['missing_keys']), 'unexpected': sorted(info['unexpected_keys']),
        'mismatched': sorted(map(str, info['mismatched_keys'])), 'vocabulary': new.config.vocab_size,
        'ids': len(new_tok), 'rows': rows, 'logits': logits, 'shorter': len(after) < len(before),
        'hidden': max(float((x - y).abs().max()) for x, y in zip(a.hidden_states, b.hidden_states)),
        'decoded': [new_tok.decode(new_tok(t).input_ids, skip_special_tokens=True) for t in q['texts']],
        'tied': new.get_input_embeddings().weight is new.get_output_embeddings().weight, 'dtype': str(new.dtype)}
print(json.dumps([check(**folder) for folder in q['folders']]))
`

const RUN_TORCHRUN = `
import json, os, subprocess, sys
q = json.load(sys.stdin)
run = subprocess.run([sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node=2', q['script'], q['out'], q['result']],
                     capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''})
if run.returncode != 0:
    raise SystemExit(run.stderr[-6000:])
print(open(q['result']).read())
`

const FSDP_STEP = `
import json, os, sys, torch, torch.distributed as dist
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM, AutoTokenizer
dist.init_process_group('gloo')
rank = dist.get_rank()
torch.manual_seed(0)
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
tok = AutoTokenizer.from_pretrained(sys.argv[1])
mesh = torch.distributed.device_mesh.init_device_mesh('cpu', (2,))
for layer in model.model.layers:
    fully_shard(layer, mesh=mesh)
fully_shard(model, mesh=mesh)
# rows.json says which rows may learn.
facts = json.load(open(os.path.join(sys.argv[1], 'rows.json')))
learn = torch.zeros(facts['rows'], 1)
for a, b in facts['new']:
    learn[a:b + 1] = 1
embed = model.get_input_embeddings().weight
start = embed.full_tensor().detach().clone()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
ids = torch.tensor([tok(['창을 다시 로드하세요.', '설치하려면 다시 시작하세요.'][rank]).input_ids])
def loss_of():
    loss = model(ids, labels=ids).loss
    shared = loss.detach().clone()
    dist.all_reduce(shared)
    return loss, float(shared) / 2
loss, before = loss_of()
loss.backward()
local = embed.grad.to_local()
first = rank * ((facts['rows'] + 1) // 2)
local *= learn[first:first + local.shape[0]]
optimizer.step()
_, after = loss_of()
end = embed.full_tensor().detach()
moved = (end != start).any(dim=1)
frozen = bool(moved.any()) and not bool(moved[learn[:, 0] == 0].any())
if rank == 0:
    json.dump({'ranks': dist.get_world_size(), 'before': before, 'after': after, 'frozen': frozen}, open(sys.argv[2], 'w'))
dist.destroy_process_group()
`
