import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { placeFile } from '../../src/checkpoint/place-file'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ko-vocab-place-'))
  writeFileSync(join(folder, 'a'), 'content')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const inode = (path: string) => statSync(path).ino

it('a hard link is the file, also through a symbolic link', async () => {
  symlinkSync('a', join(folder, 'link'))
  expect(await placeFile(join(folder, 'link'), join(folder, 'b'), 'hard')).toBe('linked')
  expect(inode(join(folder, 'b'))).toBe(inode(join(folder, 'a')))
})

it('a copy is another file', async () => {
  expect(await placeFile(join(folder, 'a'), join(folder, 'b'), 'copy')).toBe('copied')
  expect(inode(join(folder, 'b'))).not.toBe(inode(join(folder, 'a')))
  writeFileSync(join(folder, 'b'), 'other')
  expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('content')
})

it('auto shares blocks or links', async () => {
  const placed = await placeFile(join(folder, 'a'), join(folder, 'b'), 'auto')
  expect(['shared', 'linked']).toContain(placed)
  expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('content')
})

it.each(['auto', 'hard', 'copy'] as const)('%s never writes over a file', async (mode) => {
  writeFileSync(join(folder, 'b'), 'mine')
  await expect(placeFile(join(folder, 'a'), join(folder, 'b'), mode)).rejects.toThrow()
  expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('mine')
})

/** A file system of its own on Linux. */
const memory = '/dev/shm'
const isOther = existsSync(memory) && statSync(memory).dev !== statSync(tmpdir()).dev

it.skipIf(!isOther).each(['auto', 'hard'] as const)('%s copies across devices (needs /dev/shm)', async (mode) => {
  const other = mkdtempSync(join(memory, 'ko-vocab-place-'))
  try {
    expect(await placeFile(join(folder, 'a'), join(other, 'b'), mode)).toBe('copied')
    expect(readFileSync(join(other, 'b'), 'utf8')).toBe('content')
  } finally {
    rmSync(other, { recursive: true })
  }
})

it('a file that is missing is an io error', async () => {
  await expect(placeFile(join(folder, 'none'), join(folder, 'b'), 'auto')).rejects.toMatchObject({ code: 'io' })
})
