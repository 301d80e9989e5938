import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { expandDomains } from '../../../src/corpus/domains'
import { prepareFolder } from '../../../src/corpus/prepare/prepare-folder'
import { readPrepareDocuments } from '../../../src/corpus/prepare/read-documents'
import { readPlan } from '../../../src/corpus/prepare/read-steps'
import type { ShardFormat } from '../../../src/corpus/prepare/shards'
import { spillFile } from '../../../src/corpus/prepare/spill-file'
import { emptyBase } from '../../../src/extend/from-nothing'
import { saveTokenizer } from '../../../src/tokenizer/save'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-prepare-'))
  const news = Array.from(
    { length: 40 },
    (_, i) => `기사 ${i}: 오늘은 ${i}번째 소식을 전합니다.\n둘째 줄입니다 ${i * 7}.`,
  )
  await writeFile(join(folder, 'news.txt'), `${[...news, news[3]].join('\n\n')}\n`)
  await mkdir(join(folder, 'talk'))
  await writeFile(join(folder, 'talk', 'a.txt'), '안녕하세요 반갑습니다ㅋㅋㅋㅋㅋㅋ\n\n짧다\n')
  await writeFile(join(folder, 'talk', 'b.txt'), '또 다른 대화가 여기에 있습니다\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const PLAN = `steps: [nfc, runs, { length: { min-characters: 5 } }, exact, { near: { min-shingles: 10, threshold: 0.95 } }]
sources: { talk: { license: CC-BY-4.0, url: 'https://example.org/talk' }, news: { license: kogl-type-1 } }
`

const run = async (out: string, more: { format?: ShardFormat; shardBytes?: number; tokenizer?: string } = {}) => {
  const domains = await expandDomains([join(folder, 'news.txt'), `talk=${join(folder, 'talk')}`])
  const plan = readPlan(PLAN, 'plan')
  return prepareFolder({ domains, plan, out: join(folder, out), format: 'jsonl.gz', name: 'test', ...more })
}

const documentsOf = async (out: string) => {
  const documents = []
  const domains = await expandDomains([`again=${join(folder, out, 'data')}`])
  for await (const document of readPrepareDocuments(domains)) documents.push(document)
  return documents
}

const filesOf = async (out: string) => {
  const files: Record<string, string> = {}
  for (const entry of await readdir(join(folder, out), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(join(folder, out).length + 1)] = (await readFile(path)).toString('latin1')
  }
  return files
}

test('shards, report and data card; the same bytes again', async () => {
  const { report, shards } = await run('one', { shardBytes: 1000 })
  expect(shards.length).toBeGreaterThan(2)
  expect(shards[0]).toBe(`data/train-00000-of-0000${shards.length}.jsonl.gz`)
  const rows = []
  for (const shard of shards) {
    const text = gunzipSync(await readFile(join(folder, 'one', shard))).toString()
    expect(text.endsWith('\n')).toBe(true)
    for (const line of text.trimEnd().split('\n')) rows.push(JSON.parse(line))
  }
  expect(rows).toHaveLength(report.documentsOut)
  expect(rows.at(-2)).toEqual({
    text: '안녕하세요 반갑습니다ㅋㅋㅋ',
    source: 'talk',
    license: 'CC-BY-4.0',
    id: 'talk/0',
  })
  expect(rows.at(-1)!.id).toBe('talk/2')
  expect(report.steps.map(({ removed, changed }) => [removed, changed])).toEqual([
    ...[
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 0],
    ],
    [report.documentsIn - 2 - report.documentsOut, 0],
  ])
  const kept = rows.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  expect(report.bytesOut).toBe(kept)
  for (const [i, step] of report.steps.entries()) {
    expect(step.documentsIn - step.removed).toBe(step.documentsOut)
    const next = report.steps[i + 1] ?? { documentsIn: report.documentsOut, bytesIn: report.bytesOut }
    expect([next.documentsIn, next.bytesIn]).toEqual([step.documentsOut, step.bytesOut])
  }
  await run('two', { shardBytes: 1000 })
  expect(await filesOf('two')).toEqual(await filesOf('one'))
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([])
})

test('the data card is one that the Hub reads', async () => {
  await run('card')
  const card = await readFile(join(folder, 'card', 'README.md'), 'utf8')
  const [, head, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(card)!
  expect(parse(head)).toEqual({
    pretty_name: 'test',
    language: ['ko'],
    license: ['cc-by-4.0', 'other'],
    task_categories: ['text-generation'],
    size_categories: ['n<1K'],
    configs: [{ config_name: 'default', data_files: [{ split: 'train', path: 'data/*.jsonl.gz' }] }],
  })
  expect(body).toContain('| [talk](<https://example.org/talk>) | CC-BY-4.0 | 2 | 3 |')
  expect(body).toMatch(/\| length \| 44 \| 43 \| 1 \| 0 \|.*too short 1 \|/)
})

test('Parquet holds the same rows, and every format can be prepared again', async () => {
  const { report } = await run('lines', { format: 'jsonl' })
  for (const format of ['jsonl.zst', 'jsonl.gz', 'parquet'] as const) {
    await run(`packed-${format}`, { format })
    const packed = []
    const files = await expandDomains([`again=${join(folder, `packed-${format}`, 'data')}`])
    for await (const document of readPrepareDocuments(files)) packed.push(document)
    expect(packed).toEqual(await documentsOf('lines'))
    expect(await readFile(join(folder, `packed-${format}`, 'README.md'), 'utf8')).toContain(`data/*.${format}\n`)
  }
  await run('parquet', { format: 'parquet' })
  const lines = (await readFile(join(folder, 'lines/data/train-00000-of-00001.jsonl'), 'utf8')).trimEnd().split('\n')
  const file = await readFile(join(folder, 'parquet/data/train-00000-of-00001.parquet'))
  const rows = await parquetReadObjects({ file: new Uint8Array(file).buffer })
  expect(rows).toEqual(lines.map((line) => JSON.parse(line)))
  const again = await documentsOf('lines')
  expect(again).toEqual(rows)
  expect(again).toHaveLength(report.documentsOut)
})

test('tokens by source, for the card', async () => {
  await saveTokenizer(emptyBase('sentencepiece'), join(folder, 'bytes'))
  const { tokens } = await run('tokens', { tokenizer: join(folder, 'bytes') })
  const { sources } = JSON.parse(await readFile(join(folder, 'tokens/report.json'), 'utf8'))
  // A base of bytes alone: `▁` in front, three bytes each, and for each space two bytes more than it has.
  expect(Object.keys(tokens!)).toEqual(['news', 'talk'])
  expect(tokens!.news).toBeGreaterThan(sources.news.bytesOut)
  expect(await readFile(join(folder, 'tokens/README.md'), 'utf8')).toContain('Tokens as bytes counts them')
})

describe('whole or not at all', () => {
  test('an error leaves nothing behind', async () => {
    const domains = await expandDomains([join(folder, 'news.txt')])
    const plan = readPlan('steps: [{ decontaminate: { files: [/nowhere/kmmlu.jsonl] } }]', 'plan')
    const wanted = { domains, plan, out: join(folder, 'broken'), format: 'jsonl' as const }
    await expect(prepareFolder(wanted)).rejects.toThrow('/nowhere/kmmlu.jsonl')
    const controller = new AbortController()
    controller.abort()
    const other = { ...wanted, plan: readPlan('steps: [nfc]', 'plan'), signal: controller.signal }
    await expect(prepareFolder(other)).rejects.toThrow('interrupted')
    expect((await readdir(folder)).filter((name) => /broken/.test(name))).toEqual([])
  })

  test('a folder that is there is not touched without force', async () => {
    await mkdir(join(folder, 'full'))
    await writeFile(join(folder, 'full', 'mine'), '')
    await expect(run('full')).rejects.toThrow('exists and is not empty')
    expect(await readdir(join(folder, 'full'))).toEqual(['mine'])
  })
})

test('benchmarks are read as records or lines', async () => {
  const item = '오늘은 7번째 소식을 전합니다'
  await writeFile(join(folder, 'bench.jsonl'), `${JSON.stringify({ question: item, answer: 3 })}\n`)
  const domains = await expandDomains([join(folder, 'news.txt')])
  const files = [join(folder, 'bench.jsonl')]
  const plan = readPlan(
    `steps: [{ decontaminate: { files: ${JSON.stringify(files)}, field: question, min-size: 10 } }]`,
    'plan',
  )
  const { report } = await prepareFolder({ domains, plan, out: join(folder, 'decontaminated'), format: 'jsonl' })
  expect(report.steps[0].removed).toBe(1)
  expect(report.steps[0].samples[0]).toMatchObject({ id: 'news/7', reason: 'in a benchmark' })
  const { inputs } = JSON.parse(await readFile(join(folder, 'decontaminated/run.json'), 'utf8'))
  expect(inputs).toHaveLength(2)
})

test('a spill gives back what was written, as often as it is asked', async () => {
  const path = join(folder, 'spill')
  const spill = spillFile(path)
  const written = Array.from({ length: 3000 }, (_, i) => ({
    ...{ text: `줄\n${'가'.repeat(i % 2000)} \u2028"\\ ${i}`, source: 's', license: i % 2 ? 'x' : null, id: String(i) },
  }))
  for (const document of written) await spill.write(document)
  for (let pass = 0; pass < 2; pass++) {
    const read = []
    for await (const document of spill.read()) read.push(document)
    expect(read).toEqual(written)
  }
  await spill.drop()
  await expect(readFile(path)).rejects.toThrow('ENOENT')
  const empty = spillFile(path)
  for await (const _ of empty.read()) throw new Error('nothing was written')
  await empty.drop()
})

test('a stream is prepared, too: nobody knows how large it is, and nothing is kept of it', async () => {
  const fifo = join(folder, 'pipe')
  expect(spawnSync('mkfifo', [fifo]).status).toBe(0)
  const domains = await expandDomains([`news=${fifo}`])
  const told: [string, number, number][] = []
  const content = await readFile(join(folder, 'news.txt'))
  const writing = writeFile(fifo, content)
  const out = join(folder, 'piped')
  const onProgress = (...call: [string, number, number]) => told.push(call)
  const { report } = await prepareFolder({ domains, plan: readPlan(PLAN, 'plan'), out, format: 'jsonl', onProgress })
  await writing
  expect(report.documentsIn).toBe(41)
  expect(told.find(([stage]) => stage === 'prepare')).toEqual(['prepare', content.length, 0])
  expect((await readdir(folder)).filter((name) => name.includes('piped'))).toEqual(['piped'])
})
