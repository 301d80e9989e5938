import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expandDomain, expandDomains, nameAndPath } from '../../src/corpus/domains'
import { isKoVocabError } from '../../src/errors'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-domains-'))
const at = (...parts: string[]) => join(folder, ...parts)
const text = '안녕하세요\n'

beforeAll(() => {
  for (const name of ['ko', 'ko/sub', 'other', 'x=1', 'empty']) mkdirSync(at(name))
  for (const name of ['ko/law.txt', 'ko/sub/chat.txt', 'ko/reviews.md', 'other/law.md', 'x=1/a.txt']) {
    writeFileSync(at(name), text)
  }
  writeFileSync(at('other', 'news.txt.gz'), gzipSync(text))
  writeFileSync(at('other', 'plain'), text)
  writeFileSync(at('other', '.txt'), text)
  writeFileSync(at('law=news.txt'), text)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Names, and paths below the folder with forward slashes. */
async function domainsOf(...specs: string[]): Promise<[string, string[]][]> {
  const inside = (path: string) =>
    path
      .replace(folder, '')
      .replace(/^[\\/]/, '')
      .replaceAll('\\', '/')
  return (await expandDomains(specs)).map(({ name, files }) => [inside(name), files.map(({ path }) => inside(path))])
}

async function failure(act: Promise<unknown>): Promise<string> {
  try {
    await act
  } catch (error) {
    if (isKoVocabError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  return 'no error'
}

describe('expandDomains', () => {
  it('calls each file by its own name, without what says how it is written', async () => {
    expect(await domainsOf(at('ko', 'law.txt'), at('other', 'news.txt.gz'), at('other', 'plain'))).toEqual([
      ['law', ['ko/law.txt']],
      ['news', ['other/news.txt.gz']],
      ['plain', ['other/plain']],
    ])
    expect(await domainsOf(at('other', '.txt'))).toEqual([['.txt', ['other/.txt']]])
  })

  it('makes each file of a folder or a glob a domain', async () => {
    expect(await domainsOf(at('ko'))).toEqual([
      ['law', ['ko/law.txt']],
      ['reviews', ['ko/reviews.md']],
      ['chat', ['ko/sub/chat.txt']],
    ])
    expect(await domainsOf(`${folder.replaceAll('\\', '/')}/other/n*.gz`)).toEqual([['news', ['other/news.txt.gz']]])
  })

  it('takes all files of name=path as one domain, and those of a name that stands twice', async () => {
    expect(await domainsOf(`all=${at('ko')}`)).toEqual([['all', ['ko/law.txt', 'ko/reviews.md', 'ko/sub/chat.txt']]])
    const twice = [`말=${at('ko', 'law.txt')}`, `b=${at('other', 'plain')}`, `말=${at('other', 'law.md')}`]
    expect(await domainsOf(...twice)).toEqual([
      ['말', ['ko/law.txt', 'other/law.md']],
      ['b', ['other/plain']],
    ])
  })

  it('calls files by their whole paths where two would be called alike, a given name never', async () => {
    expect(await domainsOf(at('ko', 'law.txt'), at('other', 'law.md'), at('ko', 'reviews.md'))).toEqual([
      ['ko/law.txt', ['ko/law.txt']],
      ['other/law.md', ['other/law.md']],
      ['reviews', ['ko/reviews.md']],
    ])
    expect(await domainsOf(at('ko', 'law.txt'), `law=${at('other', 'law.md')}`)).toEqual([
      ['ko/law.txt', ['ko/law.txt']],
      ['law', ['other/law.md']],
    ])
  })

  it('leaves a file to the first domain that reached it', async () => {
    expect(await domainsOf(`law=${at('ko', 'law.txt')}`, at('ko'))).toEqual([
      ['law', ['ko/law.txt']],
      ['reviews', ['ko/reviews.md']],
      ['chat', ['ko/sub/chat.txt']],
    ])
    expect(await domainsOf(at('ko'), `law=${at('ko', 'law.txt')}`, at('ko', 'sub'))).toEqual(await domainsOf(at('ko')))
    expect(await domainsOf(at('ko', 'law.txt'), `${folder}/ko/../ko/law.txt`, `x=${folder}/./ko/law.txt`)).toEqual([
      ['law', ['ko/law.txt']],
    ])
  })

  it.skipIf(process.platform === 'win32')('through a link too (symbolic links; not on Windows)', async () => {
    symlinkSync(at('ko', 'law.txt'), at('empty', 'link.txt'))
    linkSync(at('other', 'plain'), at('empty', 'hard.txt'))
    // A hard link is a file like any other: nothing tells which of the two is the first.
    expect(await domainsOf(at('ko', 'law.txt'), at('empty'), at('other', 'plain'))).toEqual([
      ['law', ['ko/law.txt']],
      ['hard', ['empty/hard.txt']],
      ['plain', ['other/plain']],
    ])
  })

  it('takes a file of the literal name for itself', async () => {
    const cwd = process.cwd()
    process.chdir(folder)
    try {
      expect(await domainsOf('law=news.txt')).toEqual([['law=news', ['law=news.txt']]])
      expect(await domainsOf('x=1/a.txt')).toEqual([['a', ['x=1/a.txt']]])
      expect(await domainsOf('x=1')).toEqual([['a', ['x=1/a.txt']]])
      expect(await domainsOf('chat=law=news.txt')).toEqual([['chat', ['law=news.txt']]])
      expect(await domainsOf('law=ko/law.txt')).toEqual([['law', ['ko/law.txt']]])
    } finally {
      process.chdir(cwd)
    }
  })

  it('names standard input', async () => {
    const [one, two] = await expandDomains(['-', `chat=${at('ko', 'law.txt')}`])
    expect([one.name, one.files[0].stream, two.name]).toEqual(['stdin', true, 'chat'])
    expect((await expandDomains(['talk=-']))[0]).toMatchObject({ name: 'talk', files: [{ path: '-', stream: true }] })
  })

  it('says which path is not there', async () => {
    expect(await failure(expandDomains([`law=${at('no.txt')}`]))).toBe(`io: ${at('no.txt')}: no such file or folder`)
    expect(await failure(expandDomains([at('ko'), 'law='.concat(at('none'))]))).toMatch(/^io: .*none/)
  })
})

describe('expandDomain', () => {
  it('takes all files as one text, called after the name or the first of them', async () => {
    const all = await expandDomain(at('ko'))
    expect([all.name, all.files.length]).toEqual(['law', 3])
    const named = await expandDomain(`ko=${at('ko')}`)
    expect([named.name, named.files.length]).toEqual(['ko', 3])
  })
})

describe('nameAndPath', () => {
  it.each([
    ['a=b', 'a', 'b'],
    ['a=b=c', 'a', 'b=c'],
    ['a=', null, 'a='],
    ['=b', null, '=b'],
    ['dir/a=b', null, 'dir/a=b'],
    ['dir\\a=b', null, 'dir\\a=b'],
    ['국회=./x/**/*.txt', '국회', './x/**/*.txt'],
    ['plain', null, 'plain'],
  ])('%s', async (spec, name, path) => {
    expect(await nameAndPath(spec)).toEqual([name, path])
  })
})
