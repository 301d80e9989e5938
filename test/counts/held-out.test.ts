import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { expandInputs } from '../../src/corpus/files'
import { countWords } from '../../src/counts/count'
import { createLineFilter, isHeldOut } from '../../src/counts/held-out'
import type { WordCounts } from '../../src/counts/types'
import { decodeUtf8, encodeUtf8 } from '../../src/text/utf8'

const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-held-out-'))
afterAll(() => rmSync(folder, { recursive: true }))

const held = (line: string, every: number) => {
  const bytes = encodeUtf8(line)
  return isHeldOut(bytes, 0, bytes.length, every)
}

function filtered(texts: readonly Uint8Array[], every: number, side: 'held' | 'others', block: number): string {
  const passed: number[] = []
  const filter = createLineFilter(every, side, (bytes) => void passed.push(...bytes))
  for (const text of texts) {
    for (let at = 0; at < text.length; at += block) filter.push(text.subarray(at, at + block))
    filter.end()
  }
  return decodeUtf8(Uint8Array.from(passed))
}

function mapOf({ bytes, offsets, counts }: WordCounts): Map<string, number> {
  return new Map(Array.from(counts, (count, i) => [decodeUtf8(bytes.subarray(offsets[i], offsets[i + 1])), count]))
}

const lines = Array.from({ length: 5000 }, (_, i) => `${i}번째 줄은 ${'가나다라마바사'[i % 7]}${(i * i) % 89}`)

describe('lines that are set apart', () => {
  it('are about one in so many, by what the line holds', () => {
    for (const every of [2, 10, 100]) {
      const share = lines.filter((line) => held(line, every)).length / lines.length
      expect(Math.abs(share * every - 1)).toBeLessThan(0.35)
    }
    expect(held('', 2) || held('', 3)).toBe(false)
    // The first 4,096 bytes decide.
    const long = 'x'.repeat(4096)
    expect(Array.from({ length: 20 }, (_, i) => held(`${long}${i}`, 2)).every((side) => side === held(long, 2))).toBe(
      true,
    )
    expect(new Set(Array.from({ length: 20 }, (_, i) => held(`${i}${long}`, 2)))).toEqual(new Set([true, false]))
  })

  it('are the same for blocks of any size and either line end, and the others are all else', () => {
    const giants = [
      `${'나'.repeat(3000)}\n`,
      `${'다'.repeat(1365)}x\r\n`,
      'y'.repeat(4096),
      '\r\n',
      'z'.repeat(4097),
      '\n',
    ]
    const texts = [`\ufeff${lines.slice(0, 300).join('\n')}`, lines.slice(300, 600).join('\r\n'), giants.join('')]
    const bytes = texts.map((text) => encodeUtf8(text))
    const whole = { held: filtered(bytes, 3, 'held', 50_000), others: filtered(bytes, 3, 'others', 50_000) }
    for (const block of [1, 7, 4096, 4097, 10_000]) {
      expect(filtered(bytes, 3, 'held', block) === whole.held, `blocks of ${block}`).toBe(true)
      expect(filtered(bytes, 3, 'others', block) === whole.others, `blocks of ${block}`).toBe(true)
    }
    expect(whole.held.length + whole.others.length).toBe(texts.join('').length)
    const expected = texts
      .join('\n')
      .split('\n')
      .map((line) => line.replace(/\r$/, ''))
    for (const line of whole.held.split(/\r?\n/))
      if (expected.includes(line) && line !== '') expect(held(line, 3)).toBe(true)
    // The same line has one side, whatever ends it.
    expect(filtered([encodeUtf8(`${lines[5]}\r\n`)], 2, 'held', 9) !== '').toBe(held(lines[5], 2))
    expect(filtered([encodeUtf8(lines[5])], 2, 'held', 9) !== '').toBe(held(lines[5], 2))
  })
})

describe('counting without them', () => {
  it('counts what the file without these lines holds, plain and compressed', async () => {
    const some = lines.concat(lines.slice(0, 50))
    writeFileSync(join(folder, 'all.txt'), some.join('\n'))
    writeFileSync(join(folder, 'all.txt.gz'), gzipSync(some.join('\n')))
    writeFileSync(join(folder, 'rest.txt'), some.filter((line) => !held(line, 5)).join('\n'))
    const count = async (name: string, leaveOut?: number) =>
      countWords(await expandInputs([join(folder, name)]), { form: 'sentencepiece', leaveOut })
    const rest = await count('rest.txt')
    const all = await count('all.txt', 5)
    expect(mapOf(all)).toEqual(mapOf(rest))
    expect(mapOf(await count('all.txt.gz', 5))).toEqual(mapOf(rest))
    expect(mapOf(await count('all.txt')).size).toBeGreaterThan(mapOf(rest).size)
    expect(all.meta['ko_vocab.left_out']).toBe('1 of 5 lines')
    await expect(count('all.txt', 1)).rejects.toMatchObject({ code: 'bad-option' })
  })
})
