/** Small bases and good extensions of them, written for these tests; each test breaks one in its own way. */
import { auditExtension } from '../../../src/extend/audit/audit'
import type { AuditOptions, AuditReport } from '../../../src/extend/audit/types'
import { extendTokenizer } from '../../../src/extend/extend'
import type { LearnedPiece } from '../../../src/merges/types'
import { scopeNamed } from '../../../src/text/scope'
import { encodeUtf8 } from '../../../src/text/utf8'
import { bytesToPiece } from '../../../src/tokenizer/byte-alphabet'
import { CL100K_PATTERN } from '../../../src/tokenizer/files/derived'
import { readSentencePiece } from '../../../src/tokenizer/files/sentencepiece-model'
import { readTiktoken } from '../../../src/tokenizer/files/tiktoken'
import type { Tokenizer } from '../../../src/tokenizer/types'
import { bytePieces, smallModel } from '../../tokenizer/files/small'

/** `나다라` merges by `나 다라`; `가나다` by nothing until `나다` is learned; `▁▁` has Llama-2's score. */
const BASE_PIECES = ['▁가', 'ab', '다라', '나다라', '가나다']
const CHARACTERS = [...'▁ab가나다라마바가']

export const spmBase: Tokenizer = readSentencePiece(
  smallModel({
    pieces: [
      { piece: '<unk>', type: 2 },
      { piece: '<s>', type: 3 },
      { piece: '</s>', type: 3 },
      ...bytePieces.map((piece) => ({ piece, type: 6 })),
      ...BASE_PIECES.map((piece, i) => ({ piece, score: -i })),
      { piece: '▁▁', score: -1e9 },
      ...CHARACTERS.map((piece, i) => ({ piece, score: -i - BASE_PIECES.length })),
    ],
  }),
  'small.model',
)

const SPM_LEARNED: [string | null, string | null, string][] = [
  ['나', '다', '나다'],
  ['▁', '나', '▁나'],
  [null, null, '뷁'],
  ['라', '마', '라마'],
  ['▁', '라마', '▁라마'],
  ['뷁', '바', '뷁바'],
]

function learn(base: Tokenizer, pieces: readonly [string | null, string | null, string][]): Tokenizer {
  const learned: LearnedPiece[] = pieces.map(([left, right, piece]) => ({ piece, left, right, count: 1 }))
  return extendTokenizer(base, { pieces: learned, meta: {} })
}

/** A good extension of spmBase, with more learned pieces behind the usual ones; new arrays each time. */
export function spmExtended(...more: [string | null, string | null, string][]): Tokenizer {
  return learn(spmBase, [...SPM_LEARNED, ...more])
}

const rank = (bytes: Uint8Array | number[], id: number) => `${Buffer.from(bytes).toString('base64')} ${id}\n`

export const bytesBase: Tokenizer = readTiktoken(
  [...Array.from({ length: 256 }, (_, byte) => rank([byte], byte)), rank(encodeUtf8('ab'), 256)].join(''),
  'tokenizer.tiktoken',
  {
    pattern: CL100K_PATTERN,
    special: { '<|begin|>': 257, '<|end|>': 258 },
  },
)

/** Bytes in hex → piece. */
export const hex = (bytes: string): string =>
  bytesToPiece(Uint8Array.from(Buffer.from(bytes.replaceAll(' ', ''), 'hex')))

/** 안녕, byte by byte; ` 안` with its space. */
const BYTES_LEARNED: [string, string, string][] = [
  [hex('ec'), hex('95'), hex('ec95')],
  [hex('ec95'), hex('88'), hex('ec9588')],
  [hex('eb'), hex('85'), hex('eb85')],
  [hex('eb85'), hex('95'), hex('eb8595')],
  [hex('ec9588'), hex('eb8595'), hex('ec9588eb8595')],
  [hex('20'), hex('ec9588'), hex('20ec9588')],
]

export function bytesExtended(...more: [string, string, string][]): Tokenizer {
  return learn(bytesBase, [...BYTES_LEARNED, ...more])
}

export const hangul = scopeNamed('hangul')

export const SAMPLES = [
  '가나다라마',
  ' 나다라마바 나다',
  '  나  라마',
  '뷁바 ab 가나다',
  '안녕 안녕ab',
  ' 안 2024년 안녕!',
  '나다라',
]

/** Most breaks show without the sweep, which takes seconds. */
export const NO_SWEEP = ['3-scope-sweep', '6-round-trip-sweep']

export async function audit(extended: Tokenizer, options: Partial<AuditOptions> = {}): Promise<AuditReport> {
  const base = extended.form === 'sentencepiece' ? spmBase : bytesBase
  return auditExtension({
    base,
    extended,
    scope: hangul,
    samples: SAMPLES,
    level: 'quick',
    skip: NO_SWEEP,
    referees: 'none',
    ...options,
  })
}

/** Ids of the checks that failed, sorted. */
export function failed(report: AuditReport): string[] {
  return report.checks.filter((check) => !check.passed).map((check) => check.id)
}

/** The id of a piece. */
export function idOf(tokenizer: Tokenizer, piece: string): number {
  const id = tokenizer.pieces.lastIndexOf(piece)
  if (id < 0) throw new Error(`no piece ${piece}`)
  return id
}

/** The tokenizer with its merges as a list changed: [left, right, result] as pieces. */
export function withMerges(
  tokenizer: Tokenizer,
  change: (merges: [string, string, string][]) => [string, string, string][],
): Tokenizer {
  const { left, right, result } = tokenizer.merges
  const name = (id: number) => tokenizer.pieces[id]
  const list = change(Array.from(left, (l, i) => [name(l), name(right[i]), name(result[i])]))
  const column = (at: number) => Int32Array.from(list, (merge) => idOf(tokenizer, merge[at]))
  return { ...tokenizer, merges: { left: column(0), right: column(1), result: column(2) } }
}
