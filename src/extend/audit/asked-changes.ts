/**
 * What a wide scope changes. With a scope of more than Hangul the user asked for pieces that other text can hold, so no
 * check can fail there; what happens to such text is told instead.
 */
import { mayChange, SCOPES } from '../../text/scope'
import type { Tokenizer } from '../../tokenizer/types'
import { sameIds, show } from './check'
import { readable, wholeTextOf } from './vocabulary'

/** What happened to the lines of one text that hold no Hangul. */
export interface TextChange {
  text: string
  /** Lines without Hangul that the scope touches. */
  lines: number
  changed: number
  tokens: { before: number; after: number }
  /** The first changed lines, the tokens from where they part ways. */
  examples: { line: number; content: string; before: string[]; after: string[] }[]
}

const EXAMPLES = 3
const TOKENS_SHOWN = 8

export function createTextChange(text: string): TextChange {
  return { text, lines: 0, changed: 0, tokens: { before: 0, after: 0 }, examples: [] }
}

/** Whether a text holds a character that the narrowest scope may change. */
export function hasHangul(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) >= 0x1100 && mayChange(SCOPES.hangul, text.codePointAt(i)!)) return true
  }
  return false
}

/** Adds one line, as both tokenizers encode it. */
export function noteLine(
  change: TextChange,
  line: number,
  content: string,
  before: { tokenizer: Tokenizer; ids: Int32Array },
  after: { tokenizer: Tokenizer; ids: Int32Array },
): void {
  change.lines++
  change.tokens.before += before.ids.length
  change.tokens.after += after.ids.length
  if (sameIds(before.ids, after.ids)) return
  change.changed++
  if (change.examples.length >= EXAMPLES) return
  let at = 0
  while (at < before.ids.length && before.ids[at] === after.ids[at]) at++
  const tokens = (side: typeof before) =>
    Array.from(side.ids.subarray(at, at + TOKENS_SHOWN), (id) => readable(side.tokenizer, id))
  change.examples.push({ line, content: show(content), before: tokens(before), after: tokens(after) })
}

/** Said of one text in a sentence or two. */
export function changeNotes(change: TextChange): string[] {
  const { text, lines, changed, tokens, examples } = change
  if (lines === 0) return []
  const share = ((changed / lines) * 100).toFixed(1)
  return [
    `${text}: the scope was widened; ${changed} of ${lines} lines without Hangul change (${share} %), ${tokens.before} tokens → ${tokens.after}`,
    ...examples.map(({ line, before, after }) => `${text}:${line}: ${before.join(' · ')} … → ${after.join(' · ')} …`),
  ]
}

const KINDS: readonly (readonly [string, RegExp])[] = [
  ['Latin', /\p{Script=Latin}/u],
  ['digits', /\p{N}/u],
  ['Han', /\p{Script=Han}/u],
  ['kana', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['punctuation or symbols', /[\p{P}\p{S}]/u],
]

/** New pieces that text without Hangul can hold, by what is in them; none with the scope `hangul`. */
export function piecesWithoutHangul(extended: Tokenizer, ids: readonly number[]): string[] {
  const found = new Map<string, string[]>()
  for (const id of ids) {
    const text = wholeTextOf(extended, id)
    if (hasHangul(text) || text.trim() === '') continue
    const kind = KINDS.find(([, test]) => test.test(text))?.[0] ?? 'other characters'
    const list = found.get(kind)
    if (list) list.push(readable(extended, id))
    else found.set(kind, [readable(extended, id)])
  }
  return [...found].map(([kind, pieces]) => {
    const some = pieces.slice(0, 5).map(show).join(', ')
    return `${pieces.length} new pieces of ${kind} change text without Hangul: ${some}${pieces.length > 5 ? ', …' : ''}`
  })
}
