import { expect, it } from 'vitest'
import { mergeTable } from '../src/merge-report'
import { learnFromDonors } from '../src/merges/from-donors/learn-from-donors'
import { donorOf, smallSentencePiece, wordsOf } from './merges/small'

const base = smallSentencePiece([...'가나다라'])
const table = (words?: ReturnType<typeof wordsOf>) => {
  const donors = [donorOf(['가나다', 'a\tb'], 'one.txt')]
  const merges = learnFromDonors(base, donors, { words })
  const rows = mergeTable({ base, donors, merges, symbols: 2 }).trimEnd().split('\n')
  return rows.map((row) => row.split('\t').slice(0, 6).join('|'))
}

it('the table has a line a piece, then the intermediates; counts only where there was text', () => {
  const first = base.pieces.length + 2
  const rows = (inner: string, whole: string) => [
    'donor|spelled|piece|fate|id|count',
    `one.txt|가나다|가나다|added|${first + 1}|${whole}`,
    'one.txt|a\\tb|a\\tb|out-of-scope||',
    `||나다|intermediate|${first}|${inner}`,
  ]
  expect(table()).toEqual(rows('', ''))
  expect(table(wordsOf({ 가나다: 5, 나다: 2 }))).toEqual(rows('7', '5'))
})
