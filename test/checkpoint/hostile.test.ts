/** Damaged and malicious folders: refused by name, with bounded memory, or read rightly. Nothing else. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { applyInitMapToCheckpoint } from '../../src/checkpoint/apply'
import { openCheckpoint } from '../../src/checkpoint/open-checkpoint'
import { isKoVocabError, type KoVocabError } from '../../src/errors'
import { parseHeader } from '../../src/init/safetensors-header'
import { runs } from '../support/long'
import { layOut, safetensorsOf } from './model'

const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-hostile-'))
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

let paths: Awaited<ReturnType<typeof layOut>>
beforeAll(async () => {
  paths = await layOut(temporary, { shards: 3 })
})

const INDEX = 'model.safetensors.index.json'
const FIRST = 'model-00001-of-00003.safetensors'

/** A fresh copy of the good folder, damaged. */
let folder: string
let count = 0
beforeEach(() => {
  folder = join(temporary, `damaged-${count++}`)
  cpSync(paths.checkpoint, folder, { recursive: true })
})

async function failure(act: () => Promise<unknown>): Promise<KoVocabError> {
  try {
    await act()
  } catch (error) {
    if (isKoVocabError(error)) return error
    throw error
  }
  throw new Error('there was no error')
}

const change = (name: string, edit: (text: string) => string) =>
  writeFileSync(join(folder, name), edit(readFileSync(join(folder, name), 'utf8')))

type WeightMap = Record<string, string>
const changeMap = (edit: (map: WeightMap) => unknown) =>
  change(INDEX, (text) => {
    const index = JSON.parse(text) as { weight_map: WeightMap }
    edit(index.weight_map)
    return JSON.stringify(index)
  })

describe('an index', () => {
  it.each([
    ['../base/model-00001-of-00003.safetensors'],
    ['/etc/passwd'],
    ['sub/model.safetensors'],
    ['..\\model.safetensors'],
    ['C:model.safetensors'],
    ['.hidden.safetensors'],
    ['a\0.safetensors'],
    ['config.json'],
    [''],
  ])('that names %j is refused', async (name) => {
    changeMap((map) => {
      map['model.norm.weight'] = name
    })
    const error = await failure(() => openCheckpoint(folder))
    expect(error.code).toBe('bad-file')
    expect(error.message).toContain('which is no file of this folder')
  })

  it.each<[string, () => void, string]>([
    ['that names a missing file', () => rmSync(join(folder, FIRST)), `names ${FIRST}, which is not there`],
    [
      'whose tensor is elsewhere',
      () => changeMap((map) => Object.assign(map, { 'model.norm.weight': FIRST })),
      'puts into',
    ],
    ['that lacks a tensor', () => changeMap((map) => void delete map['model.norm.weight']), 'weight_map does not name'],
    ['with a tensor that is nowhere', () => changeMap((map) => Object.assign(map, { ghost: FIRST })), 'which lacks it'],
    [
      'that names a tensor twice',
      () => change(INDEX, (t) => t.replace('"weight_map": {', `"weight_map": {"lm_head.weight": "${FIRST}",`)),
      'the key "lm_head.weight" twice',
    ],
    ['with two maps', () => change(INDEX, (t) => t.replace('{', '{"weight_map": {},')), 'the key "weight_map" twice'],
    ['without a map', () => writeFileSync(join(folder, INDEX), '{"metadata": {}}'), 'has no weight_map'],
    [
      'with a list for a map',
      () => writeFileSync(join(folder, INDEX), '{"weight_map": []}'),
      'no JSON as it should be',
    ],
    [
      'with a number for a file',
      () => writeFileSync(join(folder, INDEX), '{"weight_map": {"a": 1}}'),
      'a string is due',
    ],
    ['cut off', () => truncateSync(join(folder, INDEX), 100), 'no JSON as it should be'],
    ['that is empty', () => truncateSync(join(folder, INDEX), 0), 'no JSON as it should be'],
    [
      'nested too deep',
      () => writeFileSync(join(folder, INDEX), `{"metadata": ${'['.repeat(1e6)}`),
      'nested more than 256 deep',
    ],
    ['with something behind it', () => change(INDEX, (t) => `${t}{}`), 'something follows the end'],
    [
      'with a tensor in two files',
      () => {
        writeFileSync(join(folder, FIRST.replace('1-of', '2-of')), readFileSync(join(folder, FIRST)))
      },
      'both hold',
    ],
    ['beside a single file', () => writeFileSync(join(folder, 'model.safetensors'), ''), 'has both'],
  ])('%s is refused', async (_, damage, message) => {
    damage()
    const error = await failure(() => openCheckpoint(folder))
    expect(error).toMatchObject({ code: 'bad-file', message: expect.stringContaining(message) })
    expect(error.message).toContain(folder)
  })
})

describe('links', () => {
  it("are followed as the Hub's cache has them: snapshots of links into blobs", async () => {
    const cache = join(temporary, 'models--owner--name')
    const snapshot = join(cache, 'snapshots', 'abc')
    mkdirSync(snapshot, { recursive: true })
    mkdirSync(join(cache, 'blobs'))
    for (const name of readdirSync(folder)) {
      writeFileSync(join(cache, 'blobs', `hash-${name}`), readFileSync(join(folder, name)))
      symlinkSync(join('..', '..', 'blobs', `hash-${name}`), join(snapshot, name))
    }
    const out = join(temporary, 'from-cache')
    const result = await applyInitMapToCheckpoint({ ...paths, checkpoint: snapshot, out, link: 'hard' })
    expect(result.files).toContain('generation_config.json')
    expect(result.shards.linked).toEqual(['model-00002-of-00003.safetensors'])
    expect(readFileSync(join(out, 'README.md'), 'utf8')).toContain('base_model: "owner/name"')
  })

  it.skipIf(process.platform === 'win32')('to a pipe or a device are refused, not waited for', async () => {
    execFileSync('mkfifo', [join(temporary, `pipe-${count}`)])
    rmSync(join(folder, FIRST))
    symlinkSync(join(temporary, `pipe-${count}`), join(folder, FIRST))
    expect((await failure(() => openCheckpoint(folder))).message).toContain('is no regular file')
    rmSync(join(folder, 'config.json'))
    symlinkSync('/dev/zero', join(folder, 'config.json'))
    expect((await failure(() => openCheckpoint(folder))).message).toContain('is no regular file')
  })

  it('that go round are an error, those of small files that lead outside are left out', async () => {
    writeFileSync(join(temporary, 'secret.txt'), 'secret')
    symlinkSync(join(temporary, 'secret.txt'), join(folder, 'NOTES.txt'))
    symlinkSync('loop.txt', join(folder, 'loop.txt'))
    const out = join(temporary, 'links-out')
    const result = await applyInitMapToCheckpoint({ ...paths, checkpoint: folder, out })
    expect(result.notes.join('\n')).toContain('NOTES.txt was left out: it is a link to')
    expect(existsSync(join(out, 'NOTES.txt'))).toBe(false)
    rmSync(join(folder, FIRST))
    symlinkSync(FIRST, join(folder, FIRST))
    expect((await failure(() => openCheckpoint(folder))).code).toBe('io')
  })
})

describe('weights of other kinds', () => {
  it('pickles are refused, and the next step is named', async () => {
    for (const name of readdirSync(folder).filter((name) => name.includes('safetensors'))) rmSync(join(folder, name))
    writeFileSync(join(folder, 'pytorch_model-00001-of-00002.bin'), '')
    const error = await failure(() => openCheckpoint(folder))
    expect(error).toMatchObject({ code: 'unsupported', hint: expect.stringContaining('save_pretrained') })
    expect(error.message).toContain('pytorch_model-00001-of-00002.bin')
  })
  it('a folder without weights, or without a config, is named', async () => {
    for (const name of readdirSync(folder).filter((name) => name.includes('safetensors'))) rmSync(join(folder, name))
    expect((await failure(() => openCheckpoint(folder))).message).toContain('has no weights')
    rmSync(join(folder, 'config.json'))
    expect((await failure(() => openCheckpoint(folder))).message).toContain('has no config.json')
    expect((await failure(() => openCheckpoint(join(folder, 'nowhere')))).code).toBe('io')
  })
})

describe('headers are bounded', () => {
  const peak = () => process.memoryUsage().rss
  const header = (text: string) => () => parseHeader(new TextEncoder().encode(text), text.length + 8, 'bomb')

  it.each<[string, () => string, string]>([
    ['lists in lists', () => `{"a":${'['.repeat(20e6)}`, 'no dtype and shape'],
    ['lists for a shape', () => `{"a":{"dtype":"F32","shape":${'['.repeat(20e6)}`, 'no dtype and shape'],
    ['a shape of millions of sizes', () => `{"a":{"dtype":"F32","shape":[${'0,'.repeat(10e6)}0]`, 'no dtype and shape'],
    [
      'millions of metadata',
      () => `{"__metadata__":{${Array.from({ length: 1_000_002 }, (_, i) => `"${i}":""`).join()}}}`,
      'more than 1000000 keys',
    ],
    ['a field that is not known', () => `{"a":{"x":${'{"a":'.repeat(5e6)}`, 'has a field "x"'],
  ])('%s', (_, make, message) => {
    const text = make()
    const before = peak()
    expect(header(text)).toThrow(message)
    // The text once as bytes, and what a million keys take.
    expect(peak() - before).toBeLessThan(400e6)
  })
})

/** What must hold of any damage: an error of ours, or a folder that is what it was. */
async function judge(bytes: Uint8Array, file: string, good: Uint8Array): Promise<void> {
  const out = join(temporary, 'fuzz-out')
  writeFileSync(join(folder, file), bytes)
  try {
    await applyInitMapToCheckpoint({ ...paths, checkpoint: folder, out })
  } catch (error) {
    if (!isKoVocabError(error)) throw error
    expect(['bad-file', 'unsupported', 'mismatch']).toContain(error.code)
    expect(existsSync(out)).toBe(false)
    return
  } finally {
    writeFileSync(join(folder, file), good)
  }
  const checked = await openCheckpoint(out)
  expect(checked.config.vocabSize).toBe(paths.extended.pieces.length)
  rmSync(out, { recursive: true })
}

describe('fuzz', () => {
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('grow' as const), at: fc.nat(4096) }),
    fc.record({
      kind: fc.constant('byte' as const),
      at: fc.nat(),
      to: fc.constantFrom(...'0123456789{}[]":,\\.-e\0 '),
    }),
    fc.record({ kind: fc.constant('length' as const), to: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
  )
  function damaged(
    good: Uint8Array,
    all: readonly (typeof damage extends fc.Arbitrary<infer D> ? D : never)[],
    most: number,
  ) {
    let bytes = good.slice()
    for (const one of all) {
      if (bytes.length === 0) break
      if (one.kind === 'cut') bytes = bytes.slice(0, one.at % bytes.length)
      else if (one.kind === 'grow') bytes = new Uint8Array(Buffer.concat([bytes, Buffer.alloc(one.at)]))
      else if (one.kind === 'flip') bytes[one.at % Math.min(most, bytes.length)] ^= 1 << one.bit
      else if (one.kind === 'byte') bytes[one.at % Math.min(most, bytes.length)] = one.to.charCodeAt(0)
      else if (bytes.length >= 8) new DataView(bytes.buffer).setBigUint64(0, one.to, true)
    }
    return bytes
  }

  it.each([
    [FIRST, runs(150, 3000)],
    [INDEX, runs(150, 3000)],
    ['config.json', runs(100, 2000)],
  ])('%s', async (file, times) => {
    const good = new Uint8Array(readFileSync(join(folder, file)))
    // Most of the damage goes into the header.
    const header = file === FIRST ? 8 + Number(new DataView(good.buffer).getBigUint64(0, true)) : good.length
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), (all) =>
        judge(damaged(good, all, header), file, good),
      ),
      { numRuns: times },
    )
  })

  it('shapes and offsets of any size', async () => {
    const good = new Uint8Array(readFileSync(join(folder, FIRST)))
    const size = fc.oneof(
      fc.nat(300),
      fc.maxSafeInteger(),
      fc.constantFrom(2 ** 32, 2 ** 53 - 1, 2 ** 63, 1e300, -1, 0.5),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(size, { maxLength: 4 }),
        size,
        size,
        fc.constantFrom('F32', 'BF16', 'I8', 'F4', 'X'),
        async (shape, begin, end, dtype) => {
          const json = Buffer.from(
            JSON.stringify({ 'model.embed_tokens.weight': { dtype, shape, data_offsets: [begin, end] } }),
          )
          const bytes = Buffer.concat([Buffer.alloc(8), json, Buffer.alloc(64)])
          bytes.writeBigUInt64LE(BigInt(json.length))
          await judge(new Uint8Array(bytes), FIRST, good)
        },
      ),
      { numRuns: runs(150, 3000) },
    )
  })
})

it('a file that grows shorter while it is read is an error, and leaves nothing behind', async () => {
  const tensors = [
    { name: 'model.embed_tokens.weight', dtype: 'F32' as const, shape: [4, 2], values: new Float64Array(8) },
  ]
  const { writeShard } = await import('../../src/checkpoint/write-shard')
  const { openShard } = await import('../../src/checkpoint/open-checkpoint')
  writeFileSync(join(folder, FIRST), safetensorsOf(tensors))
  const shard = await openShard(folder, FIRST)
  truncateSync(join(folder, FIRST), shard.bytes - 5)
  const target = join(folder, 'written')
  await expect(writeShard({ shard, growths: new Map(), target, onWritten: () => {} })).rejects.toThrow(
    'while it is read',
  )
})
