import { describe, expect, it } from 'vitest'
import { KoVocabError } from '../../src/errors'
import { addedPieces } from '../../src/extend/added-pieces'
import { auditExtension } from '../../src/extend/audit/audit'
import { extendTokenizer } from '../../src/extend/extend'
import { padTokenizer } from '../../src/extend/pad'
import { type PrunedExtension, pruneExtension } from '../../src/extend/prune'
import type { PruneOptions } from '../../src/extend/prune-goal'
import { createUseCounter } from '../../src/extend/used-words'
import { trainMerges } from '../../src/merges/train-merges'
import type { LearnedPiece } from '../../src/merges/types'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { tokenizerFiles } from '../../src/tokenizer/files/formats'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../src/tokenizer/types'
import { smallSentencePiece } from '../merges/small'
import { koreanText, llama2Json, llama2Model, llama3Json, mistralJson } from '../support/fixtures'
import { bytesBase, bytesExtended, failed, hangul, hex, idOf, NO_SWEEP } from './audit/small'
import { wordCounts } from './words'

const base = smallSentencePiece([...'가나다라마ㅋ', '가나다'])
const first = base.pieces.length

function extension(pieces: readonly string[], symbols: string[] = []): Tokenizer {
  const learned = pieces.map((entry): LearnedPiece => {
    const [left, right] = entry.split(' ')
    if (right === undefined) return { piece: left, left: null, right: null, count: 1 }
    return { piece: left + right, left, right, count: 1 }
  })
  return extendTokenizer(base, { pieces: learned, meta: {} }, { userDefinedSymbols: symbols })
}

function prune(extended: Tokenizer, lines: readonly string[], options: PruneOptions): PrunedExtension {
  const counter = createUseCounter(base, extended)
  for (const line of lines) counter.add(line)
  return pruneExtension(base, extended, { words: counter.used, ...options })
}

const order = ({ removed }: PrunedExtension) => removed.map(({ piece, uses }) => `${piece} ${uses}`)
const added = ({ tokenizer }: PrunedExtension) => tokenizer.pieces.slice(first)
const refusal = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof KoVocabError) return `${error.code}: ${error.message} (${error.hint})`
    throw error
  }
  return 'nothing was refused'
}

describe('pruneExtension', () => {
  it('takes the least used leaf, the highest id among equals, and never what another piece needs', () => {
    const extended = extension(['나 다', '라 마', '나다 라마', '마 라'])
    const lines = ['나다라마 나다라마', '마라', '나다']
    expect(order(prune(extended, lines, { remove: 4 }))).toEqual(['마라 1', '나다라마 2', '라마 2', '나다 3'])
    expect(order(prune(extended, [], { remove: 2 }))).toEqual(['마라 0', '나다라마 0'])
    expect(order(prune(extended, lines, { keep: 3 }))).toEqual(['마라 1'])
    expect(order(prune(extended, lines, { belowUses: 3 }))).toEqual(['마라 1', '나다라마 2', '라마 2'])
    expect(order(prune(extended, lines, { belowUses: 1 }))).toEqual([])
  })

  it('counts anew what forms when a piece is out of the way', () => {
    // 나다라: 나다 and 라, until 나다 is gone; then 나 and 다라, which had no use before.
    const extended = extension(['나 다', '다 라'])
    const lines = ['나다라', '나다라']
    expect(order(prune(extended, lines, { pieces: ['나다'] }))).toEqual(['나다 2'])
    const { uses, tokenizer } = prune(extended, lines, { pieces: ['나다'] })
    expect(uses[idOf(tokenizer, '다라')]).toBe(2)
    expect(uses[idOf(tokenizer, '나')]).toBe(2)
    expect(uses[idOf(tokenizer, '라')]).toBe(0)
  })

  it('counts anew where a piece stands inside a base piece that it opened', () => {
    const extended = extension(['나 다', '다 라'])
    const ids = [...encode(createEncoder(extended), '가나다라')].map((id) => extended.pieces[id])
    expect(ids).toEqual(['가나다', '라'])
    const { uses, tokenizer } = prune(extended, ['가나다라'], { pieces: ['나다'] })
    expect(uses[idOf(tokenizer, '다라')]).toBe(1)
    expect(uses[idOf(tokenizer, '가나다')]).toBe(0)
  })

  it('repeated letters: ㅋㅋㅋ', () => {
    const extended = extension(['ㅋ ㅋ', 'ㅋㅋ ㅋㅋ', 'ㅋㅋ ㅋ'])
    const lines = ['ㅋㅋㅋ', 'ㅋㅋㅋㅋㅋㅋㅋ']
    expect(order(prune(extended, lines, { remove: 3 }))).toEqual(['ㅋㅋㅋㅋ 1', 'ㅋㅋㅋ 2', 'ㅋㅋ 4'])
  })

  it('numbers what stays without gaps; user-defined symbols stay first, padding is made anew', () => {
    const { tokenizer: extended, paddingIds } = padTokenizer(
      extension(['나 다', '뷁', '나다 라', '라 마'], ['<k>', '다나']),
      64,
    )
    expect(paddingIds.length).toBeGreaterThan(0)
    const pruned = prune(extended, ['라마 나다라 <k>'], { pieces: ['뷁'], padToMultiple: 8 })
    expect(added(pruned).slice(0, 5)).toEqual(['<k>', '다나', '나다', '나다라', '라마'])
    expect(pruned.tokenizer.pieces.length % 8).toBe(0)
    expect(pruned.paddingIds.map((id) => pruned.tokenizer.pieces[id])).toEqual(added(pruned).slice(5))
    expect([...pruned.newIds.slice(first)]).toEqual([0, 1, 2, -1, 3, 4].map((id) => (id < 0 ? -1 : first + id)))
    expect(pruned.newIds[first - 1]).toBe(first - 1)
    expect(pruned.userDefinedSymbols).toEqual(['<k>', '다나'])
    const without = prune(extended, ['라마 <k><k>'], { pieces: ['<k>'] })
    expect(order(without)).toEqual(['<k> 2'])
    expect(added(without)).toEqual(['다나', '나다', '뷁', '나다라', '라마'])
    expect(without.tokenizer.addedTokens.map(({ content }) => content)).not.toContain('<k>')
  })

  it('refuses pieces that others need, by name, or takes those with them', () => {
    const extended = extension(['나 다', '나다 라', '나다라 마', '라 마'])
    expect(refusal(() => prune(extended, [], { pieces: ['나다', '나다라'] }))).toBe(
      'bad-option: "나다" is needed by "나다라마"; "나다라" is needed by "나다라마" (name those too, or take what is made of the pieces away with them)',
    )
    const with_ = prune(extended, [], { pieces: ['나다'], withDependents: true })
    expect(added(with_)).toEqual(['라마'])
    expect(added(prune(extended, [], { pieces: ['나다라마', '나다라', '나다'] }))).toEqual(['라마'])
  })

  it('required pieces stay, and what they are made of', () => {
    const extended = extension(['나 다', '나다 라', '라 마', '마 라'])
    expect(added(prune(extended, ['라마 마라'], { remove: 2, required: ['나다라'] }))).toEqual(['나다', '나다라'])
    expect(refusal(() => prune(extended, [], { keep: 1, required: ['나다라'] }))).toBe(
      'bad-option: keep is 1, and the extension has 4 learned pieces, 2 of which are required (take at most 2 away, which leaves 2)',
    )
    expect(refusal(() => prune(extended, [], { pieces: ['나다라', '나다'], required: ['나다라'] }))).toMatch(
      /^bad-option: "나다라", "나다": to be taken away, and required/,
    )
  })

  it('refuses contradictions and unknown pieces', () => {
    const extended = extension(['나 다'])
    expect(refusal(() => prune(extended, [], {}))).toMatch(/^bad-option: what to take away is not said/)
    expect(refusal(() => prune(extended, [], { remove: 1, keep: 1 }))).toMatch(/^bad-option: remove and keep are given/)
    expect(refusal(() => prune(extended, [], { remove: 2 }))).toMatch(/take at most 1 away/)
    expect(refusal(() => prune(extended, [], { keep: 2 }))).toMatch(/keep at most 1/)
    expect(refusal(() => prune(extended, [], { remove: -1 }))).toMatch(/^bad-option: remove is -1/)
    expect(refusal(() => pruneExtension(base, extended, { belowUses: 2 }))).toMatch(/needs words/)
    expect(refusal(() => prune(extended, [], { pieces: ['다나'] }))).toMatch(/"다나" is no piece of the extension/)
    expect(refusal(() => prune(extended, [], { pieces: ['가'] }))).toMatch(/"가" is id 260, which was not added/)
  })

  it('refuses a tokenizer that is no extension of the base', () => {
    const extended = extension(['나 다', '나다 라'])
    const merges = extended.merges
    const short = {
      left: merges.left.slice(0, -1),
      right: merges.right.slice(0, -1),
      result: merges.result.slice(0, -1),
    }
    expect(refusal(() => prune({ ...extended, merges: short }, [], { remove: 1 }))).toMatch(
      /^mismatch: this is no extension of the base .*: id \d+, "나다라", is not reached by its merges/,
    )
    expect(refusal(() => pruneExtension(bytesBase, extended, { remove: 1 }))).toMatch(/^(mismatch|unsupported): /)
    const other = { ...extended, byteFallback: false }
    expect(refusal(() => prune(other, [], { remove: 1 }))).toMatch(/makes another tokenizer/)
  })

  it('finds byte-level pieces by how they read', () => {
    const extended = bytesExtended()
    const { removed } = pruneExtension(bytesBase, extended, { pieces: ['▁안', '안녕'] })
    expect(removed.map(({ piece }) => piece)).toEqual([hex('20ec9588'), hex('ec9588eb8595')])
  })

  it('takes counts and metadata over from merges.txt', () => {
    const extended = extension(['나 다', '라 마'])
    const learned = {
      pieces: [{ piece: '나다', left: '나', right: '다', count: 77 }],
      meta: { scope: 'hangul', add: '2' },
    }
    const pruned = prune(extended, ['나다'], { remove: 1, learned })
    expect(pruned.learned.pieces).toEqual([{ piece: '나다', left: '나', right: '다', count: 77 }])
    expect(pruned.learned.meta).toEqual({ add: '2', base: base.sha256, pruned: '1', scope: 'hangul' })
  })
})

describe.each([
  ['Llama-2, tokenizer.json', async () => readTokenizerJson(await llama2Json(), 'llama-2')],
  ['Llama-2, .model', async () => readSentencePiece(llama2Model(), 'llama-2.model')],
  ['Mistral', async () => readTokenizerJson(mistralJson(), 'mistral')],
  ['Llama-3', async () => readTokenizerJson(llama3Json(), 'llama-3')],
])('pruning an extension of %s', (_, open) => {
  it('passes the audit, and uses are those that its encoder gives', async () => {
    const real = await open()
    const lines = (await koreanText()).split('\n').slice(0, 3000)
    const learned = trainMerges(real, wordCounts(real, lines.join('\n')), { add: 400 })
    const { tokenizer: extended, paddingIds } = padTokenizer(extendTokenizer(real, learned), 64)
    const counter = createUseCounter(real, extended)
    for (const line of lines) counter.add(line)
    const pruned = pruneExtension(real, extended, {
      words: counter.used,
      keep: 250,
      learned,
      paddingIds,
      padToMultiple: 64,
    })
    expect(pruned.learned.pieces).toHaveLength(250)
    const encoder = createEncoder(pruned.tokenizer)
    const uses = new Float64Array(pruned.tokenizer.pieces.length)
    for (const line of lines) for (const id of encode(encoder, line)) uses[id]++
    const from = real.pieces.length
    expect(pruned.uses.slice(from)).toEqual(uses.slice(from))
    const { learned: left, derivations } = addedPieces(real, pruned.tokenizer, pruned.paddingIds)
    const needed = new Set([...derivations.values()].flatMap(({ parts }) => parts))
    const leaves = left.filter((id) => !needed.has(id))
    expect(leaves.length).toBeGreaterThan(50)
    expect(Math.min(...leaves.map((id) => uses[id]))).toBeGreaterThanOrEqual(pruned.removed[149].uses)
    const report = await auditExtension({
      base: real,
      extended: pruned.tokenizer,
      scope: hangul,
      files: tokenizerFiles(pruned.tokenizer).files,
      samples: lines.slice(0, 300),
      unchanged: [{ name: 'code', lines: ['for (const id of ids) sum += id', '  return x', '東京 カナ'] }],
      level: 'quick',
      skip: NO_SWEEP,
      referees: 'none',
      paddingIds: pruned.paddingIds,
    })
    expect(failed(report)).toEqual([])
  }, 180_000)
})
