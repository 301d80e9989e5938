import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMerges, parseMerges } from '../../src/merges/merges-file'
import type { LearnedMerges, LearnedPiece } from '../../src/merges/types'

const single = (piece: string, count: number): LearnedPiece => ({ piece, left: null, right: null, count })
const merged = (left: string, right: string, count: number): LearnedPiece => ({
  piece: left + right,
  left,
  right,
  count,
})

test('the file reads like this', () => {
  const learned: LearnedMerges = {
    meta: { base: '3c92', scope: 'hangul', options: '{"add": 3}' },
    pieces: [
      single('녕', 12),
      merged('▁안', '녕', 9),
      merged('#', '#', 4),
      single('\\', 2),
      merged('a b', '\\u0041', 0),
    ],
  }
  const text = formatMerges(learned)
  expect(text).toBe(
    [
      '#version: 0.2',
      '# ko-vocab base: 3c92',
      '# ko-vocab scope: hangul',
      '# ko-vocab options: {"add": 3}',
      '녕\t12',
      '▁안 녕\t9',
      '# #\t4',
      '\\\t2',
      'a\\u0020b \\u005cu0041\t0',
      '',
    ].join('\n'),
  )
  expect(parseMerges(text, 'merges.txt')).toEqual(learned)
  expect(parseMerges(text.replaceAll('\n', '\r\n'), 'merges.txt')).toEqual(learned)
})

test('a first merge that looks like metadata is a merge', () => {
  const learned = { meta: {}, pieces: [merged('#', 'ko-vocab', 1)] }
  expect(parseMerges(formatMerges(learned), 'm')).toEqual(learned)
})

test('any pieces and metadata survive the round trip', () => {
  const unit = fc.oneof(
    fc.constantFrom(
      '▁',
      '안',
      'Ġ',
      '#',
      '\\',
      'u',
      '0',
      'a',
      ' ',
      '\t',
      '\n',
      '\r',
      '\u0085',
      '\u2028',
      '\ufeff',
      '\ud800',
      '\udc00',
      '😀',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  )
  const part = fc.array(unit, { minLength: 1, maxLength: 6 }).map((units) => units.join(''))
  const piece = fc.oneof(
    fc.tuple(part, fc.maxSafeNat()).map(([p, n]) => single(p, n)),
    fc.tuple(part, part, fc.maxSafeNat()).map(([l, r, n]) => merged(l, r, n)),
  )
  const key = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_.-]+$/), fc.constant('__proto__'))
  const meta = fc.uniqueArray(fc.tuple(key, fc.string({ unit })), { selector: ([k]) => k }).map((entries) => {
    return Object.fromEntries(entries)
  })
  const learned = fc.record({ pieces: fc.uniqueArray(piece, { selector: (p) => p.piece }), meta })
  fc.assert(
    fc.property(learned, (value) => {
      // Through UTF-8, as on disk.
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(formatMerges(value)))
      expect(parseMerges(text, 'm')).toEqual(value)
    }),
    { numRuns: 1000 },
  )
})

describe('errors carry the file and the line', () => {
  const header = '#version: 0.2\n# ko-vocab scope: hangul\n'
  test.each([
    ['', 1, 'first line'],
    ['a b\n', 1, 'first line'],
    [`${header}a b\n`, 3, 'a tab and a count'],
    [`${header}a b\t1\t2\n`, 3, 'a tab and a count'],
    [`${header}a b\t1\n\na b c\t2\n`, 5, 'one piece or two'],
    [`${header}a  b\t2\n`, 3, 'one piece or two'],
    [`${header}\t2\n`, 3, 'one piece or two'],
    [`${header}a b\t-2\n`, 3, 'whole number'],
    [`${header}a b\t1.5\n`, 3, 'whole number'],
    [`${header}a b\t99999999999999999999\n`, 3, 'whole number'],
    [`${header}a bc\t2\nab c\t1\n`, 4, 'learned on line 3'],
    [`${header}# ko-vocab scope: all\n`, 3, 'stands twice'],
    [`${header}# ko-vocab nonsense\n`, 3, 'key: value'],
    [`${header}# ko-vocab a/b: c\n`, 3, 'not a metadata key'],
  ])('%j', (text, line, what) => {
    let error: { code?: string; message?: string } = {}
    try {
      parseMerges(text, 'out/merges.txt')
    } catch (thrown) {
      error = thrown as typeof error
    }
    expect(error.code).toBe('bad-file')
    expect(error.message).toContain(`out/merges.txt:${line}: `)
    expect(error.message).toContain(what)
  })

  test.each([
    [single('', 1)],
    [{ piece: 'ab', left: 'a', right: 'c', count: 1 }],
    [{ piece: 'ab', left: 'ab', right: null, count: 1 }],
    [{ piece: 'ab', left: 'ab', right: '', count: 1 }],
    [single('a', -1)],
    [single('a', 0.5)],
    [single('a', 2 ** 60)],
  ])('%j cannot be written', (piece) => {
    expect(() => formatMerges({ pieces: [piece], meta: {} })).toThrow(/learned piece 0/)
  })

  test('a metadata key with a space cannot be written', () => {
    expect(() => formatMerges({ pieces: [], meta: { 'a b': '' } })).toThrow(/metadata key "a b"/)
  })
})
