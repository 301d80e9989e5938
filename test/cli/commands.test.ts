import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Ended, koVocab, makeFolder } from './run'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const run = (args: string, input?: string) => koVocab(args.split(' '), { cwd: folder, input })

beforeAll(async () => {
  folder = await makeFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('extend', () => {
  let ended: Ended
  beforeAll(async () => {
    const args = '--add 300 --pad-to-multiple 64 --input mean --output first --unchanged en.txt --audit quick --out ext'
    ended = await run(`extend --base llama-2 --corpus ko.txt ${args}`)
  })

  it('writes one folder, says so on standard error, and nothing on standard output', () => {
    expect(ended).toMatchObject({ code: 0, stdout: '' })
    expect(ended.stderr).toMatch(/extended +32,320 ids; new ids 32000 to 32299: .*20 padding ids/)
    expect(ended.stderr).toMatch(/tokens +2\.\d+ → 1\.\d+ a Hangul syllable, on 2,000 lines of the corpus itself/)
    expect(ended.stderr).toMatch(/audit +passed: \d+ checks/)
    expect(ended.stderr).not.toContain('\u001b')
    const names = ['audit.json', 'extension.json', 'init-map.json', 'init-map.safetensors', 'merges.txt', 'run.json']
    expect(readdirSync(at('ext'))).toEqual(expect.arrayContaining([...names, 'tokenizer.json']))
  })

  it('records what was made, and from what', () => {
    const record = JSON.parse(readFileSync(at('ext', 'extension.json'), 'utf8'))
    expect(record).toMatchObject({ base_rows: 32000, new_ids: { first: 32000, last: 32299, count: 300 } })
    expect(record.padding[0]).toEqual({ id: 32300, piece: '<|padding_0|>' })
    expect(record.padding).toHaveLength(20)
    const run = JSON.parse(readFileSync(at('ext', 'run.json'), 'utf8'))
    expect(run).toMatchObject({ command: 'extend', seed: 1, options: { add: 300, output: 'first', syllables: 'none' } })
    expect(run.inputs.map((input: { path: string }) => input.path)).toEqual([
      join('llama-2', 'tokenizer.json'),
      'ko.txt',
      'en.txt',
    ])
    expect(run.inputs[0].sha256).toBe('bcd04f0eadf90287bd26e1a183ac487d8a141b09b06aecb7725bbdd343640f2e')
    const audit = JSON.parse(readFileSync(at('ext', 'audit.json'), 'utf8'))
    expect(audit).toMatchObject({ passed: true, level: 'quick' })
    expect(audit.checks.find((check: { id: string }) => check.id === '8-padding')).toMatchObject({ counted: 20 })
  })

  it('refuses a folder that is not empty before any work, and replaces it with --force', async () => {
    const refused = await run('extend --base small --corpus ko.txt --add 300 --out ext')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('ko-vocab: ext: exists and is not an empty folder')
    const forced = await run('extend --base small --corpus ko.txt --add 300 --audit none --out ext2 --json')
    expect(forced.code).toBe(0)
    const again = await run('extend --base small --corpus ko.txt --add 20 --audit none --out ext2 --force --json')
    expect(JSON.parse(again.stdout)).toMatchObject({ extendedSize: 280, audit: null })
    expect(JSON.parse(readFileSync(at('ext2', 'extension.json'), 'utf8')).new_ids.count).toBe(20)
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('gives the same bytes in one step and in three, with one thread and with two', async () => {
    const common = '--audit none --pad-to-multiple 64 --output first'
    await run(`extend --base small --corpus ko.txt --add 300 --threads 1 ${common} --out one`)
    await run(`extend --base small --corpus ko.txt --add 300 --threads 2 ${common} --out two`)
    expect((await run('count --base small --corpus ko.txt --out counts.parquet')).code).toBe(0)
    expect((await run('merges --base small --counts counts.parquet --add 300 --out merges.txt')).code).toBe(0)
    expect((await run(`extend --base small --merges merges.txt ${common} --out three`)).code).toBe(0)
    const files = readdirSync(at('one'))
    expect(readdirSync(at('two'))).toEqual(files)
    for (const name of files) {
      const bytes = readFileSync(at('one', name))
      expect(readFileSync(at('two', name)).equals(bytes), name).toBe(true)
      if (name !== 'run.json') expect(readFileSync(at('three', name)).equals(bytes), name).toBe(true)
    }
  })

  it('writes nothing but the report when the audit fails', async () => {
    writeFileSync(at('bad-merges.txt'), '#version: 0.2\nq\t10\n▁ q\t10\n')
    const failed = await run('extend --base small --merges bad-merges.txt --audit quick --out bad')
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toMatch(/the audit failed, nothing was written: .*3-scope-proof/)
    expect(failed.stderr).toContain('hint: what was found is in bad.audit-failed.json')
    expect(existsSync(at('bad'))).toBe(false)
    expect(JSON.parse(readFileSync(at('bad.audit-failed.json'), 'utf8')).passed).toBe(false)
  })

  it('makes a tokenizer from nothing, in both forms', async () => {
    for (const form of ['sentencepiece', 'byte-level']) {
      const args = `--form ${form} --corpus ko.txt --vocab-size 600 --audit none --out ${form} --json`
      const made = await run(`extend --base none ${args}`)
      expect(made.stderr).toBe('')
      expect(JSON.parse(made.stdout)).toMatchObject({ extendedSize: 600, form })
      expect(existsSync(at(form, 'init-map.safetensors'))).toBe(false)
      const text = '파일을 저장하시겠습니까? 2024년'
      const ids = await run(`encode --tokenizer ${form}`, `${text}\n`)
      expect((await run(`decode --tokenizer ${form}`, ids.stdout)).stdout).toBe(`${text}\n`)
    }
  })

  it('gives user-defined symbols the first new ids, and learns no piece that spells one', async () => {
    const made = await run(
      'extend --base small --corpus ko.txt --add 100 --user-defined-symbols 파일,<|ko|> --audit none --out sym --json',
    )
    expect(JSON.parse(made.stdout)).toMatchObject({ extendedSize: 362, userDefinedSymbols: 2 })
    const ids = await run('encode --tokenizer sym --pieces', '새 파일<|ko|>\n')
    expect(ids.stdout.trim().split(' ').slice(-2)).toEqual(['파일', '<|ko|>'])
  })
})

describe('the steps', () => {
  it('count prints words to standard output without --out, from standard input too', async () => {
    const fromFile = await run('count --base small --corpus ko.txt')
    const fromPipe = await run('count --base small --corpus -', readFileSync(at('ko.txt'), 'utf8'))
    expect(fromFile.stdout.split('\n')[0]).toMatch(/^ ?[가-힣]+\t\d+$/)
    expect(fromPipe.stdout).toBe(fromFile.stdout)
    const [first] = (await run('count --base small --corpus ko.txt --json')).stdout.split('\n')
    expect(JSON.parse(first)).toEqual({ word: fromFile.stdout.split('\t')[0], count: expect.any(Number) })
  })

  it('count --out leaves run.json beside the counts', async () => {
    const made = await run('count --base small --corpus ko.txt --out c.parquet --json')
    expect(JSON.parse(made.stdout)).toMatchObject({
      out: 'c.parquet',
      meta: { 'ko_vocab.scope': 'hangul+punctuation' },
    })
    expect(JSON.parse(readFileSync(at('c.parquet.run.json'), 'utf8'))).toMatchObject({ command: 'count' })
  })

  it('merges prints merges.txt', async () => {
    const made = await run('merges --base small --corpus ko.txt --add 30')
    expect(made.stdout).toMatch(/^#version: 0\.2\n# ko-vocab /)
    expect(
      made.stdout
        .trim()
        .split('\n')
        .filter((line) => /\t\d+$/.test(line)),
    ).toHaveLength(30)
  })

  it('refuses counts of another scope, and merges of another base', async () => {
    const scope = await run('merges --base small --counts c.parquet --scope hangul+hanja --add 3')
    expect(scope).toMatchObject({ code: 1, stdout: '' })
    expect(scope.stderr).toContain('the counts were made with the scope hangul+punctuation, this run has hangul+hanja')
    const base = await run('extend --base ext --merges merges.txt --audit none --out other')
    expect(base.code).toBe(1)
    expect(base.stderr).toMatch(/the merges were made with the base [0-9a-f]{16}…, this run has [0-9a-f]{16}…/)
  })

  it('audit passes for what extend wrote, padding and all, and exits 1 for another tokenizer', async () => {
    const passed = await run('audit --base llama-2 --extended ext --audit quick --unchanged en.txt --out a.json')
    expect(passed.code).toBe(0)
    expect(passed.stdout).toMatch(/^audit passed: \d+ checks\n/)
    expect(passed.stdout).toMatch(/ok {3}8-padding/)
    expect(JSON.parse(readFileSync(at('a.json'), 'utf8')).passed).toBe(true)
    const failed = await run('audit --base small --extended llama-2 --audit quick --json')
    expect(failed.code).toBe(1)
    expect(JSON.parse(failed.stdout)).toMatchObject({ passed: false })
  })

  it('init-map makes the map that extend made', async () => {
    const made = await run('init-map --base llama-2 --extended ext --output first --seed 1 --out maps --json')
    expect(JSON.parse(made.stdout)).toMatchObject({ baseRows: 32000, newRows: 300, input: 'mean', output: 'first' })
    for (const name of ['init-map.safetensors', 'init-map.json']) {
      expect(readFileSync(at('maps', name)).equals(readFileSync(at('ext', name))), name).toBe(true)
    }
  })
})

describe('encode and decode', () => {
  const text = '안녕하세요, 오늘은 날씨가 좋네요.\n\nLlama 2: Open\t모델 😀\n'

  it('round trip through a pipe, line by line', async () => {
    const ids = await run('encode --tokenizer ext', text)
    expect(ids.stdout.split('\n')).toHaveLength(4)
    expect(ids.stdout).toMatch(/^\d+( \d+)*\n\n\d/)
    expect((await run('decode --tokenizer ext', ids.stdout)).stdout).toBe(text)
    const json = await run('encode --tokenizer ext --json', text)
    expect((await run('decode --tokenizer ext', json.stdout)).stdout).toBe(text)
  })

  it('prints pieces, counts, special tokens', async () => {
    const base = (flags: string) => run(`encode --tokenizer llama-2 ${flags}`, 'Hello\n').then(({ stdout }) => stdout)
    expect(await base('--pieces')).toBe('▁Hello\n')
    expect(await base('--ids --special')).toBe('1 15043\n')
    expect(await base('--count')).toBe('1\n')
    expect(await base('--count --json')).toBe('{"tokens":1}\n')
    expect((await run('decode --tokenizer llama-2 --special', '1 15043')).stdout).toBe('<s> Hello\n')
    expect((await run('decode --tokenizer llama-2 --json', '[1, 15043]')).stdout).toBe('{"text":"Hello"}\n')
  })

  it('names the line of a wrong id', async () => {
    const wrong = await run('decode --tokenizer llama-2', '15043\n99999\n')
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain('standard input:2: id 99999 at position 0 is not in this tokenizer of 32000 ids')
    expect((await run('decode --tokenizer llama-2', 'abc\n')).stderr).toContain('standard input:1: not a line of ids')
  })

  it('ends quietly when the reader has seen enough', async () => {
    const ended = await koVocab(['encode', '--tokenizer', 'llama-2', ...new Array(20).fill('ko.txt'), '-'], {
      cwd: folder,
      onStart(child) {
        child.stdout?.once('data', () => child.stdout?.destroy())
        child.stdin?.write('끝\n'.repeat(200_000))
        child.stdin?.end()
      },
    })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
  })
})

describe('inspect', () => {
  it('says what a tokenizer is', async () => {
    const text = await run('inspect llama-2')
    expect(text.stdout).toMatchInlineSnapshot(`
      "path       llama-2
      form       sentencepiece, byte fallback
      files      tokenizer.json
      ids        32,000
      merges     61,249
      hangul     111 pieces, 111 single syllables
      special    <unk> 0, <s> 1, </s> 2
      added      3 added tokens in all
      normalizer Sequence(Prepend, Replace)
      splits     none
      sha256     1586f123b0038d1b623d8332ec5b4518f2c64e61299943986f07dc72fddf2045
      "
    `)
  })

  it('says how two differ', async () => {
    const diff = await run('inspect llama-2 ext --json')
    expect(JSON.parse(diff.stdout).differences).toEqual({ sameIds: 32000, moved: 0, added: 320 })
    expect((await run('inspect llama-2 ext')).stdout).toContain('new        320 ids of the second')
  })
})
