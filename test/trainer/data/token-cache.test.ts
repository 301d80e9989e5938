import { spawn } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CorpusFile, expandInputs } from '../../../src/corpus/files'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../../src/tokenizer/types'
import { createBatches } from '../../../src/trainer/data/batches'
import { createDocumentEncoder } from '../../../src/trainer/data/document-encoder'
import { openTokens } from '../../../src/trainer/data/open-tokens'
import { readDocuments } from '../../../src/trainer/data/read-documents'
import { type EncodeFilesOptions, encodeFiles } from '../../../src/trainer/data/token-cache'
import { tokensInMemory } from '../../../src/trainer/data/token-store'
import { writeTokens } from '../../../src/trainer/data/write-tokens'
import { koreanText, llama2Json, mistralJson } from '../../support/fixtures'
import { long, runs } from '../../support/long'
import { findPython, runPython } from '../../support/python'
import { byteEncoder } from './byte-encoder'

let folder: string
let llama2: Tokenizer
let mistral: Tokenizer
let files: CorpusFile[]
let texts: string[][]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-tokens-'))
  llama2 = readTokenizerJson(await llama2Json(), 'llama-2')
  mistral = readTokenizerJson(mistralJson(), 'mistral')
  const lines = (await koreanText()).split('\n').filter((line) => line.trim() !== '')
  texts = Array.from({ length: 200 }, (_, i) => lines.slice(i * 5, i * 5 + 1 + (i % 5)))
  const whole = (some: string[][]) => some.map((text) => `${text.join('\n')}\n`).join('\n')
  await writeFile(join(folder, 'a.txt'), whole(texts.slice(0, 120)))
  await writeFile(join(folder, 'b.txt.gz'), gzipSync(whole(texts.slice(120))))
  await writeFile(join(folder, 'empty.txt'), '')
  files = await expandInputs(['a.txt', 'empty.txt', 'b.txt.gz'].map((name) => join(folder, name)))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let caches = 0
const encoded = (changes: Partial<EncodeFilesOptions> = {}) =>
  encodeFiles({ files, tokenizer: llama2, cache: join(folder, `cache-${caches++}`), ...changes })

const documentsOf = async (given: readonly CorpusFile[], blockBytes?: number) => {
  const all: Uint8Array[] = []
  for await (const text of readDocuments(given, { blockBytes })) all.push(text)
  return all
}

describe('encoded text', () => {
  it('holds the ids of the documents, with what the post-processor puts around them', async () => {
    const { store, built } = await encoded()
    expect(built).toBe(true)
    const encoder = createDocumentEncoder(llama2)
    const expected = texts.map((text) => encoder.encode(new TextEncoder().encode(text.join('\n'))))
    expect([...store.lengths()]).toEqual(expected.map((ids) => ids.length))
    expect([...store.read(0, store.tokens)]).toEqual(expected.flatMap((ids) => [...ids]))
    expect(expected.every((ids) => ids[0] === 1 && ids[ids.length - 1] !== 2)).toBe(true)
    expect(store.bytes).toBe(texts.reduce((sum, text) => sum + Buffer.byteLength(text.join('\n')), 0))
    expect(store.record).toMatchObject({ documents: 200, vocabulary: 32_000, before: [1], after: [] })
    store.close()
  })

  it('is there the second time, wherever the files have gone', async () => {
    const cache = join(folder, 'twice')
    const first = await encoded({ cache })
    await mkdir(join(folder, 'moved'))
    for (const { path } of files) await rename(path, path.replace(folder, join(folder, 'moved')))
    const names = ['a.txt', 'empty.txt', 'b.txt.gz'].map((name) => join(folder, 'moved', name))
    const second = await encoded({ cache, files: await expandInputs(names) })
    for (const { path } of files) await rename(path.replace(folder, join(folder, 'moved')), path)
    expect([first.built, second.built]).toEqual([true, false])
    expect(second.folder).toBe(first.folder)
    expect(second.store.key).toBe(first.store.key)
    first.store.close()
    second.store.close()
  })

  it('is made anew when text, order, tokenizer, special tokens or documents change', async () => {
    const cache = join(folder, 'changes')
    const other = join(folder, 'other.txt')
    await writeFile(other, await readFile(files[0].path))
    const make = async (changes: Partial<EncodeFilesOptions>) => {
      const { store, built } = await encoded({ cache, ...changes })
      store.close()
      return { built, key: store.key }
    }
    const made = [
      await make({}),
      await make({ files: [files[2], files[1], files[0]] }),
      await make({ tokenizer: mistral }),
      await make({ special: { eos: 'always' } }),
      await make({ special: { bos: 'never' } }),
      await make({ documents: { ends: 'line' } }),
      await make({ documents: { heldOut: { every: 10, side: 'others' } } }),
      await make({ documents: { maxBytes: 100 } }),
      await make({ files: await expandInputs([other]) }),
    ]
    await appendFile(other, '한 줄 더\n')
    made.push(await make({ files: await expandInputs([other]) }))
    expect(made.every(({ built }) => built)).toBe(true)
    expect(new Set(made.map(({ key }) => key)).size).toBe(made.length)
    expect(await readdir(cache)).toHaveLength(made.length)
    expect(await make({ documents: { ends: 'blank-line' } })).toEqual({ built: false, key: made[0].key })
  })

  it('of files without text is empty', async () => {
    const { store } = await encoded({ files: [files[1]] })
    expect(store).toMatchObject({ tokens: 0, documents: 0, bytes: 0 })
    expect([...store.lengths(), ...store.startsWithin(0, 9), ...store.read(0, 9)]).toEqual([])
    store.close()
  })

  it('a stream is refused', async () => {
    const stream: CorpusFile = { path: '-', size: 0, compression: 'none', stream: true }
    await expect(encoded({ files: [stream] })).rejects.toMatchObject({ code: 'bad-option' })
  })

  it('two runs that encode the same at once both have it', async () => {
    const cache = join(folder, 'race')
    const both = await Promise.all([encoded({ cache }), encoded({ cache })])
    expect(both[0].store.read(0, 1e9)).toEqual(both[1].store.read(0, 1e9))
    expect((await readdir(cache)).filter((name) => !name.startsWith('.'))).toHaveLength(1)
    for (const { store } of both) store.close()
  })

  it('an interrupted run leaves nothing', async () => {
    const cache = join(folder, 'interrupted')
    const controller = new AbortController()
    const onProgress = ({ bytes, total }: { bytes: number; total: number }) => {
      expect(total).toBe(files.reduce((sum, { size }) => sum + size, 0))
      expect(bytes).toBeLessThanOrEqual(total)
      controller.abort()
    }
    await expect(encoded({ cache, signal: controller.signal, onProgress })).rejects.toMatchObject({ code: 'aborted' })
    expect(await readdir(cache)).toEqual([])
  })
})

describe('a store on disk reads as one in memory', () => {
  const lists = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 30 })

  it('at any place', async () => {
    let n = 0
    const encoder = byteEncoder([], [])
    await fc.assert(
      fc.asyncProperty(lists, fc.nat(700), fc.nat(60), async (documents, start, length) => {
        const place = join(folder, `written-${n++}`)
        await mkdir(place)
        await writeTokens(place, documents, encoder, 'a'.repeat(64))
        const disk = await openTokens(place)
        const memory = await tokensInMemory(documents, encoder, 'a'.repeat(64))
        for (const name of ['key', 'tokens', 'documents', 'bytes'] as const) expect(disk[name]).toBe(memory[name])
        const from = Math.min(start, disk.tokens)
        expect(disk.read(from, from + length)).toEqual(memory.read(from, from + length))
        expect(disk.startsWithin(from, from + length)).toEqual(memory.startsWithin(from, from + length))
        expect([...disk.lengths()]).toEqual([...memory.lengths()])
        disk.close()
        await rm(place, { recursive: true })
      }),
      { numRuns: runs(60, 500) },
    )
  })

  it('with more documents than are looked up at once', async () => {
    const place = join(folder, 'many')
    await mkdir(place)
    const encoder = byteEncoder([], [])
    const documents = Array.from({ length: 9000 }, (_, i) => Uint8Array.of(i % 251, i % 7))
    await writeTokens(place, documents, encoder, 'b'.repeat(64))
    const disk = await openTokens(place)
    expect(disk.startsWithin(3, 17_003)).toEqual(Array.from({ length: 8500 }, (_, i) => 4 + 2 * i))
    expect([...disk.lengths()]).toEqual(Array(9000).fill(2))
    disk.close()
  })

  it('one document that is longer than what is written at once', async () => {
    const place = join(folder, 'long')
    await mkdir(place)
    const document = Uint8Array.from({ length: 2_500_000 }, (_, i) => i % 253)
    await writeTokens(place, [document, Uint8Array.of(9)], byteEncoder(), 'c'.repeat(64))
    const disk = await openTokens(place)
    expect([...disk.lengths()]).toEqual([2_500_002, 3])
    expect(disk.read(1, 2_500_001).every((id, i) => id === document[i])).toBe(true)
    const batches = createBatches({ sources: [{ name: 'ko', store: disk }], length: 1000, seed: 3, vocabulary: 258 })
    expect(batches.packings).toEqual([{ rows: 2501, padding: 995 }])
    expect(batches.read(0, 2501).targets).toBe(2_500_005 - 2)
    disk.close()
  })
})

it('documents are the same in whatever blocks the files are read', async () => {
  const all = await documentsOf(files)
  expect(all.map((text) => Buffer.from(text).toString())).toEqual(texts.map((text) => text.join('\n')))
  for (const blockBytes of [1, 7, 1000])
    expect(await documentsOf(files.slice(0, 1), blockBytes)).toEqual(all.slice(0, 120))
})

it('bytes that are no UTF-8 become U+FFFD', async () => {
  const path = join(folder, 'broken.txt')
  await writeFile(path, Uint8Array.of(0xec, 0x95, 0x0a, 0x61, 0xff))
  const [text] = await documentsOf(await expandInputs([path]))
  expect(new TextDecoder().decode(text)).toBe('\ufffd\na\ufffd')
})

describe('damage is named', () => {
  const damaged = async (damage: (place: string) => Promise<unknown>) => {
    const cache = join(folder, `cache-${caches++}`)
    const { store, folder: place } = await encoded({ cache })
    store.close()
    await damage(place)
    return { place, again: () => encoded({ cache }) }
  }
  const patch = (name: string, offset: number, bytes: number[]) => async (place: string) => {
    const content = await readFile(join(place, name))
    content.set(bytes, offset)
    await writeFile(join(place, name), content)
  }

  it.each<[string, (place: string) => Promise<unknown>, string]>([
    ['tokens cut short', (place) => truncate(join(place, 'tokens.bin'), 1000), 'tokens.bin: has 1000 bytes'],
    ['tokens too long', (place) => appendFile(join(place, 'tokens.bin'), 'x'), 'are expected'],
    ['index cut short', (place) => truncate(join(place, 'tokens.idx'), 20), 'tokens.idx: has 20 bytes, 4042 are'],
    ['another magic', patch('tokens.idx', 0, [0x4e]), 'tokens.idx: it begins with "NMIDIDX\\u0000\\u0000"'],
    ['another version', patch('tokens.idx', 9, [2]), 'its version is 2, not 1'],
    ['another type', patch('tokens.idx', 17, [8]), 'its ids are of type 8, not 4'],
    ['another count', patch('tokens.idx', 18, [3]), 'it has 3 sequences'],
    ['pointers that do not fit', patch('tokens.idx', 34 + 200 * 4, [4]), 'its documents go from token 1 to'],
    ['no JSON', (place) => writeFile(join(place, 'tokens.json'), '{'), 'tokens.json: not JSON'],
    ['another format', (place) => writeFile(join(place, 'tokens.json'), '{"format":"x"}'), 'its format is "x"'],
    ['null', (place) => writeFile(join(place, 'tokens.json'), 'null'), 'its format is undefined'],
  ])('%s', async (_, damage, message) => {
    const { again } = await damaged(damage)
    await expect(again()).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('remove the folder'),
    })
  })

  it('a file that is missing', async () => {
    const { again } = await damaged((place) => rm(join(place, 'tokens.bin')))
    await expect(again()).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('tokens.bin') })
    const { again: twice } = await damaged((place) => rm(join(place, 'tokens.json')))
    await expect(twice()).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('is not empty') })
  })

  it('another tokenizer, other text', async () => {
    const { store, folder: place } = await encoded()
    store.close()
    const of = (expected: Parameters<typeof openTokens>[1]) => openTokens(place, expected)
    await expect(of({ tokenizerSha256: 'f'.repeat(64) })).rejects.toMatchObject({
      code: 'mismatch',
      message: expect.stringContaining('was encoded with tokenizer'),
    })
    await expect(of({ key: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'mismatch' })
  })
})

/** One of the scripts beside this file, ready to be run by Node. */
async function bundled(entry: URL): Promise<string> {
  const { build } = await import('esbuild')
  const outfile = join(folder, `script-${caches++}.mjs`)
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // It lies in a temporary folder, from where Node finds no packages; what CommonJS ones require is Node's own.
    banner: { js: "import * as module from 'node:module'; const require = module.createRequire(import.meta.url)" },
  })
  return outfile
}

it('a run that is killed leaves nothing that could be taken for tokens', async () => {
  const cache = join(folder, 'killed')
  await mkdir(cache)
  const module = await bundled(new URL('./kill-entry.ts', import.meta.url))
  const target = join(cache, 'place')
  const child = spawn(process.execPath, [module, target])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  const left = await readdir(cache)
  expect(left).toEqual([expect.stringMatching(/^\.place\.[0-9a-f]{12}\.tmp$/)])
  // Tokens were on disk already: it was in the middle.
  expect((await readFile(join(cache, left[0], 'tokens.bin'))).length).toBeGreaterThan(0)
})

it.skipIf(!long)('200 MB of text take no more memory than 20 MB (long mode)', async () => {
  const tokenizer = join(folder, 'tokenizer.json')
  await writeFile(tokenizer, await llama2Json())
  const module = await bundled(new URL('./memory-entry.ts', import.meta.url))
  const text = await koreanText()
  const peaks: number[] = []
  for (const megabytes of [20, 200]) {
    const path = join(folder, `${megabytes}.txt`)
    await writeFile(path, '')
    const bytes = Buffer.byteLength(text)
    for (let n = 0; n * bytes < megabytes * 1e6; n++) await appendFile(path, `${text}\n\n`)
    const child = spawn(process.execPath, [module, tokenizer, path, join(folder, `memory-${megabytes}`)])
    let [out, said] = ['', '']
    child.stdout.on('data', (data) => {
      out += data
    })
    child.stderr.on('data', (data) => {
      said += data
    })
    expect(await new Promise((resolve) => child.once('close', resolve)), said).toBe(0)
    peaks.push(JSON.parse(out).peakBytes)
  }
  expect(peaks[1] - peaks[0]).toBeLessThan(100e6)
})

const python = findPython(['numpy'])
it.skipIf(!python.path)(`the files are Megatron-LM's, as numpy reads them (${python.reason})`, async () => {
  const { store, folder: place } = await encoded()
  const found = await runPython<{ sizes: number[]; pointers: number[]; bounds: number[]; ids: number[] }>(
    python.path!,
    READ_INDEXED,
    join(place, 'tokens'),
  )
  const sizes = [...store.lengths()]
  expect(found.sizes).toEqual(sizes)
  expect(found.pointers).toEqual(store.startsWithin(0, store.tokens).map((start) => start * 4))
  expect(found.bounds).toEqual(Array.from({ length: 201 }, (_, i) => i))
  expect(found.ids).toEqual([...store.read(0, store.tokens)])
  store.close()
})

/** As the format's description says, in the calls that its readers use: struct for the header, then memory maps. */
const READ_INDEXED = `
import json, struct, sys
import numpy as np
prefix = json.load(sys.stdin)
with open(prefix + '.idx', 'rb') as f:
    assert f.read(9) == b'MMIDIDX\\x00\\x00'
    assert struct.unpack('<Q', f.read(8)) == (1,)
    dtype = {4: np.int32}[struct.unpack('<B', f.read(1))[0]]
    sequences, documents = struct.unpack('<QQ', f.read(16))
    offset = f.tell()
buffer = memoryview(np.memmap(prefix + '.idx', mode='r', order='C'))
sizes = np.frombuffer(buffer, dtype=np.int32, count=sequences, offset=offset)
pointers = np.frombuffer(buffer, dtype=np.int64, count=sequences, offset=offset + sizes.nbytes)
bounds = np.frombuffer(buffer, dtype=np.int64, count=documents, offset=offset + sizes.nbytes + pointers.nbytes)
assert sizes.shape[0] == bounds[-1]
ids = np.memmap(prefix + '.bin', dtype=dtype, mode='r')
print(json.dumps({k: v.tolist() for k, v in dict(sizes=sizes, pointers=pointers, bounds=bounds, ids=ids).items()}))
`
