import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Batches, type BatchesOptions, createBatches, requireSameData } from '../../../src/trainer/data/batches'
import type { Blocks } from '../../../src/trainer/data/blocks'
import { type TokenStore, tokensInMemory } from '../../../src/trainer/data/token-store'
import { buildPlan } from '../../../src/trainer/plan/build'
import { batchInputs, IGNORED } from '../../../src/trainer/plan/step-inputs'
import { runs } from '../../support/long'
import { byteEncoder, storeOf, VOCABULARY } from './byte-encoder'

const documentLists = fc.array(fc.uint8Array({ minLength: 0, maxLength: 30, max: 255 }), {
  minLength: 1,
  maxLength: 25,
})
const packings = fc.constantFrom('cut' as const, 'whole' as const)
const options = { seed: 1, vocabulary: VOCABULARY }

/** What a row says, place by place, next to what the store says of the place in it where the token comes from. */
function requireRow(blocks: Blocks, row: number): void {
  const { length, ids, labels, positions, documentStart } = blocks
  for (let i = 0; i < length; i++) {
    const at = row * length + i
    expect(documentStart[at]).toBeLessThanOrEqual(i)
    if (i > 0) expect(documentStart[at]).toBeGreaterThanOrEqual(documentStart[at - 1])
    expect(positions[at]).toBe(i - documentStart[at])
    // Where the next place belongs to the same document, the label is what stands there.
    if (i + 1 < length && documentStart[at + 1] <= i) expect(labels[at]).toBe(ids[at + 1])
  }
}

describe('batches', () => {
  it('one epoch holds the documents again, and each token but the first of a document is a label once', async () => {
    await fc.assert(
      fc.asyncProperty(documentLists, fc.integer({ min: 1, max: 20 }), packings, async (documents, length, packing) => {
        const encoder = byteEncoder()
        const store = await tokensInMemory(documents, encoder, 'k')
        const batches = createBatches({ ...options, sources: [{ name: 'ko', store }], length, packing })
        const { rows } = batches.packings[0]
        const blocks = batches.read(0, rows)
        for (let row = 0; row < rows; row++) requireRow(blocks, row)
        expect(blocks.tokens).toBe(store.tokens)
        // As pairs of input and label, in any order; the last token of a document has no label.
        const expected = documents.flatMap((document) => {
          const ids = encoder.encode(document)
          return Array.from(ids, (id, i) => `${id} ${ids[i + 1] ?? IGNORED}`)
        })
        const padding = rows * length - store.tokens
        const found = Array.from(blocks.ids, (id, at) => `${id} ${blocks.labels[at]}`)
        expect(found.sort()).toEqual([...expected, ...Array(padding).fill(`0 ${IGNORED}`)].sort())
        expect(blocks.targets).toBe(store.tokens - documents.length)
      }),
      { numRuns: runs(200, 3000) },
    )
  })

  it('are what a plan takes: the same rotary positions, nothing out of range', async () => {
    const config = {
      ...{ vocabSize: VOCABULARY, hiddenSize: 8, intermediateSize: 8, layers: 1, heads: 1, kvHeads: 1, headDim: 8 },
      ...{ normEpsilon: 1e-5, ropeTheta: 1e4, ropeScaling: { type: 'default' as const }, tied: true },
      ...{ maxPositions: 64, slidingWindow: null },
    }
    const plan = buildPlan(config, { batch: 3, length: 11 })
    await fc.assert(
      fc.asyncProperty(documentLists, packings, fc.nat(40), async (documents, packing, first) => {
        const store = await tokensInMemory(documents, byteEncoder(), 'k')
        const batches = createBatches({ ...options, sources: [{ name: 'ko', store }], length: 11, packing })
        const blocks = batches.read(first, 3)
        const weights = Float32Array.from(blocks.labels, (label) => (label < 0 ? 0 : 1 / Math.max(1, blocks.targets)))
        const given = batchInputs(plan, { ...blocks, weights })
        expect(given.find(({ tensor }) => tensor === plan.inputs.positions)?.values).toEqual(blocks.positions)
      }),
      { numRuns: runs(50, 500) },
    )
  })

  it('cut: the blocks in the order of the store are its tokens', async () => {
    const lengths = [5, 1, 9, 17, 2]
    const store = await storeOf(lengths)
    const batches = createBatches({ ...options, sources: [{ name: 'ko', store }], length: 4 })
    const blocks = batches.read(0, 9)
    const found = Array.from({ length: 9 }, (_, row) => [...blocks.ids.subarray(row * 4, row * 4 + 4)])
    found.sort((a, b) => a[0] - b[0])
    expect(found.flat().slice(0, 34)).toEqual([...store.read(0, 34)])
  })

  it('each epoch holds every block once, in another order', async () => {
    const store = await storeOf(Array(40).fill(4))
    const batches = createBatches({ ...options, sources: [{ name: 'ko', store }], length: 4 })
    const epochs = [0, 1, 2].map((epoch) => {
      const { ids } = batches.read(epoch * 40, 40)
      return Array.from({ length: 40 }, (_, row) => ids[row * 4])
    })
    expect(new Set(epochs.map(String)).size).toBe(3)
    for (const epoch of epochs) expect(new Set(epoch).size).toBe(40)
    expect(batches.epochs(60)).toEqual([1.5])
  })

  it('going on at any row gives what the run without a break gives, in steps of any size', async () => {
    const [ko, en] = await Promise.all([storeOf([30, 4, 9, 55, 2, 8]), storeOf([12, 40, 3, 3])])
    const make = (packing: 'cut' | 'whole'): Batches =>
      createBatches({
        ...options,
        sources: [
          { name: 'ko', store: ko },
          { name: 'en', store: en, share: 0.3 },
        ],
        length: 7,
        packing,
      })
    const columns = ['ids', 'labels', 'positions', 'documentStart'] as const
    fc.assert(
      fc.property(
        packings,
        fc.nat(120),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 }),
        (packing, first, steps) => {
          const whole = make(packing).read(0, first + steps.reduce((a, b) => a + b, 0) + 1)
          const resumed = make(packing)
          let at = first
          for (const rows of steps) {
            const blocks = resumed.read(at, rows)
            for (const name of columns) {
              expect(blocks[name]).toEqual(whole[name].slice(at * 7, (at + rows) * 7))
            }
            at += rows
          }
        },
      ),
      { numRuns: runs(100, 2000) },
    )
  })

  it('shares are kept within a block after every step', async () => {
    const sources = [
      { name: 'ko', store: await storeOf(Array(100).fill(8), 'a') },
      { name: 'news', store: await storeOf(Array(50).fill(8), 'b') },
      { name: 'en', store: await storeOf(Array(10).fill(8), 'c'), share: 0.25 },
    ]
    const batches = createBatches({ ...options, sources, length: 8 })
    expect(batches.description.sources.map(({ share }) => share)).toEqual([0.5, 0.25, 0.25])
    for (let rows = 1; rows < 300; rows++) {
      const had = batches.epochs(rows)
      for (const [i, { share }] of batches.description.sources.entries()) {
        expect(Math.abs(had[i] * batches.packings[i].rows - rows * share)).toBeLessThan(1)
      }
    }
  })

  it('shares are those of tokens where one source has more padding', async () => {
    const sources = [
      { name: 'ko', store: await storeOf(Array(60).fill(5), 'a'), share: 0.5 },
      { name: 'en', store: await storeOf(Array(60).fill(8), 'b'), share: 0.5 },
    ]
    const batches = createBatches({ ...options, sources, length: 8, packing: 'whole' })
    expect(batches.packings.map(({ padding }) => padding)).toEqual([180, 0])
    const [ko, en] = batches.epochs(1300)
    expect(Math.abs(ko * 300 - en * 480) / (ko * 300)).toBeLessThan(0.005)
  })

  it('a source of share 0 is never read, and may be empty', async () => {
    const sources = [
      { name: 'ko', store: await storeOf([9, 9]) },
      { name: 'en', store: await storeOf([]), share: 0 },
    ]
    const batches = createBatches({ ...options, sources, length: 6 })
    batches.read(0, 20)
    expect(batches.epochs(20)).toEqual([20 / 3, 0])
  })

  it('tiny blocks: one token a row', async () => {
    const batches = createBatches({ ...options, sources: [{ name: 'ko', store: await storeOf([3, 1]) }], length: 1 })
    const { ids, labels, documentStart } = batches.read(0, 4)
    expect([...ids].map((id, i) => [id, labels[i]]).sort()).toEqual([
      [0, 1],
      [1, 2],
      [2, IGNORED],
      [3, IGNORED],
    ])
    expect([...documentStart]).toEqual([0, 0, 0, 0])
  })

  it.each<[string, (store: TokenStore, empty: TokenStore) => Partial<BatchesOptions>, string]>([
    ['no source', () => ({ sources: [] }), 'there is no text'],
    ['no text', (_, empty) => ({ sources: [{ name: 'ko', store: empty }] }), 'ko holds no text'],
    ['share above 1', (store) => ({ sources: [{ name: 'ko', store, share: 1.2 }] }), 'from 0 to 1, not 1.2'],
    ['too little', (store) => ({ sources: [{ name: 'ko', store, share: 0.7 }] }), 'the shares do not fit: ko 0.7'],
    [
      'nothing left',
      (store) => ({
        sources: [
          { name: 'ko', store },
          { name: 'en', store, share: 1 },
        ],
      }),
      'the shares do not fit: ko the rest, en 1',
    ],
    [
      'one name twice',
      (store) => ({
        sources: [
          { name: 'ko', store },
          { name: 'ko', store },
        ],
      }),
      'two sources are called ko',
    ],
    ['a seed out of range', (store) => ({ sources: [{ name: 'ko', store }], seed: 2 ** 32 }), 'the seed must be'],
  ])('%s is refused', async (_, change, message) => {
    const [store, empty] = [await storeOf([9]), await storeOf([])]
    expect(() => createBatches({ ...options, sources: [], length: 4, ...change(store, empty) })).toThrow(message)
  })

  it('a token that the model does not have is refused', async () => {
    const sources = [{ name: 'ko', store: await storeOf([9]) }]
    expect(() => createBatches({ ...options, sources, length: 4, vocabulary: 5 }).read(0, 3)).toThrow(
      /token \d is \d, which the vocabulary of 5 ids does not have/,
    )
  })

  it('a run goes on with its own data only', async () => {
    const make = async (key: string, changes: Partial<BatchesOptions> = {}) =>
      createBatches({
        ...options,
        sources: [{ name: 'ko', store: await storeOf([9], key) }],
        length: 4,
        ...changes,
      }).description
    const saved = JSON.parse(JSON.stringify(await make('a')))
    requireSameData(saved, await make('a'))
    const failure = async (now: Promise<typeof saved>) => {
      const description = await now
      return () => requireSameData(saved, description)
    }
    expect(await failure(make('b'))).toThrow('the key of ko was a, now it is b')
    expect(await failure(make('a', { seed: 4 }))).toThrow('seed was 1, now it is 4')
    expect(await failure(make('a', { length: 5 }))).toThrow('length was 4, now it is 5')
    expect(await failure(make('a', { packing: 'whole' }))).toThrow('packing was cut')
    expect(await failure(make('a', { sources: [{ name: 'x', store: await storeOf([9], 'a') }] }))).toThrow(
      'the list of sources was ko, now it is x',
    )
  })
})
