import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createItemFinder } from '../../../src/corpus/prepare/contamination'
import { lineCounter } from '../../../src/corpus/prepare/frequent-lines'
import { prepareDocuments } from '../../../src/corpus/prepare/prepare'
import { repeatedShares } from '../../../src/corpus/prepare/repetition'
import { runs } from '../../support/long'
import { through } from './through'

/** datatrove's GopherRepetitionFilter (0.6), written as there, with words between spaces. */
function gopher(text: string): Map<string, number> {
  const shares = new Map<string, number>()
  const findDuplicates = (parts: string[]) => {
    const seen = new Set<string>()
    let [elements, characters] = [0, 0]
    for (const part of parts) {
      if (seen.has(part)) {
        elements++
        characters += part.length
      } else seen.add(part)
    }
    return [elements, characters]
  }
  const paragraphs = text.trim().split(/\n{2,}/)
  const [p, pc] = findDuplicates(paragraphs)
  shares.set('duplicate-paragraphs', p / paragraphs.length)
  shares.set('duplicate-paragraph-characters', pc / text.length)
  const lines = text.split(/\n+/)
  const [l, lc] = findDuplicates(lines)
  shares.set('duplicate-lines', l / lines.length)
  shares.set('duplicate-line-characters', lc / text.length)
  const words = text.split(/\s+/).filter((word) => word !== '')
  for (let n = 2; n <= 4; n++) {
    const counts = new Map<string, number>()
    for (let i = 0; i + n <= words.length; i++) {
      const gram = words.slice(i, i + n).join(' ')
      counts.set(gram, (counts.get(gram) ?? 0) + 1)
    }
    const [top] = [...counts].sort(([, a], [, b]) => b - a)
    shares.set(`top-n-gram ${n}`, !top || top[1] === 1 ? 0 : (top[0].length * top[1]) / text.length)
  }
  for (let n = 5; n <= 10; n++) {
    const seen = new Set<string>()
    let repeated = 0
    for (let at = 0; at < words.length - n + 1; ) {
      const gram = words.slice(at, at + n).join('')
      if (seen.has(gram)) {
        repeated += gram.length
        at += n
      } else {
        seen.add(gram)
        at++
      }
    }
    shares.set(`duplicate-n-grams ${n}`, repeated / text.length)
  }
  return shares
}

describe('repetition', () => {
  test('the shares are those of datatrove', () => {
    // No letter is in two words: spelled without spaces, an n-gram is then the same as by its words.
    const part = fc.constantFrom('가', '나나', '다다다', ' ', '\n', '\n\n')
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 120 }), (parts) => {
        const text = parts.join(' ')
        const truth = gopher(text)
        const found = new Map(repeatedShares(text))
        for (const [name, share] of truth) expect([name, found.get(name) ?? 0]).toEqual([name, share])
      }),
      { numRuns: runs(500) },
    )
  })

  test('spam goes, prose stays, and a bound can be moved', async () => {
    const spam = '지금 바로 신청하세요 '.repeat(30)
    const lines = `${'같은 줄이 여러 번 나온다\n'.repeat(6)}다른 줄`
    const prose = '세종은 글자를 만들었다. 그 글자는 소리를 적는다. 사람들은 그것을 쉽게 배웠다고 한다.'
    const { texts, report } = await through([spam, lines, prose, '정말 정말 좋다'], { repetition: { 'min-words': 10 } })
    expect(texts).toEqual([prose, '정말 정말 좋다'])
    expect(report.steps[0].reasons).toEqual({ 'top-n-gram 2': 1, 'duplicate-lines': 1 })
    const loose = { 'top-n-gram': { 2: 1, 3: 1, 4: 1 }, 'duplicate-n-grams': { 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 10: 1 } }
    expect((await through([spam], { repetition: loose })).texts).toEqual([spam])
  })
})

describe('boilerplate', () => {
  const footer = '무단 전재 및 재배포를 금지합니다'

  test('lines of many documents go; those of few and short ones stay', async () => {
    const documents = Array.from({ length: 10 }, (_, i) => `기사 ${i}번의 본문이 여기에 있다\n네\n  ${footer}`)
    const { texts, report } = await through([...documents, `${footer}\n`, '혼자 있는 문서의 긴 줄'], {
      boilerplate: { documents: 10, memory: 1 },
    })
    expect(texts).toEqual([...documents.map((text) => text.slice(0, text.lastIndexOf('\n'))), '혼자 있는 문서의 긴 줄'])
    expect(report.steps[0]).toMatchObject({
      removed: 1,
      changed: 10,
      figures: { 'frequent lines': 1, 'lines removed': 11 },
    })
  })

  test('a line that one document says often is not shared', async () => {
    const { texts } = await through([`${footer}\n`.repeat(20), '다른 문서의 한 줄이다'], {
      boilerplate: { documents: 2, memory: 1 },
    })
    expect(texts).toHaveLength(2)
  })

  test('a sketch that is much too small changes nothing', () => {
    const lines = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 300 })
    fc.assert(
      fc.property(lines, fc.integer({ min: 2, max: 8 }), (seen, documents) => {
        const counter = lineCounter({ documents, bytes: 64 })
        for (const pass of [0, 1]) {
          for (const line of seen) counter.observe(`줄 ${line}`, pass)
          counter.passed(pass)
        }
        for (let line = 0; line <= 40; line++) {
          expect(counter.isFrequent(`줄 ${line}`)).toBe(seen.filter((one) => one === line).length >= documents)
        }
      }),
      { numRuns: runs(200) },
    )
  })
})

describe('decontaminate', () => {
  const question = '다음 중 조선 시대에 훈민정음을 반포한 왕의 이름으로 가장 알맞은 것은 무엇인가?'
  const run = async (texts: string[], options: object, items = [question, '짧은 문항']) => {
    const documents = texts.map((text, i) => ({ text, source: 's', license: null, id: String(i) }))
    const kept: string[] = []
    const steps = [{ decontaminate: { files: ['kmmlu.txt'], ...options } }]
    for await (const { text } of prepareDocuments(documents, steps, { openItems: () => items })) kept.push(text)
    return kept
  }

  test('a document with an item goes, also where it is spaced and pointed in another way', async () => {
    const spaced = `앞말. ${question.replaceAll(' ', '').replace('?', '')} 뒷말`
    const part = `퀴즈: ${question.slice(5, 50)}`
    const near = question.replace('훈민정음을 반포한', '측우기를 만들게 한')
    const clean = '조선 시대에 훈민정음을 반포한 왕은 세종이다.'
    expect(await run([question, spaced, part, near, clean, '짧은 문항입니다'], {})).toEqual([
      near,
      clean,
      '짧은 문항입니다',
    ])
  })

  test('words as GPT-3 counts them', async () => {
    const spaced = question.replaceAll(' ', '')
    expect(await run([question, `가 ${question} 나`, spaced], { unit: 'words', size: 10 })).toEqual([spaced])
  })

  test('finds what looking for every n-gram finds', () => {
    const text = fc.string({ unit: fc.constantFrom('가', '나', ' '), maxLength: 40 })
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), text, fc.integer({ min: 3, max: 8 }), (items, document, size) => {
        const finder = createItemFinder({ unit: 'characters', size, least: 3 })
        const bare = document.replaceAll(' ', '')
        let expected = false
        for (const item of items) {
          finder.add(item, 'f')
          const units = item.replaceAll(' ', '')
          if (units.length < 3) continue
          const n = Math.min(size, units.length)
          for (let at = 0; at + n <= units.length; at++) if (bare.includes(units.slice(at, at + n))) expected = true
        }
        expect(finder.find(document) !== null).toBe(expected)
      }),
      { numRuns: runs(500) },
    )
  })
})

describe('mix', () => {
  const documents = Array.from({ length: 3000 }, (_, i) => ({
    text: `문서 ${i}`,
    source: i % 3 === 0 ? 'a' : i % 3 === 1 ? 'b' : 'c',
    license: 'CC0-1.0',
    id: String(i),
  }))

  test('sources as often as they weigh; copies have ids of their own', async () => {
    const { kept, report } = await through(documents, { mix: { weights: { a: 0.3, b: 2.5 } } })
    const of = (source: string) => kept.filter((document) => document.source === source)
    expect(of('a').length).toBeGreaterThan(255)
    expect(of('a').length).toBeLessThan(345)
    expect(of('b').length).toBeGreaterThan(2450)
    expect(of('b').length).toBeLessThan(2550)
    expect(of('c').length).toBe(1000)
    expect(new Set(kept.map(({ id }) => id)).size).toBe(kept.length)
    expect(report.documentsOut).toBe(kept.length)
    expect(report.sources.a.licenses).toEqual({ 'CC0-1.0': of('a').length })
  })

  test('the order of the documents does not matter, the seed does', async () => {
    const draw = async (seed: number, given: typeof documents) => {
      const ids: string[] = []
      const steps = [{ mix: { weights: { a: 0.5 } } }]
      for await (const { id } of prepareDocuments(given, steps, { seed })) ids.push(id)
      return ids.sort()
    }
    const drawn = await draw(1, documents)
    expect(await draw(1, documents.toReversed())).toEqual(drawn)
    expect(await draw(2, documents)).not.toEqual(drawn)
  })

  test('a source of weight 0 is gone', async () => {
    const { kept } = await through(documents.slice(0, 3), { mix: { weights: { a: 0, b: 1 } } })
    expect(kept.map(({ source }) => source)).toEqual(['b', 'c'])
  })
})
