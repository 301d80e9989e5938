/** Direct preference optimization: weights by hand, gradients by finite differences through the whole model, blocks. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../../src/trainer/backends/cpu/backend'
import type { Session } from '../../../src/trainer/backends/types'
import { chatTemplateOf } from '../../../src/trainer/objectives/chat-template'
import { answerNll, dpoWeights, positionWeights } from '../../../src/trainer/objectives/dpo'
import { createConversationEncoder } from '../../../src/trainer/objectives/encode-conversation'
import {
  createPreferenceBatches,
  type PreferenceBlocks,
  preferenceStore,
} from '../../../src/trainer/objectives/preferences'
import { buildPlan } from '../../../src/trainer/plan/build'
import { batchInputs } from '../../../src/trainer/plan/step-inputs'
import { configOf, readGradients, storedGolden, writeWeights } from '../support/golden'
import { chatTokenizer } from './support'

const tokenizer = chatTokenizer()
const encode = createConversationEncoder(tokenizer, chatTemplateOf(tokenizer, 'chatml'))
const vocabulary = tokenizer.pieces.length

type Pair = [prompt: string, chosen: string, rejected: string]
const file = (pairs: Pair[]) => ({
  name: 'p.jsonl',
  lines: pairs.map(([prompt, chosen, rejected]) => JSON.stringify({ prompt, chosen, rejected })),
})

async function batchesOf(pairs: Pair[], length: number) {
  const preferences = await preferenceStore([file(pairs)], encode, { length })
  return { preferences, batches: createPreferenceBatches({ preferences, length, seed: 5, vocabulary }) }
}

describe('weights', () => {
  it('by hand', () => {
    const step = dpoWeights([10, 12, 20, 18], [11, 11, 20, 20], 0.5)
    // Margins: (11 - 10) - (11 - 12) = 2 and (20 - 20) - (20 - 18) = -2.
    expect([...step.margins]).toEqual([2, -2])
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
    const expected = [sigmoid(-1), -sigmoid(-1), sigmoid(1), -sigmoid(1)].map((weight) => weight * 0.25)
    expected.forEach((weight, i) => {
      expect(step.weights[i]).toBeCloseTo(weight, 14)
    })
    expect(step.loss).toBeCloseTo(-(Math.log(sigmoid(1)) + Math.log(sigmoid(-1))) / 2, 14)
    expect(step.accuracy).toBe(0.5)
    expect(step.margin).toBe(0)
  })

  it('are the derivative of the loss, and never overflow', () => {
    const sum = fc.double({ min: 0, max: 40, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(sum, sum), { minLength: 2, maxLength: 8 }),
        fc.double({ min: 0.05, max: 2, noNaN: true }),
        (given, beta) => {
          const rows = given.slice(0, given.length - (given.length % 2))
          const [policy, reference] = [rows.map(([a]) => a), rows.map(([, b]) => b)]
          const { weights } = dpoWeights(policy, reference, beta)
          policy.forEach((value, i) => {
            const moved = (by: number) => dpoWeights(policy.with(i, value + by), reference, beta).loss
            expect(weights[i]).toBeCloseTo((moved(1e-4) - moved(-1e-4)) / 2e-4, 6)
          })
        },
      ),
    )
    const extreme = dpoWeights([0, 5000, 5000, 0], [0, 0, 0, 0], 1)
    expect(extreme.loss).toBe(2500)
    expect([...extreme.weights]).toEqual([0, -0, 0.5, -0.5])
  })

  it('refuses what does not belong together', () => {
    expect(() => dpoWeights([1, 2], [1], 1)).toThrow(/2 sums of the policy and 1/)
    expect(() => dpoWeights([1], [1], 1)).toThrow(/two of each pair/)
    expect(() => dpoWeights([1, 2], [1, 2], 0)).toThrow(/beta is 0/)
    expect(() => answerNll({ answer: new Int32Array(3), pairs: new Int32Array(1) }, [1])).toThrow(
      /1 values of nll for 3/,
    )
  })
})

describe('blocks', () => {
  it('hold both answers of a pair in one row, each alone with its prompt', async () => {
    const pairs: Pair[] = [
      ['ab', 'yes', 'no'],
      ['c', 'one two', 'three'],
      ['abc', 'x', 'yz'],
    ]
    const { batches, preferences } = await batchesOf(pairs, 200)
    expect(preferences).toMatchObject({ pairs: 3, left: 0 })
    const blocks = batches.inOrder(0, batches.rows)
    expect([...blocks.pairs].sort()).toEqual([0, 1, 2])
    blocks.pairs.forEach((pair, p) => {
      for (const side of [0, 1]) {
        const { ids, learned } = encode(
          {
            messages: [
              { role: 'user', content: pairs[pair][0] },
              { role: 'assistant', content: pairs[pair][1 + side] },
            ],
            learnFrom: 1,
          },
          'x',
        )
        const places = [...blocks.answer.keys()].filter((at) => blocks.answer[at] === 2 * p + side)
        expect(places.map((at) => blocks.labels[at])).toEqual([...ids].filter((_, at) => learned[at] === 1))
        const row = Math.floor(places[0] / blocks.length) * blocks.length
        const start = row + blocks.documentStart[places[0]]
        expect([...blocks.ids.subarray(start, start + ids.length)]).toEqual([...ids])
        expect([...blocks.positions.subarray(start, start + ids.length)]).toEqual([...ids.keys()])
        for (const at of places) expect(row + blocks.documentStart[at]).toBe(start)
      }
    })
    expect(blocks.targets).toBe([...blocks.answer].filter((one) => one >= 0).length)
  })

  it('every pass holds every pair once, in another order, and a run goes on anywhere', async () => {
    const pairs = Array.from({ length: 30 }, (_, i): Pair => [`q${'a'.repeat(i % 7)}`, 'b'.repeat(1 + (i % 5)), 'c'])
    const { batches } = await batchesOf(pairs, 120)
    const { rows } = batches
    const passes = [0, 1].map((pass) => batches.read(pass * rows, rows))
    for (const { pairs: found } of passes) expect([...found].sort((a, b) => a - b)).toEqual([...pairs.keys()])
    expect(passes[0].pairs).not.toEqual(passes[1].pairs)
    const later = batches.read(rows + 2, 1)
    expect(later.ids).toEqual(passes[1].ids.subarray(2 * 120, 3 * 120))
    expect(batches.epochs(rows * 2)).toBe(2)
    expect(() => batches.inOrder(rows, 1)).toThrow(/a pass is over/)
  })

  it('sets prompts apart, all pairs of one on one side, and takes so many bytes', async () => {
    const pairs = Array.from({ length: 60 }, (_, i): Pair => [`q${'ab'.repeat(i >> 1)}`, i % 2 ? 'b' : 'c', 'd'])
    const side = (heldOut: { every: number; side: 'held' | 'others' }, maxBytes?: number) =>
      preferenceStore([file(pairs)], encode, { length: 300, heldOut, maxBytes })
    const [held, others] = [await side({ every: 4, side: 'held' }), await side({ every: 4, side: 'others' })]
    expect(held.pairs + others.pairs).toBe(60)
    expect(held.pairs % 2).toBe(0)
    expect(held.pairs).toBeGreaterThan(2)
    expect(held.pairs).toBeLessThan(30)
    const first = await side({ every: 4, side: 'held' }, 1)
    expect(first.pairs).toBe(1)
    expect(first.store.read(0, 400)).toEqual(held.store.read(0, first.store.tokens))
    // None is held out of so few; that is no error, but nothing left to learn is.
    const none = await preferenceStore([file([])], encode, { length: 300, heldOut: { every: 4, side: 'held' } })
    expect(none.pairs).toBe(0)
    await expect(
      preferenceStore([file([])], encode, { length: 300, heldOut: { every: 4, side: 'others' } }),
    ).rejects.toThrow(/there is no preference/)
  })

  it('leaves out pairs that do not fit, and says how many', async () => {
    const { preferences } = await batchesOf(
      [
        ['a', 'b', 'c'],
        ['a', 'b'.repeat(200), 'c'],
      ],
      100,
    )
    expect(preferences).toMatchObject({ pairs: 1, left: 1 })
    await expect(preferenceStore([file([['a', 'b'.repeat(200), 'c']])], encode, { length: 100 })).rejects.toThrow(
      /none of 1 pairs fits into a block of 100 tokens/,
    )
  })
})

describe('through the model', () => {
  const config = { ...configOf(storedGolden()[0]), vocabSize: vocabulary }
  const beta = 0.3

  async function open(batch: number, length: number, seed: number): Promise<Session> {
    const session = await cpuBackend({ precision: 'f64' }).open(buildPlan(config, { batch, length }))
    writeWeights(session, seed)
    return session
  }

  async function sumsOf(session: Session, blocks: PreferenceBlocks): Promise<Float64Array> {
    const weights = new Float64Array(blocks.ids.length)
    await session.run('evaluate', batchInputs(session.plan, { ...blocks, weights }))
    return answerNll(blocks, await session.read(session.plan.outputs.nll))
  }

  it('the gradient is that of the loss, by finite differences', async () => {
    const { batches } = await batchesOf(
      [
        ['a', 'yes', 'no'],
        ['b', 'ab', 'c'],
      ],
      140,
    )
    const blocks = batches.inOrder(0, batches.rows)
    const session = await open(batches.rows, 140, 1)
    const reference = await sumsOf(await open(batches.rows, 140, 2), blocks)
    const step = dpoWeights(await sumsOf(session, blocks), reference, beta)
    expect(step.weights.some((weight) => Math.abs(weight) > 1e-3)).toBe(true)
    await session.run('zero')
    await session.run(
      'forward',
      batchInputs(session.plan, { ...blocks, weights: positionWeights(blocks, step.weights) }),
    )
    await session.run('backward')
    const gradients = await readGradients(session)
    for (const { name, tensor } of session.plan.parameters) {
      const values = Float64Array.from(await session.read(tensor))
      const gradient = gradients.get(name)!
      const at = gradient.reduce((best, value, i) => (Math.abs(value) > Math.abs(gradient[best]) ? i : best), 0)
      const moved = async (by: number) => {
        session.write(tensor, Float64Array.of(values[at] + by), at)
        return dpoWeights(await sumsOf(session, blocks), reference, beta).loss
      }
      const difference = ((await moved(1e-5)) - (await moved(-1e-5))) / 2e-5
      session.write(tensor, Float64Array.of(values[at]), at)
      expect(Math.abs(gradient[at] - difference) / Math.abs(difference), name).toBeLessThan(1e-5)
    }
  })
})
