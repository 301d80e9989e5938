import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { llama2Model } from '../support/fixtures'
import { type Ended, koVocab, makeFolder } from './run'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const run = (args: string) => koVocab(args.split(' '), { cwd: folder })

beforeAll(async () => {
  folder = await makeFolder()
  writeFileSync(at('law.txt'), '# 법률\n판결\t120\n법원\t80\ncourt\t5\n대법원장\t1\n')
  writeFileSync(at('more.txt'), '판결\n피고\n')
  writeFileSync(at('english.txt'), 'jumps\nfox\nreturn value\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The table of a dry run: a row for each line, by column. */
function rowsOf(table: string): Record<string, string>[] {
  const [head, ...lines] = table.trimEnd().split('\n')
  const names = head.split('\t')
  return lines.map((line) => Object.fromEntries(line.split('\t').map((field, i) => [names[i], field])))
}

describe('merge --dry-run', () => {
  it('prints what becomes of each piece, and what had to be put between, and writes nothing', async () => {
    const ended = await run('merge --base small --donor law.txt more.txt --dry-run --out plan')
    expect(ended.code).toBe(0)
    expect(existsSync(at('plan'))).toBe(false)
    const rows = rowsOf(ended.stdout)
    const told = rows.map(({ donor, piece, fate, id }) => [donor, piece, fate, id].join(' ').trim())
    expect(told).toMatchInlineSnapshot(`
      [
        "law.txt ▁판결 added 263",
        "law.txt 판결 added 262",
        "law.txt ▁법원 added 267",
        "law.txt 법원 added 266",
        "law.txt ▁court out-of-scope",
        "law.txt court out-of-scope",
        "law.txt ▁대법원장 added 272",
        "law.txt 대법원장 added 271",
        "more.txt ▁판결 same",
        "more.txt 판결 same",
        "more.txt ▁피고 added 276",
        "more.txt 피고 added 275",
        "판 intermediate 260",
        "결 intermediate 261",
        "법 intermediate 264",
        "원 intermediate 265",
        "대 intermediate 268",
        "장 intermediate 269",
        "법원장 intermediate 270",
        "피 intermediate 273",
        "고 intermediate 274",
      ]
    `)
    expect(rows.find(({ spelled }) => spelled === 'court')?.why).toBe('"c" is not in the scope hangul+punctuation')
    expect(rows.find(({ piece }) => piece === '대법원장')?.needs).toBe('대 법 원 장 법원장')
    expect(rows.find(({ donor, fate }) => donor === 'more.txt' && fate === 'same')?.why).toBe('판결 of law.txt')
    expect(ended.stderr).toMatch(/^donor {6}law\.txt: list, 8 pieces\n {11}6 added, 2 out of scope\n/)
    expect(ended.stderr).toMatch(/merged {5}8 pieces of donors, ranked by the donor's own order; 9 intermediates/)
  })

  it('--json has the report and every piece; --add counts the intermediates', async () => {
    const ended = await run('merge --base small --donor law.txt --add 4 --dry-run --json --out plan')
    const { dryRun, report, pieces } = JSON.parse(ended.stdout)
    expect({ dryRun, added: report.added }).toEqual({ dryRun: true, added: 2 })
    expect(report.intermediates.map(({ piece }: { piece: string }) => piece)).toEqual(['판', '결'])
    expect(report.donors[0]).toMatchObject({
      name: 'law.txt',
      format: 'list',
      orderedBy: 'count',
      priority: 1,
      fates: { added: 2, 'out-of-scope': 2, 'over-budget': 4 },
    })
    expect(pieces).toHaveLength(8)
    expect(pieces[0]).toMatchObject({ spelled: '판결', piece: '▁판결', fate: 'added', rank: 3, needs: ['판', '결'] })
  })

  it('takes options from YAML; priorities turn the donors round', async () => {
    const yaml = 'base: small\ndonor: [law.txt, more.txt]\npriority: [2, 1]\nadd: 6\nspelling: pieces\nout: plan\n'
    writeFileSync(at('merge.yaml'), yaml)
    const { stdout } = await run('merge --config merge.yaml --dry-run')
    const added = rowsOf(stdout).filter(({ fate }) => fate === 'added')
    expect(added.map(({ donor, piece }) => [donor, piece])).toEqual([
      ['more.txt', '판결'],
      ['more.txt', '피고'],
    ])
  })
})

describe('merge', () => {
  let ended: Ended
  beforeAll(async () => {
    const options = '--corpus ko.txt --beside none --threads 1 --unchanged en.txt --audit quick'
    ended = await run(`merge --base llama-2 --donor law.txt english.txt --scope all ${options} --out merged`)
  }, 300_000)

  it('writes what extend writes, the report and the table', () => {
    expect(ended).toMatchObject({ code: 0, stdout: '' })
    expect(readdirSync(at('merged'))).toEqual(
      expect.arrayContaining(['audit.json', 'donor-pieces.tsv', 'extension.json', 'merge-report.json', 'run.json']),
    )
    const report = JSON.parse(readFileSync(at('merged', 'merge-report.json'), 'utf8'))
    expect(report).toMatchObject({
      format: 'ko-vocab-merge',
      rankedBy: 'counts',
      measure: { text: 'corpus', extend: null },
    })
    const rows = rowsOf(readFileSync(at('merged', 'donor-pieces.tsv'), 'utf8'))
    const extension = JSON.parse(readFileSync(at('merged', 'extension.json'), 'utf8'))
    const ids = rows.flatMap(({ id }) => (id === '' ? [] : [Number(id)]))
    expect(ids.sort((a, b) => a - b)).toEqual(
      Array.from({ length: extension.new_ids.count }, (_, i) => extension.new_ids.first + i),
    )
  })

  it('--scope all tells which text without Hangul changed, and how', () => {
    const { checks } = JSON.parse(readFileSync(at('merged', 'audit.json'), 'utf8'))
    const [change] = checks.find(({ id }: { id: string }) => id === '3-scope-corpus').changes
    expect(change).toMatchObject({ text: 'en.txt', lines: 2 })
    expect(change.changed).toBeGreaterThan(0)
    expect(change.examples[0].before).not.toEqual(change.examples[0].after)
  })

  it('run.json names the donors as inputs', () => {
    const { command, options, inputs } = JSON.parse(readFileSync(at('merged', 'run.json'), 'utf8'))
    expect(command).toBe('merge')
    expect(options).toMatchObject({
      donor: ['law.txt', 'english.txt'],
      priorities: [1, 2],
      scope: 'all',
      spelling: 'auto',
    })
    expect(inputs.map(({ path }: { path: string }) => path)).toEqual([
      join('llama-2', 'tokenizer.json'),
      'law.txt',
      'english.txt',
      'ko.txt',
      'en.txt',
    ])
  })

  it('an init method that counts reads the corpus, and says so early where there is none', async () => {
    const common = 'merge --base small --donor law.txt --audit none --input weighted_frequency'
    expect((await run(`${common} --corpus ko.txt --beside none --threads 1 --out counted`)).code).toBe(0)
    const refused = await run(`${common} --out refused`)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('weighted_frequency counts in the corpus')
  })
})

describe('merge refuses', () => {
  const failing: [what: string, args: string, code: number, said: string][] = [
    ['a donor that is not there', '--donor no.txt', 1, 'no.txt: no such file or folder'],
    ['a model that is cut off', '--donor cut.model', 1, 'cut.model: not a SentencePiece model'],
    ['a list without entries', '--donor blank.txt', 1, 'blank.txt: no entries'],
    ['an empty file', '--donor empty.txt', 1, 'empty.txt: the file is empty'],
    ['too few priorities', '--donor law.txt more.txt --priority 1', 2, '1 priorities are given for 2 donors'],
    ['a priority that is no number', '--donor law.txt --priority first', 2, 'expected a whole number from 0'],
    ['a budget of nothing', '--donor law.txt --add 0', 2, 'expected a whole number from 1'],
    ['no donor', '--add 3', 2, '--donor is missing'],
    ['an option that it does not have', '--donor law.txt --donors more.txt', 2, 'did you mean --donor?'],
    ['pieces that all stand outside the scope', '--donor english.txt', 1, 'can be added: 6 out of scope'],
    ['pieces that all need others', '--donor law.txt --unreachable drop', 1, '6 unreachable, 2 out of scope'],
  ]

  beforeAll(() => {
    writeFileSync(at('cut.model'), llama2Model().subarray(0, 5_000))
    writeFileSync(at('blank.txt'), '\n# nothing\n \n')
    writeFileSync(at('empty.txt'), '')
  })

  it.each(failing)('%s', async (_, args, code, said) => {
    const ended = await run(`merge --base small ${args} --out refused`)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).toContain(said)
    expect(existsSync(at('refused'))).toBe(false)
  })
})
