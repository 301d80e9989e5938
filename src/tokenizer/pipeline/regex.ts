/**
 * Split patterns of tokenizer.json as JavaScript regular expressions.
 *
 * Hugging Face `tokenizers` compiles them with Oniguruma in its default (Ruby) syntax. What JavaScript has not is
 * spelled out: `\s` (White_Space), `(?i:…)`, possessive quantifiers and atomic groups (a lookahead with a back
 * reference), `^` and `$` of lines. What is left is refused by name. Case folding that makes two letters of one (`ß`,
 * `ss`) is not followed.
 */
import { KoVocabError } from '../../errors'
import {
  caseVariants,
  escapedCodePoint,
  hexOf,
  parseClass,
  property,
  refuse,
  SHORTHANDS,
  type State,
} from './regex-class'

/** Compiles with the flags `gv`. Throws `unsupported` with the pattern and the place of what cannot be translated. */
export function compilePattern(pattern: string): RegExp {
  const source = translatePattern(pattern)
  try {
    return new RegExp(source, 'gv')
  } catch (cause) {
    throw new KoVocabError(
      'unsupported',
      `split pattern ${JSON.stringify(pattern)} cannot be compiled: as JavaScript it reads ${source}`,
      'this is a pattern that Hugging Face tokenizers reads in another way; please report it',
      { cause },
    )
  }
}

/** The pattern as source of a JavaScript RegExp with the `v` flag. */
function translatePattern(pattern: string): string {
  const state: State = { pattern, at: 0, atomics: 0 }
  const source = alternation(state, false)
  if (state.at < pattern.length) refuse(state, 'a closing parenthesis without an opening one')
  return source
}

function alternation(state: State, anyCase: boolean): string {
  let out = ''
  let fold = anyCase
  while (state.at < state.pattern.length && state.pattern[state.at] !== ')') {
    if (state.pattern[state.at] === '|') {
      out += '|'
      state.at++
      continue
    }
    const flag = /^\(\?(-?)i\)/.exec(state.pattern.slice(state.at, state.at + 5))
    if (flag) {
      // `a(?i)b|c` is a(?i:b|c) in Oniguruma and a(?i:b)|(?i:c) elsewhere: taken only where both are the same.
      if (out !== '') refuse(state, '(?i) in the middle of a group')
      fold = flag[1] === ''
      state.at += flag[0].length
      continue
    }
    out += quantified(state, fold)
  }
  return out
}

function quantified(state: State, anyCase: boolean): string {
  const start = state.at
  let item = atom(state, anyCase)
  const { pattern } = state
  for (let count = 0; ; count++) {
    const symbol = /^(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})/.exec(pattern.slice(state.at))?.[0]
    if (!symbol) return item
    if (/^\(\?<?[=!]/.test(item)) refuse(state, 'a quantifier after a lookaround')
    state.at += symbol.length
    const after = pattern[state.at]
    const interval = symbol[0] === '{'
    const times = symbol.startsWith('{,') ? `{0${symbol.slice(1)}` : symbol
    // A second quantifier in a row works on the whole of the first.
    if (count > 0) item = `(?:${item})`
    if (after === '?') {
      if (interval && !symbol.includes(',')) refuse(state, `${symbol}? (Oniguruma and others read it differently)`)
      state.at++
      item += `${times}?`
    } else if (after === '+' && !interval) {
      state.at++
      item = atomic(state, `${item}${times}`)
    } else {
      item += times
    }
    if (state.at - start > 10_000) refuse(state, 'so long an expression')
  }
}

/** `(?>…)`: a lookahead never gives back, and the back reference then takes what it saw. */
function atomic(state: State, body: string): string {
  const name = `a${state.atomics++}`
  return `(?:(?=(?<${name}>${body}))\\k<${name}>)`
}

function atom(state: State, anyCase: boolean): string {
  const char = state.pattern[state.at]
  if (char === '(') return group(state, anyCase)
  if (char === '[') return parseClass(state, anyCase)
  if (char === '\\') return escaped(state, anyCase)
  state.at++
  if (char === '.') return '[^\\n]'
  // Lines: Oniguruma's ^ and $ are those of Ruby. After a newline that ends the text no line begins.
  if (char === '^') return '(?:(?<![\\s\\S])|(?<=\\n)(?=[\\s\\S]))'
  if (char === '$') return '(?:(?=\\n)|(?![\\s\\S]))'
  if (char === '*' || char === '+' || char === '?') refuse(state, `${char} without anything before it`, state.at - 1)
  state.at--
  const codePoint = state.pattern.codePointAt(state.at)!
  state.at += codePoint > 0xffff ? 2 : 1
  return literal(codePoint, anyCase)
}

function group(state: State, anyCase: boolean): string {
  const rest = state.pattern.slice(state.at, state.at + 6)
  const start = state.at
  const open = /^\((?:\?(?::|i:|-i:|>|=|!|<=|<!))?/.exec(rest)![0]
  state.at += open.length
  if (open === '(' && rest[1] === '?') {
    if (rest[2] === '#') {
      const end = state.pattern.indexOf(')', state.at)
      if (end < 0) refuse(state, 'a comment without an end', start)
      state.at = end + 1
      return ''
    }
    const named = /^\(\?<[A-Za-z_]\w*>/.exec(state.pattern.slice(start))
    if (!named) refuse(state, `the group ${rest}`, start)
    state.at = start + named[0].length
  }
  const fold = open === '(?i:' ? true : open === '(?-i:' ? false : anyCase
  const before = state.atomics
  const body = alternation(state, fold)
  if (state.pattern[state.at] !== ')') refuse(state, 'a group without an end', start)
  state.at++
  if (open === '(?>') return atomic(state, body)
  if (open === '(?<=' || open === '(?<!') {
    if (state.atomics > before) refuse(state, 'a possessive quantifier inside a lookbehind', start)
    return `${open}${body})`
  }
  // No back reference is taken, so capturing makes no difference.
  return open === '(?=' || open === '(?!' ? `${open}${body})` : `(?:${body})`
}

function escaped(state: State, anyCase: boolean): string {
  const { pattern } = state
  const start = state.at
  const letter = pattern[start + 1]
  if (letter === undefined) refuse(state, 'a backslash at the end')
  if (letter === 'p' || letter === 'P') return `[${property(state)}]`
  if (SHORTHANDS[letter]) {
    state.at += 2
    return `[${SHORTHANDS[letter]}]`
  }
  const anchors: Record<string, string> = {
    A: '(?<![\\s\\S])',
    z: '(?![\\s\\S])',
    Z: '(?=\\n?(?![\\s\\S]))',
    b: `(?:(?<=[${SHORTHANDS.w}])(?![${SHORTHANDS.w}])|(?<![${SHORTHANDS.w}])(?=[${SHORTHANDS.w}]))`,
    B: `(?:(?<=[${SHORTHANDS.w}])(?=[${SHORTHANDS.w}])|(?<![${SHORTHANDS.w}])(?![${SHORTHANDS.w}]))`,
  }
  if (anchors[letter]) {
    state.at += 2
    return anchors[letter]
  }
  return literal(escapedCodePoint(state), anyCase)
}

function literal(codePoint: number, anyCase: boolean): string {
  if (!anyCase) return hexOf(codePoint)
  const variants = caseVariants(codePoint)
  return variants.length === 1 ? hexOf(codePoint) : `[${variants.map(hexOf).join('')}]`
}
