import { expect, test } from 'vitest'
import { createProgress, progressLine } from '../../src/cli/progress'
import type { Terminal } from '../../src/cli/terminal'

test('bytes, rate and time left where bytes are counted', () => {
  expect(progressLine('count', 1.2e9, 2.7e9, 40)).toBe('count  44 %  1.2 of 2.7 GB  30.0 MB/s  0:50 left')
  expect(progressLine('encode news', 5e6, 20e6, 1)).toBe('encode news  25 %  5.0 of 20.0 MB  5.0 MB/s  0:03 left')
  expect(progressLine('count', 1e9, 500e9, 20)).toBe('count  0 %  1.0 of 500.0 GB  50.0 MB/s  2:46:20 left')
  expect(progressLine('count', 3e6, 0, 1)).toBe('count  3.0 MB  3.0 MB/s')
})

test('whole things elsewhere', () => {
  expect(progressLine('prune', 500, 1000, 2)).toBe('prune  50 %  250/s  0:02 left')
  expect(progressLine('count', 5, 10, 0.1)).toBe('count  50 %')
  expect(progressLine('init map', 0, 1, 3)).toBe('init map')
})

test('a stream tells bytes and MB/s, ten times a second and not for every block', () => {
  const shown: string[] = []
  let time = 0
  const terminal = {
    interactive: true,
    busy: () => {},
    note: (text: string) => void shown.push(text),
  } as unknown as Terminal
  const progress = createProgress(terminal, () => time)
  for (let block = 1; block <= 100; block++) {
    time += 20
    progress.update('prepare', block * 1e6, 0)
  }
  expect(shown.length).toBeLessThan(25)
  expect(shown.at(-1)).toMatch(/prepare {2}9\d\.0 MB {2}5\d\.\d MB\/s$/)
  expect(shown.join('')).not.toContain('%')
})
