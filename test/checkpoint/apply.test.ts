import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ApplyInitMapOptions, applyInitMapToCheckpoint } from '../../src/checkpoint/apply'
import { isKoVocabError, type KoVocabError } from '../../src/errors'
import type { SparseRows } from '../../src/init/init-map'
import { loadTokenizer } from '../../src/tokenizer/load'
import { saveTokenizer } from '../../src/tokenizer/save'
import { smallSentencePiece } from '../merges/small'
import {
  layOut,
  llamaTensors,
  type NamedTensor,
  randomValues,
  safetensorsOf,
  smallExtension,
  writeModel,
} from './model'
import { type ReadTensor, readModel, rowOf } from './read-model'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-apply-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const INPUT = 'model.embed_tokens.weight'
const OUTPUT = 'lm_head.weight'

/** W · base in the plainest way. */
function rowsOf({ indptr, indices, weights }: SparseRows, old: ReadTensor): number[][] {
  return Array.from({ length: indptr.length - 1 }, (_, row) => {
    const sum = Array<number>(old.shape[1]).fill(0)
    for (let k = indptr[row]; k < indptr[row + 1]; k++) {
      rowOf(old, indices[k]).forEach((value, c) => {
        sum[c] += weights[k] * value
      })
    }
    return sum
  })
}

function meanOf(old: ReadTensor, count: number): number[] {
  const sum = Array<number>(old.shape[1]).fill(0)
  for (let row = 0; row < count; row++) {
    rowOf(old, row).forEach((value, c) => {
      sum[c] += value
    })
  }
  return sum.map((value) => value / count)
}

const bytesOf = (path: string) => readFileSync(path).toString('base64')
const text = (...path: string[]) => readFileSync(join(...path), 'utf8')

async function failure(options: ApplyInitMapOptions): Promise<KoVocabError> {
  try {
    await applyInitMapToCheckpoint(options)
  } catch (error) {
    if (!isKoVocabError(error)) throw error
    expect(existsSync(options.out)).toBe(false)
    return error
  }
  throw new Error('there was no error')
}

describe('one file', () => {
  it('has the base rows as they were, new rows W · base, padding the mean, all else byte for byte', async () => {
    const { map, base, extended, out, ...paths } = await layOut(folder)
    const source = snapshot(paths.checkpoint)
    const result = await applyInitMapToCheckpoint({ ...paths, out })
    const before = readModel(paths.checkpoint)
    const after = readModel(out)
    expect(result).toMatchObject({ rows: extended.pieces.length, newRows: 7, dtype: 'F32', tied: false })
    for (const [name, side] of [
      [INPUT, 'input'],
      [OUTPUT, 'output'],
    ] as const) {
      const [old, grown] = [before.tensors[name], after.tensors[name]]
      expect(grown.shape).toEqual([extended.pieces.length, 16])
      expect(grown.bytes.subarray(0, old.bytes.length).equals(old.bytes)).toBe(true)
      const rows = rowsOf(map[side], old)
      map.newIds.forEach((id, row) => {
        expect(rowOf(grown, id)).toEqual(rows[row].map(Math.fround))
      })
      const mean = meanOf(old, base.pieces.length).map(Math.fround)
      for (const id of map.paddingIds) expect(rowOf(grown, id)).toEqual(mean)
      expect(map.paddingIds.length).toBeGreaterThan(0)
    }
    for (const name of Object.keys(before.tensors).filter((name) => name !== INPUT && name !== OUTPUT)) {
      expect(after.tensors[name]).toEqual(before.tensors[name])
    }
    const header = after.headers['model.safetensors']
    expect(Object.keys(header)).toEqual(Object.keys(before.headers['model.safetensors']))
    expect(header.__metadata__).toEqual({ format: 'pt' })
    expect(readFileSync(join(out, 'model.safetensors')).readUInt32LE(0) % 8).toBe(0)
    expect(text(out, 'config.json')).toBe(
      text(paths.checkpoint, 'config.json').replace(
        `"vocab_size": ${base.pieces.length}`,
        `"vocab_size": ${extended.pieces.length}`,
      ),
    )
    expect(text(out, 'generation_config.json')).toBe(text(paths.checkpoint, 'generation_config.json'))
    expect(readdirSync(folder).sort()).toEqual(['base', 'extended', 'init-map.safetensors', 'out'])
    expect(readdirSync(out).sort()).toEqual(result.files)
    expect(snapshot(paths.checkpoint)).toEqual(source)
    expect((await loadTokenizer(out)).pieces).toEqual(extended.pieces)
  })

  it('the same inputs give the same bytes', async () => {
    const { out, ...paths } = await layOut(folder)
    await applyInitMapToCheckpoint({ ...paths, out })
    const first = snapshot(out)
    await applyInitMapToCheckpoint({ ...paths, out, force: true })
    expect(snapshot(out)).toEqual(first)
    expect(readdirSync(folder).sort()).toEqual(['base', 'extended', 'init-map.safetensors', 'out'])
  })

  it('tensors in another order in the data than in the header keep both orders', async () => {
    const { out, tensors, ...paths } = await layOut(folder)
    const shuffled = [...tensors.slice(5), ...tensors.slice(0, 5)]
    const file = Buffer.from(safetensorsOf(shuffled))
    const length = Number(file.readBigUInt64LE(0))
    const header = JSON.parse(file.subarray(8, 8 + length).toString())
    const sorted = Object.fromEntries(Object.entries(header).sort())
    Buffer.from(JSON.stringify(sorted).padEnd(length)).copy(file, 8)
    writeFileSync(join(paths.checkpoint, 'model.safetensors'), file)
    await applyInitMapToCheckpoint({ ...paths, out })
    const after = readModel(out)
    expect(Object.keys(after.headers['model.safetensors'])).toEqual(Object.keys(sorted))
    const places = Object.entries(after.headers['model.safetensors']).filter(([name]) => name !== '__metadata__')
    places.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0])
    expect(places.map(([name]) => name)).toEqual(shuffled.map(({ name }) => name))
    expect(rowOf(after.tensors[INPUT], 3)).toEqual(rowOf(readModel(paths.checkpoint).tensors[INPUT], 3))
  })
})

describe('shards', () => {
  it.each(['hard', 'auto', 'copy'] as const)('without an embedding are placed as they are: %s', async (link) => {
    const { out, ...paths } = await layOut(folder, { shards: 3, dtype: 'BF16' })
    const { shards } = await applyInitMapToCheckpoint({ ...paths, out, link })
    const [first, second, third] = [1, 2, 3].map((n) => `model-0000${n}-of-00003.safetensors`)
    expect(shards.rewritten).toEqual([first, third])
    expect([...shards.linked, ...shards.shared, ...shards.copied]).toEqual([second])
    const isLinked = statSync(join(out, second)).ino === statSync(join(paths.checkpoint, second)).ino
    expect(isLinked).toBe(shards.linked.length === 1)
    if (link === 'hard') expect(isLinked).toBe(true)
    if (link === 'copy') expect(shards.copied).toEqual([second])
    expect(bytesOf(join(out, second))).toBe(bytesOf(join(paths.checkpoint, second)))
    const index = JSON.parse(text(out, 'model.safetensors.index.json'))
    const { tensors } = readModel(out)
    const total = Object.values(tensors).reduce((sum, { bytes }) => sum + bytes.length, 0)
    expect(index.metadata).toEqual({ total_parameters: total / 2, total_size: total })
    expect(index.weight_map).toEqual(JSON.parse(text(paths.checkpoint, 'model.safetensors.index.json')).weight_map)
    for (const [name, { file }] of Object.entries(tensors)) expect(index.weight_map[name]).toBe(file)
  })

  it('an index without totals gets one', async () => {
    const { out, ...paths } = await layOut(folder, { shards: 2 })
    const name = join(paths.checkpoint, 'model.safetensors.index.json')
    const { weight_map } = JSON.parse(text(name))
    writeFileSync(name, JSON.stringify({ weight_map, metadata: {} }))
    await applyInitMapToCheckpoint({ ...paths, out })
    const { metadata } = JSON.parse(text(out, 'model.safetensors.index.json'))
    const sizes = Object.values(readModel(out).tensors).map(({ bytes }) => bytes.length)
    expect(metadata).toEqual({ total_size: sizes.reduce((a, b) => a + b, 0) })
  })
})

describe('tied matrices', () => {
  it('one matrix, with the input rows', async () => {
    const { out, map, ...paths } = await layOut(folder, { tied: true })
    const result = await applyInitMapToCheckpoint({ ...paths, out })
    expect(result).toMatchObject({ tied: true, input: INPUT, output: null })
    expect(result.notes.join()).toContain('the rows are made by mean, and first is not used')
    const [old, grown] = [paths.checkpoint, out].map((path) => readModel(path).tensors[INPUT])
    expect(rowOf(grown, map.newIds[3])).toEqual(rowsOf(map.input, old)[3].map(Math.fround))
    expect(JSON.parse(text(out, 'rows.json'))).toMatchObject({
      tied: true,
      tensors: { output: null },
      output_method: 'mean',
    })
  })

  it('a stored copy stays equal to it', async () => {
    const { out, ...paths } = await layOut(folder, { config: { tie_word_embeddings: true } })
    const twin = llamaTensors({ rows: paths.base.pieces.length })
    twin.at(-1)!.values = twin[0].values
    writeFileSync(join(paths.checkpoint, 'model.safetensors'), safetensorsOf(twin))
    const result = await applyInitMapToCheckpoint({ ...paths, out })
    const { tensors } = readModel(out)
    expect(tensors[OUTPUT].bytes.equals(tensors[INPUT].bytes)).toBe(true)
    expect(result.notes.join()).toContain('is stored too')
  })
})

describe('a base whose matrix is larger than its tokenizer', () => {
  it('new rows take the spare ones, the rest stays, the size stays while it suffices', async () => {
    const extension = smallExtension(1)
    const baseRows = extension.base.pieces.length
    const { out, map, ...paths } = await layOut(folder, { rows: baseRows + 20 }, extension)
    const result = await applyInitMapToCheckpoint({ ...paths, out })
    expect(result).toMatchObject({ rows: baseRows + 20, newRows: 7, paddingRows: 0, unusedRows: 13 })
    const [old, grown] = [paths.checkpoint, out].map((path) => readModel(path).tensors[INPUT])
    const after = (baseRows + 7) * 64
    expect(grown.bytes.subarray(after).equals(old.bytes.subarray(after))).toBe(true)
    expect(rowOf(grown, baseRows)).toEqual(rowsOf(map.input, old)[0].map(Math.fround))
    expect(JSON.parse(text(out, 'rows.json'))).toMatchObject({
      rows: baseRows + 20,
      base: [[0, baseRows - 1]],
      new: [[baseRows, baseRows + 6]],
      padding: [],
      unused: [[baseRows + 7, baseRows + 19]],
    })
    expect(text(out, 'config.json')).toBe(text(paths.checkpoint, 'config.json'))
  })

  it('grows when the spare rows do not suffice; padding ids of the map get the mean of the base ids', async () => {
    const extension = smallExtension(16)
    const baseRows = extension.base.pieces.length
    const { out, map, ...paths } = await layOut(folder, { rows: baseRows + 3 }, extension)
    await applyInitMapToCheckpoint({ ...paths, out })
    const [old, grown] = [paths.checkpoint, out].map((path) => readModel(path).tensors[OUTPUT])
    expect(grown.shape[0]).toBe(extension.extended.pieces.length)
    expect(rowOf(grown, map.paddingIds[0])).toEqual(meanOf(old, baseRows).map(Math.fround))
  })
})

describe('other shapes of models', () => {
  const renamed = async (edit: (tensors: NamedTensor[]) => void, config: Record<string, unknown> = {}) => {
    const laid = await layOut(folder, { config })
    edit(laid.tensors)
    writeFileSync(join(laid.checkpoint, 'model.safetensors'), safetensorsOf(laid.tensors))
    return laid
  }
  const rename = (tensors: NamedTensor[], from: string, to: string) => {
    tensors.find(({ name }) => name === from)!.name = to
  }

  it.each([
    ['transformer.wte.weight', 'lm_head.weight'],
    ['model.language_model.embed_tokens.weight', 'lm_head.weight'],
    ['gpt_neox.embed_in.weight', 'embed_out.weight'],
    ['model.tok_embeddings.weight', 'output.weight'],
    ['transformer.word_embeddings.weight', 'transformer.output_layer.weight'],
  ])('finds %s and %s', async (input, output) => {
    const { out, ...paths } = await renamed((tensors) => {
      rename(tensors, INPUT, input)
      rename(tensors, OUTPUT, output)
    })
    expect(await applyInitMapToCheckpoint({ ...paths, out })).toMatchObject({ input, output })
  })

  it('names candidates when there is no known name, and takes the one that is named', async () => {
    const { out, ...paths } = await renamed((tensors) => rename(tensors, INPUT, 'words'))
    const error = await failure({ ...paths, out })
    expect(error).toMatchObject({ code: 'mismatch', hint: 'name it with --input-tensor' })
    expect(error.message).toMatch(
      /no input embedding by a known name; it may be one of words \[\d+,16\], lm_head.weight/,
    )
    expect(await applyInitMapToCheckpoint({ ...paths, out, inputTensor: 'words' })).toMatchObject({ input: 'words' })
  })

  it('a bias of the output grows too, by the output weights', async () => {
    const { out, map, ...paths } = await renamed((tensors) => {
      const rows = tensors[0].shape[0]
      tensors.push({ name: 'lm_head.bias', dtype: 'F32', shape: [rows], values: randomValues(rows, 9) })
    })
    await applyInitMapToCheckpoint({ ...paths, out })
    const [old, grown] = [paths.checkpoint, out].map((path) => readModel(path).tensors['lm_head.bias'])
    const asMatrix = { ...old, shape: [old.shape[0], 1] }
    const rows = rowsOf(map.output, asMatrix)
    map.newIds.forEach((id, row) => {
      expect(rowOf(grown, id)).toEqual(rows[row].map(Math.fround))
    })
    expect(JSON.parse(text(out, 'rows.json')).tensors.bias).toBe('lm_head.bias')
  })

  it('vocab_size inside text_config is changed where it stands', async () => {
    const laid = await layOut(folder)
    const rows = laid.base.pieces.length
    writeFileSync(
      join(laid.checkpoint, 'config.json'),
      `{"model_type":"llava","limit":[0.0, Infinity],"text_config":{"hidden_size":16,"vocab_size":${rows},"eps":1e-06},"x":{"vocab_size":5}}`,
    )
    await applyInitMapToCheckpoint(laid)
    expect(text(laid.out, 'config.json')).toBe(
      `{"model_type":"llava","limit":[0.0, Infinity],"text_config":{"hidden_size":16,"vocab_size":${laid.extended.pieces.length},"eps":1e-06},"x":{"vocab_size":5}}`,
    )
  })

  it('vocab_size that is missing is written', async () => {
    const laid = await layOut(folder)
    writeFileSync(join(laid.checkpoint, 'config.json'), '{"model_type": "llama"}')
    await applyInitMapToCheckpoint(laid)
    expect(readModel(laid.out).config).toEqual({ model_type: 'llama', vocab_size: laid.extended.pieces.length })
  })

  it.each<[string, string, (tensors: NamedTensor[]) => void, Record<string, unknown>]>([
    [
      'belongs to the vocabulary too',
      'a second copy',
      (t) => void t.push({ ...t[0], name: 'model.layers.1.embed_tokens.weight' }),
      {},
    ],
    [
      'belongs to the vocabulary too',
      'quantization scales',
      (t) =>
        void t.push({ name: 'model.embed_tokens.weight_scale', dtype: 'F32', shape: [1], values: Float64Array.of(1) }),
      {},
    ],
    ['only lm_head.qweight', 'a quantized output', (t) => rename(t, OUTPUT, 'lm_head.qweight'), {}],
    ['is an encoder-decoder', 'an encoder-decoder', () => {}, { is_encoder_decoder: true }],
  ])('%s: %s is unsupported', async (message, _, edit, config) => {
    const { out, ...paths } = await renamed(edit, config)
    const error = await failure({ ...paths, out })
    expect(error).toMatchObject({ code: 'unsupported', message: expect.stringContaining(message) })
  })
})

describe('what does not belong together', () => {
  it.each<[string, (laid: Awaited<ReturnType<typeof layOut>>) => unknown, string, string]>([
    [
      'another base tokenizer',
      ({ checkpoint }) =>
        saveTokenizer(smallSentencePiece(['가', '다']), checkpoint, { force: true }).then(() =>
          writeModel(checkpoint, { rows: 300 }),
        ),
      'mismatch',
      'the init map is for the base',
    ],
    [
      'another extended tokenizer',
      ({ tokenizer }) => saveTokenizer(smallExtension(64).extended, tokenizer, { force: true }),
      'mismatch',
      'the init map is for',
    ],
    [
      'too few rows',
      ({ checkpoint }) => writeModel(checkpoint, { rows: 40 }),
      'mismatch',
      'has 40 rows, the base tokenizer',
    ],
    [
      'vocab_size',
      ({ checkpoint, base }) => writeModel(checkpoint, { rows: base.pieces.length, config: { vocab_size: 5 } }),
      'mismatch',
      'config.json has vocab_size 5',
    ],
    [
      'hidden_size',
      ({ checkpoint, base }) => writeModel(checkpoint, { rows: base.pieces.length, config: { hidden_size: 8 } }),
      'mismatch',
      'config.json has rows of 8 values',
    ],
    [
      'a map that is none',
      ({ initMap, checkpoint }) => writeFileSync(initMap, readFileSync(join(checkpoint, 'model.safetensors'))),
      'bad-file',
      'is no init map',
    ],
    ['a missing map', ({ initMap }) => rmSync(initMap), 'io', 'no such file'],
    [
      'a config that is no JSON',
      ({ checkpoint }) => writeFileSync(join(checkpoint, 'config.json'), '{"a": }'),
      'bad-file',
      'a value is due (byte 6)',
    ],
  ])('%s', async (_, damage, code, message) => {
    const laid = await layOut(folder)
    await damage(laid)
    const error = await failure(laid)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
  })

  it('a value that does not fit the dtype is named, and leaves nothing', async () => {
    const laid = await layOut(folder, { dtype: 'F16' })
    laid.tensors[0].values.fill(60_000)
    writeFileSync(join(laid.checkpoint, 'model.safetensors'), safetensorsOf(laid.tensors))
    const map = { ...laid.map, input: { ...laid.map.input, weights: laid.map.input.weights.map((w) => w * 2) } }
    expect((await failure({ ...laid, initMap: map })).message).toContain('which does not fit F16')
    expect(readdirSync(folder).sort()).toEqual(['base', 'extended', 'init-map.safetensors'])
  })

  it('a folder without tokenizer is taken, and that is noted', async () => {
    const laid = await layOut(folder)
    for (const name of ['tokenizer.json', 'tokenizer.model']) rmSync(join(laid.checkpoint, name), { force: true })
    const { notes } = await applyInitMapToCheckpoint(laid)
    expect(notes.join()).toContain('the checkpoint has no tokenizer of its own')
  })
})

describe('the place it is written to', () => {
  it.each<[string, (laid: { checkpoint: string; tokenizer: string }) => string]>([
    ['the checkpoint', ({ checkpoint }) => checkpoint],
    ['inside the checkpoint', ({ checkpoint }) => join(checkpoint, 'out')],
    ['around the checkpoint', () => folder],
    ['the tokenizer', ({ tokenizer }) => tokenizer],
    [
      'the checkpoint by a link',
      ({ checkpoint }) => {
        symlinkSync(checkpoint, join(folder, 'link'))
        return join(folder, 'link', 'out')
      },
    ],
  ])('must not be %s, even by force', async (_, place) => {
    const laid = await layOut(folder)
    const source = snapshot(laid.checkpoint)
    await expect(applyInitMapToCheckpoint({ ...laid, out: place(laid), force: true })).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining('is, holds or lies in the'),
    })
    expect(snapshot(laid.checkpoint)).toEqual(source)
  })

  it('must be free, or force given', async () => {
    const laid = await layOut(folder)
    mkdirSync(laid.out)
    writeFileSync(join(laid.out, 'mine'), '')
    await expect(applyInitMapToCheckpoint(laid)).rejects.toMatchObject({ code: 'io' })
    expect(readdirSync(laid.out)).toEqual(['mine'])
    await applyInitMapToCheckpoint({ ...laid, force: true })
    expect(readdirSync(laid.out)).not.toContain('mine')
  })

  it('needs room on the disk', async () => {
    const laid = await layOut(folder)
    // A sparse file of 4 TB, of which nothing is read but the header.
    const size = 2 ** 42
    const rows = 2 ** 20
    const header = JSON.stringify({
      [INPUT]: { dtype: 'F32', shape: [rows, 16], data_offsets: [0, rows * 64] },
      rest: { dtype: 'U8', shape: [size - rows * 64], data_offsets: [rows * 64, size] },
    })
    const path = join(laid.checkpoint, 'model.safetensors')
    const bytes = Buffer.alloc(8 + header.length)
    bytes.writeBigUInt64LE(BigInt(header.length))
    bytes.write(header, 8)
    writeFileSync(path, bytes)
    truncateSync(path, bytes.length + size)
    writeFileSync(join(laid.checkpoint, 'config.json'), '{}')
    mkdirSync(join(folder, '.out.0123456789ab.tmp'))
    const error = await failure(laid)
    expect(error).toMatchObject({
      code: 'io',
      message: expect.stringMatching(/needs \d{13} bytes, the disk has \d+ free/),
    })
    expect(error.hint).toContain('.out.0123456789ab.tmp')
  })

  it('what a killed run has left is named and left alone', async () => {
    const laid = await layOut(folder)
    mkdirSync(join(folder, '.out.0123456789ab.tmp'))
    mkdirSync(join(folder, '.out.other.tmp'))
    const { notes } = await applyInitMapToCheckpoint(laid)
    expect(notes.filter((note) => note.includes('.tmp'))).toEqual([
      `${join(folder, '.out.0123456789ab.tmp')} was left by a run that was killed, if none goes on now; remove it`,
    ])
    expect(readdirSync(folder)).toContain('.out.0123456789ab.tmp')
  })
})

describe('progress and abort', () => {
  it('tells bytes up to the total, once each', async () => {
    const laid = await layOut(folder, { shards: 3 })
    const calls: [string, number, number][] = []
    await applyInitMapToCheckpoint({ ...laid, onProgress: (...call) => void calls.push(call) })
    const [, done, total] = calls.at(-1)!
    expect(done).toBe(total)
    expect(calls.every(([stage], i) => stage === 'write' && (i === 0 || calls[i][1] > calls[i - 1][1]))).toBe(true)
    const sizes = readdirSync(laid.out)
      .filter((name) => name.endsWith('.safetensors'))
      .map((name) => statSync(join(laid.out, name)).size)
    expect(total).toBe(sizes.reduce((a, b) => a + b, 0))
  })

  it.each([1, 3, 6])('aborted after %i calls, nothing is left', async (after) => {
    const laid = await layOut(folder, { shards: 3 })
    const abort = new AbortController()
    let calls = 0
    const error = await failure({
      ...laid,
      signal: abort.signal,
      onProgress: () => {
        if (++calls === after) abort.abort()
      },
    })
    expect(error.code).toBe('aborted')
    expect(readdirSync(folder).sort()).toEqual(['base', 'extended', 'init-map.safetensors'])
  })
})

/** Every file of a folder and its content. */
function snapshot(path: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(path)
      .sort()
      .map((name) => [name, bytesOf(join(path, name))]),
  )
}
