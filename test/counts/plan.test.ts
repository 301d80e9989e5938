import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createFeed } from '../../src/counts/feed'
import { type CountPlan, checkNormalize, countsMeta, planFor, planFromNothing } from '../../src/counts/plan'
import { isKoVocabError } from '../../src/errors'
import { SCOPES, scopeNamed } from '../../src/text/scope'
import { encodeUtf8 } from '../../src/text/utf8'
import { splitByteLevel } from '../../src/tokenizer/files/derived'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { KNOWN_PATTERNS } from '../../src/tokenizer/pipeline/known-patterns'
import { compilePreTokenizer } from '../../src/tokenizer/pipeline/pre-tokenize'
import type { Tokenizer } from '../../src/tokenizer/types'
import { llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { runs } from '../support/long'
import { NASTY_PARTS } from '../tokenizer/pipeline/nasty'
import { asMap } from './nasty'

const llama3 = readTokenizerJson(llama3Json(), 'tokenizer.json')

function count(plan: CountPlan, text: string): Map<string, number> {
  const feed = createFeed(plan)
  feed.push(encodeUtf8(text))
  feed.end()
  return asMap(feed.table)
}

/** One line of text with Hangul in every second place. */
const line = fc
  .array(
    fc.oneof(
      fc.constantFrom('가', '나다', ' 라마', '  바', 'ㅋㅋ', '안녕'.normalize('NFD'), '漢', 'カー', '・', '々', '゛'),
      fc.constantFrom(...NASTY_PARTS.filter((part) => !/[\r\n▁<]/.test(part))),
      fc.string({ unit: 'grapheme', maxLength: 2 }).filter((text) => !/[\r\n▁]/.test(text)),
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(''))

/** The same base without its fast path: a rule about normalized text that no text ever meets. */
function withoutFastPath(base: Tokenizer): Tokenizer {
  const odd = { id: 0, content: '\u{10fffd}', singleWord: false, lstrip: false, rstrip: false, special: false }
  return { ...base, addedTokens: [{ ...odd, normalized: true }] }
}

describe('the plan for the real bases', () => {
  let bases: Record<string, Tokenizer>
  beforeAll(async () => {
    bases = {
      'Llama-2 (json)': readTokenizerJson(await llama2Json(), 'tokenizer.json'),
      'Llama-2 (model)': readSentencePiece(llama2Model(), 'tokenizer.model'),
      Mistral: readTokenizerJson(mistralJson(), 'tokenizer.json'),
      'Llama-3': llama3,
    }
  })

  it('is a scan of the bytes, with the rules of each', () => {
    const scope = scopeNamed('hangul')
    for (const name of ['Llama-2 (json)', 'Llama-2 (model)']) {
      expect(planFor(bases[name], scope), name).toEqual({
        kind: 'runs',
        scope: 'hangul',
        rules: { spaceJoins: 'single', linePrefix: 'always' },
      })
    }
    expect(planFor(bases['Llama-3'], scope)).toEqual({
      kind: 'runs',
      scope: 'hangul',
      rules: { spaceJoins: 'last', linePrefix: 'never' },
    })
    expect(planFor(bases.Mistral, scope).kind).toBe('runs')
  })

  it.each(['hangul', 'hangul+punctuation', 'hangul+hanja', 'hangul+hanja+kana'])(
    'counts what the pipeline counts, scope %s',
    (scopeName) => {
      const scope = scopeNamed(scopeName)
      for (const [name, base] of Object.entries(bases)) {
        const fast = planFor(base, scope)
        const slow = planFor(withoutFastPath(base), scope)
        expect(slow.kind).toBe('pipeline')
        fc.assert(
          fc.property(line, (text) => {
            expect(count(fast, text), name).toEqual(count(slow, text))
          }),
          { numRuns: runs(80, 3_000) },
        )
      }
    },
  )

  it('Metaspace puts no space before a line that has one', () => {
    const base: Tokenizer = {
      ...bases['Llama-2 (json)'],
      normalizer: null,
      preTokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
    }
    const plan = planFor(base, scopeNamed('hangul'))
    expect(plan).toMatchObject({ kind: 'runs', rules: { linePrefix: 'unless-spaced' } })
    const slow = planFor(withoutFastPath(base), scopeNamed('hangul'))
    fc.assert(
      fc.property(line, (text) => {
        expect(count(plan, text)).toEqual(count(slow, text))
      }),
      { numRuns: runs(200, 3_000) },
    )
  })
})

describe.each(Object.keys(KNOWN_PATTERNS) as (keyof typeof KNOWN_PATTERNS)[])('split pattern %s', (pattern) => {
  const preTokenize = compilePreTokenizer(splitByteLevel(KNOWN_PATTERNS[pattern]), 'byte-level')

  it('keeps every run that is counted together, with its space and nothing else of the scope', () => {
    for (const scopeName of Object.keys(SCOPES).filter((name) => name !== 'all')) {
      const plan = planFor({ ...llama3, preTokenizer: splitByteLevel(KNOWN_PATTERNS[pattern]) }, scopeNamed(scopeName))
      if (plan.kind !== 'runs') continue
      const core = scopeNamed(scopeName).core.map(([low, high]) => `\\u{${low.toString(16)}}-\\u{${high.toString(16)}}`)
      const inPreToken = new RegExp(` ?[${core.join('')}]+`, 'gu')
      fc.assert(
        fc.property(line, (text) => {
          const expected = new Map<string, number>()
          for (const token of preTokenize(text, true)) {
            for (const [run] of token.matchAll(inPreToken)) expected.set(run, (expected.get(run) ?? 0) + 1)
          }
          expect(count(plan, text), scopeName).toEqual(expected)
        }),
        { numRuns: runs(120, 5_000) },
      )
    }
  })
})

describe('normalize and metadata', () => {
  it('refuses none for a base that normalizes, and nothing else', () => {
    const base = readTokenizerJson(mistralJson(), 'tokenizer.json')
    const composing: Tokenizer = { ...llama3, normalizer: { type: 'NFC' } }
    for (const policy of ['keep', 'nfc', 'none'] as const) expect(() => checkNormalize(base, policy)).not.toThrow()
    expect(() => checkNormalize(null, 'none')).not.toThrow()
    expect(() => checkNormalize(composing, 'keep')).not.toThrow()
    let error: unknown
    try {
      checkNormalize(composing, 'none')
    } catch (caught) {
      error = caught
    }
    expect(isKoVocabError(error) && error.code).toBe('bad-option')
    expect(String(error)).toContain('NFC')
  })

  it('tells plans apart', () => {
    const plans = [
      planFromNothing('sentencepiece'),
      planFromNothing('byte-level'),
      planFromNothing('byte-level', 'gpt2'),
    ]
    const hashes = plans.map((plan) => countsMeta(plan, 'keep', null).pre_tokenizer)
    expect(new Set(hashes).size).toBe(3)
    expect(countsMeta(plans[0], 'keep', null)).toMatchObject({ scope: 'all', normalize: 'keep' })
  })
})
