import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openJournal } from '../../../src/corpus/prepare/journal'
import { journaled } from '../../../src/corpus/prepare/journaled'
import type { Segment } from '../../../src/corpus/prepare/stages'
import { runs } from '../../support/long'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ko-vocab-journal-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const record = fc.uint8Array({ minLength: 1, maxLength: 60 })
const bytesOf = (bytes: Uint8Array | null) => bytes && [...bytes]

test('wherever it is cut or damaged, the records before are there, and others can follow', async () => {
  let trial = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 6 }),
      record,
      fc.nat(),
      fc.boolean(),
      async (records, another, where, zeros) => {
        const path = join(folder, `cut-${trial++}`)
        const first = await openJournal(path)
        expect(await first.take()).toBeNull()
        for (const one of records) await first.append(one)
        await first.close()
        const ends = records.map((_, i) => records.slice(0, i + 1).reduce((sum, { length }) => sum + 8 + length, 0))
        const cut = where % (ends[ends.length - 1] + 1)
        await truncate(path, cut)
        // A power cut may leave a file as long as it was, and zeros in it.
        if (zeros) await truncate(path, cut + 100)
        const second = await openJournal(path)
        const whole = ends.filter((end) => end <= cut).length
        for (let i = 0; i < whole; i++) expect(bytesOf(await second.take())).toEqual([...records[i]])
        const next = bytesOf(await second.take())
        // Zeros behind the cut may be what stood there.
        if (zeros && next) {
          await second.close()
          expect(next).toEqual([...records[whole]])
          return
        }
        expect(next).toBeNull()
        await second.append(another)
        expect(bytesOf(await second.read(whole))).toEqual([...another])
        if (whole > 0) expect(bytesOf(await second.read(0))).toEqual([...records[0]])
        await second.close()
        const third = await openJournal(path)
        const left = []
        for (let one = await third.take(); one; one = await third.take()) left.push([...one])
        await third.close()
        expect(left).toEqual([...records.slice(0, whole), another].map((one) => [...one]))
      },
    ),
    { numRuns: runs(100, 2_000) },
  )
})

test('what is damaged in the middle is not taken', async () => {
  const path = join(folder, 'damaged')
  const first = await openJournal(path)
  for (const byte of [1, 2, 3]) await first.append(new Uint8Array(20).fill(byte))
  await first.close()
  const bytes = Buffer.alloc(84)
  const again = await openJournal(path)
  for (let i = 0; i < 3; i++) Buffer.from((await again.take())!).copy(bytes, i * 28 + 8)
  await again.close()
  const { readFile } = await import('node:fs/promises')
  const content = await readFile(path)
  content[40] ^= 1
  await writeFile(path, content)
  const second = await openJournal(path)
  expect(bytesOf(await second.take())).toEqual(new Array(20).fill(1))
  expect(await second.take()).toBeNull()
  await second.close()
})

test('batches that were done are not done again, and waiting documents are found in the journal', async () => {
  const place = await mkdtemp(join(folder, 'work-'))
  const segment: Segment = { number: 0, steps: [], digests: [], last: false }
  const batches = Array.from({ length: 5 }, (_, i) => ({
    at: 2 * i,
    documents: [0, 1].map((j) => ({ text: `글 ${i} ${j}`, source: 's', license: null, id: `${i}/${j}` })),
  }))
  const run = async (least: number) => {
    const done: number[] = []
    const journals = journaled(
      place,
      async (_, { at, documents }) => {
        if (at / 2 >= least) throw new Error('killed')
        done.push(at / 2)
        return serialize({ documents, digests: [], tallies: [], figures: [], tokens: null })
      },
      3,
    )
    const other: unknown[] = []
    const spill = journals.openSpill({
      write: (document) => void other.push(document),
      read: () => other as never,
      drop: () => {},
    })
    const wanted: unknown[] = []
    try {
      for await (const { documents, place } of journals.runSegment(
        segment,
        (async function* () {
          yield* batches
        })(),
      )) {
        const [first, second] = documents
        const changed = { ...second, text: '다른 글' }
        await spill.write(first, place!)
        await spill.write(changed, null)
        wanted.push(first, changed)
      }
      for (let pass = 0; pass < 2; pass++) {
        const waited = []
        for await (const some of spill.read()) waited.push(...('text' in some ? [some] : some))
        expect(waited).toEqual(wanted)
      }
      expect(other).toHaveLength(batches.length)
    } catch (error) {
      if ((error as Error).message !== 'killed') throw error
    } finally {
      await journals.close()
    }
    return { done, found: journals.found() }
  }
  expect(await run(3)).toEqual({ done: [0, 1, 2], found: 0 })
  expect(await run(9)).toEqual({ done: [3, 4], found: 6 })
  expect(await run(0)).toEqual({ done: [], found: 10 })
})
