import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BenchReport } from '../../src/measure/bench/types'
import { measureTokens } from '../../src/measure/tokens'
import { createEncoder } from '../../src/tokenizer/encoder'
import { loadTokenizer } from '../../src/tokenizer/load'
import { koVocab, makeFolder } from './run'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const run = (args: string) => koVocab(args.split(' '), { cwd: folder })
const read = (...parts: string[]) => readFileSync(at(...parts), 'utf8')

beforeAll(async () => {
  folder = await makeFolder()
  const ended = await run('extend --base llama-2 --corpus ko.txt --add 300 --audit none --out ext')
  expect(ended.code).toBe(0)
  mkdirSync(at('parts'))
  const lines = read('ko.txt').trimEnd().split('\n')
  writeFileSync(at('parts', 'first.txt'), `${lines.slice(0, 200).join('\n')}\n`)
  writeFileSync(at('parts', 'second.txt'), `${lines.slice(200, 300).join('\n')}\n`)
  writeFileSync(at('pair-ko.txt'), '창을 다시 로드하세요.\n저장하시겠습니까?\n')
  writeFileSync(at('pair-en.txt'), 'Reload the window.\nDo you want to save?\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('bench', () => {
  it('measures tokenizers of several kinds by domain, and writes a report', async () => {
    const tokenizers = '--tokenizer base=llama-2 ours=ext llama-tokenizer-js'
    const args = `${tokenizers} --corpus parts en=en.txt --model 7b --parallel pair-ko.txt pair-en.txt`
    const ended = await run(`bench ${args} --json --out report`)
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stderr).toBe('files      report: bench.csv, bench.json, bench.md, report.html, run.json\n')
    expect(readdirSync(at('report')).sort()).toEqual(['bench.csv', 'bench.json', 'bench.md', 'report.html', 'run.json'])
    expect(ended.stdout).toBe(read('report', 'bench.json'))
    const report = JSON.parse(ended.stdout) as BenchReport
    expect(report.domains.map(({ name, korean }) => [name, korean])).toEqual([
      ['first', true],
      ['second', true],
      ['en', false],
    ])
    const [base, ours, theirs] = report.tokenizers
    expect([base, ours, theirs].map(({ name }) => name)).toEqual(['base', 'ours', 'llama-tokenizer-js'])
    // The same vocabulary by ko-vocab and by a package.
    expect(theirs.all).toEqual(base.all)
    expect(ours.added).toEqual({ first: 32_000, count: 300 })
    expect(ours.all.addedUtilisation!.count).toBeGreaterThan(100)
    expect(ours.domains[2].tokens).toBe(base.domains[2].tokens)
    const encoder = createEncoder(await loadTokenizer(at('ext')))
    const korean = [
      ...read('parts', 'first.txt').trimEnd().split('\n'),
      ...read('parts', 'second.txt').trimEnd().split('\n'),
    ]
    expect(ours.korean!.tokensPerSyllable).toBe(measureTokens(encoder, korean).tokensPerSyllable)
    expect(ours.all.roundTrip).toEqual({ lines: 302, changed: 0, lost: 0 })
    expect(ours.costs!.addedParameters).toBe(2 * 300 * 4096)
    expect(ours.parity!.ratio).toBeLessThan(base.parity!.ratio!)

    expect(report.run).toEqual(JSON.parse(read('report', 'run.json')))
    expect(ours.provenance!.run).toEqual(JSON.parse(read('ext', 'run.json')))
    const page = read('report', 'report.html')
    expect(page).toMatch(/^<!doctype html>/)
    expect(page).toContain(`<b>${ours.korean!.tokensPerSyllable!.toFixed(3)}</b>`)

    const { command, options, inputs } = report.run!
    expect({ command, options }).toEqual({
      command: 'bench',
      options: {
        tokenizer: ['base=llama-2', 'ours=ext', 'llama-tokenizer-js'],
        corpus: ['parts', 'en=en.txt'],
        parallel: ['pair-ko.txt', 'pair-en.txt'],
        model: '7b',
      },
    })
    const paths = inputs.map(({ path }) => path)
    for (const path of [join('ext', 'tokenizer.json'), join('parts', 'second.txt'), 'pair-en.txt']) {
      expect(paths).toContain(path)
    }

    const csv = read('report', 'bench.csv').trimEnd().split('\r\n')
    expect(csv).toHaveLength(1 + 3 * 4)
    const head = csv[0].split(',')
    const cells = csv[5].split(',')
    expect(cells[0]).toBe('ours')
    expect(Number(cells[head.indexOf('tokens')])).toBe(ours.all.tokens)
    const markdown = read('report', 'bench.md')
    expect(markdown).toContain(`| ours | 32,300 | ${ours.all.tokens.toLocaleString('en')} |`)
    expect(markdown).toContain('## Costs of Korean text, Llama-2-7B')

    const again = await run(`bench ${args} --out report`)
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('report: exists and is not empty') })
  })

  it('prints tables to the terminal; --config has its options by their long names', async () => {
    writeFileSync(at('bench.yaml'), 'tokenizer: [small=small]\ncorpus: [en.txt]\n')
    const { code, stdout } = await run('bench --config bench.yaml')
    expect(code).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "en: 2 lines, 0 Hangul syllables, 17 eojeols, 75 bytes (not Korean)

      Tokens
      tokenizer  ids  tokens  tok/syllable  tok/eojeol  char/tok  byte/tok
      small      260      77             -       4.529     0.974     0.974

      Shares
      tokenizer    split   bytes  unknown  lost lines  Rényi  ids used
      small      100.0 %  77.9 %    0.0 %           0  0.424    12.8 %
      no josa/eomi boundaries: they need --kiwi-model

      Characters a token, share of all tokens
      tokenizer    0      1    2    3    4    5    6    7    8   9+  median  p99
      small      0.0  100.0  0.0  0.0  0.0  0.0  0.0  0.0  0.0  0.0       1    1
      in percent; a character counts for the token that it begins in
      "
    `)
  })

  it('names what is wrong before it reads any text', async () => {
    const cases = [
      ['--corpus en.txt', 2, '--tokenizer is missing'],
      ['--tokenizer small --corpus en.txt --model 9b', 2, '--model is "9b"'],
      ['--tokenizer small --corpus en.txt --parallel en.txt', 2, '--parallel names 1 texts'],
      [
        '--tokenizer small no-such-tokenizer --corpus en.txt',
        1,
        'no-such-tokenizer: no such file or folder, and no npm',
      ],
    ] as const
    for (const [args, code, message] of cases) {
      expect(await run(`bench ${args}`), args).toMatchObject({ code, stderr: expect.stringContaining(message) })
    }
    const plan = await run('bench --tokenizer small --corpus en.txt --dry-run --json')
    expect(JSON.parse(plan.stdout)).toMatchObject({
      dryRun: true,
      tokenizers: [{ name: 'small', engine: 'ko-vocab', size: 260 }],
      files: [{ path: 'en.txt' }],
    })
  })
})
