import { describe, expect, it } from 'vitest'
import { bench } from '../../../src/measure/bench/bench'
import { tokenLengths } from '../../../src/measure/bench/lengths'
import { renyi } from '../../../src/measure/bench/renyi'
import { toyTokenizer } from './toy'

const of = (name: string, lines: string[]) => ({ name, lines: () => lines })
const measure = async (tokenizer: ReturnType<typeof toyTokenizer>, lines: string[]) =>
  (await bench([tokenizer], [of('text', lines)])).tokenizers[0].all

describe('figures, worked out by hand', () => {
  // 나|는 |학교|에 | |간다|. and a|b| |가: 7 + 4 tokens.
  const pieces = ['나', '는▁', '학교', '에▁', '▁', '간다', '.', 'a', 'b', '가', '쓰이지않는']
  const lines = ['나는 학교에  간다.', 'ab 가']

  it('tokens by syllables, characters, bytes and eojeols', async () => {
    const all = await measure(toyTokenizer(pieces), lines)
    expect(all.tokens).toBe(11)
    // 나는학교에간다 and 가.
    expect(all.tokensPerSyllable).toBe(11 / 8)
    // 7 syllables, 3 spaces, a full stop; 4.
    expect(all.charactersPerToken).toBe(15 / 11)
    expect(all.bytesPerToken).toBe((7 * 3 + 3 + 1 + 2 + 1 + 3) / 11)
    // 나는, 학교에, 간다., ab, 가.
    expect(all.fertility).toBe(11 / 5)
  })

  it('eojeols are split where a token begins inside them, not beside spaces', async () => {
    const all = await measure(toyTokenizer(pieces), lines)
    // 가 alone is whole.
    expect(all.splitWords).toEqual({ count: 4, of: 5, share: 4 / 5 })
    const whole = await measure(toyTokenizer(['▁', '나는', '학교에', '간다.', 'ab', '가']), lines)
    expect(whole.splitWords).toEqual({ count: 0, of: 5, share: 0 })
    // One token over two eojeols cuts neither.
    const over = await measure(toyTokenizer(['나는▁학교에▁▁간', '다.', 'ab▁가']), lines)
    expect(over.splitWords).toEqual({ count: 1, of: 5, share: 1 / 5 })
  })

  it('byte tokens and unknown tokens by all tokens; unknown text is lost', async () => {
    const bytes = await measure(toyTokenizer(['가'], { bytes: true }), ['가나'])
    expect(bytes.byteTokens).toEqual({ count: 3, of: 4, share: 3 / 4 })
    expect(bytes.unknownTokens.count).toBe(0)
    expect(bytes.roundTrip).toEqual({ lines: 1, changed: 0, lost: 0 })
    // The syllable in bytes is cut, so its eojeol is.
    expect(bytes.splitWords.count).toBe(1)

    const unknown = await measure(toyTokenizer(['가', '▁']), ['가나 가', '가 가'])
    expect(unknown.unknownTokens).toEqual({ count: 1, of: 7, share: 1 / 7 })
    expect(unknown.roundTrip).toEqual({ lines: 2, changed: 1, lost: 1 })
    // Where the unknown token ends is not known.
    expect(unknown).toMatchObject({ unalignedLines: 1, splitWords: { count: 0, of: 2 } })
  })

  it('utilisation counts ids that text can lead to', async () => {
    const all = await measure(toyTokenizer(pieces), lines)
    // All but 쓰이지않는; <unk> is no id to use.
    expect(all.utilisation).toEqual({ count: 10, of: 11, share: 10 / 11 })
  })

  it('lengths are of the characters that begin in a token', async () => {
    const tokenizer = toyTokenizer(['가나다', '라'], { bytes: true })
    const all = await measure(tokenizer, ['가나다라라마'])
    // 가나다 | 라 | 라 | E3-like lead byte (1), two bytes (0).
    expect(all.lengths.histogram.slice(0, 5)).toEqual([2, 3, 0, 1, 0])
    expect(all.lengths).toMatchObject({ mean: 6 / 6, median: 1, p90: 3, p99: 3, longest: 3 })
    const uses = new Float64Array(tokenizer.size)
    expect(tokenLengths(uses, tokenizer)).toMatchObject({ mean: null, median: null, longest: null })
  })

  it('has no ratio without text', async () => {
    const all = await measure(toyTokenizer(pieces), [])
    expect([all.tokensPerSyllable, all.bytesPerToken, all.fertility, all.splitWords.share]).toEqual([
      null,
      null,
      null,
      null,
    ])
    expect(JSON.parse(JSON.stringify(all))).toEqual(all)
  })
})

describe('renyi', () => {
  // "pick ed pick l ed pick les" and "pick e d pick l e d pick l e s", as the tests of tokenization-scorer have them.
  it('is that of tokenization-scorer', () => {
    const first = renyi(Float64Array.of(3, 2, 1, 1), 4)
    expect(first.entropy).toBeCloseTo(1.653012966845049, 12)
    expect(first.efficiency).toBeCloseTo(0.8265064834225245, 12)
    const second = renyi(Float64Array.of(3, 3, 2, 2, 1), 5)
    expect(second.entropy).toBeCloseTo(2.1372977167241545, 12)
    expect(second.efficiencyOfUsed).toBeCloseTo(0.9204840242168808, 12)
  })

  it('is 1 for ids used alike, and falls with ids that are not used', () => {
    expect(renyi(Float64Array.of(5, 5, 5, 5), 4)).toMatchObject({ entropy: 2, efficiency: 1, efficiencyOfUsed: 1 })
    expect(renyi(Float64Array.of(5, 5, 5, 5, 0, 0), 16)).toMatchObject({
      entropy: 2,
      efficiency: 0.5,
      efficiencyOfUsed: 1,
    })
    expect(renyi(Float64Array.of(7, 0), 2)).toMatchObject({ entropy: 0, efficiency: 0, efficiencyOfUsed: null })
    expect(renyi(Float64Array.of(0, 0), 2).entropy).toBeNull()
  })
})
