import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { differingRecords, idsOf, idsRecord, readRecords, record } from './bench'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-records-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, records: Uint8Array[]): string {
  writeFileSync(join(folder, name), Buffer.concat(records))
  return join(folder, name)
}

it('ids come back as they were, none at all too', () => {
  const lines = [[1, 128_255, 7], [], [0]]
  const records = readRecords(file('ids', lines.map(idsRecord)))
  expect(records.map((bytes) => Array.from(idsOf(bytes)))).toEqual(lines)
})

it('text keeps its newlines', () => {
  const records = readRecords(
    file(
      'text',
      ['한글\n', '', 'a'].map((text) => record(Buffer.from(text))),
    ),
  )
  expect(records.map(String)).toEqual(['한글\n', '', 'a'])
})

it('lines that differ are named: another id, one id more, or fewer', () => {
  const ours = file('ours', [[1, 2], [3], [4, 5], [6], [7]].map(idsRecord))
  expect(differingRecords(ours, file('same', [[1, 2], [3], [4, 5], [6], [7]].map(idsRecord)))).toEqual([])
  expect(differingRecords(ours, file('theirs', [[1, 9], [3], [4, 5, 6], [], [7]].map(idsRecord)))).toEqual([0, 2, 3])
})

it('other numbers of lines, or half a file, are errors', () => {
  const ours = file('two', [[1], [2]].map(idsRecord))
  expect(() => differingRecords(ours, file('one', [[1]].map(idsRecord)))).toThrow('holds 2 lines')
  expect(() => readRecords(file('half', [idsRecord([1, 2]).subarray(0, 9)]))).toThrow('ends at 12 of 9 bytes')
})
