import fc from 'fast-check'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { type ContextVectors, contextVectors, createTokenLog, logLine } from '../../src/init/context-vectors'
import { type CorpusStatistics, corpusStatistics } from '../../src/init/corpus-statistics'
import { buildInitMap } from '../../src/init/init-map'
import { spelledBytes } from '../../src/init/spelled-bytes'
import { createEncoder, encode, encodePiece } from '../../src/tokenizer/encoder'
import type { Tokenizer } from '../../src/tokenizer/types'
import { byteTokens, rowOf, tokenizerOf } from './tokenizer-of'

/** The base joins bc; what is new joins ab first, so that `abc` is cut across the base's token. */
const letters = ['▁', 'a', 'b', 'c', 'd']
const basePieces = ['<unk>', ...byteTokens, ...letters, 'bc', 'cd']
const base = tokenizerOf(basePieces, 'sentencepiece', 'b', [
  ['b', 'c'],
  ['c', 'd'],
])
const newPieces = ['ab', 'abc', '가']
const extended = tokenizerOf([...basePieces, ...newPieces], 'sentencepiece', 'e', [
  ['a', 'b'],
  ['b', 'c'],
  ['c', 'd'],
])
const id = (piece: string) => extended.pieces.indexOf(piece)

/** The slow way: every byte of the text knows its base token, and a piece takes what lies under its bytes. */
function alignmentsByByte(tokenizers: { base: Tokenizer; extended: Tokenizer }, lines: string[]) {
  const [baseEncoder, extendedEncoder] = [createEncoder(tokenizers.base), createEncoder(tokenizers.extended)]
  const bytesOf = (ids: Int32Array) =>
    Array.from(ids).flatMap((token, place) => {
      const length = spelledBytes(tokenizers.extended, token)
      return Array.from({ length }, () => ({ token, place, length }))
    })
  const found = new Map<number, { occurrences: number; shares: Map<number, number> }>()
  for (const line of lines) {
    const under = bytesOf(encode(baseEncoder, line))
    const ids = encode(extendedEncoder, line)
    const over = bytesOf(ids)
    if (under.length !== over.length) continue
    ids.forEach((token, place) => {
      if (token < tokenizers.base.pieces.length) return
      const bytes = under.filter((_, i) => over[i].place === place)
      const total = bytes.reduce((sum, { length }) => sum + 1 / length, 0)
      const entry = found.get(token) ?? { occurrences: 0, shares: new Map() }
      found.set(token, entry)
      entry.occurrences++
      for (const one of bytes) entry.shares.set(one.token, (entry.shares.get(one.token) ?? 0) + 1 / one.length / total)
    })
  }
  return found
}

const entriesOf = (alignments: CorpusStatistics['alignments']) =>
  [...alignments]
    .sort(([a], [b]) => a - b)
    .map(([token, { occurrences, shares }]) => ({
      piece: token,
      occurrences,
      shares: [...shares].sort(([a], [b]) => a - b).map(([baseId, share]) => [baseId, Number(share.toFixed(9))]),
    }))

describe('alignment', () => {
  it('shares a token that reaches beyond the piece by its bytes', async () => {
    // Extended: ab, cd. Base: a, bc, d. Under ab lie a and half of bc.
    const { alignments, baseCounts, lines, unaligned } = await corpusStatistics(['abcd'], { base, extended })
    expect({ lines, unaligned }).toEqual({ lines: 1, unaligned: 0 })
    expect([id('a'), id('bc'), id('d')].map((token) => baseCounts[token])).toEqual([1, 1, 1])
    expect(entriesOf(alignments)).toEqual([
      {
        piece: id('ab'),
        occurrences: 1,
        shares: [
          [id('a'), 0.666666667],
          [id('bc'), 0.333333333],
        ],
      },
    ])
  })

  it('is that of the slow way, on any lines', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', '가', ' ', 'x'), maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 5 }), async (lines) => {
        const { alignments } = await corpusStatistics(lines, { base, extended })
        expect(entriesOf(alignments)).toEqual(entriesOf(alignmentsByByte({ base, extended }, lines)))
        for (const { occurrences, shares } of alignments.values())
          expect([...shares.values()].reduce((a, b) => a + b)).toBeCloseTo(occurrences, 9)
      }),
      { numRuns: 200 },
    )
  })

  it('leaves lines out that the two do not spell alike, and counts their tokens all the same', async () => {
    const bare = { ...base, byteFallback: false }
    const grown = { ...extended, byteFallback: false }
    const given = await corpusStatistics(['가가', 'ab'], { base: bare, extended: grown })
    expect([given.lines, given.unaligned, given.baseCounts[0]]).toEqual([2, 1, 1])
    expect([...given.alignments.keys()]).toEqual([id('ab')])
  })

  it('of no lines is an error, and stops when it is told to', async () => {
    await expect(corpusStatistics([], { base, extended })).rejects.toThrow('the corpus holds no lines')
    const lines = Array.from({ length: 1000 }, () => 'ab')
    await expect(corpusStatistics(lines, { base, extended, signal: AbortSignal.abort() })).rejects.toThrow(
      'interrupted',
    )
  })
})

test('where new merges follow the base, as ko-vocab makes them, align is mean', async () => {
  const merges: [string, string][] = [
    ['b', 'c'],
    ['c', 'd'],
    ['a', 'bc'],
    ['a', 'b'],
  ]
  const continued = tokenizerOf([...basePieces, ...newPieces], 'sentencepiece', 'e', merges)
  const encoder = createEncoder(base)
  const lines = ['abcd abc ab', 'ab cabc 가', 'abab']
  const corpus = await corpusStatistics(lines, { base, extended: continued })
  const map = buildInitMap({
    base,
    extended: continued,
    segment: (token) => Array.from(encodePiece(encoder, continued.pieces[token])),
    inputMethod: 'align',
    outputMethod: 'mean',
    corpus,
  })
  expect(corpus.alignments.size).toBe(3)
  expect(map.input).toEqual(map.output)
})

describe('context vectors', () => {
  /** Rows as Map context → value, by brute force over all pairs of places. */
  function slow(lines: number[][], window: number, most: number, minCount: number) {
    const count = new Map<number, number>()
    for (const token of lines.flat()) count.set(token, (count.get(token) ?? 0) + 1)
    const ids = [...count.keys()].filter((token) => (count.get(token) ?? 0) >= minCount).sort((a, b) => a - b)
    const frequent = [...ids].sort((a, b) => (count.get(b) ?? 0) - (count.get(a) ?? 0) || a - b).slice(0, most)
    const pairs = ids.map((token) =>
      frequent.map((context) => {
        let met = 0
        for (const line of lines) {
          for (let i = 0; i < line.length; i++) {
            for (let j = Math.max(0, i - window); j <= i + window && j < line.length; j++) {
              if (i !== j && line[i] === token && line[j] === context) met++
            }
          }
        }
        return met
      }),
    )
    const masses = frequent.map((_, c) => pairs.reduce((sum, row) => sum + row[c], 0) ** 0.75)
    const total = masses.reduce((a, b) => a + b, 0)
    return ids.flatMap((token, r) => {
      const rowSum = pairs[r].reduce((a, b) => a + b, 0)
      const ppmi = pairs[r].map((met, c) => (met > 0 ? Math.max(0, Math.log((met / rowSum) * (total / masses[c]))) : 0))
      const length = Math.hypot(...ppmi)
      return length > 0 ? [{ token, values: ppmi.map((value) => value / length) }] : []
    })
  }

  const dense = ({ ids, indptr, contexts, values, dim }: ContextVectors) =>
    Array.from(ids, (token, r) => {
      const row = Array<number>(dim).fill(0)
      for (let i = indptr[r]; i < indptr[r + 1]; i++) row[contexts[i]] = values[i]
      return { token, values: row }
    })

  it('are what brute force gives, on any lines', () => {
    const lines = fc.array(fc.array(fc.nat(6), { maxLength: 12 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }), (texts, window, contexts) => {
        const log = createTokenLog()
        for (const line of texts) logLine(log, Int32Array.from(line))
        const given = dense(contextVectors(log, { window, contexts, minCount: 2 }))
        const wanted = slow(texts, window, contexts, 2)
        expect(given.map(({ token }) => token)).toEqual(wanted.map(({ token }) => token))
        for (const [r, { values }] of given.entries()) {
          for (const [c, value] of values.entries()) expect(value).toBeCloseTo(wanted[r].values[c], 5)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('go across the parts of the log', () => {
    const log = createTokenLog()
    const long = Int32Array.from({ length: 3_000_000 }, (_, i) => i % 3)
    logLine(log, long)
    expect(log.parts).toHaveLength(3)
    expect(log.used).toBe(3_000_001 - 2 * (1 << 20))
    // A cycle: 1 stands beside 0 and 2 alone within a window of 1, as often beside either.
    const { ids, values, indptr } = contextVectors(log, { window: 1 })
    expect([...ids]).toEqual([0, 1, 2])
    expect([...values.subarray(indptr[1], indptr[2])].map((value) => value.toFixed(3))).toEqual(['0.707', '0.707'])
  })
})

describe('on a real corpus', () => {
  let statistics: CorpusStatistics
  beforeAll(async () => {
    const lines = Array.from({ length: 40 }, () => ['abcd dcba', 'ab ab cd 가 가', 'dd abc']).flat()
    statistics = await corpusStatistics(lines, { base, extended, contexts: true })
  })

  it('contexts are those of the extended tokenizer', () => {
    expect([...(statistics.vectors?.ids ?? [])]).toEqual(expect.arrayContaining([id('ab'), id('cd'), id('가')]))
    expect([...(statistics.vectors?.ids ?? [])]).not.toContain(id('bc'))
  })

  it.each(['focus', 'omp'] as const)('%s combines base tokens that stand alike', (method) => {
    const encoder = createEncoder(base)
    const map = buildInitMap({
      base,
      extended,
      segment: (token) => Array.from(encodePiece(encoder, extended.pieces[token])),
      inputMethod: method,
      outputMethod: 'mean',
      corpus: statistics,
    })
    const row = rowOf(map.input, 0)
    expect(row.length).toBeGreaterThan(0)
    for (const [baseId] of row) expect(letters.concat('bc', 'cd')).toContain(basePieces[baseId])
  })
})
