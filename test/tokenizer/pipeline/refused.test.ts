import { describe, expect, it } from 'vitest'
import { compileNormalizer } from '../../../src/tokenizer/pipeline/normalize'
import { compilePreTokenizer } from '../../../src/tokenizer/pipeline/pre-tokenize'

const byteLevel = { type: 'ByteLevel', use_regex: true, add_prefix_space: false }

describe('what the pipeline does not know is refused by name', () => {
  it('normalizers', () => {
    expect(() => compileNormalizer({ type: 'Precompiled' })).toThrow(
      'normalizer Precompiled is not supported: it holds',
    )
    expect(() => compileNormalizer({ type: 'Sequence', normalizers: [{ type: 'Odd' }] })).toThrow('normalizer Odd')
    expect(() => compileNormalizer({ type: 'Sequence' })).toThrow('Sequence has no list "normalizers"')
    expect(() => compileNormalizer({ type: 'Replace', pattern: 'x', content: '' })).toThrow(
      'neither a String nor a Regex',
    )
  })

  it('pre-tokenizers', () => {
    const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers })
    expect(() => compilePreTokenizer({ type: 'UnicodeScripts' }, 'sentencepiece')).toThrow(
      'UnicodeScripts is not supported',
    )
    expect(() => compilePreTokenizer(byteLevel, 'sentencepiece')).toThrow(
      'ByteLevel over a vocabulary of SentencePiece form',
    )
    expect(() => compilePreTokenizer(sequence(byteLevel, { type: 'Digits' }), 'byte-level')).toThrow(
      'Digits behind ByteLevel',
    )
    expect(() =>
      compilePreTokenizer({ type: 'Split', pattern: { String: 'a' }, behavior: 'Odd' }, 'byte-level'),
    ).toThrow('split behavior "Odd"')
    expect(() => compilePreTokenizer({ type: 'Metaspace', prepend_scheme: 'odd' }, 'sentencepiece')).toThrow('"odd"')
    const contradiction = { type: 'Metaspace', prepend_scheme: 'always', add_prefix_space: false }
    expect(() => compilePreTokenizer(contradiction, 'sentencepiece')).toThrow('"always" beside add_prefix_space: false')
  })
})

describe('compilePreTokenizer', () => {
  it('keeps a segment whole without a node, and an empty one away', () => {
    const preTokenize = compilePreTokenizer(null, 'sentencepiece')
    expect(preTokenize('a b', true)).toEqual(['a b'])
    expect(preTokenize('', true)).toEqual([])
  })

  it('prepends to the first segment alone under prepend_scheme first', () => {
    const node = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true }
    const preTokenize = compilePreTokenizer(node, 'sentencepiece')
    expect(preTokenize('안녕 하', true)).toEqual(['▁안녕', '▁하'])
    expect(preTokenize('안녕 하', false)).toEqual(['안녕', '▁하'])
  })

  it('reads add_prefix_space of old files', () => {
    const node = { type: 'Metaspace', replacement: '▁', add_prefix_space: false }
    expect(compilePreTokenizer(node, 'sentencepiece')('a b', true)).toEqual(['a', '▁b'])
  })
})
