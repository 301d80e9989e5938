import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CorpusFile } from '../../src/corpus/files'
import {
  inputsHash,
  markerName,
  SHARDS_MAX,
  type Shard,
  shardName,
  shardOfName,
  shardParts,
} from '../../src/counts/shard'
import { isKoVocabError } from '../../src/errors'
import { runs } from '../support/long'

const file = fc.record({
  size: fc.oneof(fc.nat(20), fc.nat(5_000_000), fc.constant(0)),
  compression: fc.constantFrom('none' as const, 'none' as const, 'gzip' as const, 'zstd' as const),
})
const files = fc
  .array(file, { maxLength: 12 })
  .map((list) => list.map((one, i): CorpusFile => ({ ...one, path: `corpus/${i}` })))

function failure(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('shardParts', () => {
  it('gives every byte of every file to exactly one shard, and whole files where they cannot be cut', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 20 }), (list, of) => {
        const parts = Array.from({ length: of }, (_, index) => shardParts(list, { index, of })).flat()
        for (const one of list) {
          const own = parts.filter((part) => part.file === one).sort((a, b) => a.start - b.start)
          if (one.compression !== 'none') {
            expect(own).toEqual([{ file: one, start: 0, end: one.size }])
            continue
          }
          let at = 0
          for (const { start, end } of own) {
            expect(start).toBe(at)
            expect(end).toBeGreaterThan(start)
            at = end
          }
          expect(at).toBe(one.size)
        }
      }),
      { numRuns: runs(500) },
    )
  })

  it('gives plain files in equal shares', () => {
    fc.assert(
      fc.property(files, fc.integer({ min: 1, max: 20 }), (list, of) => {
        const plain = list.map((one): CorpusFile => ({ ...one, compression: 'none' }))
        const sizes = Array.from({ length: of }, (_, index) =>
          shardParts(plain, { index, of }).reduce((sum, { start, end }) => sum + end - start, 0),
        )
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2)
      }),
      { numRuns: runs(300) },
    )
  })

  it('lets plain bytes fill up what compressed files leave', () => {
    const list: CorpusFile[] = [
      { path: 'large.gz', size: 100, compression: 'gzip' },
      { path: 'plain.txt', size: 1600, compression: 'none' },
      { path: 'small.gz', size: 50, compression: 'gzip' },
    ]
    // A compressed byte weighs as eight: 800, 400 and 1600 make 1400 for each of two.
    const bytesOf = (index: number) => shardParts(list, { index, of: 2 }).map((p) => [p.file.path, p.start, p.end])
    expect(bytesOf(0)).toEqual([
      ['large.gz', 0, 100],
      ['plain.txt', 0, 600],
    ])
    expect(bytesOf(1)).toEqual([
      ['small.gz', 0, 50],
      ['plain.txt', 600, 1600],
    ])
  })

  it('refuses shards that there are not, and streams', () => {
    const wrong: [number, number][] = [
      [2, 2],
      [-1, 2],
      [0, 0],
      [0.5, 2],
      [0, SHARDS_MAX + 1],
    ]
    for (const [index, of] of wrong) expect(failure(() => shardParts([], { index, of }))).toMatch(/^bad-option/)
    const stream: CorpusFile = { path: '-', size: 0, compression: 'none', stream: true }
    expect(failure(() => shardParts([stream], { index: 0, of: 2 }))).toBe(
      'unsupported: standard input: a stream cannot be counted in shards',
    )
  })
})

describe('names', () => {
  it('are those of datasets, and are understood again', () => {
    const shard: Shard = { index: 3, of: 16 }
    expect(shardName(shard)).toBe('part-00003-of-00016.parquet')
    expect(markerName(shard)).toBe('part-00003-of-00016.done')
    for (const name of [shardName(shard), markerName(shard)]) expect(shardOfName(name)).toEqual(shard)
    for (const name of ['counts.parquet', '.part-00003-of-00016.parquet.0123456789ab.tmp', 'part-3-of-16.parquet'])
      expect(shardOfName(name)).toBeNull()
  })
})

describe('inputsHash', () => {
  const list: CorpusFile[] = [
    { path: '/data/a.txt', size: 1, compression: 'none' },
    { path: '/data/b.gz', size: 2, compression: 'gzip' },
  ]
  it('does not depend on the folder', () => {
    const moved = list.map((one) => ({ ...one, path: one.path.replace('/data', 'C:\\mnt') }))
    expect(inputsHash(moved)).toBe(inputsHash(list))
  })
  it('depends on names, sizes, compression, order, and what is left out of them', () => {
    const others: CorpusFile[][] = [
      [list[1], list[0]],
      [list[0]],
      [{ ...list[0], size: 2 }, list[1]],
      [{ ...list[0], path: 'c.txt' }, list[1]],
      [list[0], { ...list[1], compression: 'zstd' }],
      [list[0], { ...list[1], onError: 'skip' }],
    ]
    const hashes = new Set([list, ...others].map(inputsHash))
    expect(hashes.size).toBe(others.length + 1)
  })
})
