import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compareUtf8, expandInputs } from '../../src/corpus/files'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-files-'))
  await mkdir(join(folder, 'b/c'), { recursive: true })
  await writeFile(join(folder, 'z.txt'), 'z')
  await writeFile(join(folder, 'a.txt'), 'aa')
  await writeFile(join(folder, '한국어.txt'), '한국어')
  await writeFile(join(folder, 'b/1.txt'), '1')
  await writeFile(join(folder, 'b/c/2.md'), '2')
  await writeFile(join(folder, 'b/.hidden.txt'), 'h')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const expand = async (...patterns: string[]) =>
  (await expandInputs(patterns.map((p) => join(folder, p)))).map((file) => file.path.slice(folder.length + 1))

test('files as given, folders and globs sorted by UTF-8 bytes, hidden files left out', async () => {
  expect(await expand('z.txt', 'a.txt')).toEqual(['z.txt', 'a.txt'])
  expect(await expand('')).toEqual(['a.txt', 'b/1.txt', 'b/c/2.md', 'z.txt', '한국어.txt'])
  expect(await expand('*.txt')).toEqual(['a.txt', 'z.txt', '한국어.txt'])
  expect(await expand('**/*.{txt,md}')).toEqual(['a.txt', 'b/1.txt', 'b/c/2.md', 'z.txt', '한국어.txt'])
  expect(await expand('[az].txt')).toEqual(['a.txt', 'z.txt'])
  expect(await expand('?.txt', 'b/*')).toEqual(['a.txt', 'z.txt', 'b/1.txt'])
})

test('a file reached twice is listed once, where it came first, links included', async () => {
  await symlink(join(folder, 'a.txt'), join(folder, 'link.txt'))
  expect(await expand('z.txt', '*.txt', 'b', 'b/1.txt')).toEqual([
    'z.txt',
    'a.txt',
    '한국어.txt',
    'b/1.txt',
    'b/c/2.md',
  ])
})

test('a loop of links ends', async () => {
  await symlink(join(folder, 'b'), join(folder, 'b/c/up'))
  expect(await expand('b')).toEqual(['b/1.txt', 'b/c/2.md'])
  expect(await expand('b/**/*')).toEqual(['b/1.txt', 'b/c/2.md'])
})

test('a name that looks like a glob but exists stands for itself', async () => {
  await writeFile(join(folder, '[az].txt'), 'brackets')
  expect(await expand('[az].txt')).toEqual(['[az].txt'])
})

test('sizes and compression come from the file, not its name', async () => {
  await writeFile(join(folder, 'plain.gz'), 'not compressed')
  await writeFile(join(folder, 'packed.txt'), gzipSync('compressed'))
  await writeFile(join(folder, 'packed.log'), Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0))
  await writeFile(join(folder, 'empty.txt'), '')
  const files = await expandInputs(['plain.gz', 'packed.txt', 'packed.log', 'empty.txt'].map((n) => join(folder, n)))
  expect(files.map((f) => f.compression)).toEqual(['none', 'gzip', 'zstd', 'none'])
  expect(files[0].size).toBe(14)
  expect(files[3].size).toBe(0)
})

test('- is standard input, once', async () => {
  expect(await expandInputs(['-', '-'])).toEqual([{ path: '-', size: 0, compression: 'none', stream: true }])
})

describe('refusals name the file and the next step', () => {
  const refused = async (name: string, data: Uint8Array | string) => {
    await writeFile(join(folder, name), data)
    return expandInputs([join(folder, name)]).then(
      () => 'accepted',
      (error) => `${error.code}: ${error.message.slice(folder.length + 1)} → ${error.hint.replaceAll(folder, '')}`,
    )
  }
  const text = (s: string) => new TextEncoder().encode(s)
  test.each([
    ['x.parquet.gz', gzipSync('PAR1'), 'compressed as a whole', 'decompress'],
    ['x.arrow', text('ARROW1'), 'Arrow', 'Parquet'],
    ['x.pdf', text('%PDF-1.7'), 'PDF', 'pdftotext'],
    ['x.docx', Uint8Array.of(0x50, 0x4b, 3, 4), 'zip', 'text'],
    ['x.tar', new Uint8Array([...new Uint8Array(257), ...text('ustar')]), 'tar', 'tar -xf'],
    ['x.hwp', Uint8Array.of(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1), 'hwp', 'hwp5txt'],
    ['x.xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), 'xz', 'xz -dc'],
    ['x.bz2', text('BZh91AY&SY'), 'bzip2', 'bzip2 -dc'],
    ['le.txt', Uint8Array.of(0xff, 0xfe, 0x48, 0xc5), 'UTF-16 text (little', 'iconv -f UTF-16'],
    ['be.txt', Uint8Array.of(0xfe, 0xff, 0xc5, 0x48), 'UTF-16 text (big', 'iconv -f UTF-16'],
    ['x.JSON', text('[{"text":"안녕"}]'), 'JSON, but a list', "jq -c '.[]'"],
    ['x.json.gz', gzipSync('{\n  "text": "안녕"\n}'), 'JSON, but one document', 'jq -c'],
  ])('%s', async (name, data, reason, hint) => {
    const message = await refused(name, data)
    expect(message).toMatch(/^unsupported: /)
    expect(message).toContain(name)
    expect(message.split(' → ')[0]).toContain(reason)
    expect(message.split(' → ')[1]).toContain(hint)
  })

  test('CP949 text is told from UTF-8 with some broken bytes', async () => {
    // 안녕하세요 in CP949, as `iconv -t CP949` writes it.
    const greeting = [0xbe, 0xc8, 0xb3, 0xe7, 0xc7, 0xcf, 0xbc, 0xbc, 0xbf, 0xe4, 0x20]
    const message = await refused('old.txt', new Uint8Array(Array(20).fill(greeting).flat()))
    expect(message).toContain('CP949')
    expect(message).toContain('iconv -f CP949')
    const broken = new Uint8Array([...text('안녕하세요, 오늘은 날씨가 좋네요. '.repeat(20)), ...Array(30).fill(0xbe)])
    expect(await refused('broken.txt', broken)).toBe('accepted')
  })

  test.each([
    [['missing.txt'], 'io', 'no such file'],
    [['*.nothing'], 'io', 'no file matches'],
    [['empty'], 'io', 'holds no files'],
    [['dangling'], 'io', 'does not exist'],
  ])('%s', async (names, code, message) => {
    await mkdir(join(folder, 'empty'))
    await symlink(join(folder, 'gone'), join(folder, 'dangling'))
    await expect(expandInputs(names.map((n) => join(folder, n)))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })

  test('no patterns and an empty one', async () => {
    await expect(expandInputs([])).rejects.toMatchObject({ code: 'bad-option' })
    await expect(expandInputs([''])).rejects.toMatchObject({ code: 'bad-option' })
  })
})

test('compareUtf8 is the order of the UTF-8 bytes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 })
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { numRuns: 1000, examples: [['\u{1f600}', '\ufb01']] },
  )
})
