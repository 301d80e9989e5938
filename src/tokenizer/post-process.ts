/** Special tokens around one sequence: the post-processor of tokenizer.json, for single sequences. */
import { KoVocabError } from '../errors'
import { nodeList } from './pipeline/nodes'
import type { JsonNode, Tokenizer } from './types'

/** Ids that a post-processor puts before and after the ids of one sequence. */
export interface Surround {
  before: number[]
  after: number[]
}

/** Reads a post-processor node; null adds nothing. Throws `unsupported` naming a kind that is not known. */
export function compilePostProcessor(node: JsonNode | null): Surround {
  if (node === null || node.type === 'ByteLevel') return { before: [], after: [] }
  if (node.type === 'Sequence') {
    // Each one works on what those before it made: a later one's tokens stand further out.
    return nodeList(node, 'processors')
      .map(compilePostProcessor)
      .reduce(
        (inner, outer) => ({
          before: [...outer.before, ...inner.before],
          after: [...inner.after, ...outer.after],
        }),
        { before: [], after: [] },
      )
  }
  if (node.type === 'TemplateProcessing') return template(node)
  throw new KoVocabError(
    'unsupported',
    `post-processor ${node.type} is not supported`,
    'supported: TemplateProcessing, ByteLevel, Sequence',
  )
}

interface TemplatePart {
  SpecialToken?: { id: string }
  Sequence?: { id: string }
}

function template(node: JsonNode): Surround {
  const single = node.single as TemplatePart[] | undefined
  const special = (node.special_tokens ?? {}) as Record<string, { ids: number[] } | undefined>
  const surround: Surround = { before: [], after: [] }
  let sequences = 0
  for (const part of Array.isArray(single) ? single : []) {
    if (part.Sequence) {
      sequences++
      continue
    }
    const name = part.SpecialToken?.id ?? ''
    const ids = special[name]?.ids
    if (!ids) {
      throw new KoVocabError(
        'bad-file',
        `tokenizer.json: post_processor.single names the special token ${JSON.stringify(name)}, which special_tokens lacks`,
      )
    }
    surround[sequences === 0 ? 'before' : 'after'].push(...ids)
  }
  if (sequences !== 1) {
    throw new KoVocabError('unsupported', `post_processor.single holds the sequence ${sequences} times instead of once`)
  }
  return surround
}

/** The ids with the tokenizer's special tokens around them (BOS, mostly), as `add_special_tokens=True` gives them. */
export function addSpecialTokens(tokenizer: Pick<Tokenizer, 'postProcessor'>, ids: readonly number[]): number[] {
  const { before, after } = compilePostProcessor(tokenizer.postProcessor)
  return [...before, ...ids, ...after]
}
