import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saveTokenizer } from '../../src/tokenizer/save'
import { smallByteLevel } from '../merges/small'
import { type Ended, koVocab, makeFolder } from './run'

const scope = 'hangul+punctuation+superwords'

let folder: string
let ended: Ended
const at = (...parts: string[]) => join(folder, ...parts)
const run = (args: string) => koVocab(args.split(' '), { cwd: folder })
const read = (...parts: string[]) => readFileSync(at(...parts), 'utf8')
const json = (...parts: string[]) => JSON.parse(read(...parts))

/** Lines of merges.txt whose piece goes on behind a space. */
function crossing(path: string): string[] {
  const pieces = read(path, 'merges.txt')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t')[0].replace(' ', ''))
  return pieces.filter((piece) => /[^▁]▁/.test(piece))
}

beforeAll(async () => {
  folder = await makeFolder()
  const lines = read('ko.txt').split('\n')
  writeFileSync(at('a.txt'), `${lines.slice(0, 2400).join('\n')}\n`)
  writeFileSync(at('b.txt'), `${lines.slice(2400).join('\n')}\n`)
  await saveTokenizer(smallByteLevel([]), at('bytes'))
  const args = '--superwords 0.8 --add 900 --pad-to-multiple 64 --unchanged en.txt --audit quick --out super'
  ended = await run(`extend --base small --corpus 말=a.txt b.txt ${args}`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('extend --superwords', { timeout: 300_000 }, () => {
  it('writes an audited folder whose pieces cross spaces', () => {
    expect(ended).toMatchObject({ code: 0, stdout: '' })
    expect(ended.stderr).toMatch(/extended +1,216 ids; new ids 260 to 1159/)
    expect(ended.stderr).toMatch(/audit +passed: \d+ checks/)
    expect(crossing('super').length).toBeGreaterThan(5)
  })

  it('records scope, share and domains', () => {
    expect(json('super', 'extension.json')).toMatchObject({
      scope,
      learned_with: { scope, superwords: '0.8', balanced: '2 domains', add: '900' },
    })
    const { options, inputs } = json('super', 'run.json')
    expect(options).toMatchObject({ balance: 'domains', superwords: 0.8, scope, corpus: ['말=a.txt', 'b.txt'] })
    const files = inputs.map(({ path }: { path: string }) => path)
    expect(files).toContain(join('small', 'tokenizer.json'))
    expect(files.slice(-3)).toEqual(['a.txt', 'b.txt', 'en.txt'])
  })

  it('audit takes the scope from the folder; with another scope it fails', async () => {
    const audit = await run('audit --base small --extended super --audit quick --unchanged en.txt --json')
    expect(audit).toMatchObject({ code: 0 })
    expect(JSON.parse(audit.stdout)).toMatchObject({ passed: true, scope })
    const narrow = await run('audit --base small --extended super --audit quick --scope hangul+punctuation --json')
    expect(narrow.code).toBe(1)
    const failed = JSON.parse(narrow.stdout).checks.filter(({ passed }: { passed: boolean }) => !passed)
    expect(failed.map(({ id }: { id: string }) => id)).toEqual(['3-scope-proof'])
  })

  it('encode uses them, and decode gives the text back', async () => {
    const piece = crossing('super').find((one) => one.startsWith('▁'))!
    const text = piece.slice(1).replaceAll('▁', ' ')
    writeFileSync(at('one.txt'), `${text}\n`)
    const pieces = await koVocab(['encode', '--tokenizer', 'super', '--pieces'], { cwd: folder, input: `${text}\n` })
    expect(pieces.stdout).toBe(`${piece}\n`)
    const ids = await koVocab(['encode', '--tokenizer', 'super'], { cwd: folder, input: `${text}\n` })
    const back = await koVocab(['decode', '--tokenizer', 'super'], { cwd: folder, input: ids.stdout })
    expect(back.stdout).toBe(`${text}\n`)
  })

  it('merges in a step of its own gives the same', async () => {
    const merges = 'merges --base small --corpus 말=a.txt b.txt --superwords 0.8 --add 900 --out merges.txt'
    expect((await run(merges)).code).toBe(0)
    expect(read('merges.txt') === read('super', 'merges.txt')).toBe(true)
    const again = `extend --base small --merges merges.txt --scope ${scope} --pad-to-multiple 64 --audit none --out again`
    expect((await run(again)).code).toBe(0)
    expect(read('again', 'tokenizer.json') === read('super', 'tokenizer.json')).toBe(true)
    const other = await run('extend --base small --merges merges.txt --audit none --out no')
    expect(other).toMatchObject({ code: 1, stdout: '' })
    expect(other.stderr).toContain(`the merges were made with the scope ${scope}, this run has hangul+punctuation`)
  })

  it('prune keeps the scope', async () => {
    const pruned = await run(
      'prune --base small --extended super --corpus ko.txt --keep 800 --pad-to-multiple 64 --audit quick --out pruned',
    )
    expect(pruned).toMatchObject({ code: 0, stdout: '' })
    expect(pruned.stderr).toMatch(/audit +passed: \d+ checks/)
    expect(json('pruned', 'extension.json')).toMatchObject({ scope, new_ids: { count: 800 } })
    expect(crossing('pruned').length).toBeGreaterThan(0)
    expect((await run('audit --base small --extended pruned --audit quick')).code).toBe(0)
  })

  it('extend goes on from it, and merge takes a donor into it', async () => {
    const more = await run('extend --base super --corpus ko.txt --superwords 0 --add 40 --audit quick --out more')
    expect(more.stderr).toMatch(/audit +passed: \d+ checks/)
    expect(more.code).toBe(0)
    writeFileSync(at('donor.txt'), '뷁뷁\n설치뷁\n')
    const merged = await run('merge --base super --donor donor.txt --audit quick --out merged')
    expect(merged.stderr).toMatch(/audit +passed: \d+ checks/)
    expect(merged.code).toBe(0)
  })
})

describe('what does not fit', () => {
  it.each([
    [
      'a share above 1',
      'extend --base small --corpus a.txt --superwords 2 --add 9',
      2,
      /--superwords is "2"\n.*a share from 0 to 1/,
    ],
    ['a share that is none', 'extend --base small --corpus a.txt --superwords half --add 9', 2, /a share from 0 to 1/],
    ['a byte-level base', 'extend --base bytes --corpus a.txt --superwords 0.5 --add 9', 1, /splits text at spaces/],
    ['the same, only asked', 'extend --base bytes --corpus a.txt --superwords 0.5 --add 9 --dry-run', 1, /at spaces/],
    ['a stream', 'extend --base small --corpus - --superwords 0.5 --add 9', 2, /read again for them/],
    [
      'another scope',
      'extend --base small --corpus a.txt --superwords 0.5 --scope hangul+hanja --add 9',
      2,
      /has no superwords/,
    ],
    [
      'nothing to start from',
      'extend --base none --form sentencepiece --corpus a.txt --superwords 1 --vocab-size 999',
      2,
      /"all"/,
    ],
    [
      'a balance that is none',
      'extend --base small --corpus a.txt --balance equal --add 9',
      2,
      /expected domains or none/,
    ],
  ])('%s', async (_, args, code, message) => {
    const refused = await run(`${args} --out refused`)
    expect(refused.stderr).toMatch(message)
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(existsSync(at('refused'))).toBe(false)
  })
})

describe('domains', () => {
  const pieces = (path: string) =>
    read(path)
      .split('\n')
      .filter((line) => !line.startsWith('#'))
  const merges = async (args: string, out: string) => {
    const made = await run(`merges --base small --add 200 ${args} --out ${out}`)
    expect(made.stderr).not.toMatch(/hint/)
    expect(made.code).toBe(0)
    return pieces(out)
  }

  it('--balance none gives what all text as one gives', async () => {
    const plain = await merges('--corpus a.txt b.txt --balance none', 'plain.txt')
    expect(plain).toEqual(await merges('--corpus all=a.txt all=b.txt', 'as-one.txt'))
    expect(plain).toEqual(await merges('--corpus ko.txt', 'whole.txt'))
    expect(plain).not.toEqual(await merges('--corpus a.txt b.txt', 'balanced.txt'))
    expect(read('balanced.txt')).toContain('2 domains')
    expect(read('plain.txt')).not.toContain('domains')
  })

  it('--counts of several files are a domain each', async () => {
    for (const name of ['a', 'b']) {
      expect((await run(`count --base small --corpus ${name}.txt --out ${name}.parquet`)).code).toBe(0)
    }
    expect(await merges('--counts a.parquet b.parquet', 'counted.txt')).toEqual(pieces('balanced.txt'))
    expect(await merges('--counts a.parquet b.parquet --balance none', 'counted-plain.txt')).toEqual(
      pieces('plain.txt'),
    )
    const refused = await run('extend --base small --counts a.parquet b.parquet --superwords 0.5 --add 9 --out no')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/read again for them/)
  })

  it('a name does not change the pieces, and a file of that literal name is a file', async () => {
    expect(await merges('--corpus x=a.txt y=b.txt', 'named.txt')).toEqual(pieces('balanced.txt'))
    writeFileSync(at('x=a.txt'), read('a.txt'))
    const dry = await run('merges --base small --add 200 --corpus x=a.txt y=b.txt --dry-run --json')
    expect(JSON.parse(dry.stdout).corpus.map(({ path }: { path: string }) => path)).toEqual(['x=a.txt', 'b.txt'])
    rmSync(at('x=a.txt'))
  })
})
