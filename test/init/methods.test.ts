import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { CorpusStatistics } from '../../src/init/corpus-statistics'
import { buildInitMap, type InitMap, type InitMapOptions } from '../../src/init/init-map'
import { corpusNeed, type InitMethod, initMethods } from '../../src/init/methods'
import { encodeUtf8 } from '../../src/text/utf8'
import { bytesToPiece, byteToChar } from '../../src/tokenizer/byte-alphabet'
import { createEncoder, encodePiece } from '../../src/tokenizer/encoder'
import { byteTokens, rowOf, tokenizerOf } from './tokenizer-of'

const names = Object.keys(initMethods) as InitMethod[]

const basePieces = ['<unk>', ...byteTokens, '▁', '가', '각', '고', '나', '날', '다', '나라']
const base = tokenizerOf(basePieces, 'sentencepiece', 'b')
const id = (piece: string) => basePieces.indexOf(piece)
const newPieces = ['갇', '▁나갇', '힣', 'ㄱ', '나나', '가?']
const extended = tokenizerOf([...basePieces, ...newPieces], 'sentencepiece', 'e')
const idOfNew = (piece: string) => basePieces.length + newPieces.indexOf(piece)
const encoder = createEncoder(base)
const segment = (newId: number) => Array.from(encodePiece(encoder, extended.pieces[newId]))

/** Statistics as they would come of a corpus: counts of base tokens, and context vectors by hand. */
const corpus: CorpusStatistics = {
  lines: 1,
  unaligned: 0,
  baseCounts: Float64Array.from(basePieces, (_, i) => (i === id('나') ? 900 : i === id('▁') ? 100 : 0)),
  alignments: new Map([
    [
      idOfNew('나나'),
      {
        occurrences: 4,
        shares: new Map([
          [id('나'), 3],
          [id('나라'), 1],
        ]),
      },
    ],
  ]),
  vectors: {
    // 가, 고 and 나 stand in contexts 0 and 1 as their vectors say; 나나 stands between 가 and 고.
    ids: Int32Array.of(id('가'), id('고'), id('나'), idOfNew('나나')),
    indptr: Int32Array.of(0, 1, 2, 3, 5),
    contexts: Int32Array.of(0, 1, 2, 0, 1),
    values: Float32Array.of(1, 1, 1, 0.8, 0.6),
    dim: 3,
  },
}

const build = (method: InitMethod, more: Partial<InitMapOptions> = {}): InitMap =>
  buildInitMap({ base, extended, segment, inputMethod: method, outputMethod: method, corpus, ...more })
const row = (map: InitMap, piece: string, side: 'input' | 'output' = 'input') =>
  rowOf(map[side], map.newIds.indexOf(idOfNew(piece)))

const near = (entries: [number, number][], wanted: [string, number][]) => {
  const sorted = wanted.map(([piece, weight]) => [id(piece), weight] as const).sort(([a], [b]) => a - b)
  expect(entries.map(([baseId]) => basePieces[baseId])).toEqual(sorted.map(([baseId]) => basePieces[baseId]))
  for (const [i, [, weight]] of entries.entries()) expect(weight).toBeCloseTo(sorted[i][1], 6)
}

const bytesOf = (text: string) => Array.from(encodeUtf8(text), (byte) => byteTokens[byte])

describe('by hand', () => {
  it('first_last: the last token for input, the first for output', () => {
    const map = build('first_last')
    near(row(map, '가?', 'input'), [['<0x3F>', 1]])
    near(row(map, '가?', 'output'), [['가', 1]])
  })

  it('weighted_frequency: a / (a + p), brought to 1', () => {
    const [p나, p갇] = [0.001 / (0.001 + 0.9), 1]
    const total = 0.001 / (0.001 + 0.1) + p나 + 3 * p갇
    near(row(build('weighted_frequency'), '▁나갇'), [
      ['▁', 0.001 / (0.001 + 0.1) / total],
      ['나', p나 / total],
      ...bytesOf('갇').map((token) => [token, 1 / total] as [string, number]),
    ])
  })

  it('align: shares by occurrence; the mean of its tokens where a piece was not seen', () => {
    const map = build('align')
    near(row(map, '나나'), [
      ['나', 0.75],
      ['나라', 0.25],
    ])
    near(row(map, '가?'), [
      ['가', 0.5],
      ['<0x3F>', 0.5],
    ])
  })

  it('jamo: 갇 borrows from ㄱ, ㅏ and ㄷ, which no syllable of the base ends in', () => {
    // ㄱ: 가 각 고. ㅏ: 가 각 나 날 다. Two groups, so a half each.
    near(row(build('jamo'), '갇'), [
      ['가', 1 / 6 + 1 / 10],
      ['각', 1 / 6 + 1 / 10],
      ['고', 1 / 6],
      ['나', 1 / 10],
      ['날', 1 / 10],
      ['다', 1 / 10],
    ])
  })

  it('jamo: characters by their bytes; one that the base has stays itself', () => {
    // ▁ is a byte of seven, 나 and 갇 are three each.
    near(row(build('jamo'), '▁나갇'), [
      ['▁', 1 / 7],
      ['가', (3 / 7) * (1 / 6 + 1 / 10)],
      ['각', (3 / 7) * (1 / 6 + 1 / 10)],
      ['고', 3 / 7 / 6],
      ['나', 3 / 7 + 3 / 70],
      ['날', 3 / 70],
      ['다', 3 / 70],
    ])
  })

  it('jamo: without a syllable that shares a jamo, and for what is no syllable, the bytes', () => {
    near(
      row(build('jamo'), '힣'),
      bytesOf('힣').map((token) => [token, 1 / 3]),
    )
    near(
      row(build('jamo'), 'ㄱ'),
      bytesOf('ㄱ').map((token) => [token, 1 / 3]),
    )
  })

  it('focus: sparsemax of the cosines 0.8 and 0.6 is 0.6 and 0.4', () => {
    near(row(build('focus'), '나나'), [
      ['가', 0.6],
      ['고', 0.4],
    ])
    near(row(build('focus', { k: 1 }), '나나'), [['가', 1]])
    near(row(build('focus'), '가?'), [
      ['가', 0.5],
      ['<0x3F>', 0.5],
    ])
  })

  it('omp: on an orthonormal dictionary the coefficients are the inner products', () => {
    near(row(build('omp'), '나나'), [
      ['가', 0.8],
      ['고', 0.6],
    ])
    near(row(build('omp', { k: 1 }), '나나'), [['가', 0.8]])
    near(row(build('omp'), '가?'), [
      ['가', 0.5],
      ['<0x3F>', 0.5],
    ])
  })

  it('zero and randn have no base rows', () => {
    const zero = build('zero')
    expect([zero.input.weights.length, zero.input.mean, zero.input.noise]).toEqual([0, undefined, undefined])
    const randn = build('randn')
    expect([...(randn.output.noise ?? [])]).toEqual(Array(6).fill(Math.fround(0.02)))
    expect([randn.output.weights.length, randn.output.mean]).toEqual([0, undefined])
  })
})

test('jamo in the byte alphabet: whole characters by their jamo, bytes of a cut one as they are', () => {
  const spell = (text: string) => bytesToPiece(encodeUtf8(text))
  const bytes = Array.from({ length: 256 }, (_, byte) => byteToChar(byte))
  const [ga, na] = [spell('가'), spell('나')]
  const halves = [ga.slice(0, 2), na.slice(0, 2)].filter((half, i, all) => all.indexOf(half) === i)
  const pieces = [...bytes, ...halves, ga, na]
  const pairs: [string, string][] = [
    ...halves.map((half) => [half[0], half[1]] as [string, string]),
    [ga.slice(0, 2), ga[2]],
    [na.slice(0, 2), na[2]],
  ]
  const byteBase = tokenizerOf(pieces, 'byte-level', 'b', pairs)
  const cut = spell('다').slice(0, 2)
  const byteExtended = tokenizerOf([...pieces, spell('각'), spell(' 나') + cut], 'byte-level', 'e', pairs)
  const byteEncoder = createEncoder(byteBase)
  const map = buildInitMap({
    base: byteBase,
    extended: byteExtended,
    segment: (newId) => Array.from(encodePiece(byteEncoder, byteExtended.pieces[newId])),
    inputMethod: 'jamo',
    outputMethod: 'mean',
  })
  const shown = (r: number) =>
    rowOf(map.input, r).map(([baseId, weight]) => [pieces[baseId], Number(weight.toFixed(6))])
  // 각: ㄱ from 가 alone, ㅏ from both; nothing ends in ㄱ.
  expect(shown(0)).toEqual([
    [ga, 0.75],
    [na, 0.25],
  ])
  // The space is a byte of six, 나 three; the two bytes of 다 are no character.
  expect(shown(1).sort()).toEqual(
    [
      [byteToChar(0x20), 0.166667],
      [na, 0.5],
      [cut[0], 0.166667],
      [cut[1], 0.166667],
    ].sort(),
  )
})

const sumsToOne = names.filter((name) => !['omp', 'zero', 'randn'].includes(name))

test('any pieces, any method: ids in range, rows that sum to what they promise, equal for the same seed', () => {
  const text = fc.string({
    unit: fc.constantFrom('가', '각', '간', '나', '힣', 'ㄱ', 'ᄀ', 'a', '▁', '?'),
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 1, maxLength: 6 }), fc.nat(2 ** 31), (texts, seed) => {
      const pieces = texts.map((one) => `${one}!`)
      const grown = tokenizerOf([...basePieces, ...pieces], 'sentencepiece', 'e')
      const options = {
        extended: grown,
        segment: (newId: number) => Array.from(encodePiece(encoder, grown.pieces[newId])),
        seed,
      }
      for (const name of names) {
        const map = build(name, options)
        expect(build(name, options)).toEqual(map)
        for (const side of ['input', 'output'] as const) {
          pieces.forEach((_, r) => {
            const entries = rowOf(map[side], r)
            expect(
              entries.every(([baseId, weight]) => baseId >= 0 && baseId < basePieces.length && Number.isFinite(weight)),
            ).toBe(true)
            const sum = entries.reduce((total, [, weight]) => total + weight, map[side].mean?.[r] ?? 0)
            if (sumsToOne.includes(name)) expect(sum).toBeCloseTo(1, 5)
          })
        }
      }
    }),
    { numRuns: 30 },
  )
})

describe('mean_resizing', () => {
  it('has covariance 1e-9 Σ over its draws, and the mean of the base rows', () => {
    const dim = 2
    // Correlated columns, so that a covariance that were only a scale would be seen.
    const matrix = basePieces.map((_, i) => [Math.sin(i) * 3 + 5, Math.sin(i) - 2 * Math.cos(3 * i)])
    const mean = [0, 1].map((d) => matrix.reduce((sum, values) => sum + values[d], 0) / matrix.length)
    const covariance = (rows: number[][], center: number[]) =>
      [
        [0, 0],
        [0, 1],
        [1, 1],
      ].map(([a, b]) => rows.reduce((sum, r) => sum + (r[a] - center[a]) * (r[b] - center[b]), 0) / rows.length)
    const many = Array.from({ length: 20_000 }, (_, i) => `새${i}`)
    const map = build('mean_resizing', {
      extended: tokenizerOf([...basePieces, ...many], 'sentencepiece', 'e'),
      segment: () => [1],
      seed: 3,
    })
    // In float64: the noise is far below float32's last digit of the mean.
    const rows = many.map((_, r) =>
      Array.from({ length: dim }, (_, d) =>
        rowOf(map.input, r).reduce((sum, [i, w]) => sum + w * (matrix[i][d] - mean[d]), 0),
      ),
    )
    const found = covariance(rows, [0, 0])
    const wanted = covariance(matrix, mean).map((value) => value * 1e-9)
    const scale = Math.sqrt(wanted[0] * wanted[2])
    for (const [i, value] of found.entries()) expect(Math.abs(value - wanted[i])).toBeLessThan(0.05 * scale)
    const off = Array.from(
      many,
      (_, r) => (map.input.mean?.[r] ?? 0) + rowOf(map.input, r).reduce((sum, [, w]) => sum + w, 0) - 1,
    )
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(1e-6)
  })

  it('draws otherwise for input and output, and for another seed', () => {
    const map = build('mean_resizing', { seed: 3 })
    expect(map.input).not.toEqual(map.output)
    expect(build('mean_resizing', { seed: 4 }).input).not.toEqual(map.input)
  })
})

test('methods that need a corpus say so, and those that need its contexts', () => {
  for (const name of names) {
    const need = corpusNeed([name])
    if (need === 'none') expect(build(name, { corpus: undefined }).newIds).toHaveLength(6)
    else expect(() => build(name, { corpus: undefined })).toThrow(`the init method ${name} needs a corpus`)
    const without = () => build(name, { corpus: { ...corpus, vectors: null } })
    if (need === 'contexts') expect(without).toThrow(`the init method ${name} needs the contexts of the corpus`)
    else expect(without().newIds).toHaveLength(6)
  }
  expect(corpusNeed(['mean', 'align'])).toBe('alignment')
  expect(corpusNeed(['omp', 'align'])).toBe('contexts')
})

test('every method is on the page, and its file names the source', () => {
  const page = readFileSync(new URL('../../docs/init-map.md', import.meta.url), 'utf8')
  const folder = new URL('../../src/init/methods/', import.meta.url)
  const registry = readFileSync(new URL('index.ts', folder), 'utf8')
  for (const name of names) {
    expect(page).toContain(`| \`${name}\` |`)
    const file = `${name.replaceAll('_', '-')}.ts`
    expect(registry).toContain(`from './${file.slice(0, -3)}'`)
    const docstring = /\/\*\*[\s\S]*?\*\/\s*export const/.exec(readFileSync(new URL(file, folder), 'utf8'))?.[0] ?? ''
    expect({ name, docstring }).toMatchObject({
      docstring: expect.stringMatching(/arXiv|\b(19|20)\d\d\b|mergekit/),
    })
    expect({ name, docstring }).toMatchObject({ docstring: expect.stringMatching(/sums?[\s*]+to|no base rows/) })
  }
  const helpers = ['index.ts', 'needs.ts', 'types.ts']
  expect(readdirSync(folder).filter((file) => !helpers.includes(file))).toHaveLength(names.length)
})
