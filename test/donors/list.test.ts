import { describe, expect, it } from 'vitest'
import { readDonor } from '../../src/donors/read'
import type { ReadDonorOptions } from '../../src/donors/types'
import { keyToText } from '../../src/text/byte-key'
import { bytesToPiece } from '../../src/tokenizer/byte-alphabet'

const utf8 = (text: string) => new TextEncoder().encode(text)
const read = (text: string, options?: ReadDonorOptions) => readDonor(utf8(text), 'list.txt', options)
/** Texts with their scores, in order. */
const pieces = (text: string, options?: ReadDonorOptions) =>
  read(text, options).pieces.map(({ key, score }) => (score === null ? keyToText(key) : [keyToText(key), score]))
const byteSpelled = (text: string) => bytesToPiece(utf8(text))

describe('lists of words', () => {
  it('give each word twice, in the file’s order', () => {
    const donor = read('\ufeff# 법률 용어\r\n#\r\n\r\n법원\r\n  대법원 판결 \r\n\t\r\n# 셋\r\n법원')
    expect(donor).toMatchObject({ name: 'list.txt', format: 'list', orderedBy: 'order', normalizer: null })
    expect(donor.pieces.map(({ key }) => keyToText(key))).toEqual(
      ['법원', '대법원 판결', '# 셋', '법원'].flatMap((word) => [` ${word}`, word]),
    )
    expect(donor.pieces[2]).toEqual({
      spelled: '대법원 판결',
      key: Buffer.from(' 대법원 판결').toString('latin1'),
      kind: 'piece',
      score: null,
    })
    expect(donor.notes).toEqual([
      'Its lines are taken for words, each of them two pieces: at the beginning of a word, and inside one without the space.',
    ])
  })

  it('compose decomposed Hangul', () => {
    const { pieces } = read('판결'.normalize('NFD'))
    expect(pieces.map(({ key, restored }) => [keyToText(key), restored])).toEqual([
      [' 판결', 'nfc'],
      ['판결', 'nfc'],
    ])
  })

  it('skip a line of nothing but wide spaces', () => {
    expect(pieces('\u3000\n법')).toEqual([' 법', '법'])
  })
})

describe('numbers behind a piece', () => {
  it('after a TAB are counts, largest first, lines without one last', () => {
    const donor = read('법원\t3\n판결\n원고\t12\t명사\n피고\t3\n', { spelling: 'pieces' })
    expect(donor.orderedBy).toBe('count')
    expect(donor.pieces.map(({ key, score }) => [keyToText(key), score])).toEqual([
      ['원고', 12],
      ['법원', 3],
      ['피고', 3],
      ['판결', null],
    ])
    expect(donor.notes[1]).toBe('Lines without a number come last: 1.')
  })

  it('after a space are counts when every line has one, else text', () => {
    expect(pieces('법원 3\n갤럭시 S 24\n', { spelling: 'pieces' })).toEqual([
      ['갤럭시 S', 24],
      ['법원', 3],
    ])
    const donor = read('갤럭시 24\n아이폰 16\n법원\n', { spelling: 'pieces' })
    expect(donor.pieces.map(({ key }) => keyToText(key))).toEqual(['갤럭시 24', '아이폰 16', '법원'])
    expect(donor.notes[0]).toBe(
      'A number at the end of a line counts as text here, since 1 of its lines have none; put a TAB before counts.',
    )
  })

  it.each([
    ['▁법\t-3.25\n▁원\t-2.5', 'log probability', ['▁원', '▁법']],
    ['▁법\t-1\n▁원\t-0', 'score', ['▁원', '▁법']],
    ['▁법\t0.25\n▁원\t1e3', 'score', ['▁원', '▁법']],
    ['▁법\t7\n▁원\t0', 'count', ['▁법', '▁원']],
  ])('%j are of the kind %s', (text, orderedBy, order) => {
    const donor = read(text)
    expect(donor.orderedBy).toBe(orderedBy)
    expect(donor.pieces.map(({ spelled }) => spelled)).toEqual(order)
  })

  it('may stand behind a piece that is a TAB', () => {
    expect(pieces('▁\t-1\n\t\t-2')).toEqual([
      [' ', -1],
      ['\t', -2],
    ])
  })

  it('are not required: other columns are passed over, a heading is none of the pieces', () => {
    const tagged = read('법원\tNNG\n판결\tNNG\n', { spelling: 'pieces' })
    expect(tagged.pieces.map(({ spelled }) => spelled)).toEqual(['법원', '판결'])
    expect(tagged.notes[0]).toBe(
      'What stands behind a TAB and is no number was passed over: 2 lines, the first is line 1, "법원\\tNNG".',
    )
    const headed = read('단어\t빈도\n법원\t2\n', { spelling: 'pieces' })
    expect(headed.pieces.map(({ spelled }) => spelled)).toEqual(['법원'])
    expect(headed.notes[0]).toBe('Its first line, "단어\\t빈도", is taken for a heading.')
  })
})

describe('how a list spells its lines', () => {
  it('one ▁ makes them pieces of SentencePiece', () => {
    const donor = read('<unk>\t0\n<0xEB>\t0\n▁법원\t-1\n법▁제▁1\t-2')
    expect(donor.pieces.map(({ key, kind }) => [kind, key])).toEqual([
      ['special', ''],
      ['byte', '\xeb'],
      ['piece', Buffer.from(' 법원').toString('latin1')],
      ['piece', Buffer.from('법 제 1').toString('latin1')],
    ])
    expect(donor.notes).toEqual(['Its lines are taken for pieces that spell a space ▁.'])
  })

  it('## makes them pieces of WordPiece', () => {
    const donor = read('[PAD]\n[UNK]\n[unused1]\n법\n##원\n##\n#')
    expect(donor.pieces.map(({ key, kind }) => [kind, keyToText(key)])).toEqual([
      ['special', ''],
      ['special', ''],
      ['special', ''],
      ['piece', ' 법'],
      ['piece', '원'],
      ['piece', ' ##'],
      ['piece', ' #'],
    ])
  })

  it('a stray ## does not, unless pieces are asked for', () => {
    const text = [...Array.from({ length: 30 }, (_, i) => `단어${i}`), '##머리'].join('\n')
    expect(pieces(text)).toContain(' ##머리')
    expect(pieces(text, { spelling: 'pieces' })).toContain('머리')
  })

  it('the byte alphabet is known by what it spells, cut characters among it', () => {
    const donor = read(`Ġ${byteSpelled('법원')}\n${byteSpelled('판결')}\nĠthe\nì\n${byteSpelled('한').slice(0, 2)}`)
    expect(donor.notes).toEqual(['Its lines are taken for pieces in the byte alphabet, where Ġ is a space.'])
    expect(donor.pieces.map(({ key, kind }) => [kind, Buffer.from(key, 'latin1').toString()])).toEqual([
      ['piece', ' 법원'],
      ['piece', '판결'],
      ['piece', ' the'],
      ['byte', '\ufffd'],
      ['piece', '\ufffd'],
    ])
    expect(donor.pieces[4].key).toBe('\xed\x95')
  })

  it.each(['café\nnaïve\n', 'court\nlaw\n', `Ġlaw\n법원\n`])('other words stay words: %j', (text) => {
    expect(read(text).notes[0]).toMatch(/^Its lines are taken for words/)
  })

  it('the option is stronger than what is seen', () => {
    expect(pieces('▁법', { spelling: 'words' })).toEqual([' ▁법', '▁법'])
    expect(pieces('법원\n 판결', { spelling: 'pieces' })).toEqual(['법원', ' 판결'])
    expect(read('법원', { spelling: 'pieces' }).notes[0]).toMatch(/as they stand; none of them is marked/)
  })
})

describe('lists that are none', () => {
  const refused = (bytes: Uint8Array | string, name = 'list.txt') => {
    try {
      readDonor(typeof bytes === 'string' ? utf8(bytes) : bytes, name)
    } catch (error) {
      const { code, message, hint } = error as { code: string; message: string; hint?: string }
      return `${code}: ${message} (${hint})`
    }
    return 'taken'
  }

  it.each([
    ['empty', '', 'bad-file: list.txt: the file is empty'],
    ['blank', '\r\n \n\t\n# only this\n', 'bad-file: list.txt: no entries: its lines are empty or comments'],
    ['a text', `법원\n${'가나 '.repeat(500)}`, 'bad-file: list.txt: line 2 has 1500 characters and begins "가나 가나'],
    ['NUL', '법원\n판\0결', 'bad-file: list.txt: line 2 holds U+0000'],
    ['no piece', '법원\t1\n\t5', 'bad-file: list.txt: line 2 is "\\t5": nothing stands before the TAB'],
    ['a huge number', '법원\t1e999', 'bad-file: list.txt: line 1 has the number 1e999, which is too large'],
    ['merges.txt', '#version: 0.2\në ²', 'unsupported: list.txt: is a list of merges, not of pieces'],
  ])('%s', (_, text, message) => {
    expect(refused(text)).toContain(message)
  })

  it('other encodings are named', () => {
    // 법원 and 판결 in CP949.
    const cp949 = Uint8Array.of(0xb9, 0xfd, 0xbf, 0xf8, 0x0a, 0xc6, 0xc7, 0xb0, 0xe1)
    expect(refused(cp949)).toMatch(/^bad-file: list\.txt: line 1 is not UTF-8.*CP949 \(EUC-KR\).*iconv -f CP949/)
    expect(refused(Uint8Array.of(0x61, 0x0a, 0x62, 0x0a, 0xff, 0xfe, 0x0a))).toMatch(
      /line 3 is not UTF-8.*one piece or word a line/,
    )
    expect(refused(Uint8Array.of(0xff, 0xfe, 0x61, 0x00))).toMatch(/UTF-16 text: iconv/)
    expect(refused(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0))).toMatch(/gzip -dk/)
    expect(refused('법원,3\n', 'words.csv')).toMatch(/^unsupported: words\.csv: is a table with commas/)
  })
})

it('a million lines are read in one go', () => {
  const text = Array.from({ length: 1_000_000 }, (_, i) => `단어${i}\t${i % 977}`).join('\r\n')
  const { pieces } = read(text)
  expect(pieces.length).toBe(2_000_000)
  expect(pieces[0]).toMatchObject({ spelled: '단어976', score: 976 })
  expect(pieces.at(-1)).toMatchObject({ spelled: '단어999471', score: 0 })
})
