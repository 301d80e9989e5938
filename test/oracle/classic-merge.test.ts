/**
 * The merge as it is commonly done, beside ours: every donor piece that the base's .model lacks is appended with score
 * 0, above all that the base has learned. Both results are asked of C++ SentencePiece, and of the WebAssembly build.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SentencePieceProcessor } from 'sentencepiece-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mergeDonors } from '../../src/merge-donors'
import { llama2Model } from '../support/fixtures'
import { findPython } from '../support/python'
import { sharedDir, sharedLines } from '../support/shared'
import { askWorker, donorText, threeTexts, trainSpm } from './support/donors'

const python = findPython(['sentencepiece', 'google.protobuf'])

/** What bench/workers/compare_models.py prints for a road. */
interface Compared {
  added: number
  changed: Record<string, number[]>
  lines: Record<string, number>
  unreachable: string[]
  lost: string[]
  conjoining: string[]
  tokens: Record<string, [number, number]>
  conversion: { lines: number; differ: number } | null
}

const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-classic-'))
afterAll(() => rmSync(temporary, { recursive: true }))

/** English, and spellings that Latin pieces of a Korean donor meet; `.` for names of pieces of punctuation. */
const ENGLISH = [
  'The quick brown fox jumps over the lazy dog.',
  'Extensions can be installed from the Marketplace: open the Command Palette, and select "Install".',
  'const files = await workspace.findFiles("**/*.json") // settings and tasks',
  'Visual Studio Code is running on Windows, macOS and Linux.',
  'See https://code.visualstudio.com/docs/editor/debugging for more details.',
  'ERROR: the terminal process failed to launch (exit code: {0}).',
]

describe.skipIf(!python.path)(`the classic merge of donors ${donorText} (${python.reason})`, () => {
  const at = (name: string) => join(temporary, name)
  const found = {} as Record<'unigram' | 'bpe', Record<'classic' | 'ours', Compared>>
  let english: string[]

  beforeAll(async () => {
    const [first, second, heldOut] = await threeTexts()
    english = sharedDir ? await sharedLines('en', 2_000, 9) : ENGLISH
    writeFileSync(at('donor.txt'), `${first}\n${second}\nㅋㅋㅋㅋ ㅋㅋㅋ ㅠㅠ\n`)
    writeFileSync(at('ko.txt'), `${heldOut.split('\n').slice(0, 500).join('\n')}\n`)
    writeFileSync(at('en.txt'), `${english.join('\n')}\n`)
    writeFileSync(at('base.model'), llama2Model())
    for (const kind of ['unigram', 'bpe'] as const) {
      const donor = await trainSpm(at('donor.txt'), { kind, normalizer: 'nmt_nfkc', pieces: 4_000 }, temporary)
      await askWorker('classic_merge.py', { base: at('base.model'), donor, out: at(`${kind}-classic.model`) })
      const { files } = await mergeDonors({ base: at('base.model'), donors: [donor], audit: 'none' })
      writeFileSync(at(`${kind}-ours.model`), files.get('tokenizer.model')!)
      found[kind] = await askWorker('compare_models.py', {
        base: at('base.model'),
        merged: { classic: at(`${kind}-classic.model`), ours: at(`${kind}-ours.model`) },
        same: { en: at('en.txt') },
        korean: { ko: at('ko.txt') },
      })
    }
  }, 600_000)

  describe.each(['unigram', 'bpe'] as const)('%s', (kind) => {
    it('changes the ids of English lines, ours of none', () => {
      const { classic, ours } = found[kind]
      expect(classic.lines.en).toBe(english.length)
      expect(classic.changed.en.length).toBeGreaterThan(0)
      expect(ours.changed.en).toEqual([])
    })

    it('SentencePiece as WebAssembly finds the same lines', async () => {
      const before = new SentencePieceProcessor()
      await before.load(at('base.model'))
      for (const road of ['classic', 'ours'] as const) {
        const after = new SentencePieceProcessor()
        await after.load(at(`${kind}-${road}.model`))
        const changed = english.flatMap((line, i) =>
          before.encodeIds(line).join() === after.encodeIds(line).join() ? [] : [i],
        )
        expect(changed, road).toEqual(found[kind][road].changed.en)
      }
    })

    it('takes base pieces out of reach, ours none', () => {
      expect(found[kind].classic.lost.length).toBeGreaterThan(0)
      expect(found[kind].ours.lost).toEqual([])
    })

    it('adds pieces that nothing gives, ours none', () => {
      expect(found[kind].classic.unreachable.length).toBeGreaterThan(0)
      expect(found[kind].ours.unreachable).toEqual([])
    })

    it('adds jamo as NFKC makes them, which no text has; ours writes them as people type them', () => {
      expect(found[kind].classic.conjoining.length).toBeGreaterThan(0)
      expect(found[kind].ours.conjoining).toEqual([])
    })

    it('both shorten Korean', () => {
      for (const road of ['classic', 'ours'] as const) {
        const [before, after] = found[kind][road].tokens.ko
        expect(after, road).toBeLessThan(before)
      }
    })
  })

  const transformers = findPython(['transformers'])
  it.skipIf(!transformers.path)(
    `tokenizer.json as transformers converts it gives other ids than the .model; ours the same (${transformers.reason})`,
    () => {
      const differ = (road: 'classic' | 'ours') =>
        [found.unigram, found.bpe].map((both) => both[road].conversion?.differ)
      expect(Math.max(...differ('classic').map(Number))).toBeGreaterThan(0)
      expect(differ('ours')).toEqual([0, 0])
    },
  )
})
