import { describe, expect, it } from 'vitest'
import { auditExtension, everywhereReferees } from '../../../src/extend/audit/audit'
import { sentencePieceReferee } from '../../../src/extend/audit/referees/sentencepiece'
import type { AuditReport, Referee } from '../../../src/extend/audit/types'
import { extendTokenizer } from '../../../src/extend/extend'
import { encodeUtf8 } from '../../../src/text/utf8'
import { tokenizerFiles } from '../../../src/tokenizer/files/formats'
import { PieceKind, type Tokenizer } from '../../../src/tokenizer/types'
import { long } from '../../support/long'
import {
  audit,
  bytesBase,
  bytesExtended,
  failed,
  hangul,
  hex,
  idOf,
  NO_SWEEP,
  SAMPLES,
  spmBase,
  spmExtended,
  withMerges,
} from './small'

const allReferees: readonly Referee[] = [...everywhereReferees, sentencePieceReferee]
const unchanged = [{ name: 'english', lines: ['ab ba', '  ab', '', 'a가b', 'é ꀀ'] }]

const checkOf = (report: AuditReport, id: string) => report.checks.find((check) => check.id === id)!

/** The tokenizer with one more piece that no merge makes. */
function withPiece(tokenizer: Tokenizer, piece: string, kind: number): Tokenizer {
  const scores = tokenizer.scores && Float32Array.from([...tokenizer.scores, tokenizer.scores.at(-1)! - 1000])
  return {
    ...tokenizer,
    pieces: [...tokenizer.pieces, piece],
    kinds: Uint8Array.from([...tokenizer.kinds, kind]),
    scores,
  }
}

describe('a good extension passes', () => {
  it('SentencePiece form, with all referees and the sweep', async () => {
    const report = await audit(spmExtended(), { referees: allReferees, skip: [], unchanged })
    expect(failed(report)).toEqual([])
    expect(report.passed).toBe(true)
    expect(report.newIds).toEqual({ first: spmBase.pieces.length, count: 6 })
    expect(report.referees.map(({ name, file }) => `${name} ${file}`)).toEqual([
      'huggingface tokenizer.json',
      'sentencepiece tokenizer.model',
    ])
    expect(checkOf(report, '6-round-trip-sweep').counted).toBe(1_112_064)
    // All but the scope's blocks: syllables and what follows up to U+D7FF, jamo, compatibility jamo, archaic jamo.
    expect(checkOf(report, '3-scope-sweep').counted).toBe(1_112_064 - (0xd800 - 0xac00) - 256 - 96 - 32)
    expect(checkOf(report, '3-scope-corpus')).toMatchObject({
      counted: 3,
      notes: ['english: 3 lines compared, 1 with text of the scope left out'],
    })
    // The report is plain data.
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it('byte-level form, with all referees; in long mode in all contexts', async () => {
    const level = long ? 'full' : 'quick'
    const report = await audit(bytesExtended(), { referees: allReferees, skip: [], unchanged, level })
    expect(failed(report)).toEqual([])
    expect(report.referees.map(({ name, file }) => `${name} ${file}`)).toEqual([
      'huggingface tokenizer.json',
      'tiktoken tokenizer.tiktoken',
    ])
    expect(checkOf(report, '6-round-trip-sweep').counted).toBe(1_112_064 * (long ? 9 : 1))
    expect(checkOf(report, '7-agree-tiktoken').counted).toBe((long ? 20_000 : 2000) + SAMPLES.length + 3)
  }, 240_000)

  it('with user-defined symbols and padding', async () => {
    const pieces = [{ piece: '나다', left: '나', right: '다', count: 1 }]
    const good = extendTokenizer(spmBase, { pieces, meta: {} }, { userDefinedSymbols: ['§', '<ko>'] })
    const padded = withPiece(good, '<pad_0>', PieceKind.Control)
    padded.addedTokens = [
      ...good.addedTokens,
      {
        id: good.pieces.length,
        content: '<pad_0>',
        singleWord: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ]
    const report = await audit(padded, {
      skip: ['1-files'],
      paddingIds: [good.pieces.length],
      unchanged: [{ name: 'en', lines: ['a § b', 'ab'] }],
    })
    expect(failed(report)).toEqual([])
    expect(checkOf(report, '8-padding').counted).toBe(1)
    expect(checkOf(report, '3-scope-corpus').notes).toEqual(['en: 1 lines compared, 1 with text of the scope left out'])
  })

  it('the same seed gives the same report, another one another', async () => {
    const first = await audit(spmExtended(), { seed: 7 })
    expect(await audit(spmExtended(), { seed: 7 })).toEqual(first)
    expect(await audit(spmExtended(), { seed: 8 })).not.toEqual(first)
  })
})

describe('each check fails when its invariant is broken', () => {
  it('1-ids-stay: a flag of an added token', async () => {
    const extended = spmExtended()
    extended.addedTokens = extended.addedTokens.map((token) => (token.id === 1 ? { ...token, lstrip: true } : token))
    const report = await audit(extended)
    expect(failed(report)).toEqual(['1-ids-stay'])
    expect(checkOf(report, '1-ids-stay').failures[0]).toMatchObject({ id: 1 })
  })

  it('1-ids-stay: a base piece is renamed (its file cannot be written either)', async () => {
    const extended = spmExtended()
    extended.pieces[3 + 0x41] = '<0x4G>'
    expect(failed(await audit(extended))).toEqual(['1-files', '1-ids-stay'])
  })

  it('1-pipeline-stays: another post-processor', async () => {
    expect(failed(await audit({ ...spmExtended(), postProcessor: null }))).toEqual(['1-pipeline-stays'])
  })

  it('1-merges-stay: two base merges that never meet change places', async () => {
    const extended = withMerges(spmExtended(), ([first, second, ...rest]) => [second, first, ...rest])
    expect(failed(await audit(extended))).toEqual(['1-merges-stay'])
  })

  it('1-scores-stay: one bit of a score', async () => {
    const extended = spmExtended()
    const id = idOf(extended, '마')
    new Uint32Array(extended.scores!.buffer)[id] ^= 1
    // Written from the tokenizer alone: the base's own .model would bring its score back.
    extended.sources = { sidecars: {} }
    expect(failed(await audit(extended))).toEqual(['1-scores-stay'])
  })

  it('1-files: ids that Hugging Face in Rust numbers again, as Llama-3 with special tokens outside the vocabulary', async () => {
    const extended = bytesExtended()
    const files = new Map(tokenizerFiles(extended).files)
    expect(failed(await audit(extended, { files, referees: allReferees }))).toEqual([])
    const json = JSON.parse(String(files.get('tokenizer.json'))) as { model: { vocab: Record<string, number> } }
    delete json.model.vocab['<|begin|>']
    delete json.model.vocab['<|end|>']
    files.set('tokenizer.json', JSON.stringify(json))
    const report = await audit(extended, { files, referees: allReferees })
    expect(failed(report)).toEqual(['1-files'])
    expect(checkOf(report, '1-files').failures[0]).toMatchObject({
      token: '<|begin|>',
      id: 257,
      loadedByRustAs: Object.keys(json.model.vocab).length,
    })
  })

  it('1-files and the referees: a .model that is cut off', async () => {
    const extended = spmExtended()
    const files = new Map(tokenizerFiles(extended).files)
    files.set('tokenizer.model', (files.get('tokenizer.model') as Uint8Array).slice(0, -40))
    const report = await audit(extended, { files, referees: allReferees })
    expect(failed(report)).toEqual(['1-files', '7-agree-sentencepiece'])
    expect(String(checkOf(report, '7-agree-sentencepiece').failures[0].why)).toContain('not read')
  })

  it('1-ids, 5-reachable and 7-agree by a referee: two ids change places in tokenizer.json', async () => {
    const extended = spmExtended()
    const files = new Map(tokenizerFiles(extended).files)
    const json = JSON.parse(String(files.get('tokenizer.json'))) as { model: { vocab: Record<string, number> } }
    const { vocab } = json.model
    const at = vocab.라마
    vocab.라마 = vocab.뷁바
    vocab.뷁바 = at
    files.set('tokenizer.json', JSON.stringify(json))
    expect(failed(await audit(extended, { files, referees: allReferees }))).toEqual([
      '1-files',
      '1-ids-huggingface',
      '5-reachable-huggingface',
      '7-agree-huggingface',
    ])
  })

  it('2-no-collision: a user-defined symbol that is a base piece', async () => {
    const extended = withPiece(spmExtended(), '▁가', PieceKind.UserDefined)
    const report = await audit(extended, { skip: [...NO_SWEEP, '1-files'] })
    expect(failed(report)).toEqual(['2-no-collision'])
    expect(checkOf(report, '2-no-collision').failures[0]).toMatchObject({ isId: idOf(spmBase, '▁가'), of: 'base' })
  })

  it('2-no-collision: an added token that says what a byte-level piece says', async () => {
    const extended = withPiece(bytesExtended(), '안녕', PieceKind.UserDefined)
    expect(failed(await audit(extended, { skip: [...NO_SWEEP, '1-files'] }))).toEqual(['2-no-collision'])
  })

  it('2-merges-once: a pair stands twice', async () => {
    const extended = withMerges(spmExtended(), (merges) => [...merges, merges.at(-1)!])
    expect(failed(await audit(extended, { skip: [...NO_SWEEP, '1-files'] }))).toEqual(['2-merges-once'])
  })

  it('2-normal-form: a syllable as two jamo', async () => {
    const report = await audit(spmExtended(['ᄀ', 'ᅡ', '가'.normalize('NFD')]))
    expect(failed(report)).toEqual(['2-normal-form'])
    expect(checkOf(report, '2-normal-form').failures[0]).toMatchObject({ nfc: '가' })
  })

  it('3-scope-proof and 3-scope-corpus: Latin letters', async () => {
    const extended = spmExtended(['b', 'a', 'ba'])
    expect(failed(await audit(extended))).toEqual(['3-scope-proof'])
    const report = await audit(extended, { unchanged })
    expect(failed(report)).toEqual(['3-scope-corpus', '3-scope-proof'])
    expect(checkOf(report, '3-scope-corpus').failures[0]).toMatchObject({
      text: 'english',
      line: 1,
      content: '"ab ba"',
    })
  })

  it('3-scope-sweep: the beginning `EA 80` of Hangul and of Yi, and continuation bytes alone', async () => {
    const skip = ['6-round-trip-sweep']
    const ea80 = await audit(bytesExtended([hex('ea'), hex('80'), hex('ea80')]), { skip })
    expect(failed(ea80)).toEqual(['3-scope-proof', '3-scope-sweep'])
    expect(checkOf(ea80, '3-scope-sweep').failureCount).toBe(64)
    expect(checkOf(ea80, '3-scope-sweep').failures[0]).toMatchObject({ codePoint: 'U+A000', context: 'alone' })
    const be80 = await audit(bytesExtended([hex('be'), hex('80'), hex('be80')]), { skip })
    expect(failed(be80)).toEqual(['3-scope-proof', '3-scope-sweep'])
    // `E0 BE 80` to `EF BE 80` less three of Hangul and the surrogates, `F0..F3 BE 80 xx`, `F0..F4 xx BE 80`.
    expect(checkOf(be80, '3-scope-sweep').failureCount).toBe(12 + 4 * 64 + (48 + 3 * 64 + 16))
  })

  it('4-ranks, 4-base-first and SentencePiece: a new merge before the base', async () => {
    const extended = withMerges(spmExtended(['마', '가', '마가'], ['가', '바', '가바']), (merges) => {
      const at = merges.findIndex(([left, right]) => left + right === '가바')
      return [merges[at], ...merges.slice(0, at), ...merges.slice(at + 1)]
    })
    // ` 가바`: the base makes `▁가` first.
    const report = await audit(extended, { referees: allReferees, samples: ['가바', '나 가바'] })
    expect(failed(report)).toEqual(['4-base-first', '4-ranks', '7-agree-sentencepiece'])
    expect(checkOf(report, '4-base-first').failures[0]).toMatchObject({ text: '"가바"' })
  })

  it('4-ranks: a split of a base piece at the end instead of in its group', async () => {
    const extended = withMerges(spmExtended(), (merges) => {
      const at = merges.findIndex(([left, , made]) => made === '가나다' && left === '가')
      return [...merges.slice(0, at), ...merges.slice(at + 1), merges[at]]
    })
    expect(failed(await audit(extended))).toContain('4-ranks')
  })

  it('4-new-scores: two that are equal as float32', async () => {
    const extended = spmExtended()
    extended.scores![idOf(extended, '라마')] = extended.scores![idOf(extended, '뷁')]
    expect(failed(await audit(extended))).toEqual(['4-new-scores'])
  })

  it('4-new-scores and SentencePiece: below the ordinary scores, above the whitespace runs', async () => {
    const extended = spmExtended()
    for (let id = spmBase.pieces.length; id < extended.pieces.length; id++) extended.scores![id] = -id
    expect(failed(await audit(extended, { referees: allReferees }))).toEqual(['4-new-scores', '7-agree-sentencepiece'])
  })

  it('5-reachable: 바다라 of 바다 and 라, where the base makes 다라 of its end', async () => {
    const report = await audit(spmExtended(['바', '다', '바다'], ['바다', '라', '바다라']), { referees: allReferees })
    // (바, 다라) is one of its splits: all splits save it.
    expect(failed(report)).toEqual([])
    const blocked = await audit(spmExtended(['바', '다', '바다'], ['라', '바', '라바'], ['바다', '라바', '바다라바']), {
      referees: allReferees,
    })
    expect(failed(blocked)).toEqual(['5-reachable', '5-reachable-huggingface', '5-reachable-sentencepiece'])
    expect(checkOf(blocked, '5-reachable').failures[0]).toMatchObject({ piece: '바다라바' })
  })

  it('5-base-reachable: 나다라 without the merge that makes it', async () => {
    const extended = withMerges(spmExtended(), (merges) => merges.filter(([, , made]) => made !== '나다라'))
    const report = await audit(extended, { skip: [...NO_SWEEP, '1-files'] })
    expect(failed(report)).toEqual(['1-merges-stay', '4-base-first', '5-base-reachable', '7-all-splits'])
  })

  it('6-round-trip: a decoder that leaves the marks', async () => {
    const extended: Tokenizer = { ...spmExtended(), decoder: { type: 'Fuse' } }
    expect(failed(await audit(extended, { skip: [] }))).toEqual([
      '1-pipeline-stays',
      '6-round-trip',
      '6-round-trip-sweep',
    ])
  })

  it('7-character-closure: 뷁 is no piece', async () => {
    const extended = withPiece(spmExtended(), '쀍나', PieceKind.Normal)
    expect(failed(await audit(extended))).toEqual(['5-reachable', '7-character-closure'])
  })

  it('7-agree: a referee that says otherwise, and one that parts ways with the base too', async () => {
    const liar = (lies: (json: string) => boolean): Referee => ({
      name: 'liar',
      version: '1',
      reads: (name) => name === 'tokenizer.json',
      open: async (name, files) => {
        const honest = await everywhereReferees[0].open(name, files)
        const lying = lies(String(files.get(name)))
        return { ...honest, encode: (text) => (lying && text.includes('ab') ? [0] : honest.encode(text)) }
      },
    })
    const ofExtension = await audit(spmExtended(), { referees: [liar((json) => json.includes('뷁'))] })
    expect(failed(ofExtension)).toEqual(['7-agree-liar'])
    const ofBoth = await audit(spmExtended(), { referees: [liar(() => true)] })
    expect(failed(ofBoth)).toEqual([])
    expect(checkOf(ofBoth, '7-agree-liar').notes?.[0]).toMatch(/^base disagrees with itself on [1-9]/)
  })

  it('8-padding: an ordinary piece, and one that is not last', async () => {
    const extended = spmExtended()
    const report = await audit(extended, { paddingIds: [extended.pieces.length - 1, spmBase.pieces.length] })
    expect(failed(report)).toEqual(['8-padding'])
    expect(checkOf(report, '8-padding').failures.map(({ why }) => why)).toEqual([
      'not among the last ids',
      'takes part in a merge',
    ])
  })

  it('7-all-splits: the split that opens a base piece is missing', async () => {
    const extended = withMerges(spmExtended(), (merges) => merges.filter(([, right]) => right !== '나다'))
    expect(failed(await audit(extended, { skip: [...NO_SWEEP, '1-files'] }))).toEqual(['7-all-splits'])
    expect(failed(await audit(extended, { referees: allReferees }))).toEqual([
      '1-files',
      '7-agree-sentencepiece',
      '7-all-splits',
    ])
  })
})

describe('what is asked and what is refused', () => {
  it('a signal that has fired', async () => {
    await expect(audit(spmExtended(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  })

  it('takes async text', async () => {
    async function* lines() {
      yield 'ab'
      yield 'ba'
    }
    async function* texts() {
      yield { name: 'async', lines: lines() }
    }
    const report = await audit(spmExtended(), { unchanged: texts() })
    expect(checkOf(report, '3-scope-corpus').counted).toBe(2)
  })

  it('names its stages', async () => {
    const stages = new Set<string>()
    await audit(bytesExtended(), { onProgress: (stage) => stages.add(stage), referees: 'all' })
    expect([...stages]).toEqual([
      'pieces and merges',
      'emitted files',
      'unchanged text',
      'base first',
      'round trip',
      'huggingface on tokenizer.json',
      'tiktoken on tokenizer.tiktoken',
    ])
  })

  it('says which file no referee reads', async () => {
    const report = await auditExtension({
      base: spmBase,
      extended: spmExtended(),
      scope: hangul,
      level: 'quick',
      skip: NO_SWEEP,
    })
    expect(report.notes).toContain('no referee was given that reads tokenizer.model')
    expect(report.notes).toContain('3-scope-sweep was not made, as asked')
  })

  it('bytesBase has its special tokens behind the ranks', () => {
    expect(bytesBase.pieces.length).toBe(259)
    expect(encodeUtf8('안녕')).toHaveLength(6)
  })
})
