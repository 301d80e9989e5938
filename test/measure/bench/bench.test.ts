import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bench } from '../../../src/measure/bench/bench'
import { knownModelShape } from '../../../src/measure/bench/model-shape'
import { addLine, noTally, prepareLine, sumTallies } from '../../../src/measure/bench/tally'
import { toyTokenizer } from './toy'

const of = (name: string, lines: string[]) => ({ name, files: [`${name}.txt`], lines: () => lines })
const base = toyTokenizer(['가', '나', '▁', 'a'], { name: 'base' })
const more = toyTokenizer(['가', '나', '▁', 'a', '가나', '나가'], { name: 'more' })

describe('bench', () => {
  it('names domains, the Korean ones apart, and ids that were added', async () => {
    const report = await bench(
      [base, more],
      [of('one', ['가나 가나', '나가']), of('two', ['가가나']), of('en', ['a aa', 'aa a a'])],
      { model: knownModelShape('7b') },
    )
    expect(report.domains.map(({ name, korean }) => [name, korean])).toEqual([
      ['one', true],
      ['two', true],
      ['en', false],
    ])
    const [first, second] = report.tokenizers
    expect(first.added).toBeNull()
    expect(second.added).toEqual({ first: 5, count: 2 })
    // one: 가나 ▁ 가나 and 나가 are 4 tokens for 6 syllables; two: 가 가나 for 3.
    expect(second.domains.map(({ tokens }) => tokens)).toEqual([4, 2, 10])
    expect(second.korean).toEqual({
      domains: 2,
      tokens: 6,
      tokensPerSyllable: 6 / 9,
      meanOfDomains: (4 / 6 + 2 / 3) / 2,
      worst: { domain: 'one', tokensPerSyllable: 4 / 6 },
      bytesPerToken: (19 + 9 + 0) / 6,
    })
    expect(second.all.addedUtilisation).toEqual({ count: 2, of: 2, share: 1 })
    expect(second.domains[1].addedUtilisation).toEqual({ count: 1, of: 2, share: 0.5 })
    expect(second.costs!.addedParameters).toBe(2 * 2 * 4096)
    expect(second.costs!.syllablesIn4k).toBeCloseTo(4096 / (6 / 9), 9)
    expect(first.domains[2].tokensPerSyllable).toBeNull()
  })

  it('does not call ids added where the first tokenizer is not kept', async () => {
    const other = toyTokenizer(['나', '가', '▁', 'a', '가나', '나가'], { name: 'other' })
    const { tokenizers } = await bench([base, other], [of('one', ['가'])])
    expect(tokenizers[1].added).toBeNull()
  })

  it('shows sentences as every tokenizer cuts them, and lines that are lost', async () => {
    const line = '가나 가나 가나 가나 다'
    const report = await bench([base, more], [of('one', ['가', line])])
    expect(report.samples).toEqual([
      {
        domain: 'one',
        text: line,
        tokens: [
          [...'가나▁가나▁가나▁가나▁', '<unk>'],
          ['가나', '▁', '가나', '▁', '가나', '▁', '가나', '▁', '<unk>'],
        ],
        ids: [base, more].map((tokenizer) => Array.from(tokenizer.encode(line))),
      },
    ])
    expect(report.tokenizers[0].lostLines).toEqual([
      { domain: 'one', line: 2, text: line, decoded: '가나 가나 가나 가나 ⁇' },
    ])
  })

  it('parity is of all lines, which must be as many', async () => {
    const parallel = { first: of('ko', ['가나', '가']), second: of('en', ['aa', 'aaa']) }
    const { tokenizers, parallel: told } = await bench([base, more], [of('one', ['가'])], { parallel })
    expect(told).toEqual({ first: 'ko', second: 'en', lines: 2 })
    expect(tokenizers.map(({ parity }) => parity!.ratio)).toEqual([3 / 5, 2 / 5])
    const uneven = { first: of('ko', ['가']), second: of('en', ['a', 'a']) }
    await expect(bench([base], [of('one', ['가'])], { parallel: uneven })).rejects.toMatchObject({
      code: 'mismatch',
      message: 'parallel text: ko has 1 lines, en has 2',
    })
  })

  it('is data that JSON gives back, and stops when asked to', async () => {
    const report = await bench([base, more], [of('one', ['가나 a 다'])], { model: knownModelShape('8b') })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    const endless = {
      name: 'endless',
      lines: () => ({
        *[Symbol.iterator]() {
          for (;;) yield '가'
        },
      }),
    }
    await expect(bench([base], [endless], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    await expect(bench([], [of('one', [])])).rejects.toMatchObject({ code: 'bad-option' })
  })

  it('domains add up to all, however text is split into them', () => {
    const tokenizer = toyTokenizer(['가', '나가', '▁', 'a'], { bytes: true })
    const text = fc.array(fc.constantFrom('가', '나', '다', ' ', 'a', '.')).map((chars) => chars.join(''))
    const tallyOf = (lines: string[]) => {
      const tally = noTally(tokenizer.size)
      for (const line of lines) addLine(tally, tokenizer, prepareLine(line, [1]))
      return tally
    }
    fc.assert(
      fc.property(fc.array(fc.array(text, { maxLength: 4 }), { maxLength: 4 }), (domains) => {
        expect(sumTallies(tokenizer.size, domains.map(tallyOf))).toEqual(tallyOf(domains.flat()))
      }),
    )
  })
})
