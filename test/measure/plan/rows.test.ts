import { describe, expect, it } from 'vitest'
import { extendTokenizer } from '../../../src/extend/extend'
import { knownModelShape } from '../../../src/measure/bench/model-shape'
import type { ModelShape } from '../../../src/measure/bench/types'
import { countBelow, rarestOf, usesBySize, usesInWords } from '../../../src/measure/plan/piece-uses'
import { planRows, planSizes } from '../../../src/measure/plan/plan-rows'
import { propose } from '../../../src/measure/plan/propose'
import { shownRows } from '../../../src/measure/plan/tables'
import { type TakenBack, takeBackSteps } from '../../../src/measure/plan/take-back'
import type { ExtensionPlan, PlanRow } from '../../../src/measure/plan/types'
import { trainMerges } from '../../../src/merges/train-merges'
import { scopeNamed } from '../../../src/text/scope'
import { decodeUtf8 } from '../../../src/text/utf8'
import { createEncoder, encodePiece } from '../../../src/tokenizer/encoder'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import { koreanText, llama2Json } from '../../support/fixtures'
import { wordsOf } from './words'

describe('uses of pieces', () => {
  it('at every size are those of merging the words with so many pieces', async () => {
    const base = readTokenizerJson(await llama2Json(), 'tokenizer.json')
    const scope = scopeNamed('hangul')
    const lines = (await koreanText()).split('\n').slice(0, 2000)
    const words = wordsOf(base, lines, scope)
    const learned = trainMerges(base, words, { add: 400, scope })
    const extended = extendTokenizer(base, learned)
    const { uses, syllables } = usesInWords(extended, words)
    expect(syllables).toBe(lines.join('').match(/[가-힣]/g)!.length)
    const sizes = [0, 1, 17, 200, 399, 400]
    const found = new Map<number, number[]>()
    usesBySize(uses, takeBackSteps(base, extended, learned), 32_000, sizes, (size, sorted) => {
      found.set(size, [...sorted])
    })
    for (const size of sizes) {
      const smaller = extendTokenizer(base, { ...learned, pieces: learned.pieces.slice(0, size) })
      const encoder = createEncoder(smaller)
      const own = new Float64Array(32_000 + size)
      words.counts.forEach((count, i) => {
        const word = decodeUtf8(words.bytes.subarray(words.offsets[i], words.offsets[i + 1])).replaceAll(' ', '▁')
        for (const id of encodePiece(encoder, word)) own[id] += count
      })
      expect(found.get(size), `at ${size}`).toEqual([...own.subarray(32_000).sort()])
    }
    // Pieces that later ones are made of are used less than they were counted when they were learned.
    expect(found.get(400)![0]).toBeLessThan(Math.min(...learned.pieces.map(({ count }) => count)))
  })

  it('are told by their least, and by what 5 % and 10 % do not exceed', () => {
    const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1)
    expect(rarestOf(hundred)).toEqual({ least: 1, p5: 5, p10: 10 })
    expect(rarestOf(Float64Array.of(7))).toEqual({ least: 7, p5: 7, p10: 7 })
    expect([0, 1, 1.5, 50, 101].map((limit) => countBelow(hundred, limit))).toEqual([0, 0, 1, 49, 100])
  })
})

/** Two layers of four: N = 2 · (2·4·4·2 + 3·4·8 + 8) + 4 = 340 without the vocabulary. */
const model: ModelShape = {
  name: 'tiny',
  source: 'tiny',
  layers: 2,
  hidden: 4,
  intermediate: 8,
  heads: 1,
  kvHeads: 1,
  headDim: 4,
  tied: false,
  bodyParameters: 340,
  cacheBytes: 2,
}

describe('rows', () => {
  it('hold what the formulas give, by hand', () => {
    // Ids 0 to 9 are the base's; 10 is made of 0 1, 11 of 10 2, 12 of 3 3, 13 of 11 4.
    const steps: TakenBack[][] = [
      [],
      [{ id: 10, left: 0, right: 1, tokens: 2 }],
      [{ id: 11, left: 10, right: 2, tokens: 2 }],
      [{ id: 12, left: 3, right: 3, tokens: 2 }],
      [{ id: 13, left: 11, right: 4, tokens: 2 }],
    ]
    const uses = new Float64Array(14)
    uses.set([5, 6, 40, 3], 10)
    const rows = planRows({
      baseIds: 10,
      model,
      steps,
      curve: Float64Array.of(1000, 800, 700, 650, 620),
      measured: { bytes: 2_000_000, syllables: 500 },
      uses,
      learnedSyllables: 50,
      trainingTokens: 10_000,
      enough: 1000,
      multipleOf: 6,
    })
    expect(rows.map(({ pieces, vocabulary }) => [pieces, vocabulary])).toEqual([
      [0, 10],
      [2, 12],
      [4, 14],
    ])
    const [none, two, all] = rows
    expect(none).toMatchObject({ tokens: 1000, saved: 0, shareOfGain: 0, lastThousand: null, uses: null, rareShare: 0 })
    expect(two.tokensPerSyllable).toBe(1.4)
    expect(two.saved).toBeCloseTo(0.3, 12)
    expect(two.shareOfGain).toBeCloseTo(300 / 380, 12)
    // N is 340 + 4 · 12 of 340 + 4 · 10 before.
    expect(two.lastThousand!.saves).toBeCloseTo(0.3, 12)
    expect(two.lastThousand!.costs).toBeCloseTo(388 / 380 - 1, 12)
    expect(two.addedParameters).toBe(16)
    expect(two.addedSoftmaxFlops).toBe(16)
    expect(two.trainingFlopsPerMegabyte).toBe(6 * 388 * 350)
    expect(two.inferenceFlopsPerMegabyte).toBe(2 * 388 * 350)
    // Keys and values of two layers, four numbers of two bytes each, for 1,400 tokens.
    expect(two.kvBytesPer1000Syllables).toBe(2 * 2 * 4 * 2 * 1400)
    // At size 2 the uses of 13 have gone to 11: 10 is used 5 times, 11 nine times. 10,000 training tokens are
    // 10,000 / (50 · 1.4) times the text that was learned from.
    expect(two.uses).toEqual({ least: 5, p5: 5, p10: 5 })
    expect(two.expected!.least).toBeCloseTo((5 * 10_000) / 70, 9)
    expect(two.rareShare).toBe(0.5)
    expect(all.uses).toEqual({ least: 3, p5: 3, p10: 3 })
    expect(all.rareShare).toBe(0.75)
  })

  it('come at sizes with all ids a multiple, the base aligned or not', () => {
    expect(planSizes(32_000, 300, 128)).toEqual([0, 128, 256, 300])
    expect(planSizes(32_001, 300, 128)).toEqual([0, 127, 255, 300])
    expect(planSizes(32_000, 256, 128)).toEqual([0, 128, 256])
    expect(planSizes(32_000, 5, 128)).toEqual([0, 5])
    expect(planSizes(32_000, 0, 128)).toEqual([0])
  })
})

/** Rows of a curve that halves its gain every 64 pieces; FLOPs and rare shares as given. */
function planOf(flops: number[], rareShares: number[], most = 256): ExtensionPlan {
  const rows = flops.map((trainingFlopsPerMegabyte, i): PlanRow => {
    const pieces = i * 64
    const gain = 1 - 0.5 ** i
    return {
      pieces,
      vocabulary: 32_000 + pieces,
      tokens: 100 - 50 * gain,
      tokensPerSyllable: 2 - gain,
      saved: 0.5 * gain,
      shareOfGain: gain / (1 - 0.5 ** (flops.length - 1)),
      lastThousand: i === 0 ? null : { saves: 0.5 ** i, costs: 0.01 },
      addedParameters: pieces,
      addedSoftmaxFlops: pieces,
      trainingFlopsPerMegabyte,
      inferenceFlopsPerMegabyte: trainingFlopsPerMegabyte / 3,
      kvBytesPer1000Syllables: 1,
      uses: null,
      expected: i === 0 ? null : { least: 1, p5: 1, p10: 1 },
      rareShare: rareShares[i],
    }
  })
  const learned = { pieces: 256, most, scope: 'hangul', words: 1, syllables: 1, leftOut: null }
  const given = { rows, learned, model, trainingTokens: 1000, enough: 100, rareShare: 0.05, multipleOf: 64 }
  return { ...given, ...propose(given) } as ExtensionPlan
}

describe('the proposal', () => {
  const few = [0, 0, 0.01, 0.02, 0.03]
  it('is the largest size while all pays and is seen', () => {
    const plan = planOf([10, 8, 6, 5, 4], few)
    expect(plan).toMatchObject({ proposal: { pieces: 256, vocabulary: 32_256, bound: 'largest' }, cheapest: 256 })
    expect(plan.why.at(-1)).toMatch(/^So 256 pieces are proposed, the largest that was looked at: a larger --max/)
    expect(planOf([10, 8, 6, 5, 4], few, 999).why.at(-1)).toMatch(/the largest that the text gives/)
    expect(plan.alternatives.map(({ shareOfGain, pieces }) => [shareOfGain, pieces])).toEqual([
      [0.9, 192],
      [0.95, 256],
      [0.99, 256],
    ])
  })

  it('stops where a megabyte costs the fewest FLOPs', () => {
    const plan = planOf([10, 8, 6, 7, 9], few)
    expect(plan).toMatchObject({ proposal: { pieces: 128, bound: 'flops' }, cheapest: 128 })
    expect(plan.why[1]).toMatch(/fewest FLOPs at 128 pieces: behind it/)
  })

  it('stops where too many pieces are rare', () => {
    const plan = planOf([10, 8, 6, 5, 4], [0, 0.05, 0.06, 0.2, 0.3])
    expect(plan).toMatchObject({ proposal: { pieces: 64, bound: 'rare' }, cheapest: 256 })
    expect(plan.why[2]).toBe(
      'Beyond 64 pieces, more than 5.0 % of them are expected fewer than 100 times in 1,000 training tokens.',
    )
  })

  it('is none where nothing pays or nothing is seen', () => {
    const dear = planOf([10, 11, 12, 13, 14], few)
    expect(dear).toMatchObject({ proposal: null, cheapest: 0 })
    expect(dear.why.at(-1)).toMatch(/keep the base/)
    const rare = planOf([10, 8, 6, 5, 4], [0, 0.5, 0.5, 0.5, 0.5])
    expect(rare.proposal).toBeNull()
    expect(rare.why.at(-1)).toMatch(/^So no size is proposed/)
  })

  it('stands among the sizes that are shown', () => {
    const plan = planOf([10, 8, 6, 7, 9], few)
    expect(shownRows(plan).map(({ pieces }) => pieces)).toEqual([0, 64, 128, 192, 256])
  })

  it('a body of billions pays for tens of thousands of rows: one thousand cost 0.062 % of Llama-2-7B', () => {
    const shape = knownModelShape('7b')!
    const before = shape.bodyParameters + 32_000 * shape.hidden
    expect((1000 * shape.hidden) / before).toBeCloseTo(0.00062, 5)
  })
})
