import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { readTokenizerJson } from '../../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../../src/tokenizer/types'
import { createDocumentEncoder } from '../../../src/trainer/data/document-encoder'
import { documentsOf } from '../../../src/trainer/data/documents'
import { type EvaluationBlocks, evaluationStart, evaluationWindows } from '../../../src/trainer/data/windows'
import { IGNORED } from '../../../src/trainer/plan/step-inputs'
import { koreanText, llama2Json, llama3Json } from '../../support/fixtures'
import { runs } from '../../support/long'
import { byteEncoder } from './byte-encoder'

const { encode } = byteEncoder([], [])

async function windowsOf(
  documents: Uint8Array[],
  options: Parameters<typeof evaluationWindows>[2],
): Promise<EvaluationBlocks[]> {
  const all: EvaluationBlocks[] = []
  for await (const blocks of evaluationWindows(documents, encode, options)) all.push(blocks)
  return all
}

describe('evaluation windows', () => {
  it('predict every token once, with the tokens before it in view', async () => {
    const documents = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
    const sizes = fc.record({
      length: fc.integer({ min: 1, max: 16 }),
      rows: fc.integer({ min: 1, max: 4 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      start: fc.constantFrom([256], [256, 257]),
    })
    await fc.assert(
      fc.asyncProperty(documents, sizes, async (texts, { length, rows, share, start }) => {
        const stride = Math.max(1, Math.round(share * length))
        const all = await windowsOf(texts, { length, rows, stride, start, pad: 255 })
        const predicted: number[] = []
        for (const { ids, labels, positions, documentStart, targets } of all) {
          expect(labels.filter((label) => label !== IGNORED)).toHaveLength(targets)
          for (const [at, label] of labels.entries()) {
            const column = at % length
            if (label === IGNORED) continue
            predicted.push(label)
            const first = documentStart[at]
            expect(positions[at]).toBe(column - first)
            // What is in view ends right before the token, in one of the documents.
            const view = [...ids.subarray(at - (column - first), at + 1), label]
            expect(texts.some((text) => ` ${[...start, ...text].join(' ')} `.includes(` ${view.join(' ')} `))).toBe(
              true,
            )
            // As much of it as was promised, or all from the document's beginning.
            if (view.length - 1 < length - stride) expect(view[0]).toBe(256)
          }
        }
        expect(predicted).toEqual(texts.flatMap((text) => [...text]))
        expect(all.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(texts.reduce((sum, text) => sum + text.length, 0))
        expect(all.reduce((sum, one) => sum + one.documents, 0)).toBe(texts.filter((text) => text.length > 0).length)
      }),
      { numRuns: runs(200, 3000) },
    )
  })

  it('short documents share a row, each seeing itself alone', async () => {
    const [blocks] = await windowsOf([Uint8Array.of(1, 2), Uint8Array.of(3)], { length: 4, rows: 1, start: [256] })
    expect([...blocks.ids]).toEqual([256, 1, 256, 0])
    expect([...blocks.labels]).toEqual([1, 2, 3, IGNORED])
    expect([...blocks.documentStart]).toEqual([0, 0, 2, 3])
    expect([...blocks.positions]).toEqual([0, 1, 0, 0])
    expect(blocks).toMatchObject({ tokens: 3, targets: 3, bytes: 3, documents: 2 })
  })

  it('ends with the document that reaches the bytes asked for', async () => {
    const texts = Array.from({ length: 9 }, (_, i) => Uint8Array.of(i, i, i))
    const all = await windowsOf(texts, { length: 8, rows: 1, start: [256], maxBytes: 10 })
    expect(all.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(12)
  })

  it.each([
    [{ length: 0, rows: 1, start: [1] }, 'length must be'],
    [{ length: 4, rows: 0, start: [1] }, 'rows must be'],
    [{ length: 4, rows: 1, start: [1], stride: 5 }, 'the stride 5 is above the length 4'],
    [{ length: 4, rows: 1, start: [] }, 'needs an id in front'],
  ])('%j is refused', async (options, message) => {
    await expect(windowsOf([], options)).rejects.toThrow(message)
  })
})

describe('with real tokenizers', () => {
  let llama2: Tokenizer
  let llama3: Tokenizer
  beforeAll(async () => {
    llama2 = readTokenizerJson(await llama2Json(), 'llama-2')
    llama3 = readTokenizerJson(llama3Json(), 'llama-3')
  })

  it('what stands in front of a text', () => {
    expect(evaluationStart(llama2)).toEqual([1])
    expect(evaluationStart(llama3)).toEqual([128_000])
    expect(() => evaluationStart({ ...llama3, addedTokens: [] })).toThrow('no token to put in front')
  })

  it('bytes are the same for both, tokens are not', async () => {
    const lines = (await koreanText()).split('\n').slice(0, 300)
    const measured = []
    for (const tokenizer of [llama2, llama3]) {
      const encoder = createDocumentEncoder(tokenizer, { bos: 'never' })
      const start = evaluationStart(tokenizer)
      const sum = { bytes: 0, targets: 0 }
      const documents = documentsOf(lines, { ends: 'line' })
      for await (const blocks of evaluationWindows(documents, encoder.encode, { length: 64, rows: 4, start })) {
        sum.bytes += blocks.bytes
        sum.targets += blocks.targets
      }
      measured.push(sum)
    }
    const bytes = lines.filter((line) => line.trim() !== '').reduce((sum, line) => sum + Buffer.byteLength(line), 0)
    expect(measured.map((sum) => sum.bytes)).toEqual([bytes, bytes])
    expect(measured[1].targets).toBeLessThan(measured[0].targets * 0.6)
  })
})
