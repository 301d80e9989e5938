import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withTemporaryFolder, writeFileAtomic } from '../../src/corpus/atomic'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-atomic-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('writes strings as UTF-8, bytes, and chunks, into folders that do not exist yet', async () => {
  const path = join(folder, 'a/b/out.txt')
  await writeFileAtomic(path, '안녕')
  expect(await readFile(path, 'utf8')).toBe('안녕')
  await writeFileAtomic(path, Uint8Array.of(1, 2, 3))
  expect([...(await readFile(path))]).toEqual([1, 2, 3])
  await writeFileAtomic(path, [Uint8Array.of(4), Uint8Array.of(5, 6)])
  expect([...(await readFile(path))]).toEqual([4, 5, 6])
  expect(await readdir(join(folder, 'a/b'))).toEqual(['out.txt'])
})

test('an error in the middle leaves the old file and no temporary one', async () => {
  const path = join(folder, 'out.bin')
  await writeFileAtomic(path, 'old')
  const failing = (function* () {
    yield new Uint8Array(1000)
    throw new RangeError('the source broke')
  })()
  await expect(writeFileAtomic(path, failing)).rejects.toThrow(RangeError)
  expect(await readFile(path, 'utf8')).toBe('old')
  expect(await readdir(folder)).toEqual(['out.bin'])
})

test('a target that is a folder is an io error that names it', async () => {
  await mkdir(join(folder, 'taken/inner'), { recursive: true })
  await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toMatchObject({
    code: 'io',
    message: expect.stringContaining('taken'),
  })
  expect(await readdir(folder)).toEqual(['taken'])
})

test('a folder appears whole or not at all', async () => {
  const target = join(folder, 'out')
  const result = await withTemporaryFolder(target, async (temporary) => {
    await writeFile(join(temporary, 'one'), '1')
    expect(await readdir(folder)).not.toContain('out')
    return 'done'
  })
  expect(result).toBe('done')
  expect(await readdir(target)).toEqual(['one'])
  const failing = withTemporaryFolder(join(folder, 'other'), async (temporary) => {
    await writeFile(join(temporary, 'half'), '1')
    throw new Error('audit failed')
  })
  await expect(failing).rejects.toThrow('audit failed')
  expect(await readdir(folder)).toEqual(['out'])
})

test('an occupied folder is refused before any work, replaced only when asked for', async () => {
  const target = join(folder, 'out')
  await mkdir(target)
  await writeFile(join(target, 'old'), '')
  let called = false
  const refused = withTemporaryFolder(target, async () => {
    called = true
  })
  await expect(refused).rejects.toMatchObject({ code: 'io', message: expect.stringContaining('not empty') })
  expect(called).toBe(false)
  await withTemporaryFolder(target, (temporary) => writeFile(join(temporary, 'new'), ''), { replace: true })
  expect(await readdir(target)).toEqual(['new'])
  expect(await readdir(folder)).toEqual(['out'])
})

test('an empty folder may be filled', async () => {
  await mkdir(join(folder, 'out'))
  await withTemporaryFolder(join(folder, 'out'), (temporary) => writeFile(join(temporary, 'new'), ''))
  expect(await readdir(join(folder, 'out'))).toEqual(['new'])
})

test('kill -9 while a file is written leaves the old content', async () => {
  const path = join(folder, 'out.txt')
  await writeFileAtomic(path, 'old')
  // The module's own road (temporary name, write, fsync, rename), stopped dead between write and rename.
  const script = `
    const { writeFileAtomic } = await import(process.argv[1])
    await writeFileAtomic(process.argv[2], (async function* () {
      yield new Uint8Array(1 << 20)
      process.stdout.write('half')
      await new Promise((resolve) => setTimeout(resolve, 60000))
    })())`
  const { build } = await import('esbuild')
  const module = join(folder, 'atomic.mjs')
  const entry = new URL('../../src/corpus/atomic.ts', import.meta.url).pathname
  await build({ entryPoints: [entry], outfile: module, bundle: true, platform: 'node', format: 'esm' })
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, path])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
  expect(await readFile(path, 'utf8')).toBe('old')
})
