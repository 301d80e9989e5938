import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unzstdPortable } from '../../src/corpus/unzstd'
import { zstd } from '../../src/corpus/zstd'
import { runs } from '../support/long'

async function* pieces(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const collect = async (source: AsyncIterable<Uint8Array>) => {
  const parts = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

/** Text that packs, and bytes that do not. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc
    .tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 1, max: 40_000 }))
    .map(([text, times]) => new Uint8Array(Buffer.from(text.repeat(times)).subarray(0, 1_500_000))),
)

test('what is compressed is read again, and how it was cut makes no difference', async () => {
  await fc.assert(
    fc.asyncProperty(content, fc.integer({ min: 1, max: 700_000 }), async (bytes, size) => {
      const whole = await collect(zstd(pieces(bytes, Math.max(1, bytes.length))))
      expect(Buffer.compare(await collect(unzstdPortable('x', pieces(whole, 60_000))), bytes)).toBe(0)
      const least = Math.ceil(bytes.length / 2000)
      expect(Buffer.compare(await collect(zstd(pieces(bytes, Math.max(least, size)))), whole)).toBe(0)
    }),
    { numRuns: runs(40, 400) },
  )
})

test('two at the same time do not mix', async () => {
  const [a, b] = ['가나다라마바사', 'abcdefg'].map((text) => new Uint8Array(Buffer.from(text.repeat(50_000))))
  const alone = [await collect(zstd(pieces(a, 9999))), await collect(zstd(pieces(b, 9999)))]
  expect(await Promise.all([collect(zstd(pieces(a, 9999))), collect(zstd(pieces(b, 9999)))])).toEqual(alone)
})

test('one that breaks off lets the next begin', async () => {
  const failing = async function* () {
    yield new Uint8Array(10)
    throw new Error('the disk is gone')
  }
  await expect(collect(zstd(failing()))).rejects.toThrow('the disk is gone')
  for await (const _ of zstd(pieces(new Uint8Array(1_000_000).fill(1), 1000))) break
  const bytes = new Uint8Array(Buffer.from('한글'))
  expect(await collect(unzstdPortable('x', pieces(await collect(zstd(pieces(bytes, 1))), 100)))).toEqual(
    Buffer.from(bytes),
  )
})

const hasZstd = spawnSync('zstd', ['--version']).status === 0

test.skipIf(!hasZstd)('the zstd command reads it as one frame', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ko-vocab-zstd-'))
  try {
    const bytes = Buffer.from(Array.from({ length: 60_000 }, (_, i) => `${i * 7919} 번째 줄\n`).join(''))
    await writeFile(join(folder, 'a.zst'), zstd(pieces(new Uint8Array(bytes), 100_000)))
    const read = spawnSync('zstd', ['-dc', join(folder, 'a.zst')], { maxBuffer: 1 << 28 })
    expect(read.status).toBe(0)
    expect(Buffer.compare(read.stdout, bytes)).toBe(0)
    expect(spawnSync('zstd', ['-l', join(folder, 'a.zst')]).stdout.toString()).toMatch(/\n +1 +0 /)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
