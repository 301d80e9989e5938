import fc from 'fast-check'
import { expect, it } from 'vitest'
import { meanOf, newRowMaker, type RowSource, roundedMean } from '../../src/checkpoint/new-rows'
import { decodeValues, encodeValues, ROW_BYTES, type RowDtype } from '../../src/checkpoint/row-values'
import { applyInitMap, meanOfRows } from '../../src/init/apply-init-map'
import type { InitMap, SparseRows } from '../../src/init/init-map'
import { runs } from '../support/long'
import { randomValues } from './model'

/** A matrix in memory that counts what is read of it. */
function sourceOf(dtype: RowDtype, values: Float64Array, columns: number) {
  const rowBytes = columns * ROW_BYTES[dtype]
  const bytes = new Uint8Array(values.length * ROW_BYTES[dtype])
  if (encodeValues(dtype, values, bytes) >= 0) throw new Error('does not fit')
  const read: [number, number][] = []
  const source: RowSource = {
    name: 'matrix',
    dtype,
    columns,
    read: async (first, count) => {
      read.push([first, count])
      return bytes.slice(first * rowBytes, (first + count) * rowBytes)
    },
  }
  return { source, bytes, read }
}

function mapOf(input: SparseRows, baseRows: number, first = baseRows): InitMap {
  const count = input.indptr.length - 1
  return {
    newIds: Int32Array.from({ length: count }, (_, i) => first + i),
    input,
    output: input,
    inputMethod: 'x',
    outputMethod: 'x',
    baseSha256: '',
    extendedSha256: '',
    baseRows,
    paddingIds: [],
    seed: 7,
  }
}

const sparse = (rows: [number, number][][]): SparseRows => ({
  indptr: Int32Array.from([0, ...rows.map((_, i) => rows.slice(0, i + 1).reduce((sum, row) => sum + row.length, 0))]),
  indices: Int32Array.from(rows.flatMap((row) => row.map(([id]) => id))),
  weights: Float32Array.from(rows.flatMap((row) => row.map(([, weight]) => weight))),
})

async function made(options: Parameters<typeof newRowMaker>[0], cuts: number[] = []): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const make = newRowMaker(options)
  const total = options.map.newIds.length
  const places = [0, ...cuts.filter((cut) => cut > 0 && cut < total).sort((a, b) => a - b), total]
  for (let i = 1; i < places.length; i++) {
    await make(places[i - 1], places[i] - places[i - 1], async (bytes) => void parts.push(bytes.slice()))
  }
  return new Uint8Array(Buffer.concat(parts))
}

it('equals the plain reference, however little memory there is and wherever new rows are interrupted', async () => {
  const weight = fc.float({ noNaN: true, min: -2, max: 2 })
  const row = fc.uniqueArray(fc.nat(19), { maxLength: 20 }).chain((ids) => {
    const sorted = ids.sort((a, b) => a - b)
    return fc
      .array(weight, { minLength: ids.length, maxLength: ids.length })
      .map((w) => sorted.map((id, i) => [id, w[i]] as [number, number]))
  })
  const dense = fc.option(fc.array(fc.float({ noNaN: true, min: 0, max: 1 }), { minLength: 6, maxLength: 6 }), {
    nil: undefined,
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 6, maxLength: 6 }),
      dense,
      dense,
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 1, max: 200 }),
      fc.array(fc.nat(6), { maxLength: 2 }),
      fc.constantFrom('input' as const, 'output' as const),
      async (rows, mean, noise, gatherBytes, sumBytes, cuts, side) => {
        const columns = 5
        const base = randomValues(24 * columns, 3).map(Math.fround)
        const map = mapOf(sparse(rows), 20, 24)
        map[side] = {
          ...map[side],
          ...(mean && { mean: Float32Array.from(mean) }),
          ...(noise && { noise: Float32Array.from(noise) }),
        }
        const { source } = sourceOf('F32', base, columns)
        const got = await made({ source, map, side, mean: () => meanOf(source, 20), gatherBytes, sumBytes }, cuts)
        const values = new Float32Array(6 * columns)
        decodeValues('F32', got, values)
        expect(values).toEqual(applyInitMap(map, Float32Array.from(base), columns, side))
      },
    ),
    { numRuns: runs(300) },
  )
})

it('reads only the base rows that W names, each once when they can be held, neighbours together', async () => {
  const columns = 40_000
  const { source, read } = sourceOf('BF16', randomValues(60 * columns, 1), columns)
  const map = mapOf(
    sparse([
      [
        [3, 0.5],
        [40, 0.5],
      ],
      [
        [3, 0.25],
        [4, 0.75],
      ],
      [[40, 1]],
    ]),
    60,
  )
  await made({ source, map, side: 'input', mean: () => meanOf(source, 60), sumBytes: columns * 8 })
  expect(read).toEqual([
    [3, 2],
    [40, 1],
  ])
})

it('the mean is the mean, and is what padding gets', async () => {
  const base = randomValues(700 * 3, 5).map(Math.fround)
  const { source } = sourceOf('F32', base, 3)
  const mean = await meanOf(source, 600)
  expect([...mean]).toEqual([...meanOfRows(Float32Array.from(base), 600, 3)])
  const row = new Float32Array(3)
  decodeValues('F32', roundedMean(source, mean), row)
  expect(row).toEqual(Float32Array.from(mean))
})

it('a row that does not fit the dtype is refused with its id and column', async () => {
  const { source } = sourceOf('F16', Float64Array.of(60_000, 1, 60_000, 1), 2)
  const map = mapOf(
    sparse([
      [
        [0, 0.5],
        [1, 0.5],
      ],
      [
        [0, 1],
        [1, 1],
      ],
    ]),
    2,
  )
  await expect(made({ source, map, side: 'input', mean: () => meanOf(source, 2) })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('the row of new id 3 has 120000 in column 0, which does not fit F16'),
  })
})

it('NaN in a base row is named where it spreads, and left alone where it does not', async () => {
  const { source, bytes } = sourceOf('F32', Float64Array.of(1, 2, 3, 4, 5, 6), 2)
  new DataView(bytes.buffer).setFloat32(5 * 4, Number.NaN, true)
  const good = mapOf(
    sparse([
      [
        [0, 0.5],
        [1, 0.5],
      ],
    ]),
    3,
  )
  expect((await made({ source, map: good, side: 'input', mean: () => meanOf(source, 3) })).length).toBe(8)
  const bad = mapOf(
    sparse([
      [
        [0, 0.5],
        [2, 0.5],
      ],
    ]),
    3,
  )
  await expect(made({ source, map: bad, side: 'input', mean: () => meanOf(source, 3) })).rejects.toThrow(
    'the row of new id 3 has NaN in column 1, which comes of base rows that hold NaN',
  )
})
