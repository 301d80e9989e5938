import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { padTokenizer } from '../../src/extend/pad'
import { diffTokenizers } from '../../src/measure/diff'
import { diffTexts } from '../../src/measure/diff-texts'
import { createEncoder, encode } from '../../src/tokenizer/encoder'
import { tokenizerFiles } from '../../src/tokenizer/files/formats'
import { readSentencePiece } from '../../src/tokenizer/files/sentencepiece-model'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import { tokenizerHash } from '../../src/tokenizer/hash'
import { PieceKind, type Tokenizer } from '../../src/tokenizer/types'
import { bytesBase, bytesExtended, idOf, spmBase, spmExtended, withMerges } from '../extend/audit/small'
import { smallSentencePiece } from '../merges/small'
import { llama2Json, llama2Model, mistralJson } from '../support/fixtures'

/** With these pieces in the place of others; the hash is left to diff. */
function renamed(tokenizer: Tokenizer, names: Record<string, string>): Tokenizer {
  return { ...tokenizer, sha256: undefined, pieces: tokenizer.pieces.map((piece) => names[piece] ?? piece) }
}

describe('diffTokenizers', () => {
  it('finds nothing between a tokenizer and itself', () => {
    for (const tokenizer of [spmBase, bytesExtended()]) {
      const diff = diffTokenizers(tokenizer, structuredClone(tokenizer))
      expect(diff).toMatchObject({ equal: true, addedTokens: [], nodes: {}, options: {} })
      expect(diff.ids).toMatchObject({
        same: tokenizer.pieces.length,
        changed: 0,
        moved: 0,
        onlyA: 0,
        onlyB: 0,
        kinds: 0,
      })
      expect(diff.merges).toMatchObject({ onlyA: 0, onlyB: 0, orderChangesAt: null })
    }
  })

  it('counts what an extension adds, both ways round', () => {
    const extended = spmExtended()
    const there = extended.pieces.length - spmBase.pieces.length
    const diff = diffTokenizers(spmBase, extended)
    expect(diff.equal).toBe(false)
    expect(diff.ids).toMatchObject({ same: spmBase.pieces.length, changed: 0, moved: 0, onlyA: 0, onlyB: there })
    expect(diff.ids.examples.onlyB[0]).toEqual({ piece: '나다', id: spmBase.pieces.length })
    expect(diff.merges.onlyA).toBe(0)
    expect(diff.merges.onlyB).toBe(extended.merges.left.length - spmBase.merges.left.length)
    expect(diff.merges.orderChangesAt).toBeNull()
    expect(diff.merges.examples.onlyB.map(({ pair }) => pair.join(' '))).toContain('가 나다')
    expect(diff.scores).toEqual({ equal: spmBase.pieces.length, changed: 0, sameOrder: true, examples: [] })
    const back = diffTokenizers(extended, spmBase, { examples: 1 })
    expect(back.ids).toMatchObject({ onlyA: there, onlyB: 0 })
    expect(back.ids.examples.onlyA).toHaveLength(1)
  })

  it('finds moved and changed ids, kinds, the first merge out of order', () => {
    const swapped = renamed(spmBase, { 가: '나', 나: '가' })
    const { ids } = diffTokenizers(spmBase, swapped)
    const [ga, na] = [idOf(spmBase, '가'), idOf(spmBase, '나')]
    expect(ids).toMatchObject({ changed: 2, moved: 2, onlyA: 0, onlyB: 0 })
    expect(ids.examples.moved).toEqual(
      [
        { piece: '가', a: ga, b: na },
        { piece: '나', a: na, b: ga },
      ].sort((x, y) => x.a - y.a),
    )
    expect(ids.examples.changed).toContainEqual({ id: ga, a: '가', b: '나' })

    const kinds = spmBase.kinds.slice()
    kinds[ga] = PieceKind.UserDefined
    expect(diffTokenizers(spmBase, { ...spmBase, kinds }).ids.examples.kinds).toEqual([{ piece: '가', a: 1, b: 4 }])

    const reversed = withMerges(spmBase, (merges) => [...merges].reverse())
    const { merges } = diffTokenizers(spmBase, { ...reversed, sha256: undefined })
    expect(merges).toMatchObject({ onlyA: 0, onlyB: 0 })
    expect(merges.orderChangesAt?.a).toEqual({ pair: ['▁', '가'], rank: 0 })
    expect(merges.orderChangesAt?.b.rank).toBe(0)
  })

  it('finds every field of added tokens, nodes and options; scores that change their order', () => {
    const [first, ...rest] = spmBase.addedTokens
    const other: Tokenizer = {
      ...spmBase,
      sha256: undefined,
      addedTokens: [{ ...first, special: false }, ...rest.slice(1)],
      decoder: null,
      byteFallback: false,
      scores: spmBase.scores!.map((score, id) => (id === idOf(spmBase, 'ab') ? -1000 : score)),
    }
    const diff = diffTokenizers(spmBase, other)
    expect(diff.addedTokens).toEqual([
      { content: first.content, a: first, b: { ...first, special: false } },
      { content: rest[0].content, a: rest[0], b: null },
    ])
    expect(Object.keys(diff.nodes)).toEqual(['decoder'])
    expect(diff.options).toEqual({ byteFallback: { a: true, b: false } })
    expect(diff.scores).toMatchObject({ changed: 1, sameOrder: false, examples: [{ piece: 'ab', a: -1, b: -1000 }] })
    const special = { ...spmBase, addedTokens: [{ ...first, special: !first.special }, ...rest] }
    expect(tokenizerHash(special)).toBe(tokenizerHash(spmBase))
    expect(diffTokenizers(spmBase, special).equal).toBe(false)
  })

  it('padding shows as special tokens', () => {
    const { tokenizer, paddingIds } = padTokenizer(bytesBase, 64)
    expect(diffTokenizers(bytesBase, tokenizer).addedTokens.map(({ a, b }) => [a, b?.id])).toEqual(
      paddingIds.map((id) => [null, id]),
    )
  })

  it('.model and tokenizer.json of Llama-2 are one tokenizer; Mistral is another', async () => {
    const model = readSentencePiece(llama2Model(), 'llama-2.model')
    const json = readTokenizerJson(await llama2Json(), 'llama-2')
    const same = diffTokenizers(model, json)
    expect(same.sha256.a).toBe(same.sha256.b)
    expect(same.merges).toMatchObject({ count: { a: 61_249, b: 61_249 }, onlyA: 0, onlyB: 0, orderChangesAt: null })
    expect(same.scores).toBeNull()
    expect(diffTokenizers(model, readSentencePiece(llama2Model(), 'again')).scores).toMatchObject({ changed: 0 })
    const mistral = readTokenizerJson(mistralJson(), 'mistral')
    const diff = diffTokenizers(json, mistral)
    // Counted anew, by sets.
    const pieces = new Set(mistral.pieces)
    expect(diff.ids.onlyA).toBe(json.pieces.filter((piece) => !pieces.has(piece)).length)
    expect(diff.ids.same).toBe(json.pieces.filter((piece, id) => mistral.pieces[id] === piece).length)
    const pairs = (t: Tokenizer) => Array.from(t.merges.left, (l, i) => `${t.pieces[l]} ${t.pieces[t.merges.right[i]]}`)
    const there = new Set(pairs(mistral))
    expect(diff.merges.onlyA).toBe(pairs(json).filter((pair) => !there.has(pair)).length)
    expect(diff.merges.orderChangesAt).not.toBeNull()
  })

  it('compares pieces of the two forms as text', () => {
    const extended = bytesExtended()
    const { ids, options } = diffTokenizers(
      spmExtended([null, null, '안'], [null, null, '녕'], ['안', '녕', '안녕']),
      extended,
    )
    expect(options.form).toEqual({ a: 'sentencepiece', b: 'byte-level' })
    const text = diffTokenizers(bytesBase, extended).ids.examples.onlyB.map(({ piece }) => piece)
    expect(text).toEqual(['<0xEC><0x95>', '안', '<0xEB><0x85>', '녕', '안녕', '▁안'])
    // <0x80> to <0xFF>, the letters a and b, the space, ab, 안, 녕 and 안녕; byte pieces below 0x80 are no letters.
    expect(ids.moved).toBe(128 + 7 - ids.same)
  })
})

describe('diffTexts', () => {
  const base = createEncoder(spmBase)
  const extended = createEncoder(spmExtended())

  it('says which lines differ, where, and how many tokens there are', () => {
    const lines = ['ab ab', '', 'ab 나다 ab', '나다라마']
    const diff = diffTexts(base, extended, lines)
    const tokens = (encoder: typeof base) => lines.reduce((sum, line) => sum + encode(encoder, line).length, 0)
    expect(diff).toMatchObject({
      lines: 4,
      sameStrings: 0,
      sameIds: 0,
      tokens: { a: tokens(base), b: tokens(extended) },
    })
    expect(diff.differ).toBe(diff.examples.length)
    expect(diff.share).toBe(diff.differ / 4)
    const [first] = diff.examples
    expect(first).toMatchObject({ line: 3, text: 'ab 나다 ab' })
    expect(first.tokens.a.slice(0, first.at)).toEqual(first.tokens.b.slice(0, first.at))
    expect(first.tokens.a[first.at]).not.toBe(first.tokens.b[first.at])
    expect(first.tokens.b[first.at]).toBe('나다')
    expect(diffTexts(base, extended, lines, { examples: 0 })).toMatchObject({ differ: diff.differ, examples: [] })
  })

  it('tells lines apart that only have other ids, and those whose ids stand for something else', () => {
    const pieces = spmBase.pieces.slice()
    const [ga, na] = [idOf(spmBase, '가'), idOf(spmBase, '바')]
    pieces[ga] = '바'
    pieces[na] = '가'
    const merges = { left: new Int32Array(), right: new Int32Array(), result: new Int32Array() }
    const plain: Tokenizer = { ...spmBase, merges, sha256: undefined }
    const swapped: Tokenizer = { ...plain, pieces }
    const ids = diffTexts(createEncoder(plain), createEncoder(swapped), ['가', 'ab', '바나'])
    expect(ids).toMatchObject({ lines: 3, differ: 2, sameStrings: 2, sameIds: 0 })
    expect(ids.examples[0].at).toBe(1)
    // 가 나다 and 가나 다, under the same two ids.
    const [left, right] = [
      smallSentencePiece(['가', '나다', '나', '다']),
      smallSentencePiece(['가나', '다', '나', '가']),
    ]
    const strings = diffTexts(createEncoder(left), createEncoder(right), ['가나다', '나'])
    expect(strings).toMatchObject({ lines: 2, differ: 1, sameStrings: 0, sameIds: 1 })
    expect(strings.examples[0]).toMatchObject({ at: 0, tokens: { a: ['가', '나다'], b: ['가나', '다'] } })
  })

  it('differ is what comparing ids line by line gives', () => {
    const line = fc.array(fc.constantFrom(...'가나다라마뷁ab ')).map((chars) => chars.join(''))
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const differing = lines.filter((text) => `${encode(base, text)}` !== `${encode(extended, text)}`)
        const diff = diffTexts(base, extended, lines, { examples: lines.length })
        expect(diff.examples.map(({ text }) => text)).toEqual(differing)
      }),
      { numRuns: 200 },
    )
  })

  it('files of an extension make one tokenizer', () => {
    const tokenizer = spmExtended()
    const { files } = tokenizerFiles(tokenizer)
    const again = readTokenizerJson(files.get('tokenizer.json') as string, 'again')
    expect(diffTokenizers(tokenizer, again)).toMatchObject({
      ids: { changed: 0, onlyA: 0, onlyB: 0 },
      nodes: {},
      options: {},
    })
  })
})
