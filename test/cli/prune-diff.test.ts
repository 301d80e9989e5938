import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/tokenizer/load'
import { koVocab, makeFolder } from './run'

let folder: string
const at = (...parts: string[]) => join(folder, ...parts)
const run = (args: string, input?: string) => koVocab(args.split(' '), { cwd: folder, input })
const read = (...parts: string[]) => readFileSync(at(...parts), 'utf8')
const rows = (...parts: string[]) =>
  read(...parts)
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))

beforeAll(async () => {
  folder = await makeFolder()
  const ended = await run(
    'extend --base llama-2 --corpus ko.txt --add 300 --user-defined-symbols <k> --pad-to-multiple 64 --audit none --out ext',
  )
  expect(ended.code).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('prune', () => {
  it('writes the folder of a smaller extension, with what went and what stayed', async () => {
    const args = '--corpus ko.txt --keep 120 --pad-to-multiple 64 --output first --unchanged en.txt --audit quick'
    const ended = await run(`prune --base llama-2 --extended ext ${args} --out small-ext`)
    expect(ended).toMatchObject({ code: 0, stdout: '' })
    expect(ended.stderr).toMatch(/removed +180 pieces, with their uses .+ \d+, .+, …\n/)
    expect(ended.stderr).toMatch(
      /extended +32,128 ids; new ids 32000 to 32120: .*1 user-defined symbols, 7 padding ids/,
    )
    expect(ended.stderr).toMatch(/audit +passed: \d+ checks/)
    const names = ['audit.json', 'extension.json', 'init-map.json', 'init-map.safetensors', 'kept.tsv', 'merges.txt']
    expect(readdirSync(at('small-ext')).sort()).toEqual(
      [
        ...names,
        'removed.tsv',
        'run.json',
        'tokenizer.json',
        ...readdirSync(at('ext')).filter((n) => /model|config/.test(n)),
      ].sort(),
    )
    const [before, after] = [await loadTokenizer(at('ext')), await loadTokenizer(at('small-ext'))]
    const [head, ...removed] = rows('small-ext', 'removed.tsv')
    expect(head).toEqual(['piece', 'id', 'uses'])
    expect(removed).toHaveLength(180)
    for (const [piece, id, uses] of removed) {
      expect(before.pieces[Number(id)]).toBe(piece)
      expect(after.pieces).not.toContain(piece)
      expect(Number.isSafeInteger(Number(uses))).toBe(true)
    }
    const [keptHead, ...kept] = rows('small-ext', 'kept.tsv')
    expect(keptHead).toEqual(['piece', 'id', 'old_id', 'uses'])
    expect(kept).toHaveLength(121)
    kept.forEach(([piece, id, old], i) => {
      expect(Number(id)).toBe(32_000 + i)
      expect([after.pieces[Number(id)], before.pieces[Number(old)]]).toEqual([piece, piece])
    })
    expect(kept[0][0]).toBe('<k>')
  })

  it('records what it was made of; merges.txt makes the same extension again', async () => {
    const record = JSON.parse(read('small-ext', 'extension.json'))
    expect(record).toMatchObject({ base_rows: 32_000, new_ids: { first: 32_000, last: 32_120, count: 121 } })
    expect(record.learned_with).toMatchObject({ pruned: '180', add: '300' })
    const { command, options, inputs } = JSON.parse(read('small-ext', 'run.json'))
    expect({ command, options }).toMatchObject({ command: 'prune', options: { keep: 120, extended: 'ext' } })
    const paths = inputs.map(({ path }: { path: string }) => path)
    for (const path of [join('llama-2', 'tokenizer.json'), join('ext', 'tokenizer.json'), 'ko.txt', 'en.txt']) {
      expect(paths).toContain(path)
    }
    const args = '--user-defined-symbols <k> --pad-to-multiple 64 --output first --audit none'
    expect(
      (await run(`extend --base llama-2 --merges ${join('small-ext', 'merges.txt')} ${args} --out again`)).code,
    ).toBe(0)
    for (const name of ['tokenizer.json', 'init-map.safetensors', 'merges.txt']) {
      expect(read('again', name) === read('small-ext', name), name).toBe(true)
    }
  })

  it('takes a list of pieces: the one it wrote gives the same tokenizer', async () => {
    const list = `--remove-pieces ${join('small-ext', 'removed.tsv')}`
    const ended = await run(
      `prune --base llama-2 --extended ext ${list} --pad-to-multiple 64 --audit none --out by-list --json`,
    )
    expect(JSON.parse(ended.stdout)).toMatchObject({ removed: 180, extendedSize: 32_128, audit: null })
    expect(read('by-list', 'tokenizer.json') === read('small-ext', 'tokenizer.json')).toBe(true)
  })

  it('refuses a piece that others need, and what has no corpus; --dry-run says what would be done', async () => {
    const merged = rows('ext', 'merges.txt').flatMap(([pair]) => (pair.startsWith('#') ? [] : [pair.split(' ')]))
    const made = new Set(merged.map((pair) => pair.join('')))
    const needed = merged.flat().find((part) => made.has(part) && merged.some((p) => p.length > 1 && p.includes(part)))
    writeFileSync(at('needed.txt'), `${needed}\n`)
    const refused = await run('prune --base llama-2 --extended ext --remove-pieces needed.txt --audit none --out no')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(`"${needed}" is needed by "`)
    const uncounted = await run('prune --base llama-2 --extended ext --keep 10 --out no')
    expect(uncounted).toMatchObject({ code: 2, stdout: '' })
    expect(uncounted.stderr).toContain('there is no corpus to count uses on')
    const dry = await run('prune --base llama-2 --extended ext --corpus ko.txt --below-uses 5 --out no --dry-run')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    expect(dry.stdout).toMatch(/^would prune 320 ids that ext adds to 32,000\nwould count uses in 1 files\n {2}ko.txt /)
    expect(existsSync(at('no'))).toBe(false)
  })
})

describe('diff', () => {
  it('says what differs between two tokenizers', async () => {
    const ended = await run('diff ext small-ext --examples 1')
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(
      /^sha256 +[0-9a-f]{16} → [0-9a-f]{16}\nids +32,320 → 32,128; 32,0\d\d have the same piece\n/,
    )
    expect(ended.stdout).toMatch(/\nonly a +192 pieces: .+ \d+, …\n/)
    expect(ended.stdout).toMatch(/\nmerges +\S+ → \S+; \S+ only in a, 0 only in b; the \S+ of both in the same order\n/)
    expect(ended.stdout).toMatch(/"<\|padding_0\|>" id 32301 → 32121\n/)
    const same = await run('diff ext ext --exit-code')
    expect(same).toMatchObject({ code: 0 })
    expect(same.stdout).toContain('no difference')
  })

  it('with --text, on what they differ; --exit-code', async () => {
    writeFileSync(at('lines.txt'), 'the same\n설치하려면\n\n')
    const ended = await run('diff llama-2 ext --text lines.txt --exit-code')
    expect(ended.code).toBe(1)
    const lines = ended.stdout.split('\n').slice(-5)
    expect(lines[0]).toBe('lines      1 of 3 differ (33.3 %)')
    expect(lines[1]).toMatch(/^tokens +\d+ → \d+ in all$/)
    expect(lines[2]).toMatch(/^line 2 +a \| ▁ /)
    expect(lines[3]).toMatch(/^ +b \| ▁설 치 /)
    const json = JSON.parse((await run('diff llama-2 ext --text lines.txt --json')).stdout)
    expect(json).toMatchObject({
      equal: false,
      ids: { same: 32_000, onlyA: 0, onlyB: 320 },
      texts: { lines: 3, differ: 1 },
    })
  })
})
