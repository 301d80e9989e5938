import { throwIfAborted } from '../../errors'
import { mayChange, type Scope } from '../../text/scope'
import { decodeUtf8, encodeUtf8 } from '../../text/utf8'
import { compileDecoder } from '../../tokenizer/decode'
import { createEncoder, type Encoder, encode, encodeBytes } from '../../tokenizer/encoder'
import type { Tokenizer } from '../../tokenizer/types'
import { collect, pause, sameIds, show, someIds } from './check'
import { idBytes, spelledText, spells } from './spelling'
import type { Check } from './types'

interface Context {
  name: string
  before: string
  /** null: the scalar again. */
  after: string | null
  /** Holds text of the scope itself, which may change: only the round trip is checked. */
  inScope?: boolean
}

const ALONE: Context = { name: 'alone', before: '', after: '' }

/** Beside letters, spaces (runs are pieces of their own), digits, itself, and text of the scope. */
const CONTEXTS: readonly Context[] = [
  ALONE,
  { name: 'between letters', before: 'a', after: 'b' },
  { name: 'after a space', before: 'the ', after: '' },
  { name: 'after two spaces', before: '  ', after: ' ' },
  { name: 'between a digit and a stop', before: '1', after: '.' },
  { name: 'doubled', before: '', after: null },
  { name: 'after 한', before: '한', after: '', inScope: true },
  { name: 'before 한', before: '', after: '한', inScope: true },
  { name: 'between 한 and 글', before: ' 한', after: '글', inScope: true },
]

const SCALARS = 0x110000 - 0x800

export interface SweepOptions {
  scope: Scope
  /** In all contexts, or alone only. */
  contexts: boolean
  /** By id: set to 1 where an encoding gave it. */
  produced: Uint8Array
  onProgress?: (done: number, total: number) => void
  signal?: AbortSignal
}

/**
 * Every one of the 1,112,064 Unicode scalar values, alone and in contexts. Outside the scope the ids must be those of
 * the base, for the whole string; everywhere the ids must spell the text, and alone the decoder must give it back.
 *
 * @returns 3-scope-sweep and 6-round-trip-sweep
 */
export async function sweepScalars(base: Tokenizer, extended: Tokenizer, options: SweepOptions): Promise<Check[]> {
  const { scope, produced, onProgress, signal } = options
  const contexts = options.contexts ? CONTEXTS : [ALONE]
  const scopeSweep = collect('3-scope-sweep', 'no scalar value outside the scope changes its ids')
  const roundTrip = collect('6-round-trip-sweep', 'every scalar value comes back')
  scopeSweep.note(`contexts: ${contexts.map((context) => context.name).join(', ')}`)

  // Scalars do not come again: a large cache would only be filled.
  const before = createEncoder(base, { cacheWords: 1024 })
  const after = createEncoder(extended, { cacheWords: 1024 })
  const spelling = idBytes(extended)
  const decode = compileDecoder(extended)
  const decodeBase = compileDecoder(base)
  const spelled = spelledText(extended)
  // Without a normalizer that changes letters, ids spell the bytes that went in.
  const plain = isPlain(after) && isPlain(before)
  const spaceMark = extended.form === 'sentencepiece' ? 0x2581 : -1
  const asked = new Set(
    extended.addedTokens.filter(({ id }) => id >= base.pieces.length).map(({ content }) => content.codePointAt(0)!),
  )
  let quirks = 0

  const text = new Uint8Array(64)
  const wanted = new Uint8Array(64)
  let visited = 0
  for (const context of contexts) {
    const head = encodeUtf8(context.before)
    const tail = encodeUtf8(context.after ?? '')
    text.set(head)
    wanted.set(head)
    for (let codePoint = 0; codePoint < 0x110000; codePoint++) {
      if (codePoint === 0xd800) codePoint = 0xe000
      if ((++visited & 0xffff) === 0) {
        throwIfAborted(signal)
        onProgress?.(visited, SCALARS * contexts.length)
        await pause()
      }
      let end = writeScalar(text, head.length, codePoint)
      let wantedEnd = writeScalar(wanted, head.length, codePoint === spaceMark ? 0x20 : codePoint)
      if (context.after === null) {
        end = writeScalar(text, end, codePoint)
        wantedEnd = writeScalar(wanted, wantedEnd, codePoint === spaceMark ? 0x20 : codePoint)
      } else {
        text.set(tail, end)
        wanted.set(tail, wantedEnd)
        end += tail.length
        wantedEnd += tail.length
      }
      const ids = plain ? encodeBytes(after, text, 0, end) : encode(after, decodeUtf8(text.subarray(0, end)))
      for (let i = 0; i < ids.length; i++) produced[ids[i]] = 1

      if (!context.inScope && !mayChange(scope, codePoint) && !asked.has(codePoint)) {
        scopeSweep.count()
        const old = plain ? encodeBytes(before, text, 0, end) : encode(before, decodeUtf8(text.subarray(0, end)))
        if (!sameIds(old, ids)) {
          const string = show(decodeUtf8(text.subarray(0, end)))
          scopeSweep.fail({
            codePoint: name(codePoint),
            context: context.name,
            text: string,
            baseIds: someIds(old),
            ids: someIds(ids),
          })
        }
      }

      roundTrip.count()
      if (plain && !spells(spelling, ids, wanted, wantedEnd)) {
        roundTrip.fail({
          codePoint: name(codePoint),
          context: context.name,
          ids: someIds(ids),
          why: 'ids spell another',
        })
      } else if (context === ALONE || !plain) {
        const string = decodeUtf8(text.subarray(0, end))
        const expected = plain ? decodeUtf8(wanted.subarray(0, wantedEnd)) : spelled(string)
        const decoded = decode(ids, { skipSpecialTokens: false })
        if (decoded === expected || ` ${decoded}` === expected) continue
        if (decoded === decodeBase(encode(before, string), { skipSpecialTokens: false })) quirks++
        else roundTrip.fail({ codePoint: name(codePoint), context: context.name, decoded: show(decoded) })
      }
    }
  }
  onProgress?.(visited, visited)
  if (quirks > 0) roundTrip.note(`${quirks} come back changed from the base too`)
  return [scopeSweep.check(), roundTrip.check()]
}

function isPlain({ fast }: Encoder): boolean {
  return fast !== null && !(fast.kind === 'scanner' && fast.composes)
}

function name(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`
}

/** Writes a scalar value as UTF-8; where it ends. */
function writeScalar(bytes: Uint8Array, at: number, codePoint: number): number {
  if (codePoint < 0x80) {
    bytes[at] = codePoint
    return at + 1
  }
  const more = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3
  bytes[at] = (more === 1 ? 0xc0 : more === 2 ? 0xe0 : 0xf0) | (codePoint >> (6 * more))
  for (let i = 1; i <= more; i++) bytes[at + i] = 0x80 | ((codePoint >> (6 * (more - i))) & 0x3f)
  return at + more + 1
}
