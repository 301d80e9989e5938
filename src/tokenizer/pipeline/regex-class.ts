/** Character classes of Oniguruma patterns, written for JavaScript's `v` flag; and what the whole parser shares. */
import { KoVocabError } from '../../errors'
import { ADDED_AFTER_UNICODE_16 } from '../../text/unicode'

export interface State {
  pattern: string
  at: number
  /** How many atomic groups were named so far. */
  atomics: number
}

export function refuse(state: State, what: string, at = state.at): never {
  throw new KoVocabError(
    'unsupported',
    `split pattern ${JSON.stringify(state.pattern)}, character ${at + 1}: ${what} is not supported`,
    'only patterns whose JavaScript form is known to match the same texts are taken',
  )
}

/** A code point as the `v` flag takes it anywhere: letters and digits as they are, everything else by number. */
export function hexOf(codePoint: number): string {
  const char = String.fromCodePoint(codePoint)
  return /[0-9A-Za-z]/.test(char) ? char : `\\u{${codePoint.toString(16).toUpperCase()}}`
}

/** The code point of a backslash and what follows it, outside and inside of classes. */
export function escapedCodePoint(state: State): number {
  const { pattern, at } = state
  const letter = pattern[at + 1]
  const control: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7, e: 27 }
  if (control[letter] !== undefined) {
    state.at += 2
    return control[letter]
  }
  const hex = /^\\(?:x\{([0-9A-Fa-f]{1,6})\}|x([0-7][0-9A-Fa-f])|u([0-9A-Fa-f]{4}))/.exec(pattern.slice(at, at + 12))
  if (hex) {
    state.at += hex[0].length
    return Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16)
  }
  const codePoint = pattern.codePointAt(at + 1)
  if (codePoint === undefined) refuse(state, 'a backslash at the end')
  if (/[0-9A-Za-z]/.test(letter)) refuse(state, `\\${letter}`)
  state.at += codePoint > 0xffff ? 3 : 2
  return codePoint
}

/** Insides of a class by the letter after the backslash. `\h` is a hexadecimal digit. */
const IN_CLASS: Readonly<Record<string, string>> = withNegations({
  s: '\\p{White_Space}',
  d: category('Nd'),
  h: '0-9A-Fa-f',
  w: word(''),
})

/**
 * The same outside of classes. There Oniguruma looks up Latin-1 in a table of its own, to which `²³¹¼½¾` are word
 * characters, and no other \p{No} is (compared over all of Unicode).
 */
export const SHORTHANDS: Readonly<Record<string, string>> = withNegations({
  ...IN_CLASS,
  w: word('\\u{B2}\\u{B3}\\u{B9}\\u{BC}-\\u{BE}'),
})

/** `\w` of Rust's regex crate, to stand inside a class under the `v` flag. */
export const RUST_WORD: string = word('\\p{Join_Control}')

function word(more: string): string {
  return pinned(`\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}${more}`)
}

function withNegations(table: Record<string, string>): Record<string, string> {
  const both = { ...table }
  for (const letter of ['s', 'd', 'h', 'w']) both[letter.toUpperCase()] = `[^${table[letter]}]`
  return both
}

function added(of: 'L' | 'N' | 'M'): string {
  const items = ADDED_AFTER_UNICODE_16[of].map(([low, high]) =>
    low === high ? hexOf(low) : `${hexOf(low)}-${hexOf(high)}`,
  )
  return `[${items.join('')}]`
}

/** A class without all that Unicode 17 added to letters, numbers and marks. */
function pinned(inside: string): string {
  return `[[${inside}]--[${added('L')}${added('N')}${added('M')}]]`
}

/** A general category as Unicode 16 has it (see text/unicode.ts), to stand inside a class. */
function category(name: string): string {
  const group = name[0]
  if (group !== 'L' && group !== 'N' && group !== 'M') return `\\p{${name}}`
  // U+0295 changed from Ll to Lo in Unicode 17.
  if (name === 'Ll') return `[[\\p{Ll}\\u{295}]--${added('L')}]`
  if (name === 'Lo') return `[\\p{Lo}--[${added('L')}\\u{295}]]`
  return `[\\p{${name}}--${added(group)}]`
}

const LONG_CATEGORIES: Readonly<Record<string, string>> = {
  letter: 'L',
  number: 'N',
  mark: 'M',
  punctuation: 'P',
  symbol: 'S',
  separator: 'Z',
  other: 'C',
  uppercaseletter: 'Lu',
  lowercaseletter: 'Ll',
  titlecaseletter: 'Lt',
  modifierletter: 'Lm',
  otherletter: 'Lo',
  decimalnumber: 'Nd',
  nonspacingmark: 'Mn',
  spacingmark: 'Mc',
}

/** Reads `\p{…}`, `\P{…}` or `\p{^…}` and gives it as the inside of a class. */
export function property(state: State): string {
  const found = /^\\([pP])\{(\^?)([A-Za-z_ -]+)\}/.exec(state.pattern.slice(state.at, state.at + 60))
  if (!found) refuse(state, 'this property')
  const [whole, letter, caret, written] = found
  const name = written.replace(/[ _-]/g, '').toLowerCase()
  const negated = (letter === 'P') !== (caret === '^')
  const inside = LONG_CATEGORIES[name] ? category(LONG_CATEGORIES[name]) : propertyInside(name, written)
  if (inside === null) refuse(state, `the property ${written}`)
  state.at += whole.length
  return negated ? `[^${inside}]` : inside
}

function propertyInside(name: string, written: string): string | null {
  if (name === 'space' || name === 'whitespace') return '\\p{White_Space}'
  if (name.length <= 2) {
    const short = name[0].toUpperCase() + name.slice(1)
    if (isProperty(short)) return category(short)
  }
  if (isProperty(`Script=${written}`)) return pinned(`\\p{Script=${written}}`)
  const capital = written[0].toUpperCase() + written.slice(1).toLowerCase()
  if (isProperty(`Script=${capital}`)) return pinned(`\\p{Script=${capital}}`)
  if (['alphabetic', 'uppercase', 'lowercase', 'ideographic'].includes(name)) return pinned(`\\p{${capital}}`)
  return null
}

function isProperty(name: string): boolean {
  try {
    // The u flag knows no properties of strings.
    new RegExp(`\\p{${name}}`, 'u')
    return true
  } catch {
    return false
  }
}

/** All characters that differ from this one in case only, itself first (simple case folding). */
export function caseVariants(codePoint: number): number[] {
  if (codePoint < 0x80) {
    const lower = codePoint | 0x20
    if (lower < 0x61 || lower > 0x7a) return [codePoint]
    const variants = [codePoint, codePoint ^ 0x20]
    if (lower === 0x73) variants.push(0x17f)
    if (lower === 0x6b) variants.push(0x212a)
    return variants
  }
  const variants = [codePoint]
  const same = new RegExp(`^\\u{${codePoint.toString(16)}}$`, 'iu')
  // U+1E943 is the last letter with a case.
  for (let other = 0; other <= 0x1e943; other++) {
    if (other !== codePoint && same.test(String.fromCodePoint(other))) variants.push(other)
  }
  return variants
}

const POSIX: Readonly<Record<string, string>> = {
  alpha: pinned('\\p{Alphabetic}'),
  digit: category('Nd'),
  space: '\\p{White_Space}',
  upper: pinned('\\p{Uppercase}'),
  lower: pinned('\\p{Lowercase}'),
  xdigit: '0-9A-Fa-f',
  word: IN_CLASS.w,
}

/** Reads `[…]` with ranges, escapes, POSIX names, classes in it and `&&`, and gives the class for the `v` flag. */
export function parseClass(state: State, anyCase: boolean): string {
  const { pattern } = state
  const start = state.at
  state.at++
  const negated = pattern[state.at] === '^'
  if (negated) state.at++
  const operands: string[] = []
  let items = ''
  let count = 0
  for (;;) {
    const char = pattern[state.at]
    if (char === undefined) refuse(state, 'a class without an end', start)
    if (char === ']' && count > 0) break
    if (char === ']') refuse(state, 'an empty class, or ] as its first character')
    count++
    if (pattern.startsWith('&&', state.at)) {
      operands.push(items)
      items = ''
      state.at += 2
    } else if (char === '[') {
      items += posix(state) ?? parseClass(state, anyCase)
    } else if (char === '\\' && /[pP]/.test(pattern[state.at + 1] ?? '')) {
      items += property(state)
    } else if (char === '\\' && IN_CLASS[pattern[state.at + 1]]) {
      items += IN_CLASS[pattern[state.at + 1]]
      state.at += 2
    } else {
      items += range(state, anyCase)
    }
  }
  state.at++
  operands.push(items)
  if (operands.length > 1 && operands.some((operand) => operand === '')) refuse(state, 'an empty side of &&', start)
  const body = operands.length === 1 ? items : operands.map((operand) => `[${operand}]`).join('&&')
  return negated ? `[^${body}]` : `[${body}]`
}

function posix(state: State): string | null {
  const found = /^\[:(\^?)(\w+):\]/.exec(state.pattern.slice(state.at, state.at + 16))
  if (!found) return null
  const inside = POSIX[found[2]]
  if (!inside) refuse(state, `the class ${found[0]}`)
  state.at += found[0].length
  return found[1] ? `[^${inside}]` : `[${inside}]`
}

/** One character, or two with a hyphen between. */
function range(state: State, anyCase: boolean): string {
  const { pattern } = state
  const start = state.at
  const low = classCharacter(state)
  const next = pattern[state.at + 1]
  if (pattern[state.at] !== '-' || next === ']' || next === undefined) return variantsOf(low, anyCase)
  state.at++
  if (next === '[' || (next === '\\' && (IN_CLASS[pattern[state.at + 1]] || /[pP]/.test(pattern[state.at + 1])))) {
    refuse(state, 'a range that ends in a class', start)
  }
  const high = classCharacter(state)
  if (high < low) refuse(state, 'a range that ends before it begins', start)
  if (!anyCase) return `${hexOf(low)}-${hexOf(high)}`
  if (high > 0x7f) refuse(state, 'a range beyond ASCII under (?i:', start)
  let items = ''
  for (let codePoint = low; codePoint <= high; codePoint++) items += variantsOf(codePoint, true)
  return items
}

function classCharacter(state: State): number {
  if (state.pattern[state.at] === '\\') {
    if (state.pattern[state.at + 1] === 'b') {
      state.at += 2
      return 8
    }
    return escapedCodePoint(state)
  }
  const codePoint = state.pattern.codePointAt(state.at)!
  state.at += codePoint > 0xffff ? 2 : 1
  return codePoint
}

function variantsOf(codePoint: number, anyCase: boolean): string {
  return anyCase ? caseVariants(codePoint).map(hexOf).join('') : hexOf(codePoint)
}
