/** The built package, whose threads count the parts of files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Node from '../../src/node'
import { koreanText, llama2Json, llama3Json } from '../support/fixtures'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-threads-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('countWords of the built package', () => {
  let built: typeof Node
  let paths: string[]
  beforeAll(async () => {
    built = await import(new URL('../../dist/node.js', import.meta.url).href)
    const text = await koreanText()
    // Three parts of 16 MiB and one that is cut off, in lines that say where they stand; and two more files.
    let large = ''
    for (let i = 0; large.length < 16e6; i++) large += `${text.slice((i * 997) % 9000, 60_000)} 제${i}장\r\n\ufeff끝\n`
    const files = { 'large.txt': large, 'small.txt': text, 'text.gz': gzipSync(text) }
    paths = Object.entries(files).map(([name, content]) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    })
  })

  it('gives the same for one thread, two and three', async () => {
    const files = await built.expandInputs(paths)
    expect(files[0].size).toBeGreaterThan(32e6)
    for (const json of [await llama2Json(), llama3Json()]) {
      const base = built.readTokenizerJson(json, 'tokenizer.json')
      const one = await built.countWords(files, { base, threads: 1 })
      expect(one.counts.length).toBeGreaterThan(5_000)
      for (const threads of [2, 3]) {
        const many = await built.countWords(files, { base, threads })
        // Buffer.equals: toEqual walks millions of bytes.
        expect(Buffer.from(many.bytes).equals(one.bytes)).toBe(true)
        expect(many.offsets.length).toBe(one.offsets.length)
        expect(Buffer.from(many.counts.buffer).equals(Buffer.from(one.counts.buffer))).toBe(true)
        expect(many.meta).toEqual(one.meta)
      }
    }
  })

  it('stops its threads when told to, and passes errors on', async () => {
    const base = built.readTokenizerJson(await llama2Json(), 'tokenizer.json')
    const files = await built.expandInputs(paths)
    const controller = new AbortController()
    const stopped = built.countWords(files, { base, threads: 2, signal: controller.signal })
    controller.abort()
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' })
    rmSync(paths[1])
    await expect(built.countWords(files, { base, threads: 2 })).rejects.toMatchObject({ code: 'io' })
  })
})
