import { describe, expect, it } from 'vitest'
import { comparePair, pairedSpread, showSpread, spreadOf } from './bench'

describe('the spread of rounds', () => {
  it('is the median between the least and the greatest, in any order', () => {
    expect(spreadOf([5, 1, 4])).toEqual({ median: 4, min: 1, max: 5, n: 3 })
    expect(spreadOf([10, 2, 4, 3])).toEqual({ median: 3.5, min: 2, max: 10, n: 4 })
  })

  it('leaves missing rounds out, and is null without any', () => {
    expect(spreadOf([null, 2, undefined])).toEqual({ median: 2, min: 2, max: 2, n: 1 })
    expect(spreadOf([null, undefined])).toBeNull()
  })

  it('is written with its range, where there is one', () => {
    expect(showSpread(spreadOf([2, 1, 4]))).toBe('2.0 (1.0–4.0)')
    expect(showSpread(spreadOf([2]), 2)).toBe('2.00')
    expect(showSpread(null)).toBe('–')
  })
})

describe('ratios by round', () => {
  it('are not the ratio of the medians', () => {
    // A machine that is twice as slow in the second round, and four times in the third.
    const ours = [40, 20, 10]
    const theirs = [10, 5, 2]
    expect(pairedSpread(ours, theirs)).toEqual({ median: 4, min: 4, max: 5, n: 3 })
    // One slow run on either side: medians would say 40 / 8.
    expect(pairedSpread([40, 40, 8], [10, 8, 2])!.median).toBe(4)
  })

  it('leave out a round that lacks one of the two', () => {
    expect(pairedSpread([8, null, 9], [2, 1, null])).toEqual({ median: 4, min: 4, max: 4, n: 1 })
  })

  it('want the same rounds of both', () => {
    expect(() => pairedSpread([1, 2], [1])).toThrow('2 rounds of ours, 1 of theirs')
  })
})

describe('a pair', () => {
  const pair = {
    group: 'encode',
    ours: { name: 'A', command: 'a', args: [] },
    peer: { name: 'B', command: 'b', args: [] },
    bytes: 6e6,
    seconds: (run: { spent: number[] }) => run.spent,
    match: () => ({ equal: true, text: '0' }),
  }

  it('runs in alternation, and compares by round and pass', async () => {
    const order: string[] = []
    const spent: Record<string, number[][]> = {
      A: [
        [1, 0.5],
        [2, 1],
        [3, 1],
      ],
      B: [
        [2, 2],
        [6, 6],
        [12, 6],
      ],
    }
    const row = await comparePair(pair, 3, async ({ name }) => {
      const round = order.filter((other) => other === name).length
      order.push(name)
      return { spent: spent[name][round] }
    })
    expect(order.join(' ')).toBe('A B A B A B')
    expect(row.passes).toEqual([
      {
        ours: { median: 3, min: 2, max: 6, n: 3 },
        peer: { median: 1, min: 0.5, max: 3, n: 3 },
        times: { median: 3, min: 2, max: 4, n: 3 },
      },
      {
        ours: { median: 6, min: 6, max: 12, n: 3 },
        peer: { median: 1, min: 1, max: 3, n: 3 },
        times: { median: 6, min: 4, max: 6, n: 3 },
      },
    ])
    expect(row).toMatchObject({ name: 'encode: A against B', match: { equal: true } })
  })

  it('that fails in its second round keeps the first, and says what failed', async () => {
    let runs = 0
    const row = await comparePair(pair, 5, async () => {
      if (++runs === 4) throw new Error('out of memory')
      return { spent: [2] }
    })
    expect(runs).toBe(4)
    expect(row.failed).toBe('B: out of memory')
    expect(row.match.equal).toBeNull()
    expect(row.passes[0].times).toEqual({ median: 1, min: 1, max: 1, n: 1 })
  })

  it('without a peer has no ratio', async () => {
    const row = await comparePair({ ...pair, peer: null }, 2, async () => ({ spent: [3] }))
    expect(row.name).toBe('encode: A')
    expect(row.passes).toEqual([{ ours: { median: 2, min: 2, max: 2, n: 2 }, peer: null, times: null }])
  })
})
