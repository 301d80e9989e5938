import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { applyInitMap } from '../../src/init/apply-init-map'
import { buildInitMap, type InitMap, type InitMapOptions } from '../../src/init/init-map'
import { readInitMap, writeInitMap } from '../../src/init/init-map-file'
import { formatInitMap } from '../../src/init/init-map-json'
import type { InitMethod } from '../../src/init/methods'
import { normals } from '../../src/init/philox'
import { decodeSafeTensors, encodeSafeTensors, type SafeTensors } from '../../src/init/safetensors'
import { findPython, runPython } from '../support/python'
import { tokenizerOf } from './tokenizer-of'

const basePieces = ['<unk>', '<0xEB>', '<0x85>', '<0x95>', '▁', '안', '하', '세요']
const base = tokenizerOf(basePieces, 'sentencepiece', 'b'.repeat(64))
const extended = tokenizerOf([...basePieces, '녕', '▁안녕', '하하세요', '▁안하'], 'sentencepiece', 'e'.repeat(64))
const segments: Record<number, number[]> = { 8: [1, 2, 3], 9: [4, 5, 1, 2, 3], 10: [6, 6, 7], 11: [4, 5, 6] }
const build = (inputMethod: InitMethod, outputMethod: InitMethod, more: Partial<InitMapOptions> = {}) =>
  buildInitMap({ base, extended, segment: (id) => segments[id], inputMethod, outputMethod, ...more })

const rowsOf = (map: InitMap, side: 'input' | 'output') =>
  Array.from(map.newIds, (_, row) => {
    const { indptr, indices, weights } = map[side]
    const range = Array.from({ length: indptr[row + 1] - indptr[row] }, (_, i) => indptr[row] + i)
    return range.map((k) => [indices[k], weights[k]])
  })
const f = Math.fround

test("EEVE's recipe: the mean for input rows, the first token for output rows", () => {
  const map = build('mean', 'first')
  expect([...map.newIds]).toEqual([8, 9, 10, 11])
  expect(rowsOf(map, 'input')).toEqual([
    [
      [1, f(1 / 3)],
      [2, f(1 / 3)],
      [3, f(1 / 3)],
    ],
    [
      [1, f(0.2)],
      [2, f(0.2)],
      [3, f(0.2)],
      [4, f(0.2)],
      [5, f(0.2)],
    ],
    [
      [6, f(2 / 3)],
      [7, f(1 / 3)],
    ],
    [
      [4, f(1 / 3)],
      [5, f(1 / 3)],
      [6, f(1 / 3)],
    ],
  ])
  expect(rowsOf(map, 'output')).toEqual([[[1, 1]], [[4, 1]], [[6, 1]], [[4, 1]]])
})

test('last, and by the bytes that each token spells', () => {
  const map = build('last', 'weighted')
  expect(rowsOf(map, 'input')).toEqual([[[3, 1]], [[3, 1]], [[7, 1]], [[6, 1]]])
  // 하하세요: 3 + 3 + 6 bytes. ▁안하: the space 1, then 3 and 3.
  expect(rowsOf(map, 'output')[2]).toEqual([
    [6, 0.5],
    [7, 0.5],
  ])
  expect(rowsOf(map, 'output')[3]).toEqual([
    [4, f(1 / 7)],
    [5, f(3 / 7)],
    [6, f(3 / 7)],
  ])
  expect(rowsOf(map, 'output')[0]).toEqual([
    [1, f(1 / 3)],
    [2, f(1 / 3)],
    [3, f(1 / 3)],
  ])
})

test('byte-level form: a character of a piece is a byte', () => {
  const pieces = ['ì', 'ķĪ', 'ëħķ']
  const byteBase = tokenizerOf(pieces, 'byte-level', 'b')
  const byteExtended = tokenizerOf([...pieces, 'ìķĪëħķ'], 'byte-level', 'e')
  const options = { base: byteBase, extended: byteExtended, segment: () => [0, 1, 2] }
  const map = buildInitMap({ ...options, inputMethod: 'weighted', outputMethod: 'mean' })
  expect(rowsOf(map, 'input')).toEqual([
    [
      [0, f(1 / 6)],
      [1, f(2 / 6)],
      [2, f(3 / 6)],
    ],
  ])
})

test('padding is listed, not mapped; holes and chosen ids', () => {
  expect(build('mean', 'mean', { padToMultiple: 8 }).paddingIds).toEqual([12, 13, 14, 15])
  expect(build('mean', 'mean', { padToMultiple: 4 }).paddingIds).toEqual([])
  const named = build('mean', 'mean', { paddingIds: [11, 10] })
  expect(named.paddingIds).toEqual([10, 11])
  expect([...named.newIds]).toEqual([8, 9])
  expect([...build('mean', 'mean', { newIds: [11, 8] }).newIds]).toEqual([8, 11])
  const holed = tokenizerOf([...basePieces, '녕', '', '하하세요'], 'sentencepiece', 'e')
  expect([...build('mean', 'mean', { extended: holed }).newIds]).toEqual([8, 10])
})

test.each<[string, Partial<InitMapOptions>, string]>([
  ['an id of the base', { newIds: [7] }, 'id 7 is not a new one: the base has ids 0 to 7'],
  ['an id twice', { newIds: [8, 8] }, 'id 8 stands twice'],
  ['an id that is also padding', { newIds: [8], paddingIds: [8] }, 'id 8 stands twice'],
  ['an id beyond the vocabulary', { newIds: [12] }, 'id 12 is not in the extended tokenizer of 12 ids'],
  ['a multiple of 0', { padToMultiple: 0 }, 'padToMultiple must be'],
  ['no tokens', { segment: () => [] }, 'new id 8 ("녕"): the base gives no tokens'],
  ['a token that is new itself', { segment: () => [5, 8] }, 'new id 8 ("녕"): segmented into 8'],
  ['a method that lacks its corpus', { inputMethod: 'align' }, 'the init method align needs a corpus'],
  ['no base rows to take', { k: 0 }, 'k must be a whole number above 0, not 0'],
  ['a seed that is none', { seed: -1 }, 'seed must be a whole number from 0 to 4294967295, not -1'],
  ['a method that is none', { inputMethod: 'median' as InitMethod }, 'no init method median'],
  ['a method out of the prototype', { outputMethod: 'toString' as InitMethod }, 'no init method toString'],
])('%s is refused', (_, options, message) => {
  expect(() => build('mean', 'mean', options)).toThrow(message)
})

test.each<[InitMethod, InitMethod, string]>([
  ['mean', 'first', 'ac61fd4c3fec9464fe105017383a815fa2fda99f0b99d8a7ea688d954cbc6010'],
  ['last', 'weighted', 'a87f92823a02543a2b098eda81b3a3a0ed67f9880172552bfb660bd9f4261496'],
])('%s and %s give the bytes that version 0.1 gave', (input, output, sha256) => {
  const file = writeInitMap(build(input, output, { padToMultiple: 8, seed: 3 }))
  expect(createHash('sha256').update(file).digest('hex')).toBe(sha256)
})

describe('format version 2', () => {
  const map = build('mean_resizing', 'randn', { seed: 9 })
  const file = () => decodeSafeTensors(writeInitMap(map), 'x')

  test('carries the weight of the mean and the noise, and comes back', () => {
    const { tensors, metadata } = file()
    expect(metadata).toMatchObject({ format_version: '2', output_noise: 'gaussian-philox4x32-10', seed: '9' })
    expect(Object.keys(tensors)).toEqual(expect.arrayContaining(['input.mean', 'output.noise']))
    expect(tensors['input.noise']).toBeUndefined()
    expect(tensors['output.noise'].data).toEqual(new Float32Array(4).fill(0.02))
    expect(readInitMap(writeInitMap(map), 'x')).toEqual(map)
    const [line] = JSON.parse([...formatInitMap(map, String)].join(''))
    expect(line).toMatchObject({ output: [], output_noise: 0.02 })
    expect(line.input_mean).toBeCloseTo(1, 3)
    expect(line.input_noise).toBeUndefined()
  })

  test('is written only where a row needs it', () => {
    expect(decodeSafeTensors(writeInitMap(build('zero', 'jamo')), 'x').metadata.format_version).toBe('1')
  })

  test.each<[string, (x: SafeTensors) => void, string, string]>([
    ['an unknown tensor', (x) => (x.tensors['input.scale'] = x.tensors['input.mean']), 'unsupported', 'input.scale'],
    ['format 1', (x) => (x.metadata.format_version = '1'), 'unsupported', 'which format 1 does not know'],
    ['another noise', (x) => (x.metadata.output_noise = 'cauchy'), 'unsupported', 'noise of the kind cauchy'],
    ['noise of no kind', (x) => delete x.metadata.output_noise, 'unsupported', 'noise of the kind undefined'],
    ['too few values', (x) => (x.tensors['input.mean'] = { ...f32(3) }), 'bad-file', 'not F32 [4]'],
    ['another dtype', (x) => (x.tensors['input.mean'] = x.tensors.new_ids), 'bad-file', 'input.mean is I32 [4]'],
    ['a mean that is no number', (x) => (dense(x, 'input.mean')[2] = Number.NaN), 'bad-file', 'row 2 is NaN'],
    ['negative noise', (x) => (dense(x, 'output.noise')[1] = -1), 'bad-file', 'row 1: -1 is no standard deviation'],
  ])('%s is refused', (_, change, code, message) => {
    const changed = file()
    change(changed)
    const read = () => readInitMap(encodeSafeTensors(changed), 'map.safetensors')
    expect(read).toThrow(message)
    expect(read).toThrow(expect.objectContaining({ code }))
  })

  const f32 = (length: number) => ({ dtype: 'F32' as const, shape: [length], data: new Float32Array(length) })
  const dense = (x: SafeTensors, name: string) => x.tensors[name].data as Float32Array

  test('applyInitMap adds the mean of the base rows, and the noise', () => {
    const dim = 6
    const matrix = Float32Array.from({ length: basePieces.length * dim }, (_, i) => Math.sin(i))
    const input = applyInitMap(map, matrix, dim, 'input')
    const output = applyInitMap(map, matrix, dim, 'output')
    for (let row = 0; row < 4; row++) {
      const noise = normals({ seed: 9, side: 'output', id: 8 + row, stream: 0 }, dim)
      for (let d = 0; d < dim; d++) {
        let mean = 0
        for (let id = 0; id < 8; id++) mean += matrix[id * dim + d] / 8
        const sparse = rowsOf(map, 'input')[row].reduce((sum, [id, w]) => sum + w * matrix[id * dim + d], 0)
        expect(input[row * dim + d]).toBeCloseTo((map.input.mean?.[row] ?? 0) * mean + sparse, 6)
        expect(output[row * dim + d]).toBeCloseTo(0.02 * noise[d], 8)
      }
    }
  })
})

const methods = fc.constantFrom<InitMethod>('mean', 'first', 'last', 'weighted')
const segmentation = fc.array(fc.nat(basePieces.length - 1), { minLength: 1, maxLength: 12 })

test('any segmentation: rows sum to 1, base ids rise, the file gives the map back', () => {
  fc.assert(
    fc.property(
      fc.tuple(segmentation, segmentation, segmentation, segmentation),
      methods,
      methods,
      fc.nat(),
      (lists, a, b, seed) => {
        const map = build(a, b, { segment: (id) => lists[id - 8], seed, padToMultiple: 64 })
        for (const side of ['input', 'output'] as const) {
          for (const [row, entries] of rowsOf(map, side).entries()) {
            expect(entries.reduce((sum, [, weight]) => sum + weight, 0)).toBeCloseTo(1, 6)
            expect(entries.every(([id], i) => i === 0 || id > entries[i - 1][0])).toBe(true)
            expect(entries.every(([id, weight]) => lists[row].includes(id) && weight > 0)).toBe(true)
          }
        }
        expect(readInitMap(writeInitMap(map), 'x')).toEqual(map)
      },
    ),
    { numRuns: 300 },
  )
})

test('applyInitMap is W · base', () => {
  const map = build('mean', 'first')
  const dim = 3
  const matrix = Float32Array.from({ length: basePieces.length * dim }, (_, i) => i * i)
  const row = (id: number) => [...matrix.subarray(id * dim, (id + 1) * dim)]
  const input = applyInitMap(map, matrix, dim, 'input')
  for (let d = 0; d < dim; d++) expect(input[2 * dim + d]).toBeCloseTo((2 * row(6)[d] + row(7)[d]) / 3, 3)
  expect([...applyInitMap(map, matrix, dim, 'output')]).toEqual([...row(1), ...row(4), ...row(6), ...row(4)])
  // A checkpoint may have more rows than the tokenizer has ids; not fewer.
  expect(applyInitMap(map, Float32Array.of(...matrix, 9, 9, 9), dim, 'input')).toEqual(input)
  expect(() => applyInitMap(map, matrix.subarray(dim), dim, 'input')).toThrow(/8 base rows of 3 values/)
})

test('the file for people', () => {
  const map = build('mean', 'first', { newIds: [8, 10] })
  const text = [...formatInitMap(map, (id) => extended.pieces[id])].join('')
  expect(text).toBe(
    `[
{"piece": "녕", "id": 8, "input": [["<0xEB>", 1, 0.33333334], ["<0x85>", 2, 0.33333334], ["<0x95>", 3, 0.33333334]], "output": [["<0xEB>", 1, 1]]},
{"piece": "하하세요", "id": 10, "input": [["하", 6, 0.6666667], ["세요", 7, 0.33333334]], "output": [["하", 6, 1]]}
]
`,
  )
  expect(JSON.parse(text)).toHaveLength(2)
  expect([...formatInitMap(build('mean', 'mean', { newIds: [] }), String)].join('')).toBe('[]\n')
  fc.assert(
    fc.property(
      fc.float({ noNaN: true, noDefaultInfinity: true }).filter((w) => !Object.is(w, -0)),
      (weight) => {
        const one = build('first', 'first', { newIds: [8] })
        one.input.weights[0] = weight
        const [{ input }] = JSON.parse([...formatInitMap(one, String)].join(''))
        expect(Math.fround(input[0][2])).toBe(weight)
      },
    ),
  )
})

describe('files that break their promises are refused', () => {
  type Change = (file: SafeTensors) => void
  const map = build('mean', 'first')
  const int = (file: SafeTensors, name: string) => file.tensors[name].data as Int32Array
  test.each<[string, Change, string]>([
    ['another kind of file', (x) => delete x.metadata.format, 'is no init map'],
    ['no seed', (x) => delete x.metadata.seed, 'metadata has no seed'],
    ['rows that are no number', (x) => (x.metadata.base_rows = '8.5'), 'base_rows is 8.5'],
    ['another number of rows', (x) => (x.metadata.new_rows = '3'), 'new_ids has 4 values'],
    ['padding that is no list', (x) => (x.metadata.padding_ids = '{'), 'no list of ids'],
    ['another number of padding ids', (x) => (x.metadata.padding_ids = '[12]'), 'padding_ids has 1 ids'],
    ['a tensor that is missing', (x) => delete x.tensors['output.indptr'], 'no tensor output.indptr'],
    [
      'a dtype that is another',
      (x) => (x.tensors['input.weights'] = x.tensors.new_ids),
      'no tensor input.weights of F32',
    ],
    ['a base id as new id', (x) => (int(x, 'new_ids')[0] = 3), 'new_ids: 3 is an id of the base'],
    ['new ids that fall', (x) => (int(x, 'new_ids')[0] = 10), 'new_ids: 10, 9 do not rise'],
    ['indptr that falls', (x) => (int(x, 'input.indptr')[1] = 9), 'input.indptr falls at row 1'],
    ['indptr that ends early', (x) => (int(x, 'input.indptr')[4] = 9), 'input.indptr runs from 0 to 9'],
    ['an index out of range', (x) => (int(x, 'input.indices')[2] = 8), 'input row 0: 8 is no base id (0 to 7)'],
    ['indices that fall', (x) => (int(x, 'input.indices')[1] = 1), 'input row 0: base ids 1, 1 do not rise'],
    [
      'a weight that is no number',
      (x) => ((x.tensors['output.weights'].data as Float32Array)[3] = Number.NaN),
      'output row 3: the weight of 4 is NaN',
    ],
  ])('%s', (_, change, message) => {
    const file = decodeSafeTensors(writeInitMap(map), 'x')
    change(file)
    expect(() => readInitMap(encodeSafeTensors(file), 'map.safetensors')).toThrow(`map.safetensors: `)
    expect(() => readInitMap(encodeSafeTensors(file), 'map.safetensors')).toThrow(message)
  })

  test('a later format', () => {
    const file = decodeSafeTensors(writeInitMap(map), 'x')
    file.metadata.format_version = '3'
    expect(() => readInitMap(encodeSafeTensors(file), 'x')).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })
})

const python = findPython(['safetensors', 'numpy', 'scipy'])
describe.skipIf(!python.path)(`safetensors and scipy (${python.reason})`, () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ko-vocab-init-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('read the map, and their W · base is ours', async () => {
    const lists = fc.sample(segmentation, { numRuns: 500, seed: 1 })
    const pieces = [...basePieces, ...lists.map((_, i) => `새${i}`)]
    const map = buildInitMap({
      base,
      extended: tokenizerOf(pieces, 'sentencepiece', 'e'.repeat(64)),
      segment: (id) => lists[id - 8],
      inputMethod: 'weighted',
      outputMethod: 'mean',
      padToMultiple: 64,
      seed: 7,
    })
    await writeFile(join(folder, 'map.safetensors'), writeInitMap(map))
    const dim = 16
    const matrix = Float32Array.from({ length: basePieces.length * dim }, (_, i) => Math.sin(i * 12.9898))
    const sides = (['input', 'output'] as const).map((side) => ({
      side,
      rows: [...applyInitMap(map, matrix, dim, side)],
    }))
    const script = `
import json, sys, numpy as np
from safetensors import safe_open
from scipy.sparse import csr_matrix
path, base, dim, sides = json.load(sys.stdin)
base = np.array(base, dtype=np.float32).reshape(-1, dim)
with safe_open(path, 'np') as f:
    meta = f.metadata()
    t = {k: f.get_tensor(k) for k in f.keys()}
off = {}
for s in sides:
    n = s['side']
    w = csr_matrix((t[n + '.weights'], t[n + '.indices'], t[n + '.indptr']), shape=(len(t['new_ids']), int(meta['base_rows'])))
    w.check_format(full_check=True)
    ours = np.array(s['rows'], dtype=np.float32).reshape(-1, dim)
    off[n] = float(np.abs(w.astype(np.float64) @ base.astype(np.float64) - ours).max())
print(json.dumps({'meta': meta, 'types': {k: str(v.dtype) for k, v in sorted(t.items())}, 'new_ids': t['new_ids'].tolist(), 'off': off}))`
    const theirs = await runPython(python.path ?? '', script, [
      join(folder, 'map.safetensors'),
      [...matrix],
      dim,
      sides,
    ])
    expect(theirs).toMatchObject({
      meta: {
        format: 'ko-vocab-init-map',
        format_version: '1',
        base_sha256: 'b'.repeat(64),
        extended_sha256: 'e'.repeat(64),
        input_method: 'weighted',
        output_method: 'mean',
        base_rows: '8',
        new_rows: '500',
        padding_rows: '4',
        padding_ids: '[508,509,510,511]',
        seed: '7',
      },
      types: {
        'input.indices': 'int32',
        'input.indptr': 'int32',
        'input.weights': 'float32',
        new_ids: 'int32',
        'output.indices': 'int32',
        'output.indptr': 'int32',
        'output.weights': 'float32',
      },
      new_ids: [...map.newIds],
    })
    // One float32 rounding of values up to 1.
    const { off } = theirs as { off: Record<string, number> }
    expect(off.input).toBeLessThan(1e-7)
    expect(off.output).toBeLessThan(1e-7)
  })

  it('write what we read', async () => {
    const path = join(folder, 'theirs.safetensors')
    const script = `
import json, sys, numpy as np
from safetensors.numpy import save_file
save_file({'a': np.arange(3, dtype=np.int32), 'b': np.array([[0.5], [1e-9]], dtype=np.float32), 'c': np.array([2**62], dtype=np.int64), 'd': np.array(0.1)}, json.load(sys.stdin), {'한': '글'})
print('null')`
    await runPython(python.path ?? '', script, path)
    const file = new Uint8Array(await readFile(path))
    const { tensors, metadata } = decodeSafeTensors(file, path)
    expect(tensors).toEqual({
      a: { dtype: 'I32', shape: [3], data: Int32Array.of(0, 1, 2) },
      b: { dtype: 'F32', shape: [2, 1], data: Float32Array.of(0.5, 1e-9) },
      c: { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 62n) },
      d: { dtype: 'F64', shape: [], data: Float64Array.of(0.1) },
    })
    expect(metadata).toEqual({ 한: '글' })
    // And byte for byte what the reference implementation wrote.
    expect(Buffer.compare(encodeSafeTensors({ tensors, metadata }), file)).toBe(0)
  })
})
