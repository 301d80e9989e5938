import { recognizePattern } from './pipeline/known-patterns'
import { patternOf } from './pipeline/nodes'
import { compileNormalizer } from './pipeline/normalize'
import { prependScheme } from './pipeline/pre-tokenize'
import { type Scanner, scannerOf } from './pipeline/scan'
import type { AddedToken, JsonNode, Tokenizer } from './types'

/**
 * How an encoder may cut raw UTF-8 into words by itself.
 *
 * - `spaces`: SentencePiece form whose normalizer only turns spaces into `▁`, with or without a `▁` put in front.
 * - `scanner`: byte-level form with a split pattern that is written by hand in pipeline/scan.ts.
 * - null: neither; the pipeline runs on strings.
 */
export type FastPath =
  | { kind: 'spaces'; prefix: 'never' | 'always' | 'unless-spaced' | 'first-unless-spaced'; runs: SpaceRuns | null }
  | { kind: 'scanner'; scan: Scanner; composes: boolean }
  | null

/**
 * Added tokens that are runs of spaces (Yi): they are found in normalized text, the longest first, before anything
 * merges. By length, the id; -1 where there is none.
 */
export type SpaceRuns = readonly number[]

export function fastPathOf(tokenizer: Tokenizer): FastPath {
  // Tokens that are looked for in normalized text need that text, unless they are nothing but its spaces.
  const normalized = tokenizer.addedTokens.filter((token) => token.normalized)
  if (normalized.length > 0) {
    const path = tokenizer.form === 'sentencepiece' ? spacesPath(tokenizer) : null
    if (path?.kind !== 'spaces' || (path.prefix !== 'never' && path.prefix !== 'always')) return null
    const runs = spaceRuns(normalized)
    return runs && { ...path, runs }
  }
  return tokenizer.form === 'sentencepiece' ? spacesPath(tokenizer) : scannerPath(tokenizer)
}

function spaceRuns(tokens: readonly AddedToken[]): SpaceRuns | null {
  const runs: number[] = []
  for (const { id, content, lstrip, rstrip, singleWord } of tokens) {
    if (!/^▁{2,}$/.test(content) || lstrip || rstrip || singleWord) return null
    runs[content.length] = id
  }
  return Array.from(runs, (id) => id ?? -1)
}

function sequence(node: JsonNode | null, key: string): JsonNode[] {
  if (node === null) return []
  if (node.type !== 'Sequence') return [node]
  return (node[key] as JsonNode[]).flatMap((inner) => sequence(inner, key))
}

function spacesPath(tokenizer: Tokenizer): FastPath {
  const normalizers = sequence(tokenizer.normalizer, 'normalizers')
  const preTokenizers = sequence(tokenizer.preTokenizer, 'pretokenizers')
  const isReplace = (node: JsonNode | undefined) =>
    node?.type === 'Replace' && node.content === '▁' && patternOf(node) === ' '
  const last = normalizers[normalizers.length - 1]
  if (isReplace(last)) {
    // Splitting at spaces has no effect behind the replacement (Gemma).
    const idle = preTokenizers.every((node) => node.type === 'Split' && patternOf(node) === ' ')
    if (!idle) return null
    if (normalizers.length === 1) return { kind: 'spaces', prefix: 'never', runs: null }
    const [first] = normalizers
    if (normalizers.length === 2 && first.type === 'Prepend' && first.prepend === '▁') {
      return { kind: 'spaces', prefix: 'always', runs: null }
    }
    return null
  }
  const [metaspace] = preTokenizers
  if (normalizers.length > 0 || preTokenizers.length !== 1 || metaspace.type !== 'Metaspace') return null
  if (metaspace.split !== false || (metaspace.replacement ?? '▁') !== '▁') return null
  const scheme = prependScheme(metaspace)
  return {
    kind: 'spaces',
    prefix: scheme === 'never' ? 'never' : scheme === 'always' ? 'unless-spaced' : 'first-unless-spaced',
    runs: null,
  }
}

function scannerPath(tokenizer: Tokenizer): FastPath {
  const normalizers = sequence(tokenizer.normalizer, 'normalizers')
  if (normalizers.length > 1 || normalizers.some((node) => node.type !== 'NFC')) return null
  compileNormalizer(tokenizer.normalizer)
  const steps = sequence(tokenizer.preTokenizer, 'pretokenizers')
  const bytes = steps[steps.length - 1]
  if (bytes?.type !== 'ByteLevel' || bytes.add_prefix_space !== false) return null
  const composes = normalizers.length === 1
  if (steps.length === 1) {
    return bytes.use_regex === false ? null : { kind: 'scanner', scan: scannerOf('gpt2'), composes }
  }
  if (steps.length !== 2 || bytes.use_regex !== false) return null
  const [split] = steps
  if (split.type !== 'Split') return null
  // Every one of these patterns covers the text without gaps, so what lies between matches does not matter.
  const covers =
    (split.behavior === 'Isolated' && split.invert !== true) || (split.behavior === 'Removed' && split.invert === true)
  const source = (split.pattern as { Regex?: string } | undefined)?.Regex
  const known = covers && source !== undefined ? recognizePattern(source) : null
  return known ? { kind: 'scanner', scan: scannerOf(known), composes } : null
}
