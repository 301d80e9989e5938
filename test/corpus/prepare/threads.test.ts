import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expandDomains } from '../../../src/corpus/domains'
import { DEFAULT_PLAN } from '../../../src/corpus/prepare/default-plan'
import { type PrepareFolderOptions, prepareFolder } from '../../../src/corpus/prepare/prepare-folder'
import { checkSteps, readPlan } from '../../../src/corpus/prepare/read-steps'
import { planStages } from '../../../src/corpus/prepare/stages'
import { emptyBase } from '../../../src/extend/from-nothing'
import { saveTokenizer } from '../../../src/tokenizer/save'
import { runs } from '../../support/long'
import { builtScript, filesIn, koreanDocuments } from './built'
import { through } from './through'

const root = mkdtempSync(join(tmpdir(), 'ko-vocab-prepare-threads-'))
const worker = join(root, 'worker.mjs')
const item = '도서관에서 책을 읽었다 문의는 전화로 주세요'
beforeAll(async () => {
  builtScript('src/corpus/prepare/worker.ts', worker)
  writeFileSync(join(root, 'items.txt'), `${item}\n짧다\n`)
  await saveTokenizer(emptyBase('sentencepiece'), join(root, 'bytes'))
})
afterAll(() => rmSync(root, { recursive: true }))

/** Steps of every sort: alone, remembering, waiting, changing; and samples that must be masked. */
const kinds = [
  'html',
  'nfc',
  'runs',
  'personal',
  'whitespace',
  { length: { 'min-characters': 5 } },
  { hangul: { min: 0.5 } },
  { repetition: { 'min-words': 10 } },
  'exact',
  { exact: { ignore: ['spaces', 'punctuation'] } },
  { near: { threshold: 0.7, 'min-shingles': 5 } },
  { near: { unit: 'words', size: 2, bands: 10, rows: 3, threshold: 0.5, 'min-shingles': 3 } },
  { boilerplate: { documents: 3, 'min-characters': 5 } },
  { mix: { weights: { a: 1.7, b: 0.6 } } },
  { decontaminate: { files: [join(root, 'items.txt')], 'min-size': 10, size: 12 } },
]

let made = 0
async function prepared(texts: string[][], steps: unknown[], more: Partial<PrepareFolderOptions> = {}) {
  const place = join(root, `${made++}`)
  const domains = await expandDomains(
    texts.map((some, i) => {
      const path = join(root, `${'ab'[i]}.txt.gz`)
      writeFileSync(path, gzipSync(some.map((text) => `${text}\n\n`).join('')))
      return `${'ab'[i]}=${path}`
    }),
  )
  const plan = { steps: checkSteps(steps), sources: {} }
  const out = join(place, 'out')
  await prepareFolder({ domains, plan, out, format: 'jsonl', shardBytes: 20_000, name: 'n', threads: 1, ...more })
  const files = filesIn(out)
  rmSync(place, { recursive: true })
  return files
}

test('the files are the same for any number of threads', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.integer({ min: 0, max: 1000 }),
      fc.boolean(),
      async (steps, seed, count, hasTokenizer) => {
        const texts = [koreanDocuments(count, seed), koreanDocuments(300, seed + 1)]
        const tokenizer = hasTokenizer ? join(root, 'bytes') : undefined
        const [one, two, three] = [
          await prepared(texts, steps, { tokenizer }),
          await prepared(texts, steps, { tokenizer, worker, threads: 2 }),
          await prepared(texts, steps, { tokenizer, worker, threads: 3 }),
        ]
        expect(two).toEqual(one)
        expect(three).toEqual(one)
      },
    ),
    { numRuns: runs(4, 40) },
  )
})

test('so are they for the default steps, and those of a program that has no files', async () => {
  const texts = [koreanDocuments(4000, 1), koreanDocuments(500, 2)]
  const { steps } = readPlan(DEFAULT_PLAN, 'default')
  const plan = steps.map(({ name, options }) => ({ [name]: options }))
  const one = await prepared(texts, plan)
  expect(await prepared(texts, plan, { worker, threads: 3 })).toEqual(one)
  const documents = texts.flatMap((some, i) =>
    some.map((text, j) => ({ text, source: 'ab'[i], license: null, id: `${j}` })),
  )
  const { report, kept } = await through(
    documents.filter(({ text }) => text.trim() !== ''),
    ...plan,
  )
  const { documentsOut, steps: told } = JSON.parse(Buffer.from(one['report.json'], 'latin1').toString())
  expect([documentsOut, told.map((step: { removed: number }) => step.removed)]).toEqual([
    kept.length,
    report.steps.map(({ removed }) => removed),
  ])
  for (const step of told) expect(step.samples.length).toBe(Math.min(20, step.changed + step.removed))
})

test('an error on a thread comes out as it is', async () => {
  const steps = [{ decontaminate: { files: [join(root, 'gone.txt')] } }]
  writeFileSync(join(root, 'gone.txt'), '한 줄\n')
  const texts = [koreanDocuments(100, 1)]
  await prepared(texts, steps, { worker, threads: 2 })
  // Found when the command begins, gone when the thread does.
  const broken = join(root, 'broken.mjs')
  builtScript('test/corpus/prepare/broken-worker.ts', broken)
  await expect(prepared(texts, steps, { worker: broken, threads: 2 })).rejects.toMatchObject({
    code: 'bad-file',
    message: 'items.txt:1: is broken',
    hint: 'mend it',
  })
  writeFileSync(join(root, 'dies.mjs'), 'process.exit(7)')
  await expect(prepared(texts, steps, { worker: join(root, 'dies.mjs'), threads: 2 })).rejects.toThrow('exit code 7')
})

test('where steps can go together, and where not', () => {
  const shape = (...steps: unknown[]) =>
    planStages(checkSteps(steps), (i) => ['near', 'boilerplate'].includes(checkSteps(steps)[i].name), false).map(
      (stage) => ('step' in stage ? stage.step : [stage.segment.steps, stage.segment.digests]),
    )
  expect(shape('nfc', 'runs', 'exact', 'near', 'personal')).toEqual([
    [
      [0, 1],
      [2, 3],
    ],
    2,
    3,
    [[4], []],
  ])
  expect(shape('exact', 'nfc', 'near', 'exact')).toEqual([[[], [0]], 0, [[1], [2]], 2, [[], [3]], 3])
  expect(shape('boilerplate', 'exact', 'boilerplate', 'exact')).toEqual([0, [[], [1]], 1, 2, [[], [3]], 3])
})
