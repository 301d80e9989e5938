/** Pre-tokenizers of tokenizer.json as functions on strings, as Hugging Face `tokenizers` runs them. */
import { KoVocabError } from '../../errors'
import type { Form, JsonNode } from '../types'
import { KNOWN_PATTERNS } from './known-patterns'
import { nodeList, patternOf } from './nodes'
import { compilePattern } from './regex'
import { RUST_WORD } from './regex-class'
import { behaviorOf, compileSplit, type Splitter } from './split'

/**
 * Normalized text of one segment → its pre-tokens, in order and without empty ones. In byte-level form they are plain
 * text: the mapping of ByteLevel is left to whoever makes symbols of them.
 *
 * @param isFirst whether the segment stands at the very beginning of the input (Metaspace's `prepend_scheme: first`)
 */
export type PreTokenizer = (text: string, isFirst: boolean) => string[]

/** One step: a part of the text → smaller parts. */
type Step = (text: string, isFirst: boolean) => ReturnType<Splitter>

/** Compiles a pre-tokenizer node; null keeps segments whole. Throws `unsupported` naming a kind that is not known. */
export function compilePreTokenizer(node: JsonNode | null, form: Form): PreTokenizer {
  const steps = flatten(node)
  const mapsBytes = steps.some((step) => step.type === 'ByteLevel')
  if (mapsBytes && form === 'sentencepiece') {
    throw new KoVocabError('unsupported', 'pre-tokenizer ByteLevel over a vocabulary of SentencePiece form')
  }
  const last = steps.findIndex((step) => step.type === 'ByteLevel')
  if (last >= 0 && last < steps.length - 1) {
    throw new KoVocabError(
      'unsupported',
      `pre-tokenizer ${steps[last + 1].type} behind ByteLevel: it would split mapped bytes instead of text`,
    )
  }
  const compiled = steps.map(compileStep)
  return (text, isFirst) => {
    let parts = text === '' ? [] : [text]
    let first = isFirst
    for (const step of compiled) {
      // Most tokenizers have one step that splits, on one part.
      if (parts.length === 1) {
        const cut = step(parts[0], first)
        parts = cut.parts
        first &&= !cut.startsCut
        continue
      }
      const next: string[] = []
      let firstOfNext = first
      for (let i = 0; i < parts.length; i++) {
        const cut = step(parts[i], first && i === 0)
        if (i === 0) firstOfNext &&= !cut.startsCut && cut.parts.length > 0
        for (const part of cut.parts) next.push(part)
      }
      parts = next
      first = firstOfNext
    }
    return parts
  }
}

function flatten(node: JsonNode | null): JsonNode[] {
  if (node === null) return []
  return node.type === 'Sequence' ? nodeList(node, 'pretokenizers').flatMap(flatten) : [node]
}

const whole: Step = (text) => ({ parts: [text], startsCut: false })

function compileStep(node: JsonNode): Step {
  switch (node.type) {
    case 'Split':
      return compileSplit(patternOf(node), behaviorOf(node.behavior), node.invert === true)
    case 'ByteLevel':
      return byteLevel(node)
    case 'Metaspace':
      return metaspace(node)
    case 'Digits':
      return compileSplit(/\p{N}/gu, node.individual_digits === true ? 'Isolated' : 'Contiguous')
    // Hugging Face's table is of Unicode 8; younger punctuation (⹃ and the like) splits here and not there.
    case 'Punctuation':
      return compileSplit(/[\p{P}!-/:-@[-`{-~]/gu, behaviorOf(node.behavior, 'Isolated'))
    case 'Whitespace':
      return compileSplit(WORDS, 'Removed', true)
    case 'WhitespaceSplit':
      return compileSplit(/\p{White_Space}/gu, 'Removed')
    default:
      throw new KoVocabError(
        'unsupported',
        `pre-tokenizer ${node.type} is not supported`,
        'supported: Sequence, Split, ByteLevel, Metaspace, Digits, Punctuation, Whitespace, WhitespaceSplit',
      )
  }
}

/** `\w+|[^\w\s]+` as Rust's regex crate has it. */
const WORDS = new RegExp(`[${RUST_WORD}]+|[^${RUST_WORD}\\p{White_Space}]+`, 'gv')

function byteLevel(node: JsonNode): Step {
  const split = node.use_regex === false ? whole : compileSplit(compilePattern(KNOWN_PATTERNS.gpt2), 'Isolated')
  if (node.add_prefix_space === false) return split as Step
  return (text, isFirst) => split(text.startsWith(' ') ? text : ` ${text}`, isFirst)
}

export type PrependScheme = 'always' | 'first' | 'never'

/** Metaspace's scheme, also from files of before 2024, which have `add_prefix_space` alone. */
export function prependScheme(node: JsonNode): PrependScheme {
  const scheme = node.prepend_scheme ?? (node.add_prefix_space === false ? 'never' : 'always')
  const contradicts = node.add_prefix_space === false && scheme !== 'never'
  if (!contradicts && (scheme === 'always' || scheme === 'first' || scheme === 'never')) return scheme
  throw new KoVocabError(
    'bad-file',
    `tokenizer.json: Metaspace has the prepend_scheme ${JSON.stringify(scheme)}${contradicts ? ' beside add_prefix_space: false' : ''}`,
  )
}

function metaspace(node: JsonNode): Step {
  const replacement = String(node.replacement ?? '▁')
  const scheme = prependScheme(node)
  const split = node.split === false ? whole : compileSplit(replacement, 'MergedWithNext')
  return (text, isFirst) => {
    let spaced = text.replaceAll(' ', replacement)
    const prepends = scheme === 'always' || (scheme === 'first' && isFirst)
    if (prepends && !spaced.startsWith(replacement)) spaced = replacement + spaced
    return split(spaced, isFirst)
  }
}
