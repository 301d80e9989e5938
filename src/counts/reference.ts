import type { Scope } from '../text/scope'
import { INHERITED, scriptOf } from '../text/script'
import { decodeUtf8, encodeUtf8 } from '../text/utf8'
import { splitByteLevel } from '../tokenizer/files/derived'
import { KNOWN_PATTERNS } from '../tokenizer/pipeline/known-patterns'
import { compileNormalizer } from '../tokenizer/pipeline/normalize'
import { compilePreTokenizer } from '../tokenizer/pipeline/pre-tokenize'
import { type CountPlan, planScope } from './plan'
import { RUN_CHARACTERS_MAX, type RunRules } from './scan-runs'
import { WORD_BYTES_MAX } from './word-table'

/** Counting, slow and plain, by regular expressions on whole lines: what a feed of any block size must equal. */
export function countReference(plan: CountPlan, file: Uint8Array): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of decodeUtf8(file)
    .replace(/^\ufeff/, '')
    .split('\n')) {
    for (const word of wordsOf(plan, line.replace(/\r$/, ''))) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

function wordsOf(plan: CountPlan, line: string): string[] {
  if (plan.kind === 'runs') return runsOf(planScope(plan), plan.rules, line)
  if (line === '') return []
  if (plan.kind === 'spaces') return ` ${line}`.split(/(?= )/).flatMap(byScript).flatMap(short)
  if (plan.kind === 'pattern') {
    return compilePreTokenizer(splitByteLevel(KNOWN_PATTERNS[plan.pattern]), 'byte-level')(line, true).flatMap(short)
  }
  const normalized = compileNormalizer(plan.normalizer)(line)
  return compilePreTokenizer(plan.preTokenizer, plan.form)(normalized, true)
    .map((word) => (plan.form === 'sentencepiece' ? word.replaceAll('▁', ' ') : word))
    .flatMap((word) => runsOf(planScope(plan), { spaceJoins: plan.spaceJoins, linePrefix: 'never' }, word))
}

/** Runs of in-scope characters with the space that joins them. */
function runsOf(scope: Scope, rules: RunRules, line: string): string[] {
  const prefixed =
    rules.linePrefix === 'never' || (rules.linePrefix === 'unless-spaced' && line.startsWith(' ')) ? line : ` ${line}`
  const core = scope.core.map(([low, high]) => `\\u{${low.toString(16)}}-\\u{${high.toString(16)}}`).join('')
  const trailing = scope.trailing.length > 0 ? `[${String.fromCodePoint(...scope.trailing)}]{0,16}` : ''
  const run = new RegExp(`( *)([${core}]{1,${RUN_CHARACTERS_MAX}}${trailing})`, 'gu')
  return [...prefixed.matchAll(run)].map(([, spaces, word]) => {
    const joins = spaces.length === 1 || (spaces.length > 1 && rules.spaceJoins === 'last')
    return joins ? ` ${word}` : word
  })
}

/** Cuts a word, its leading space apart, where the script changes. */
function byScript(word: string): string[] {
  const parts = ['']
  let script = -1
  for (const char of word) {
    const found = char === ' ' ? INHERITED : scriptOf(char.codePointAt(0)!)
    if (found !== INHERITED) {
      if (script >= 0 && script !== found) parts.push('')
      script = found
    }
    parts[parts.length - 1] += char
  }
  return parts
}

/** Cuts a word that is too long for the table, between characters. */
function short(word: string): string[] {
  const parts: string[] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const char of word) {
    const size = encodeUtf8(char).length
    if (bytes + size > WORD_BYTES_MAX) {
      parts.push('')
      bytes = 0
    }
    parts[parts.length - 1] += char
    bytes += size
  }
  return parts
}
