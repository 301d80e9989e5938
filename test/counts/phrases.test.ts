import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CorpusDomain, expandDomains } from '../../src/corpus/domains'
import { countPhrases, requirePhrases } from '../../src/counts/phrases'
import type { WordCounts } from '../../src/counts/types'
import { isKoVocabError } from '../../src/errors'
import { scopeNamed } from '../../src/text/scope'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { loadTokenizer } from '../../src/tokenizer/load'
import type { Tokenizer } from '../../src/tokenizer/types'
import { smallByteLevel, smallSentencePiece, wordsOf } from '../merges/small'
import { llama2Json, llama3Json, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'
import { sharedTokenizers } from '../support/shared'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-phrases-'))
afterAll(() => rmSync(folder, { recursive: true }))

const plain = scopeNamed('hangul+superwords')
const punctuated = scopeNamed('hangul+punctuation+superwords')

/** Files of these lines, a domain each. */
async function domainsOf(...texts: string[]): Promise<CorpusDomain[]> {
  const paths = texts.map((text, i) => {
    const path = join(folder, `text${i}.txt`)
    writeFileSync(path, text)
    return path
  })
  return expandDomains(paths)
}

function mapOf({ bytes, offsets, counts }: WordCounts): Map<string, number> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return new Map(Array.from(counts, (count, i) => [decoder.decode(bytes.slice(offsets[i], offsets[i + 1])), count]))
}

const sorted = (counts: Map<string, number>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1))

/** Counts that say how much text there is: nothing is left out below 24 million characters. */
const few = wordsOf({ 가: 1 })

async function phrasesOf(base: Tokenizer, text: string, scope = punctuated): Promise<[string, number][]> {
  return sorted(mapOf(await countPhrases(base, await domainsOf(text), [few], [1], { scope })))
}

async function failure(act: () => Promise<unknown> | unknown): Promise<string> {
  try {
    await act()
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

interface Rules {
  prefix: boolean
  /** Whether the last of several spaces belongs to the word. */
  last: boolean
  trailing: string
}

/** Character by character, no expression: a phrase goes on over one space as long as a word follows it. */
function phrasesReference(line: string, { prefix, last, trailing }: Rules): string[] {
  const chars = [...(prefix ? ` ${line}` : line)]
  const isCore = (char: string | undefined) => char !== undefined && /^[\u1100-\u11ff\u3131-\u318e가-힣]$/.test(char)
  const phrases: string[] = []
  let at = 0
  let spaces = 0
  while (at < chars.length) {
    if (!isCore(chars[at])) {
      spaces = chars[at] === ' ' ? spaces + 1 : 0
      at++
      continue
    }
    let phrase = spaces === 1 || (spaces > 1 && last) ? ' ' : ''
    for (;;) {
      while (isCore(chars[at])) phrase += chars[at++]
      while (at < chars.length && trailing.includes(chars[at])) phrase += chars[at++]
      if (chars[at] !== ' ' || !isCore(chars[at + 1])) break
      phrase += chars[at++]
    }
    phrases.push(phrase)
    spaces = 0
  }
  return phrases
}

function countReference(text: string, rules: Rules): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of text.split('\n')) {
    for (const phrase of phrasesReference(line.replace(/\r$/, ''), rules)) {
      counts.set(phrase, (counts.get(phrase) ?? 0) + 1)
    }
  }
  return counts
}

let llama2: Tokenizer
beforeAll(async () => {
  llama2 = readTokenizerJson(await llama2Json(), 'tokenizer.json')
})

/** No dummy prefix and no run of spaces for a piece, as Yi. */
const yiLike = smallSentencePiece(['가', '나', '▁가'])
/** No dummy prefix, with `▁▁`. */
const spaced = smallSentencePiece(['▁▁', '가'])

describe('countPhrases', () => {
  it('counts words that one space joins, with the space before the first', async () => {
    expect(await phrasesOf(llama2, '할 거예요. 그래요\n어디 a 가니?!\n')).toEqual([
      [' 가니?!', 1],
      [' 어디', 1],
      [' 할 거예요. 그래요', 1],
    ])
    expect(await phrasesOf(llama2, '할 거예요. 그래요\n어디 a 가니?!\n', plain)).toEqual([
      [' 가니', 1],
      [' 그래요', 1],
      [' 어디', 1],
      [' 할 거예요', 1],
    ])
  })

  it('a line begins as the base has it: Llama-2 with a space, Yi-like without', async () => {
    const text = '가 나\n 가 나\n  가 나\n(가 나)\n'
    // The line's own space makes two of it, which merge with each other first.
    expect(await phrasesOf(llama2, text)).toEqual([
      [' 가 나', 1],
      ['가 나', 3],
    ])
    expect(await phrasesOf(yiLike, text)).toEqual([
      [' 가 나', 2],
      ['가 나', 2],
    ])
    expect(await phrasesOf(spaced, text)).toEqual([
      [' 가 나', 1],
      ['가 나', 3],
    ])
  })

  it.each(sharedTokenizers.filter(({ name }) => name === 'yi-6b'))('likewise $name (../shared)', async (yi) => {
    expect(await phrasesOf(await loadTokenizer(yi.folder), '가 나\n 가 나\n')).toEqual(
      await phrasesOf(yiLike, '가 나\n 가 나\n'),
    )
  })

  it('ends at two spaces, tabs, other spaces and any other character', async () => {
    expect(await phrasesOf(llama2, '가  나\t다\u00a0라\u3000마 1 바 漢사 아.자 차...\n')).toEqual([
      [' 가', 1],
      [' 바', 1],
      ['나', 1],
      ['다', 1],
      ['라', 1],
      ['마', 1],
      ['사 아.', 1],
      ['자 차...', 1],
    ])
  })

  it('takes lines as they are, or composed', async () => {
    const text = `${'한글 나라'.normalize('NFD')}\n한글 나라\r\n`
    expect(await phrasesOf(llama2, text)).toHaveLength(2)
    const domains = await domainsOf(text)
    const composed = await countPhrases(llama2, domains, [few], [1], { scope: plain, normalize: 'nfc' })
    expect([...mapOf(composed)]).toEqual([[' 한글 나라', 2]])
  })

  it('gives what a plain reference gives, on any text', async () => {
    const part = fc.constantFrom(
      ...[
        '가',
        '나다',
        '라',
        'ㅋㅋ',
        '\u1112\u1161\u11ab',
        '뷁',
        '𠀀',
        '漢',
        'a',
        '1',
        '😀',
        '\t',
        '\u00a0',
        '\r',
        '▁',
      ],
      ...[' ', ' ', ' ', '  ', '   ', '\n', '\n ', '.', ',', '!', '?', '...', '(', '\u302e', '\ua960'],
    )
    const path = join(folder, 'any.txt')
    for (const [base, rules] of [
      [llama2, { prefix: true, last: false }],
      [yiLike, { prefix: false, last: true }],
      [spaced, { prefix: false, last: false }],
    ] as const) {
      for (const scope of [plain, punctuated]) {
        const trailing = scope === punctuated ? '.,?!' : ''
        await fc.assert(
          fc.asyncProperty(fc.array(part, { maxLength: 40 }), async (parts) => {
            writeFileSync(path, parts.join(''))
            const found = await countPhrases(base, await expandDomains([path]), [few], [1], { scope })
            expect(sorted(mapOf(found))).toEqual(sorted(countReference(parts.join(''), { ...rules, trailing })))
          }),
          { numRuns: runs(60, 2_000) },
        )
      }
    }
  })

  it('cuts phrases above the 4,095 bytes of a table entry between characters, and loses none', async () => {
    const words = Array.from({ length: 4000 }, (_, i) => String.fromCodePoint(0xac00 + i, 0xac00 + ((i * 7) % 11172)))
    for (const text of [words.join(' '), words.join('')]) {
      const found = await countPhrases(llama2, await domainsOf(text), [few], [1], { scope: plain })
      const parts = [...mapOf(found).keys()]
      expect(parts.join('')).toBe(` ${text}`)
      for (const part of parts) expect(new TextEncoder().encode(part).length).toBeLessThanOrEqual(4095)
      expect(parts.length).toBe(Math.ceil(new TextEncoder().encode(text).length / 4095))
      expect([...found.counts]).toEqual(parts.map(() => 1))
    }
  })

  it('takes lines of any length, of nothing but spaces too', async () => {
    const spaces = ' '.repeat(400_000)
    const long = '가나 다라 '.repeat(1_000_000)
    const found = mapOf(
      await countPhrases(llama2, await domainsOf(`${spaces}\n가${spaces}나\n${long}\n`), [few], [1], { scope: plain }),
    )
    expect(found.get(' 가')).toBe(1)
    expect(found.get('나')).toBe(1)
    let characters = 0
    for (const [phrase, count] of found) characters += phrase.replaceAll(' ', '').length * count
    expect(characters).toBe(4_000_002)
  })

  it('adds up domains by their weights', async () => {
    const domains = await domainsOf('가 나\n가 나\n', '가 나\n다\n')
    const found = await countPhrases(llama2, domains, [few, few], [0.5, 1.5], { scope: plain })
    expect(found.unit).toBe(64)
    expect(sorted(mapOf(found))).toEqual([
      [' 가 나', (2 * 0.5 + 1.5) * 64],
      [' 다', 1.5 * 64],
    ])
    // Counted as one, whatever the files.
    const asOne = await countPhrases(llama2, domains, [few], [1], { scope: plain })
    expect(sorted(mapOf(asOne))).toEqual([
      [' 가 나', 3],
      [' 다', 1],
    ])
    expect(asOne.unit ?? 1).toBe(1)
  })

  it('carries what the words were counted with, and says that they are balanced only where they are', async () => {
    const domains = await domainsOf('가 나\n', '다 라\n')
    const counted = [few, few].map((words) => ({
      ...words,
      meta: { 'ko_vocab.base': 'x', 'ko_vocab.normalize': 'keep' },
    }))
    const meta = async (weights: number[], of: WordCounts[]) =>
      (await countPhrases(llama2, domains, of, weights, { scope: plain })).meta
    expect(await meta([1, 1], counted)).toEqual(counted[0].meta)
    expect(await meta([0.5, 1.5], counted)).toEqual({ ...counted[0].meta, 'ko_vocab.balanced': '2 domains' })
    // Half of the lines, and still nothing is balanced.
    const much = { ...wordsOf({ 가: 25_000_000 }), meta: counted[0].meta }
    expect(await meta([1], [much])).toEqual(counted[0].meta)
  })
})

describe('countPhrases on more text than is kept', () => {
  const lines = Array.from({ length: 6000 }, (_, i) => {
    const word = (n: number) =>
      String.fromCodePoint(0xac00 + ((i * 37 + n * 101) % 11_172), 0xac00 + ((i * 13) % 11_172))
    return `${word(1)} ${word(2)} ${i} ${word(3)}.`
  })
  const million = 1_000_000
  const count = async (texts: string[], counted: number[], weights = counted.map(() => 1)) =>
    countPhrases(
      llama2,
      await domainsOf(...texts),
      counted.map((characters) => wordsOf({ 가: characters })),
      weights,
      { scope: punctuated },
    )
  const asLines = (list: readonly string[]) => `${list.join('\n')}\n`

  it('keeps the share that is asked for, each line whole, and weighs it up', async () => {
    const all = countReference(asLines(lines), { prefix: true, last: false, trailing: '.,?!' })
    for (const [characters, share] of [
      [48 * million, 1 / 2],
      [240 * million, 1 / 10],
    ]) {
      const found = await count([asLines(lines)], [characters])
      const map = mapOf(found)
      let kept = 0
      for (const line of lines) {
        const phrases = phrasesReference(line, { prefix: true, last: false, trailing: '.,?!' })
        const there = phrases.map((phrase) => map.has(phrase))
        // Phrases that hold the line's own words; those of two lines may meet.
        if (there.every(Boolean)) kept++
        else if (phrases.every((phrase) => all.get(phrase) === 1)) expect(there).not.toContain(true)
      }
      expect(kept / lines.length).toBeGreaterThan(share * 0.9)
      expect(kept / lines.length).toBeLessThan(share * 1.1)
      const occurrences = found.counts.reduce((sum, one) => sum + one, 0) / found.unit!
      const expected = [...all.values()].reduce((sum, one) => sum + one, 0)
      expect(occurrences / expected).toBeGreaterThan(0.9)
      expect(occurrences / expected).toBeLessThan(1.1)
    }
  })

  it('chooses lines by their own text: any order and any number of files give the same', async () => {
    const expected = sorted(mapOf(await count([asLines(lines)], [48 * million])))
    expect(expected.length).toBeGreaterThan(2000)
    const reversed = lines.toReversed()
    expect(sorted(mapOf(await count([asLines(reversed)], [48 * million])))).toEqual(expected)
    const parts = [lines.slice(4000), lines.slice(0, 17), lines.slice(17, 4000)].map(asLines)
    expect(sorted(mapOf(await count(parts, [48 * million])))).toEqual(expected)
    // As domains of their own: each keeps the same share, and nothing is weighed.
    expect(sorted(mapOf(await count(parts, [16 * million, 16 * million, 16 * million])))).toEqual(expected)
  })

  it('keeps what a smaller share keeps', async () => {
    const [half, tenth] = await Promise.all(
      [48, 240].map(async (n) => mapOf(await count([asLines(lines)], [n * million]))),
    )
    expect(tenth.size).toBeGreaterThan(500)
    for (const phrase of tenth.keys()) expect(half.has(phrase)).toBe(true)
  })

  it('says so when nothing of a domain was kept', async () => {
    const found: string[] = []
    // One line is kept or is not: of twenty some are not, at a share of one in ten.
    for (const line of lines.slice(0, 20)) {
      found.push(await failure(() => count([`${line}\n`], [240 * million])))
    }
    expect(new Set(found).size).toBe(2)
    expect(found).toContain('no error')
    expect(found.find((text) => text !== 'no error')).toMatch(/^bad-file: .*text0.*line/)
  })
})

describe('requirePhrases', () => {
  it('gives the rules of bases of SentencePiece form', async () => {
    const domains = await domainsOf('가\n')
    expect(requirePhrases(llama2, domains)).toEqual({ spaceJoins: 'single', linePrefix: 'always' })
    const mistral = readTokenizerJson(mistralJson(), 'tokenizer.json')
    expect(requirePhrases(mistral, domains)).toEqual({ spaceJoins: 'single', linePrefix: 'always' })
    expect(requirePhrases(yiLike, domains)).toEqual({ spaceJoins: 'last', linePrefix: 'never' })
    expect(requirePhrases(spaced, domains)).toEqual({ spaceJoins: 'single', linePrefix: 'never' })
  })

  it('refuses bases whose encoder stops at spaces', async () => {
    const domains = await domainsOf('가\n')
    for (const base of [smallByteLevel([]), readTokenizerJson(llama3Json(), 'tokenizer.json')]) {
      expect(await failure(() => requirePhrases(base, domains))).toMatch(/^unsupported: .*splits text at spaces/)
      const counting = () => countPhrases(base, domains, [few], [1], { scope: plain })
      expect(await failure(counting)).toMatch(/^unsupported: .*splits text at spaces/)
    }
    const split = { ...yiLike, preTokenizer: { type: 'WhitespaceSplit' } }
    expect(await failure(() => requirePhrases(split, domains))).toMatch(/^unsupported/)
  })

  it('refuses text that cannot be read twice, and none at all', async () => {
    expect(await failure(() => requirePhrases(llama2, []))).toMatch(/^bad-option: .*read again/)
    const files = await domainsOf('가\n')
    for (const specs of [['-'], [files[0].files[0].path, 'a=-']]) {
      const domains = await expandDomains(specs)
      expect(await failure(() => requirePhrases(llama2, domains))).toMatch(/^bad-option: .*read again/)
    }
  })
})
