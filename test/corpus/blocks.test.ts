import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forEachBlockSync, readBlocks } from '../../src/corpus/blocks'
import { type CorpusFile, expandInputs } from '../../src/corpus/files'
import { unzstdPortable } from '../../src/corpus/unzstd'

let folder: string
/** About 1.5 MB of text that does not repeat, so that compressed data spans many blocks. */
const text = Buffer.from(Array.from({ length: 60000 }, (_, i) => `${(i * 2654435761) % 1e9} 번째 줄입니다\n`).join(''))
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-blocks-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const fileOf = async (name: string, data: Uint8Array): Promise<CorpusFile> => {
  await writeFile(join(folder, name), data)
  return (await expandInputs([join(folder, name)]))[0]
}
const collect = async (blocks: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const block of blocks) parts.push(block)
  return Buffer.concat(parts)
}
const hasZstd = spawnSync('zstd', ['--version']).status === 0
const zstd = (data: Uint8Array, ...options: string[]) =>
  spawnSync('zstd', ['-c', ...options], { input: data, maxBuffer: 1 << 28 }).stdout as Buffer

test('plain: blocks, ranges, progress', async () => {
  const file = await fileOf('plain.txt', text)
  let progress = 0
  const blocks: number[] = []
  for await (const block of readBlocks(file, { blockBytes: 1 << 20, onBytes: (n) => (progress += n) }))
    blocks.push(block.length)
  expect(blocks).toEqual([1 << 20, text.length - (1 << 20)])
  expect(progress).toBe(text.length)
  expect((await collect(readBlocks(file, { start: 10, end: 99, blockBytes: 7 }))).equals(text.subarray(10, 99))).toBe(
    true,
  )
  expect((await collect(readBlocks(file, { start: text.length + 5 }))).length).toBe(0)
  expect((await collect(readBlocks(await fileOf('empty.txt', new Uint8Array(0))))).length).toBe(0)
})

test('plain, on the spot: one buffer, offsets, early end', async () => {
  const file = await fileOf('plain.txt', text)
  const parts: Buffer[] = []
  const buffers = new Set<ArrayBufferLike>()
  forEachBlockSync(file, { start: 3, end: 1000, blockBytes: 64 }, (block, offset) => {
    expect(offset).toBe(3 + parts.length * 64)
    parts.push(Buffer.from(block))
    buffers.add(block.buffer)
  })
  expect(Buffer.concat(parts).equals(text.subarray(3, 1000))).toBe(true)
  expect(buffers.size).toBe(1)
  let calls = 0
  forEachBlockSync(file, { blockBytes: 64 }, () => ++calls < 3)
  expect(calls).toBe(3)
  const packed = await fileOf('packed.gz', gzipSync(text))
  expect(() => forEachBlockSync(packed, {}, () => {})).toThrow(/only plain files/)
})

describe('gzip', () => {
  test('one member and several', async () => {
    const one = await fileOf('one.gz', gzipSync(text))
    let progress = 0
    expect((await collect(readBlocks(one, { onBytes: (n) => (progress += n) }))).equals(text)).toBe(true)
    expect(progress).toBe(one.size)
    const two = await fileOf('two.gz', Buffer.concat([gzipSync(text), gzipSync('끝')]))
    expect((await collect(readBlocks(two))).equals(Buffer.concat([text, Buffer.from('끝')]))).toBe(true)
  })

  test('truncated and damaged data name the file and the byte', async () => {
    const packed = gzipSync(text)
    const cut = await fileOf('cut.gz', packed.subarray(0, 100_000))
    await expect(collect(readBlocks(cut))).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringMatching(/cut\.gz: gzip data breaks at byte 100000: unexpected end of file/),
    })
    const flipped = Buffer.from(packed)
    flipped[flipped.length - 6] ^= 0xff
    await expect(collect(readBlocks(await fileOf('flipped.gz', flipped)))).rejects.toMatchObject({ code: 'bad-file' })
  })

  test('has no byte ranges', async () => {
    const file = await fileOf('one.gz', gzipSync(text))
    await expect(collect(readBlocks(file, { start: 5 }))).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe.skipIf(!hasZstd)('zstd (skipped where the zstd command is missing)', () => {
  test.each([[['-3']], [['-12', '--no-check']], [['--fast=5']]])('%s', async (options) => {
    const file = await fileOf('one.zst', zstd(text, ...options))
    expect(file.compression).toBe('zstd')
    expect((await collect(readBlocks(file))).equals(text)).toBe(true)
  })

  test('several frames, any cut of the input, by the portable decoder', async () => {
    const packed = Buffer.concat([zstd(text.subarray(0, 500_000)), zstd(text.subarray(500_000), '--no-check')])
    for (const step of [1 << 18, 4099, 130]) {
      const pieces = (async function* () {
        for (let i = 0; i < packed.length; i += step) yield new Uint8Array(packed.subarray(i, i + step))
      })()
      expect((await collect(unzstdPortable('x', pieces))).equals(text)).toBe(true)
    }
  })

  test('truncated and damaged data name the file and the byte', async () => {
    const packed = zstd(text)
    for (const [name, data] of [
      ['cut.zst', packed.subarray(0, packed.length - 1000)],
      ['junk.zst', Buffer.concat([packed.subarray(0, 50_000), Buffer.alloc(5000, 0xff)])],
    ] as const) {
      await expect(collect(readBlocks(await fileOf(name, data)))).rejects.toMatchObject({
        code: 'bad-file',
        message: expect.stringMatching(new RegExp(`${name}: zstd data breaks near byte \\d+`)),
      })
    }
  })
})

describe('standard input', () => {
  const stdin: CorpusFile = { path: '-', size: 0, compression: 'none' }
  const pieces = async function* (data: Uint8Array, step = 1000) {
    for (let i = 0; i < data.length; i += step) yield data.subarray(i, i + step)
  }
  test('plain and compressed', async () => {
    expect((await collect(readBlocks(stdin, { stdin: pieces(text) }))).equals(text)).toBe(true)
    expect((await collect(readBlocks(stdin, { stdin: pieces(gzipSync(text)) }))).equals(text)).toBe(true)
    expect((await collect(readBlocks(stdin, { stdin: pieces(new Uint8Array(0)) }))).length).toBe(0)
  })
  test('foreign kinds are refused', async () => {
    const parquet = pieces(Buffer.from('PAR1....'), 3)
    await expect(collect(readBlocks(stdin, { stdin: parquet }))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('standard input'),
    })
  })
})

test.skipIf(process.platform === 'win32')('a named pipe (no pipes on Windows)', async () => {
  const path = join(folder, 'pipe')
  expect(spawnSync('mkfifo', [path]).status).toBe(0)
  // Looking at a pipe must not wait for its writer.
  const [file] = await expandInputs([path])
  expect(file).toEqual({ path, size: 0, compression: 'none', stream: true })
  const writing = writeFile(path, gzipSync(text))
  expect((await collect(readBlocks(file))).equals(text)).toBe(true)
  await writing
  expect(() => forEachBlockSync(file, {}, () => {})).toThrow(/only plain files/)
})

test('an abort ends the reading', async () => {
  const file = await fileOf('plain.txt', text)
  const packed = await fileOf('one.gz', gzipSync(text))
  const controller = new AbortController()
  let blocks = 0
  const reading = (async () => {
    for await (const _ of readBlocks(file, { blockBytes: 1000, signal: controller.signal }))
      if (++blocks === 2) controller.abort()
  })()
  await expect(reading).rejects.toMatchObject({ code: 'aborted' })
  expect(blocks).toBe(2)
  await expect(collect(readBlocks(packed, { signal: controller.signal }))).rejects.toMatchObject({ code: 'aborted' })
})

test('a file that has gone is an io error', async () => {
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    const gone: CorpusFile = { path: join(folder, 'gone'), size: 1, compression }
    await expect(collect(readBlocks(gone))).rejects.toMatchObject({
      code: 'io',
      message: expect.stringContaining('gone'),
    })
  }
  expect(() => forEachBlockSync({ path: join(folder, 'gone'), size: 1, compression: 'none' }, {}, () => {})).toThrow(
    /ENOENT/,
  )
})
