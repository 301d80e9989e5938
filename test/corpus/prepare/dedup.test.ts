import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findClusters, signatureStore } from '../../../src/corpus/prepare/clusters'
import { createSigner, type Shingling, shingles, similarity } from '../../../src/corpus/prepare/minhash'
import { runs } from '../../support/long'
import { through } from './through'

describe('exact', () => {
  test('the first of equal documents stays, spaces apart', async () => {
    const { kept, report } = await through(['가 나 다', '라', '가나다', '가  나\n다', '라.', '나다'], 'exact')
    expect(kept.map(({ id }) => id)).toEqual(['s/0', 's/1', 's/4', 's/5'])
    expect(report.steps[0].reasons).toEqual({ 'exact duplicate': 2 })
  })

  test('what is ignored is said', async () => {
    const texts = ['Abc 가', 'abc 가', 'abc, 가', 'abc가']
    expect((await through(texts, { exact: { ignore: [] } })).texts).toEqual(texts)
    expect((await through(texts, { exact: { ignore: ['case'] } })).texts).toEqual(['Abc 가', 'abc, 가', 'abc가'])
    expect((await through(texts, { exact: { ignore: ['case', 'punctuation'] } })).texts).toEqual(['Abc 가', 'abc가'])
  })

  test('in any order the same texts are left, each where it stands first', async () => {
    const text = fc.constantFrom('가', '나', '다', '가나', '가 나', '라')
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 30 }), async (texts) => {
        const { kept } = await through(texts, 'exact')
        const bare = texts.map((one) => one.replaceAll(' ', ''))
        const firsts = [...new Set(bare)].map((one) => `s/${bare.indexOf(one)}`)
        expect(kept.map(({ id }) => id)).toEqual(firsts)
      }),
      { numRuns: runs(200) },
    )
  })
})

/** Random words of Korean letters, the same for the same seed. */
function words(seed: number, count: number): string[] {
  let state = seed
  const next = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % below
  }
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(4) }, () => String.fromCharCode(0xac00 + next(2000) * 5)).join(''),
  )
}

const shingleSet = (text: string, shingling: Shingling) => {
  const [hashes, count] = shingles(text, shingling, new Uint32Array(0))
  return new Set(hashes.subarray(0, count))
}

const jaccard = (x: Set<number>, y: Set<number>) => {
  const both = [...x].filter((one) => y.has(one)).length
  return both / (x.size + y.size - both)
}

describe('signatures', () => {
  test('shingles are those of the letters, whatever the spacing and punctuation', () => {
    const of = (text: string) => shingleSet(text, { unit: 'characters', size: 4 })
    expect(of('한국어를 배운다.')).toEqual(of('한국어 를 "배운다"'))
    expect(of('한국어를 배운다').size).toBe(4)
    expect(of('한국').size).toBe(1)
    expect(of('…').size).toBe(0)
    expect(shingleSet('하나 둘 셋, 넷', { unit: 'words', size: 3 }).size).toBe(2)
    expect(shingleSet('하나 둘', { unit: 'words', size: 3 }).size).toBe(1)
  })

  test('the rolling hash is the hash of the window', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('가', '나', '다'), minLength: 5, maxLength: 30 }), (text) => {
        const [hashes, count] = shingles(text, { unit: 'characters', size: 5 }, new Uint32Array(0))
        expect(count).toBe(text.length - 4)
        for (let at = 0; at < count; at++) {
          const [alone] = shingles(text.slice(at, at + 5), { unit: 'characters', size: 5 }, new Uint32Array(0))
          expect(hashes[at]).toBe(alone[0])
        }
      }),
      { numRuns: runs(200) },
    )
  })

  test('equal places estimate the similarity: no bias, and the error that theory gives', () => {
    const places = 120
    const sign = createSigner(places)
    const errors: number[] = []
    for (let seed = 1; seed <= 120; seed++) {
      const base = words(seed, 200)
      const other = base.map((word, i) =>
        (i * 7 + seed) % (3 + (seed % 9)) === 0 ? words(seed * 999 + i, 1)[0] : word,
      )
      const store = signatureStore(places)
      const sets = [base, other].map((some) => {
        const [hashes, count] = shingles(some.join(' '), { unit: 'characters', size: 4 }, new Uint32Array(0))
        sign(hashes, count, ...store.next())
        return new Set(hashes.subarray(0, count))
      })
      const truth = jaccard(sets[0], sets[1])
      if (truth === 0 || truth === 1) continue
      const spread = Math.sqrt((truth * (1 - truth)) / places)
      errors.push((similarity(...store.of(0), ...store.of(1), places) - truth) / spread)
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length)
    expect(errors.length).toBeGreaterThan(80)
    // The mean of 120 has a standard error of 0.09 deviations.
    expect(Math.abs(mean)).toBeLessThan(0.3)
    expect(deviation).toBeGreaterThan(0.7)
    expect(deviation).toBeLessThan(1.3)
  })
})

test('clusters are those of comparing all pairs that share a band', () => {
  const [bands, rows, threshold] = [6, 2, 0.5]
  const places = bands * rows
  // Few values, so that bands collide by chance and chains of similar documents come about.
  const signature = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: places, maxLength: places })
  fc.assert(
    fc.property(fc.array(signature, { maxLength: 40 }), fc.array(fc.boolean(), { maxLength: 40 }), (all, skipped) => {
      const store = signatureStore(places)
      for (const one of all) {
        const [chunk, at] = store.next()
        chunk.set(one, at)
      }
      const skip = (i: number) => skipped[i] === true
      const { first } = findClusters(store, { bands, rows, threshold, skip })
      // Plain: join every pair with an equal band and enough equal places, until nothing changes.
      const cluster = all.map((_, i) => i)
      for (let changed = true; changed; ) {
        changed = false
        for (let i = 0; i < all.length; i++) {
          for (let j = 0; j < i; j++) {
            if (skip(i) || skip(j) || cluster[i] === cluster[j]) continue
            const equal = all[i].map((value, place) => value === all[j][place])
            const band = Array.from({ length: bands }, (_, b) => equal.slice(b * rows, b * rows + rows).every(Boolean))
            if (!band.some(Boolean) || equal.filter(Boolean).length / places < threshold) continue
            const least = Math.min(cluster[i], cluster[j])
            for (const from of [cluster[i], cluster[j]]) {
              for (let k = 0; k < all.length; k++) if (cluster[k] === from) cluster[k] = least
            }
            changed = true
          }
        }
      }
      expect([...first]).toEqual(cluster)
    }),
    { numRuns: runs(300, 3000) },
  )
})

describe('near', () => {
  /** A document, and copies in which one word in so many is another one. */
  const planted = (seed: number, every: number) =>
    words(seed, 300)
      .map((word, i) => ((i + seed) % every === 0 ? words(seed * 7919 + i, 1)[0] : word))
      .join(' ')

  test('planted near-duplicates go, the first stays, others are left alone', async () => {
    const texts: string[] = []
    for (let seed = 1; seed <= 60; seed++) texts.push(words(seed, 300).join(' '))
    // One word in 60 is another: similarity about 0.82 to 0.85 by shingles of six letters.
    for (let seed = 1; seed <= 60; seed++) texts.push(planted(seed, 80))
    // One in 12: about 0.4.
    for (let seed = 1; seed <= 60; seed++) texts.push(planted(seed, 12))
    const { kept, report } = await through(texts, 'near')
    const removed = new Set(texts.map((_, i) => `s/${i}`))
    for (const { id } of kept) removed.delete(id)
    const numbers = [...removed].map((id) => Number(id.slice(2)))
    expect(numbers.filter((i) => i < 60 || i >= 120)).toEqual([])
    expect(numbers.length).toBeGreaterThanOrEqual(57)
    expect(report.steps[0].reasons).toEqual({ 'near duplicate': numbers.length })
  })

  test('short documents are left alone, equal ones too', async () => {
    const { texts } = await through(['짧은 문서', '짧은 문서', '', ''], 'near')
    expect(texts).toHaveLength(4)
  })

  test('two hundred equal documents are one', async () => {
    const text = words(5, 80).join(' ')
    const { kept } = await through([...new Array(200).fill(text), words(6, 80).join(' ')], 'near')
    expect(kept.map(({ id }) => id)).toEqual(['s/0', 's/200'])
  })
})
