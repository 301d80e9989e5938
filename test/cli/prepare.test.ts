import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decompress } from 'fzstd'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { koVocab } from './run'

let cwd: string
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ko-vocab-cli-prepare-'))
  const reviews = [
    '정말 재미있게 봤습니다ㅋㅋㅋㅋㅋㅋ',
    '정말 재미있게 봤습니다ㅋㅋㅋ',
    '별로',
    'This film was not for me at all',
  ]
  writeFileSync(join(cwd, 'reviews.txt'), `${reviews.join('\n')}\n`)
  const rows = [
    { text: '전화는 010-1234-5678 로 주세요', license: 'CC0-1.0' },
    { text: '<p>공지&nbsp;사항입니다.</p>\n내용은 다음과 같습니다.', license: 'CC0-1.0' },
  ]
  writeFileSync(join(cwd, 'board.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
})
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

const rowsOf = (out: string) =>
  readdirSync(join(cwd, out, 'data'))
    .sort()
    .flatMap((name) =>
      Buffer.from(decompress(readFileSync(join(cwd, out, 'data', name))))
        .toString()
        .trimEnd()
        .split('\n'),
    )
    .map((line) => JSON.parse(line))

test('the default steps, with what they did', async () => {
  const ended = await koVocab(
    ['prepare', '--corpus', 'reviews.txt', 'board.jsonl', '--documents', 'line', '--out', 'a'],
    {
      cwd,
    },
  )
  expect(ended).toMatchObject({ code: 0, stdout: '' })
  expect(ended.stderr).toMatchInlineSnapshot(`
    "documents  6, 234 bytes of text
      html            changed 1
      characters      changed 1
      nfc             nothing to do
      jamo            nothing to do
      whitespace      changed 1
      runs            changed 1
      repeated-lines  nothing to do
      length          removed 1: too short
      hangul          removed 1: too little Hangul
      repetition      nothing to do
      exact           removed 1: exact duplicate
      near            nothing to do
    kept       3, 136 bytes of text
    files      a: data/train-00000-of-00001.jsonl.zst, README.md, report.json, run.json
    "
  `)
  expect(rowsOf('a')).toEqual([
    { text: '정말 재미있게 봤습니다ㅋㅋㅋ', source: 'reviews', license: null, id: 'reviews/0' },
    { text: '전화는 010-1234-5678 로 주세요', source: 'board', license: 'CC0-1.0', id: 'board/0' },
    { text: '공지 사항입니다.\n\n내용은 다음과 같습니다.', source: 'board', license: 'CC0-1.0', id: 'board/1' },
  ])
  expect(readdirSync(join(cwd, 'a')).sort()).toEqual(['README.md', 'data', 'report.json', 'run.json'])
})

test('steps of one’s own: what is printed can be changed and read', async () => {
  const printed = await koVocab(['prepare', '--print-steps'], { cwd })
  expect(printed).toMatchObject({ code: 0, stderr: '' })
  writeFileSync(
    join(cwd, 'steps.yaml'),
    printed.stdout.replace('# - personal', '- personal').replace('jamo: 3,', 'jamo: 1,'),
  )
  const ended = await koVocab(
    ['prepare', '--corpus', 'reviews.txt', 'board.jsonl', '--steps', 'steps.yaml', '--out', 'b', '--json'],
    { cwd },
  )
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const report = JSON.parse(ended.stdout)
  const step = (name: string) => report.steps.find((one: { name: string }) => one.name === name)
  expect(step('personal')).toMatchObject({ changed: 1, figures: { phone: 1 } })
  expect(rowsOf('b')[1].text).toBe('전화는 <전화번호> 로 주세요')
  expect(readFileSync(join(cwd, 'b', 'report.json'), 'utf8')).not.toContain('5678')
})

test('the same bytes again, from a file or from standard input', async () => {
  const files = ['data/train-00000-of-00001.jsonl.zst', 'report.json', 'README.md']
  const args = ['prepare', '--documents', 'line', '--out']
  await koVocab([...args, 'x/same', '--corpus', 'stdin=reviews.txt'], { cwd })
  await koVocab([...args, 'y/same', '--corpus', '-'], { cwd, input: readFileSync(join(cwd, 'reviews.txt')) })
  for (const file of files) {
    expect(readFileSync(join(cwd, 'y/same', file))).toEqual(readFileSync(join(cwd, 'x/same', file)))
  }
})

test.each([
  [['--corpus', 'reviews.txt'], 2, 'ko-vocab: --out is missing'],
  [['--out', 'c'], 2, 'ko-vocab: --corpus is missing'],
  [['--corpus', 'reviews.txt', '--out', 'a'], 1, 'a: exists and is not empty'],
  [['--corpus', 'reviews.txt', '--out', 'c', '--format', 'jsonl.gzip'], 2, 'did you mean jsonl.gz?'],
  [['--corpus', 'reviews.txt', '--out', 'c', '--steps', 'none.yaml'], 1, '--steps none.yaml: cannot be read'],
  [['--corpus', 'reviews.txt', '--out', 'c', '--steps', 'bad.yaml'], 2, 'bad.yaml:1:9: unknown step "nfz"'],
  [['--corpus', 'reviews.txt', '--out', 'c', '--steps', 'other.yaml'], 2, 'sources has "wiki"'],
  [['--corpus', 'reviews.txt', '--out', 'empty', '--steps', 'strict.yaml'], 1, 'no document is left'],
] as [string[], number, string][])('%j', async (args, code, message) => {
  writeFileSync(join(cwd, 'bad.yaml'), 'steps: [nfz]')
  writeFileSync(join(cwd, 'other.yaml'), 'steps: [nfc]\nsources: { wiki: { license: x } }')
  writeFileSync(join(cwd, 'strict.yaml'), 'steps: [{ length: { min-characters: 1000 } }]')
  const ended = await koVocab(['prepare', ...args], { cwd })
  expect(ended.code).toBe(code)
  expect(ended.stderr).toContain(message)
  expect(readdirSync(cwd)).not.toContain('c')
})

test('--dry-run writes nothing', async () => {
  const ended = await koVocab(['prepare', '--corpus', 'reviews.txt', '--out', 'd', '--dry-run'], { cwd })
  expect(ended.code).toBe(0)
  expect(ended.stdout).toContain('reviews.txt')
  expect(readdirSync(cwd)).not.toContain('d')
})
