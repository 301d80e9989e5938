import { describe, expect, it } from 'vitest'
import { derivationsOf, openedPieces } from '../../src/extend/derivations'
import { readTokenizerJson } from '../../src/tokenizer/files/tokenizer-json'
import type { Tokenizer } from '../../src/tokenizer/types'
import { llama3Json } from '../support/fixtures'
import { bytesExtended, hex, idOf, spmBase, spmExtended } from './audit/small'

function named(tokenizer: Tokenizer, piece: string) {
  const derivation = derivationsOf(tokenizer)(idOf(tokenizer, piece))
  const name = (id: number) => tokenizer.pieces[id]
  return (
    derivation && {
      halves: derivation.left < 0 ? null : [name(derivation.left), name(derivation.right)],
      parts: derivation.parts.map(name).sort(),
    }
  )
}

describe('derivationsOf', () => {
  it('names all that is made on the way, first symbols and base pieces included', () => {
    const extended = spmExtended(['▁나', '라마', '▁나라마'])
    expect(named(extended, '▁나라마')).toEqual({
      halves: ['▁나', '라마'],
      parts: ['▁', '▁나', '나', '라', '라마', '마'].sort(),
    })
    expect(named(extended, '뷁바')).toEqual({ halves: ['뷁', '바'], parts: ['바', '뷁'] })
    expect(named(extended, '뷁')).toEqual({ halves: null, parts: [] })
    const bytes = named(bytesExtended(), hex('ec9588eb8595'))
    expect(bytes?.halves).toEqual([hex('ec9588'), hex('eb8595')])
    expect(bytes?.parts).toHaveLength(9)
  })

  it('follows the merges that happen: 나다라 is made of 다라, which merges before 나다', () => {
    const extended = spmExtended(['나다', '라마', '나다라마'], ['나다라', '바', '나다라바'])
    expect(named(extended, '나다라바')?.halves).toEqual(['나다라', '바'])
    expect(named(extended, '나다라바')?.parts).not.toContain('나다')
    // Learned as 나다 라마, which never stand side by side, since 나다라 comes first.
    expect(named(extended, '나다라마')?.halves).toEqual(['나다라', '마'])
  })

  it('is null for what merges do not reach', () => {
    expect(named(spmBase, '가나다')).toBeNull()
    expect(named(spmBase, '<0xEA>')).toBeNull()
    expect(named(spmBase, '<s>')).toBeNull()
    const extended = spmExtended()
    expect(named(extended, '가나다')?.halves).toEqual(['가', '나다'])
    const llama3 = readTokenizerJson(llama3Json(), 'llama-3')
    const derivationOf = derivationsOf(llama3)
    let unreachable = 0
    for (let id = 0; id < 128_000; id++) if (!derivationOf(id)) unreachable++
    expect(unreachable).toBe(588)
  })
})

describe('openedPieces', () => {
  it('finds base pieces that only new pieces lead to', () => {
    const extended = spmExtended()
    const opened = openedPieces(extended, spmBase.pieces.length)
    expect([...opened]).toEqual([[idOf(extended, '가나다'), [idOf(extended, '나다')]]])
  })
})
