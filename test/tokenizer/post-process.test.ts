import { describe, expect, it } from 'vitest'
import { addSpecialTokens } from '../../src/tokenizer/post-process'
import type { JsonNode } from '../../src/tokenizer/types'

function template(before: string[], after: string[]): JsonNode {
  return {
    type: 'TemplateProcessing',
    single: [
      ...before.map((id) => ({ SpecialToken: { id, type_id: 0 } })),
      { Sequence: { id: 'A', type_id: 0 } },
      ...after.map((id) => ({ SpecialToken: { id, type_id: 0 } })),
    ],
    special_tokens: {
      '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] },
      '</s>': { id: '</s>', ids: [2, 3], tokens: ['<', '/s>'] },
    },
  }
}

const around = (postProcessor: JsonNode | null) => addSpecialTokens({ postProcessor }, [7, 8])

describe('addSpecialTokens', () => {
  it('puts the template around the ids', () => {
    expect(around(template(['<s>'], ['</s>']))).toEqual([1, 7, 8, 2, 3])
    expect(around({ type: 'Sequence', processors: [{ type: 'ByteLevel' }, template(['<s>'], [])] })).toEqual([1, 7, 8])
  })

  it('adds nothing without one', () => {
    expect(around(null)).toEqual([7, 8])
    expect(around({ type: 'ByteLevel' })).toEqual([7, 8])
    expect(around({ type: 'Sequence', processors: [] })).toEqual([7, 8])
  })

  it('names what it cannot follow', () => {
    expect(() => around({ type: 'RobertaProcessing' })).toThrow('post-processor RobertaProcessing is not supported')
    expect(() => around(template(['<pad>'], []))).toThrow('names the special token "<pad>", which special_tokens lacks')
    expect(() => around({ type: 'TemplateProcessing', single: [] })).toThrow('0 times instead of once')
  })
})
