/**
 * Decoding by copying: the code units of each piece lie in one array, found by id, and are put one after the other.
 * With bytes as units the result is UTF-8, with 16 bits UTF-16. Pieces get there when they are first met.
 */
import { codePointAt, decodeUtf8, encodeUtf8, isValidUtf8, utf8Length } from '../text/utf8'
import { type DecodePlan, pieceParts } from './decode-plan'
import { type Decodable, specialIds } from './decode-steps'

/** Kinds of entries; 0 is one that was not met yet. */
const WHOLE = 1
/** Bytes, a unit each, that become characters together with those beside them. */
const LOOSE = 2
/** No id, or a piece that only the steps on strings can handle. */
const ODD = 3
/** A flag beside those. */
const SPECIAL = 4

export interface DecodeTable<Units extends Uint8Array | Uint16Array = Uint8Array | Uint16Array> {
  tokenizer: Decodable
  plan: DecodePlan
  special: Set<number>
  /** Ids. */
  size: number
  /** What is stripped of the joined text, in these units. */
  strips: { content: Units; start: number; stop: number }[]
  /** Entries: one an id, and where the first piece differs, after those again one an id. */
  kinds: Uint8Array
  /** By entry, where its units begin and end. */
  places: Int32Array
  units: Units
  used: number
  /** What the last call gave is out[start .. end). */
  out: Units
  start: number
  end: number
  /** Loose bytes that wait for what follows. */
  run: Uint8Array
}

export function createDecodeTable<Units extends Uint8Array | Uint16Array>(
  tokenizer: Decodable,
  plan: DecodePlan,
  units: new (length: number) => Units,
): DecodeTable<Units> {
  const size = tokenizer.pieces.length
  const entries = size * (plan.firstDiffers ? 2 : 1)
  return {
    tokenizer,
    plan,
    special: specialIds(tokenizer),
    size,
    strips: plan.strips.map(({ content, start, stop }) => {
      const spelled = new units(content.length)
      const end = write(spelled, 0, content, content.length)
      return { content: spelled.slice(0, end) as Units, start, stop }
    }),
    kinds: new Uint8Array(entries),
    places: new Int32Array(entries * 2),
    units: new units(1 << 12),
    used: 0,
    out: new units(1 << 12),
    start: 0,
    end: 0,
    run: new Uint8Array(64),
  }
}

/**
 * Puts the units of all pieces into `table.out`, between `table.start` and `table.end`.
 *
 * @returns false when an id or piece is there that only the steps on strings can handle
 */
export function copyPieces(table: DecodeTable, ids: ArrayLike<number>, skipSpecialTokens: boolean): boolean {
  const { kinds, places, size } = table
  let { units, out, run } = table
  let base = table.plan.firstDiffers ? size : 0
  let end = 0
  let loose = 0
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]
    const entry = base + id
    let kind = kinds[entry]
    if (kind !== WHOLE || id < 0 || id >= size) {
      if (!(id >= 0 && id < size)) return false
      if (!kind) {
        kind = addEntry(table, id, base > 0)
        units = table.units
      }
      if ((kind & SPECIAL) !== 0) {
        if (skipSpecialTokens) continue
        kind &= ~SPECIAL
      }
      if (kind === ODD) return false
    }
    base = 0
    const from = places[entry * 2]
    const to = places[entry * 2 + 1]
    if (kind === LOOSE) {
      if (loose + to - from > run.length) run = table.run = grown(run, loose + to - from)
      for (let at = from; at < to; at++) run[loose++] = units[at]
      continue
    }
    if (loose > 0) {
      end = endRun(table, loose, end)
      out = table.out
      loose = 0
    }
    if (end + to - from > out.length) out = table.out = grown(out, end + to - from)
    for (let at = from; at < to; at++) out[end++] = units[at]
  }
  table.start = 0
  table.end = loose > 0 ? endRun(table, loose, end) : end
  if (table.strips.length > 0) strip(table)
  return true
}

/** @returns the entry's kind */
function addEntry(table: DecodeTable, id: number, first: boolean): number {
  const piece = table.tokenizer.pieces[id]
  const special = table.special.has(id)
  if (piece === undefined || (piece === '' && !special)) return ODD
  const entry = first ? table.size + id : id
  const made = pieceParts(table.plan, piece, first)
  const kind = (made ? (made.loose ? LOOSE : WHOLE) : ODD) | (special ? SPECIAL : 0)
  if (made) {
    const { content, loose } = made
    // One character of UTF-16 takes three bytes at most.
    const needed = table.used + content.length * 3
    if (needed > table.units.length) table.units = grown(table.units, needed)
    table.places[entry * 2] = table.used
    table.used = loose
      ? copy(table.units, table.used, content as Uint8Array)
      : writeContent(table.units, table.used, content)
    table.places[entry * 2 + 1] = table.used
  }
  table.kinds[entry] = kind
  return kind
}

/** Makes characters of loose bytes; broken ones become U+FFFD as the decoder has it. Returns the new end of `out`. */
function endRun(table: DecodeTable, length: number, end: number): number {
  let bytes = table.run
  let size = length
  if (!isValidUtf8(bytes, 0, length)) {
    const text = table.plan.bytes === 'ByteFallback' ? '\ufffd'.repeat(length) : decodeUtf8(bytes.subarray(0, length))
    bytes = encodeUtf8(text)
    size = bytes.length
  }
  if (end + size > table.out.length) table.out = grown(table.out, end + size)
  return write(table.out, end, bytes, size)
}

/** Writes text or valid UTF-8 as units. Returns the new end. */
function writeContent(target: Uint8Array | Uint16Array, end: number, content: string | Uint8Array): number {
  if (typeof content !== 'string') return write(target, end, content, content.length)
  if (target instanceof Uint8Array) return copy(target, end, encodeUtf8(content))
  for (let at = 0; at < content.length; at++) target[end++] = content.charCodeAt(at)
  return end
}

function copy(target: Uint8Array | Uint16Array, end: number, bytes: Uint8Array): number {
  target.set(bytes, end)
  return end + bytes.length
}

/** Writes valid UTF-8 as units of the target, which has room for as many as there are bytes. Returns the new end. */
function write(target: Uint8Array | Uint16Array, end: number, bytes: Uint8Array, length: number): number {
  if (target instanceof Uint8Array) {
    for (let at = 0; at < length; at++) target[end++] = bytes[at]
    return end
  }
  for (let at = 0; at < length; at += utf8Length(bytes[at])) {
    const codePoint = codePointAt(bytes, at)
    if (codePoint < 0x10000) target[end++] = codePoint
    else {
      target[end++] = 0xd7c0 + (codePoint >> 10)
      target[end++] = 0xdc00 + (codePoint & 0x3ff)
    }
  }
  return end
}

function strip(table: DecodeTable): void {
  for (const { content, start, stop } of table.strips) {
    const size = content.length
    for (let n = 0; n < start && isAt(table, content, table.start); n++) table.start += size
    for (let n = 0; n < stop && isAt(table, content, table.end - size); n++) table.end -= size
  }
}

function isAt({ out, start, end }: DecodeTable, content: Uint8Array | Uint16Array, at: number): boolean {
  if (content.length === 0 || at < start || at + content.length > end) return false
  for (let i = 0; i < content.length; i++) if (out[at + i] !== content[i]) return false
  return true
}

function grown<Units extends Uint8Array | Uint16Array>(units: Units, needed: number): Units {
  const larger = new (units.constructor as new (length: number) => Units)(needed * 2)
  larger.set(units)
  return larger
}
