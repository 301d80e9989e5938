import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHeldOut } from '../../../src/counts/held-out'
import { type DocumentOptions, documentsOf } from '../../../src/trainer/data/documents'
import { runs } from '../../support/long'

const decoder = new TextDecoder()
async function read(lines: string[], options?: DocumentOptions): Promise<string[]> {
  const texts: string[] = []
  for await (const text of documentsOf(lines, options)) texts.push(decoder.decode(text))
  return texts
}

describe('documents', () => {
  it.each<[string[], string[]]>([
    [[], []],
    [[''], []],
    [[' ', '\t', '\u3000'], []],
    [['가'], ['가']],
    [['가', '나'], ['가\n나']],
    [
      ['', '가', '', '', '나', '다', ' ', '라', ''],
      ['가', '나\n다', '라'],
    ],
    [['  if x:', '    y'], ['  if x:\n    y']],
  ])('end at blank lines: %j', async (lines, texts) => {
    expect(await read(lines)).toEqual(texts)
  })

  it('end at every line where that is asked for', async () => {
    expect(await read(['가', '', '나', ' ', '다'], { ends: 'line' })).toEqual(['가', '나', '다'])
  })

  it('that are too long go on as others, at a line', async () => {
    expect(await read(['가나', '다라', '마', '', '바'], { maxBytes: 13 })).toEqual(['가나\n다라', '마', '바'])
    expect(await read(['가나다라마바사', '아', '자'], { maxBytes: 4 })).toEqual(['가나다라마바사', '아', '자'])
  })

  it('are on one side or the other, by their own bytes', async () => {
    const line = fc.constantFrom('', '가', '나다', 'abc', '라 마 바', 'x'.repeat(5000), '가'.repeat(3000))
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 40 }), fc.integer({ min: 2, max: 5 }), async (lines, every) => {
        const all = await read(lines)
        const sides = (text: string) => {
          const bytes = new TextEncoder().encode(text)
          return isHeldOut(bytes, 0, bytes.length, every)
        }
        expect(await read(lines, { heldOut: { every, side: 'held' } })).toEqual(all.filter(sides))
        expect(await read(lines, { heldOut: { every, side: 'others' } })).toEqual(all.filter((text) => !sides(text)))
      }),
      { numRuns: runs(100, 1000) },
    )
  })

  it('keep all their parts on one side', async () => {
    const documents = Array.from({ length: 60 }, (_, i) => Array.from({ length: 8 }, (_, k) => `문서 ${i} 줄 ${k}`))
    const lines = documents.flatMap((document) => [...document, ''])
    const held = await read(lines, { maxBytes: 40, heldOut: { every: 3, side: 'held' } })
    const others = await read(lines, { maxBytes: 40, heldOut: { every: 3, side: 'others' } })
    const documentOf = (part: string) => part.split(' ')[1]
    const heldDocuments = new Set(held.map(documentOf))
    expect(heldDocuments.size).toBeGreaterThan(5)
    expect(heldDocuments.size).toBeLessThan(40)
    expect(others.some((part) => heldDocuments.has(documentOf(part)))).toBe(false)
    expect([...held, ...others].join('\n').split('\n').sort()).toEqual(documents.flat().sort())
  })

  it.each<[DocumentOptions, string]>([
    [{ heldOut: { every: 1, side: 'held' } }, 'heldOut.every must be a whole number from 2, not 1'],
    [{ heldOut: { every: 2.5, side: 'held' } }, 'not 2.5'],
    [{ maxBytes: 0 }, 'maxBytes must be a whole number from 1, not 0'],
  ])('%j is refused', async (options, message) => {
    await expect(read(['가'], options)).rejects.toThrow(message)
  })
})
