/** Init methods beside numpy and transformers, and the Python of docs/init-map.md beside the library. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readHiddenStates, readMatrices } from '../../src/cli/base-rows'
import { extendTokenizer } from '../../src/extend/extend'
import { applyInitMap } from '../../src/init/apply-init-map'
import { type CorpusStatistics, corpusStatistics } from '../../src/init/corpus-statistics'
import { buildInitMap, type InitMap } from '../../src/init/init-map'
import { writeInitMap } from '../../src/init/init-map-file'
import { type InitMethod, initMethods } from '../../src/init/methods'
import { baseLogits, newMass } from '../../src/init/new-mass'
import { segmentPiece } from '../../src/init/segment'
import { learnMerges } from '../../src/merges/learn'
import { scopeNamed } from '../../src/text/scope'
import { createEncoder } from '../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../src/tokenizer/types'
import { blocks, fileName } from '../docs/pages'
import { koreanText, llama2Json } from '../support/fixtures'
import { findPython, runPython } from '../support/python'

const python = findPython(['numpy', 'safetensors', 'torch', 'transformers'])
const methods = Object.keys(initMethods) as InitMethod[]

describe.skipIf(!python.path)(`init methods (${python.reason})`, () => {
  const run = <T>(script: string, input: unknown) => runPython<T>(python.path ?? '', script, input)
  let folder: string
  let base: Tokenizer
  let extended: Tokenizer
  let corpus: CorpusStatistics
  let encoder: ReturnType<typeof createEncoder>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-init-'))
    const text = await koreanText()
    writeFileSync(join(folder, 'ko.txt'), text)
    writeFileSync(join(folder, 'tokenizer.json'), await llama2Json())
    base = readTokenizerJson(await llama2Json(), 'tokenizer.json')
    const file = { path: join(folder, 'ko.txt'), size: Buffer.byteLength(text), compression: 'none' as const }
    extended = extendTokenizer(
      base,
      await learnMerges(base, [{ name: 'ko', files: [file] }], { add: 300, scope: scopeNamed('hangul') }),
    )
    corpus = await corpusStatistics(text.split('\n').slice(0, 4000), { base, extended, contexts: true })
    encoder = createEncoder(base)
    const page = readFileSync(new URL('../../docs/init-map.md', import.meta.url), 'utf8')
    for (const block of blocks(page)) {
      const name = fileName(block)
      if (name?.endsWith('.py')) writeFileSync(join(folder, name), block.code)
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const build = (method: InitMethod, k?: number): InitMap =>
    buildInitMap({
      base,
      extended,
      segment: (id) => Array.from(segmentPiece(encoder, extended.pieces[id])),
      inputMethod: method,
      outputMethod: method,
      corpus,
      k,
      seed: 2 ** 31 + 5,
    })

  it("the page's Python makes the rows of every method", async () => {
    const dim = 6
    const matrix = Float32Array.from({ length: base.pieces.length * dim }, (_, i) => Math.fround(Math.sin(i * 12.9898)))
    const maps = methods.map((method) => {
      const map = build(method)
      writeFileSync(join(folder, `${method}.safetensors`), writeInitMap(map))
      const rows = (side: 'input' | 'output') => [...applyInitMap(map, matrix, dim, side)]
      return { method, input: rows('input'), output: rows('output') }
    })
    writeFileSync(join(folder, 'matrix.bin'), new Uint8Array(matrix.buffer))
    const script = `
import json, sys, numpy as np
folder, dim, maps = json.load(sys.stdin)
sys.path.insert(0, folder)
from grow import grow, load
base = np.fromfile(folder + '/matrix.bin', dtype=np.float32).reshape(-1, dim)
off = {}
for m in maps:
    path = folder + '/' + m['method'] + '.safetensors'
    ids = load(path)[1]['new_ids']
    for side in ['input', 'output']:
        ours = np.array(m[side], dtype=np.float32).reshape(-1, dim)
        theirs = grow(path, base, side, len(base) + len(ids))
        assert (theirs[: len(base)] == base).all()
        off[m['method'] + ' ' + side] = float(np.abs(theirs[ids] - ours).max())
print(json.dumps(off))`
    const off = await run<Record<string, number>>(script, [folder, dim, maps])
    expect(Object.keys(off)).toHaveLength(methods.length * 2)
    for (const [name, value] of Object.entries(off))
      expect({ name, small: value < 2e-7 }).toEqual({ name, small: true })
  })

  it('focus and omp: cosine and sparsemax, and pursuit by least squares, as numpy does them', async () => {
    const { vectors } = corpus
    if (!vectors) throw new Error('no vectors')
    const shown = (map: InitMap) =>
      Array.from(map.newIds, (id, r) => {
        const range = [map.input.indptr[r], map.input.indptr[r + 1]]
        return {
          id,
          ids: [...map.input.indices.subarray(...range)],
          weights: [...map.input.weights.subarray(...range)],
        }
      })
    const script = `
import json, sys, numpy as np
v, kinds, focus, omp, k = json.load(sys.stdin)
X = np.zeros((len(v['ids']), v['dim']))
for r in range(len(v['ids'])):
    s = slice(v['indptr'][r], v['indptr'][r + 1])
    X[r, v['contexts'][s]] = v['values'][s]
row = {id: r for r, id in enumerate(v['ids'])}
atoms = np.array([id for id in v['ids'] if id < len(kinds) and kinds[id] == 1])
D = X[[row[id] for id in atoms]]
def sparsemax(z):
    z = np.sort(z)[::-1]
    c = np.cumsum(z)
    j = np.arange(1, len(z) + 1)
    n = j[1 + j * z > c].max()
    return (c[n - 1] - 1) / n
def pursue(t, k):
    taken, rest = [], t
    for _ in range(k):
        p = np.abs(D @ rest); p[taken] = -1
        taken.append(int(p.argmax()))
        x = np.linalg.lstsq(D[taken].T, t, rcond=None)[0]
        rest = t - D[taken].T @ x
    return dict(zip(atoms[taken].tolist(), x.tolist())), float(np.linalg.norm(rest))
def gap(ours, theirs):
    ids = set(ours) | set(theirs)
    return max(abs(ours.get(i, 0) - theirs.get(i, 0)) for i in ids)
worst, compared, residual = {'focus': 0, 'omp': 0}, 0, []
for f, o in zip(focus, omp):
    if f['id'] not in row: continue
    compared += 1
    t = X[row[f['id']]]
    z = D @ t
    w = np.maximum(0, z - sparsemax(z))
    worst['focus'] = max(worst['focus'], gap(dict(zip(f['ids'], f['weights'])), {int(a): float(x) for a, x in zip(atoms, w) if x > 0}))
    theirs, rest = pursue(t, k)
    ours = dict(zip(o['ids'], o['weights']))
    left = t - sum(x * X[row[i]] for i, x in ours.items())
    residual.append(float(np.linalg.norm(left)) - rest)
    worst['omp'] = max(worst['omp'], gap(ours, theirs))
print(json.dumps({'compared': compared, 'atoms': len(atoms), 'worst': worst, 'residual': max(residual)}))`
    const plain = Object.fromEntries(
      Object.entries(vectors).map(([key, value]) => [key, typeof value === 'number' ? value : [...value]]),
    )
    const result = await run<{ compared: number; atoms: number; worst: Record<string, number>; residual: number }>(
      script,
      [plain, [...base.kinds], shown(build('focus')), shown(build('omp', 5)), 5],
    )
    expect(result.compared).toBeGreaterThan(200)
    expect(result.atoms).toBeGreaterThan(100)
    // Weights are float32, and so are the vectors and the Gram matrix.
    expect(result.worst.focus).toBeLessThan(1e-6)
    expect(result.worst.omp).toBeLessThan(1e-4)
    expect(result.residual).toBeLessThan(1e-6)
  })

  it('mean_resizing: the moments of what resize_token_embeddings draws', async () => {
    const script = `
import json, sys, torch
from transformers import LlamaConfig, LlamaForCausalLM
torch.manual_seed(1)
dim, rows, new = 4, 300, 20000
model = LlamaForCausalLM(LlamaConfig(vocab_size=rows, hidden_size=dim, intermediate_size=4, num_hidden_layers=1, num_attention_heads=1))
mix = torch.tensor([[20., 3, 0, 1], [0, 8, -4, 0], [0, 0, 5, 2], [0, 0, 0, 3]])
with torch.no_grad():
    model.model.embed_tokens.weight.copy_(torch.randn(rows, dim) @ mix)
base = model.model.embed_tokens.weight.detach().clone()
model.resize_token_embeddings(rows + new, mean_resizing=True)
theirs = model.model.embed_tokens.weight.detach()[rows:].double()
noise = theirs - base.double().mean(0)
print(json.dumps({'base': base.flatten().tolist(), 'mean': theirs.mean(0).tolist(), 'covariance': (noise.T @ noise / new).tolist()}))`
    const theirs = await run<{ base: number[]; mean: number[]; covariance: number[][] }>(script, null)
    const [dim, rows, count] = [4, 300, 20_000]
    const pieces = Array.from({ length: rows }, (_, i) => `b${i}`)
    const tokenizer = (names: string[]) => ({
      ...base,
      pieces: names,
      kinds: new Uint8Array(names.length).fill(1),
      sha256: 'x',
    })
    const map = buildInitMap({
      base: tokenizer(pieces),
      extended: tokenizer([...pieces, ...Array.from({ length: count }, (_, i) => `n${i}`)]),
      segment: () => [0],
      inputMethod: 'mean_resizing',
      outputMethod: 'mean',
      seed: 1,
    })
    const ours = applyInitMap(map, Float32Array.from(theirs.base), dim, 'input')
    const mean = Array.from(
      { length: dim },
      (_, d) => theirs.base.reduce((sum, x, i) => sum + (i % dim === d ? x : 0), 0) / rows,
    )
    for (let a = 0; a < dim; a++) {
      expect(Math.abs(mean[a] - theirs.mean[a])).toBeLessThan(1e-4)
      for (let b = 0; b < dim; b++) {
        let sum = 0
        for (let r = 0; r < count; r++) sum += (ours[r * dim + a] - mean[a]) * (ours[r * dim + b] - mean[b])
        const scale = Math.sqrt(theirs.covariance[a][a] * theirs.covariance[b][b])
        expect(Math.abs(sum / count - theirs.covariance[a][b]) / scale).toBeLessThan(0.05)
      }
    }
  })

  it("the page's hidden states give the mass of new ids that transformers gives", async () => {
    const model = join(folder, 'model')
    const make = `
import json, sys, torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
folder, out = json.load(sys.stdin)
torch.manual_seed(2)
model = LlamaForCausalLM(LlamaConfig(vocab_size=32000, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2))
with torch.no_grad():
    model.lm_head.weight.normal_(-0.1, 0.6)
model.save_pretrained(out)
PreTrainedTokenizerFast(tokenizer_file=folder + '/tokenizer.json', bos_token='<s>', eos_token='</s>').save_pretrained(out)
print('null')`
    await run(make, [folder, model])
    const maps = (['mean', 'mean_resizing', 'zero', 'randn'] as const).map((method) => {
      const map = build(method)
      writeFileSync(join(folder, `${method}.safetensors`), writeInitMap(map))
      return { method, map }
    })
    const script = `
import json, runpy, sys, torch
folder, model_folder, methods = json.load(sys.stdin)
sys.path.insert(0, folder)
sys.argv = ['hidden.py', model_folder, folder + '/ko.txt', folder + '/hidden.safetensors']
runpy.run_path(folder + '/hidden.py')
from grow import grow, load
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(model_folder)
model = AutoModelForCausalLM.from_pretrained(model_folder)
base = model.lm_head.weight.detach().numpy()
result = {}
for method in methods:
    path = folder + '/' + method + '.safetensors'
    ids = torch.tensor(load(path)[1]['new_ids'].astype('int64'))
    head = torch.tensor(grow(path, base, 'output', 32000 + len(ids)))
    model.lm_head = torch.nn.Linear(16, len(head), bias=False)
    with torch.no_grad():
        model.lm_head.weight.copy_(head)
        logits = [model(**tokenizer(line, return_tensors='pt', truncation=True, max_length=64)).logits[0] for line in open(folder + '/ko.txt', encoding='utf-8').read().splitlines()[:16]]
    logits = torch.cat(logits)[:512].double()
    mass = torch.exp(torch.logsumexp(logits[:, ids], 1) - torch.logsumexp(logits, 1))
    result[method] = [len(mass), float(mass.mean()), float(mass.max()), float(-torch.log2(1 - mass).mean())]
print(json.dumps(result))`
    const theirs = await run<Record<string, number[]>>(script, [folder, model, maps.map(({ method }) => method)])
    const hidden = await readHiddenStates(join(folder, 'hidden.safetensors'))
    const { output, tied } = await readMatrices(model, base.pieces.length)
    expect([tied, hidden.dim]).toEqual([false, 16])
    const logits = baseLogits(output, base.pieces.length, hidden)
    for (const { method, map } of maps) {
      const { states, mean, most, bits } = newMass(map, logits)
      expect(states).toBe(theirs[method][0])
      for (const [i, value] of [mean, most, bits].entries()) {
        expect(value / theirs[method][i + 1]).toBeCloseTo(1, 3)
      }
    }
  })
})
