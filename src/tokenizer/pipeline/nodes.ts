/** Reading the nodes of tokenizer.json's normalizer, pre_tokenizer, post_processor and decoder. */
import { KoVocabError } from '../../errors'
import type { JsonNode } from '../types'
import { compilePattern } from './regex'

/** The children of a Sequence node under `key`. Throws `bad-file` when they are not a list of nodes. */
export function nodeList(node: JsonNode, key: string): JsonNode[] {
  const list = node[key]
  if (!Array.isArray(list) || list.some((child) => typeof child?.type !== 'string')) {
    throw new KoVocabError('bad-file', `tokenizer.json: ${node.type} has no list "${key}" of typed nodes`)
  }
  return list as JsonNode[]
}

/** `pattern` of Split and Replace nodes: `{"String": …}` as a string, `{"Regex": …}` compiled. */
export function patternOf(node: JsonNode): string | RegExp {
  const pattern = node.pattern as { String?: unknown; Regex?: unknown } | undefined
  if (typeof pattern?.String === 'string') return pattern.String
  if (typeof pattern?.Regex === 'string') return compilePattern(pattern.Regex)
  throw new KoVocabError(
    'bad-file',
    `tokenizer.json: ${node.type} has the pattern ${JSON.stringify(pattern)}, which is neither a String nor a Regex`,
  )
}
