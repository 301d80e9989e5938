import { describe, expect, it } from 'vitest'
import { extendTokenizer } from '../../../src/extend/extend'
import { type FromDonorsOptions, learnFromDonors } from '../../../src/merges/from-donors/learn-from-donors'
import type { Fate } from '../../../src/merges/from-donors/types'
import { scopeNamed } from '../../../src/text/scope'
import { createEncoder, encodePiece } from '../../../src/tokenizer/encoder'
import type { Tokenizer } from '../../../src/tokenizer/types'
import { donorOf, smallByteLevel, smallSentencePiece, wordsOf } from '../small'

const letters = smallSentencePiece([...'가나다라마바사'])

function merge(pieces: readonly string[], options: FromDonorsOptions = {}, base: Tokenizer = letters) {
  const result = learnFromDonors(base, [donorOf(pieces)], options)
  const extended = extendTokenizer(base, result.learned)
  const encoder = createEncoder(extended)
  for (let id = base.pieces.length; id < extended.pieces.length; id++) {
    expect([...encodePiece(encoder, extended.pieces[id])]).toEqual([id])
  }
  const fates: Record<string, Fate> = {}
  for (const { spelled, fate } of result.fates) fates[spelled] = fate
  return { ...result, made: result.learned.pieces.map(({ piece }) => piece), fateOf: fates, extended }
}

describe('learnFromDonors, without text', () => {
  it('makes pieces in the order of the donor', () => {
    expect(merge(['나다', '가나', ' 가']).made).toEqual(['나다', '가나', '▁가'])
  })

  it('makes a wanted part first, though the donor has it later', () => {
    const { made, intermediates } = merge(['가나다라', '다라', '가나'])
    expect(made).toEqual(['가나', '다라', '가나다라'])
    expect(intermediates).toEqual([])
  })

  it('makes what nobody brought, the parts that most pieces share', () => {
    const { made, intermediates, fates } = merge(['가나다', '나다라', '바나다'])
    expect(made).toEqual(['나다', '가나다', '나다라', '바나다'])
    expect(intermediates).toEqual([{ piece: '나다', rank: 0, neededBy: 3, example: '가나다' }])
    expect(fates[2].needs).toEqual(['나다'])
  })

  it('drops by name what needs others, when asked to', () => {
    const { made, fateOf, fates, intermediates } = merge(['가나다', '가나', '라마바'], { unreachable: 'drop' })
    expect(made).toEqual(['가나', '가나다'])
    expect(intermediates).toEqual([])
    expect(fateOf).toEqual({ 가나다: 'added', 가나: 'added', 라마바: 'unreachable' })
    expect(fates[2].needs).toHaveLength(1)
  })

  it('makes the characters that the base lacks', () => {
    const { made, intermediates } = merge(['뷁가', '쀍'])
    expect(made).toEqual(['뷁', '뷁가', '쀍'])
    expect(intermediates.map(({ piece }) => piece)).toEqual(['뷁'])
  })

  it('makes bytes into characters on a byte-level base, cut ones only where no other script begins so', () => {
    const base = smallByteLevel([])
    const { made, extended, intermediates } = merge(['가', ' 나'], {}, base)
    expect(made).toHaveLength(intermediates.length + 2)
    expect(extended.pieces.slice(-1)).toEqual(made.slice(-1))
    // EA B0 begins nothing but Hangul; EA alone also begins Yi and Vai, and B0 80 ends characters of all scripts.
    expect(made[0]).toBe('ê°')
  })

  it('takes what fits, each piece with what it needs', () => {
    const { made, fateOf } = merge(['가나다라', '나다', '라마'], { add: 2 })
    expect(made).toEqual(['나다', '라마'])
    expect(fateOf).toEqual({ 가나다라: 'over-budget', 나다: 'added', 라마: 'added' })
  })

  it('says what it cannot do', () => {
    expect(() => merge(['가나'], { add: 0 })).toThrow('add is 0')
    expect(() => merge(['hello', '12'])).toThrow('none of the 2 pieces of donor can be added')
  })
})

describe('learnFromDonors, with text', () => {
  const words = wordsOf({ ' 나다라': 50, 가나: 9, ' 다라': 5, 마바: 1 })

  it('ranks by the counts of the text', () => {
    const { learned } = merge(['가나', '다라', '나다라', '마바사'], { words })
    expect(learned.pieces.map(({ piece, count }) => [piece, count])).toEqual([
      ['다라', 55],
      ['나다라', 50],
      ['가나', 9],
      ['바사', 0],
      ['마바사', 0],
    ])
  })

  it('gives intermediates the rank that the text gives them', () => {
    const { learned, intermediates } = merge(['가나', '나다라'], { words })
    expect(learned.pieces.map(({ piece }) => piece)).toEqual(['다라', '나다라', '가나'])
    expect(intermediates).toEqual([{ piece: '다라', rank: 0, neededBy: 1, example: '나다라' }])
  })

  it('drops what the text never gives, when asked to', () => {
    const { made, fateOf } = merge(['가나', '다라', '마바'], { words, unseen: 'drop' })
    expect(made).toEqual(['다라', '가나'])
    expect(fateOf.마바).toBe('unseen')
  })

  it('takes all of one donor before the next, by priority', () => {
    const donors = [donorOf(['가나'], 'later'), donorOf(['다라', '가나'], 'first')]
    const order = (priorities?: number[]) =>
      learnFromDonors(letters, donors, { words: wordsOf({ 가나: 9, 다라: 5 }), priorities })
    expect(order().learned.pieces.map(({ piece }) => piece)).toEqual(['가나', '다라'])
    expect(order([2, 1]).learned.pieces.map(({ piece }) => piece)).toEqual(['가나', '다라'])
    expect(order([1, 2]).fates.map(({ fate, why }) => [fate, why])).toEqual([
      ['added', null],
      ['added', null],
      ['same', '가나 of later'],
    ])
    expect(order([2, 1]).fates.map(({ fate }) => fate)).toEqual(['same', 'added', 'added'])
    const alone = learnFromDonors(letters, [donorOf(['가나']), donorOf(['다라'])], {
      words: wordsOf({ 가나: 9, 다라: 5 }),
      priorities: [2, 1],
    })
    expect(alone.learned.pieces.map(({ piece }) => piece)).toEqual(['다라', '가나'])
  })

  it('continues a character of one donor with pieces of the next', () => {
    const { learned } = learnFromDonors(letters, [donorOf(['뷁']), donorOf(['뷁가'])], {
      words: wordsOf({ 뷁가: 3 }),
      priorities: [1, 2],
    })
    expect(learned.pieces.map(({ piece, count }) => [piece, count])).toEqual([
      ['뷁', 3],
      ['뷁가', 3],
    ])
  })
})

describe('fates', () => {
  const fateOf = (piece: string, options: FromDonorsOptions = {}, base: Tokenizer = letters) => {
    const [{ fate, why }] = learnFromDonors(base, [donorOf([piece, '가나', '나다'])], options).fates
    return [fate, why]
  }

  it.each([
    ['가', 'already', `id ${letters.pieces.indexOf('가')}`],
    ['the', 'out-of-scope', '"t" is not in the scope hangul'],
    ['가.', 'out-of-scope', '"." is not in the scope hangul'],
    ['가 나', 'out-of-scope', '"▁" is not in the scope hangul'],
    [' ', 'already', `id ${letters.pieces.indexOf('▁')}`],
    ['가나다라마바사가나다라마바사가나다', 'too-long', null],
    ['\u1112\u1161', 'not-composed', null],
    ['가나다', 'added', null],
  ])('%j: %s', (piece, fate, why) => {
    expect(fateOf(piece)).toEqual([fate, why])
  })

  it('an equal string of another spelling', () => {
    const piece = { spelled: 'Ġê°Ģëħ»', key: '\u00ea\u00b0\u0080\u00eb\u0082\u0098', kind: 'piece', score: 1 } as const
    const { fates } = learnFromDonors(letters, [donorOf(['가나', piece])])
    expect(fates[1]).toMatchObject({ fate: 'same', why: '가나', piece: '가나' })
  })

  it('specials, bytes and added tokens of the donor', () => {
    const kinds = (['special', 'byte', 'added'] as const).map((kind) => ({
      spelled: '<x>',
      key: '',
      kind,
      score: null,
    }))
    const { fates } = learnFromDonors(letters, [donorOf(['가나', ...kinds])])
    expect(fates.slice(1).map(({ fate }) => fate)).toEqual(['special', 'byte', 'special'])
  })

  it('a user-defined symbol collides', () => {
    expect(fateOf('다라', { userDefinedSymbols: ['다라'] })).toEqual([
      'collides',
      `added token ${letters.pieces.length}`,
    ])
  })

  it('the composed form of a piece of the base collides', () => {
    const base = smallSentencePiece([...'가나다\u1112\u1161', '\u1112\u1161'])
    expect(fateOf('하', {}, base)).toEqual(['collides', `composed form of \u1112\u1161, id ${base.pieces.length - 1}`])
  })

  it('a character that stands inside pieces of the base only', () => {
    const base = smallSentencePiece([...'가나다', '가라'])
    expect(fateOf('라다', {}, base)).toEqual([
      'unreachable',
      '"라" stands inside pieces of the base, and would change them as a piece',
    ])
  })

  it('a part of a character on a base of characters, and one that other scripts share on a base of bytes', () => {
    const cut = { spelled: 'ê', key: '\u00ea\u00b0', kind: 'piece', score: null } as const
    expect(learnFromDonors(letters, [donorOf([cut, '가나'])]).fates[0].fate).toBe('out-of-scope')
    const shared = { ...cut, key: '\u00b0\u0080' }
    const [fate] = learnFromDonors(smallByteLevel([]), [donorOf([shared, '가나'])]).fates
    expect(fate).toMatchObject({ fate: 'out-of-scope', why: 'bytes b0 80 also stand in other scripts' })
  })

  it('a piece that the pre-tokenizer of the base cuts', () => {
    const base = smallByteLevel([])
    const scope = scopeNamed('hangul+punctuation')
    expect(fateOf('가.', { scope }, base)).toEqual(['unreachable', 'the base cuts text there: "가" + "."'])
    expect(fateOf('1234', { scope: scopeNamed('all') }, base)).toEqual([
      'unreachable',
      'the base cuts text there: "123" + "4"',
    ])
  })
})
