import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { huggingFaceReferee } from '../../../src/extend/audit/referees/huggingface'
import { sentencePieceReferee } from '../../../src/extend/audit/referees/sentencepiece'
import { tiktokenReferee } from '../../../src/extend/audit/referees/tiktoken'
import { tokenizerFiles } from '../../../src/tokenizer/files/formats'
import { llama2Model } from '../../support/fixtures'
import { bytesExtended, hex, idOf, spmExtended } from './small'

const require = createRequire(import.meta.url)

function installed(name: string): string {
  let folder = dirname(require.resolve(name))
  for (;;) {
    try {
      const { name: found, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (found === name) return version as string
    } catch {}
    folder = dirname(folder)
  }
}

describe('referees', () => {
  it.each([huggingFaceReferee, sentencePieceReferee])('$version is what is installed', ({ version }) => {
    const [name, line] = version.split(' ')
    expect(installed(name).startsWith(`${line}.`)).toBe(true)
  })

  it('SentencePiece: the real Llama-2 model, whole pieces without the dummy prefix, no handlers left behind', async () => {
    const before = process.listeners('uncaughtException').length + process.listeners('unhandledRejection').length
    const referee = await sentencePieceReferee.open('tokenizer.model', new Map([['tokenizer.model', llama2Model()]]))
    expect(process.listeners('uncaughtException').length + process.listeners('unhandledRejection').length).toBe(before)
    expect(Array.from(referee.encode('안녕'))).toEqual([29871, 31734, 238, 136, 152])
    expect(Array.from(referee.encodePiece('안'))).toEqual([31734])
    expect(Array.from(referee.encodePiece('▁of'))).toEqual([310])
  })

  it('tiktoken and Hugging Face reach a piece that ends inside a character', async () => {
    const extended = bytesExtended()
    const { files } = tokenizerFiles(extended)
    const piece = hex('ec95')
    for (const [referee, name] of [
      [tiktokenReferee, 'tokenizer.tiktoken'],
      [huggingFaceReferee, 'tokenizer.json'],
    ] as const) {
      const open = await referee.open(name, files)
      expect(Array.from(open.encodePiece(piece))).toEqual([idOf(extended, piece)])
      expect(Array.from(open.encode('<|end|>안녕'))).toEqual([258, idOf(extended, hex('ec9588eb8595'))])
    }
  })

  it('each reads its own files only', () => {
    const { files } = tokenizerFiles(spmExtended())
    const bytes = tokenizerFiles(bytesExtended()).files
    const read = [...files, ...bytes].map(([name, content]) =>
      [huggingFaceReferee, sentencePieceReferee, tiktokenReferee]
        .filter((referee) => referee.reads(name, content))
        .map((referee) => `${referee.name} ${name}`),
    )
    expect(read.flat()).toEqual([
      'huggingface tokenizer.json',
      'sentencepiece tokenizer.model',
      'huggingface tokenizer.json',
      'tiktoken tokenizer.tiktoken',
    ])
  })
})
