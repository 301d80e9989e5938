/** Checks over strings: base first, round trip, text that may not change, agreement of the formats. */
import { throwIfAborted } from '../../errors'
import { mayChange, SCOPES, type Scope } from '../../text/scope'
import { compileDecoder } from '../../tokenizer/decode'
import { createEncoder, type Encoder, encode } from '../../tokenizer/encoder'
import type { Tokenizer } from '../../tokenizer/types'
import { changeNotes, createTextChange, hasHangul, noteLine } from './asked-changes'
import { collect, pause, sameIds, show, someIds } from './check'
import { continueBase } from './continue-base'
import { random } from './fuzz'
import { spelledText } from './spelling'
import type { Check, OpenReferee, UnchangedText } from './types'

/** Both tokenizers ready to encode. */
export interface Pair {
  base: Encoder
  extended: Encoder
  /** By id: 1 where some text gave it. */
  produced: Uint8Array
}

export function createPair(base: Tokenizer, extended: Tokenizer): Pair {
  const cacheWords = 1 << 16
  return {
    base: createEncoder(base, { cacheWords }),
    extended: createEncoder(extended, { cacheWords }),
    produced: new Uint8Array(extended.pieces.length),
  }
}

function encodeExtended({ extended, produced }: Pair, text: string): Int32Array {
  const ids = encode(extended, text)
  for (let i = 0; i < ids.length; i++) produced[ids[i]] = 1
  return ids
}

/** Invariant 4 on strings: the ids are what going on from the base's ids gives. */
export async function checkBaseFirst(pair: Pair, texts: readonly string[], signal?: AbortSignal): Promise<Check> {
  const { count, fail, check } = collect('4-base-first', 'encoding goes on from what the base gives')
  const go = continueBase(pair.base.tokenizer, pair.extended.tokenizer)
  for (const text of texts) {
    count()
    if ((check().counted & 0x3ff) === 0) await breathe(signal)
    const ids = encodeExtended(pair, text)
    const continued = go(text)
    if (!sameIds(ids, continued)) fail({ text: show(text), continued: someIds(continued), ids: someIds(ids) })
  }
  return check()
}

/** Invariant 6: ids decode to the normalized text, a dummy prefix apart. */
export async function checkRoundTrip(pair: Pair, texts: readonly string[], signal?: AbortSignal): Promise<Check> {
  const { count, fail, note, check } = collect('6-round-trip', 'decoding gives the normalized text back')
  const spelled = spelledText(pair.extended.tokenizer)
  const decode = compileDecoder(pair.extended.tokenizer)
  const decodeBase = compileDecoder(pair.base.tokenizer)
  let quirks = 0
  for (const text of texts) {
    count()
    if ((check().counted & 0x3ff) === 0) await breathe(signal)
    const expected = spelled(text)
    const decoded = decode(encodeExtended(pair, text), { skipSpecialTokens: false })
    if (decoded === expected || ` ${decoded}` === expected) continue
    if (decoded === decodeBase(encode(pair.base, text), { skipSpecialTokens: false })) quirks++
    else fail({ text: show(text), decoded: show(decoded), expected: show(expected) })
  }
  if (quirks > 0) note(`${quirks} come back changed from the base too`)
  return check()
}

/** How many lines of one text the referees get to see. */
const SAMPLED_LINES = 400

/**
 * Lines of other languages and code keep their ids. A line with a character that may change, or with a new added token,
 * is counted and left out; with a scope of more than Hangul, what becomes of those without Hangul is told.
 *
 * @returns the check, and a seeded sample of the lines for the referees
 */
export async function checkUnchanged(
  pair: Pair,
  texts: Iterable<UnchangedText> | AsyncIterable<UnchangedText> | undefined,
  scope: Scope,
  seed: number,
  signal?: AbortSignal,
): Promise<{ check: Check; sample: string[] }> {
  const { count, fail, note, skip, check } = collect('3-scope-corpus', 'text that may not change keeps its ids')
  const sample: string[] = []
  const firstNew = pair.base.tokenizer.pieces.length
  const asked = pair.extended.tokenizer.addedTokens.filter(({ id }) => id >= firstNew).map(({ content }) => content)
  for await (const { name, lines } of texts ?? []) {
    const next = random(seed)
    const kept: string[] = []
    const change = createTextChange(name)
    let compared = 0
    let left = 0
    let number = 0
    for await (const line of lines) {
      number++
      if ((number & 0xfff) === 0) await breathe(signal)
      if (line === '') continue
      const named = asked.some((content) => line.includes(content))
      if (named || touches(scope, line)) {
        left++
        if (named || scope === SCOPES.hangul || hasHangul(line)) continue
        const before = { tokenizer: pair.base.tokenizer, ids: encode(pair.base, line) }
        noteLine(change, number, line, before, { tokenizer: pair.extended.tokenizer, ids: encodeExtended(pair, line) })
        continue
      }
      compared++
      const old = encode(pair.base, line)
      const ids = encodeExtended(pair, line)
      if (!sameIds(old, ids)) fail({ text: name, line: number, content: show(line), ...difference(old, ids) })
      // Reservoir sampling (Vitter's algorithm R): any line may come, whatever the length of the text.
      const place = kept.length < SAMPLED_LINES ? kept.length : Math.floor(next() * compared)
      if (place < SAMPLED_LINES) kept[place] = line
    }
    count(compared)
    note(`${name}: ${compared} lines compared${left > 0 ? `, ${left} with text of the scope left out` : ''}`)
    for (const told of changeNotes(change)) note(told)
    if (change.lines > 0) check().changes = [...(check().changes ?? []), change]
    sample.push(...kept)
  }
  if (check().notes === undefined) skip('no text was given')
  return { check: check(), sample }
}

function touches(scope: Scope, line: string): boolean {
  for (let i = 0; i < line.length; i++) {
    // Nothing below U+1100 is in a scope except `all`, where everything is.
    const unit = line.charCodeAt(i)
    if (unit < 0x1100 && scope.name !== 'all') continue
    const codePoint = line.codePointAt(i)!
    if (mayChange(scope, codePoint)) return true
    if (codePoint > 0xffff) i++
  }
  return false
}

/** Where two lists of ids part ways, a few on each side. */
function difference(old: Int32Array, ids: Int32Array): { at: number; baseIds: number[]; ids: number[] } {
  let at = 0
  while (at < old.length && old[at] === ids[at]) at++
  return { at, baseIds: Array.from(old.slice(at, at + 8)), ids: Array.from(ids.slice(at, at + 8)) }
}

/**
 * Invariant 7: a second implementation gives the same ids for the file it reads. Where it parts ways with us on the
 * base's file too, the base is at odds with itself (control tokens written out in text, equal scores): counted, no
 * failure.
 *
 * @param openBase the referee on the base's file; opened when it is needed, null when there is none
 */
export async function checkAgreement(
  pair: Pair,
  name: string,
  file: string,
  referee: OpenReferee,
  openBase: () => Promise<OpenReferee | null>,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<Check> {
  const { count, fail, note, check } = collect(`7-agree-${name}`, `${file} gives the same ids as our encoder`)
  let ofBase: OpenReferee | null | undefined
  let odd = 0
  for (const text of texts) {
    count()
    if ((check().counted & 0x3ff) === 0) await breathe(signal)
    const ids = encodeExtended(pair, text)
    const theirs = referee.encode(text)
    if (sameIds(ids, theirs)) continue
    if (ofBase === undefined) ofBase = await openBase()
    if (ofBase && !sameIds(encode(pair.base, text), ofBase.encode(text))) odd++
    else fail({ text: show(text), ids: someIds(ids), [name]: someIds(theirs) })
  }
  ofBase?.close?.()
  note(`base disagrees with itself on ${odd} of them`)
  return check()
}

async function breathe(signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal)
  await pause()
}
