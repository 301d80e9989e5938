import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withWorkFolder } from '../../src/corpus/work-folder'

let folder: string
let out: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-work-'))
  out = join(folder, 'made')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function startOf(pid: number): string | null {
  const path = `/proc/${pid}/stat`
  return existsSync(path)
    ? (readFileSync(path, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? null)
    : null
}

const fill = async (work: string, into: string) => {
  await writeFile(join(work, 'half'), 'half')
  await writeFile(join(into, 'whole'), 'whole')
}
const breaking = async (work: string) => {
  await writeFile(join(work, 'half'), 'half')
  throw new Error('broken')
}

test('the output is there, and nothing else', async () => {
  await withWorkFolder(out, 'abc', fill)
  expect(await readdir(folder)).toEqual(['made'])
  expect(await readdir(out)).toEqual(['whole'])
  await expect(withWorkFolder(out, 'abc', fill)).rejects.toThrow('exists and is not empty')
  await withWorkFolder(out, null, fill, { replace: true })
  expect(await readdir(folder)).toEqual(['made'])
})

test('what is worth keeping is found by who does the same, and by nobody else', async () => {
  await expect(withWorkFolder(out, 'abc', breaking, { isWorthKeeping: () => true })).rejects.toThrow('broken')
  expect(await readdir(folder)).toEqual(['.made.abc.work'])
  await withWorkFolder(out, 'def', async (work) => expect((await readdir(work)).sort()).toEqual(['lock', 'out']), {})
  await rm(out, { recursive: true })
  await withWorkFolder(out, 'abc', async (work, into) => {
    expect(await readFile(join(work, 'half'), 'utf8')).toBe('half')
    await fill(work, into)
  })
  expect(await readdir(folder)).toEqual(['made'])
})

test.each([
  ['abc', false],
  [null, true],
])('otherwise nothing stays: %j %j', async (key, keep) => {
  await expect(withWorkFolder(out, key, breaking, { isWorthKeeping: () => keep })).rejects.toThrow('broken')
  expect(await readdir(folder)).toEqual([])
})

test('one at a time', async () => {
  await withWorkFolder(out, 'abc', async (work, into) => {
    await expect(withWorkFolder(out, 'abc', fill)).rejects.toThrow('another process is at work on it')
    await fill(work, into)
  })
  expect(await readdir(out)).toEqual(['whole'])
})

test.each([
  ['a process that is gone', { pid: 2 ** 22 + 1 }, 0, true],
  ['a process with our own number, in a container that began again', { pid: process.pid }, 0, true],
  ['a process that lives', { pid: process.ppid, start: startOf(process.ppid) }, 0, false],
  ['a process whose number was given again', { pid: process.ppid, start: '1' }, 0, startOf(process.ppid) !== null],
  ['another machine a moment ago', { host: 'elsewhere', pid: 1 }, 200, false],
  ['another machine some minutes ago', { host: 'elsewhere', pid: 1 }, 400, true],
  ['nobody who can be understood', null, 0, true],
])('a lock of %s', async (_, holder, age, isFree) => {
  const work = join(folder, '.made.abc.work')
  await mkdir(work)
  const lock = join(work, 'lock')
  await writeFile(lock, holder ? JSON.stringify({ host: hostname(), ...holder }) : '{"ho')
  const then = new Date(Date.now() - age * 1000)
  await utimes(lock, then, then)
  const done = withWorkFolder(out, 'abc', fill)
  if (isFree) await done
  else {
    await expect(done).rejects.toThrow('another process is at work')
    expect(await readdir(work)).toContain('lock')
  }
})
