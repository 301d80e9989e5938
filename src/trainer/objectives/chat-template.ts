/** The chat template that a tokenizer comes with, or that the user names, and texts rendered by it. */
import { Template } from '@huggingface/jinja'
import { KoVocabError } from '../../errors'
import { canonicalConfig, tokenizerConfig } from '../../tokenizer/files/tokenizer-config'
import type { Tokenizer } from '../../tokenizer/types'
import type { Message } from './conversations'
import { type NamedTemplate, namedTemplates } from './named-templates'

export interface ChatTemplate {
  /** Jinja. */
  text: string
  /** Where it is from, for errors: `tokenizer_config.json`, `llama-3`, a file. */
  source: string
  /** `bos_token`, `eos_token`, … as a template may use them. */
  tokens: Record<string, string>
  /** Whether it says itself what the assistant generates: `{% generation %}`. */
  marks: boolean
  /** The text of a conversation; with `mark` with {@link BEGIN} and {@link END} around what is generated. */
  render: (messages: readonly Message[], options?: { prompt?: boolean; mark?: boolean }) => string
}

/** Noncharacters of Unicode: no text should hold them. */
export const BEGIN = '\uFDD0'
export const END = '\uFDD1'

/**
 * The one that is named; else chat_template.jinja, else `chat_template` of tokenizer_config.json (the one called
 * `default` where there are several), else that of chat_template.json.
 *
 * @param named `chatml`, `llama-2`, `llama-3`, or the text of a file with its name
 * @throws KoVocabError `unsupported` when there is none, or the tokenizer lacks a token of the named one; `bad-file` for
 * what is no template
 */
export function chatTemplateOf(tokenizer: Tokenizer, named?: string | { text: string; source: string }): ChatTemplate {
  const { text, source } = named === undefined ? ownTemplate(tokenizer) : namedTemplate(tokenizer, named)
  return createChatTemplate(text, source, specialTokens(tokenizer))
}

export function createChatTemplate(text: string, source: string, tokens: Record<string, string>): ChatTemplate {
  if (text.includes(BEGIN) || text.includes(END))
    throw new KoVocabError('bad-file', `${source}: the chat template holds the noncharacter U+FDD0 or U+FDD1`)
  const marks = /\{%-?\s*generation\s*-?%\}/.test(text)
  const plain = compile(text, source)
  const marked = marks ? compile(withMarks(text), source) : null
  return {
    ...{ text, source, tokens, marks },
    render(messages, { prompt = false, mark = false } = {}) {
      try {
        return (mark && marked ? marked : plain).render({ ...tokens, messages, add_generation_prompt: prompt })
      } catch (cause) {
        const reason = (cause as Error).message
        throw new KoVocabError('unsupported', `${source}: the chat template refuses: ${reason}`, undefined, { cause })
      }
    },
  }
}

function compile(text: string, source: string): Template {
  try {
    return new Template(text)
  } catch (cause) {
    const what = `${source}: is no chat template that can be read: ${(cause as Error).message}`
    throw new KoVocabError('bad-file', what, 'name another: --chat-template', { cause })
  }
}

/**
 * Marks as text within `{% generation %}` … `{% endgeneration %}`. They would keep the tags from taking away the white
 * space next to them, so that is done here: all of it where a tag has `-`, else what transformers' `trim_blocks` (a line
 * end behind a tag) and `lstrip_blocks` (blanks before one that begins its line) take.
 */
function withMarks(text: string): string {
  return text
    .replace(/(\{%-?\s*generation\s*(-?)%\})(\s*)/g, (_, tag: string, dash: string, space: string) => {
      return `${tag}${BEGIN}${dash ? '' : space.replace(/^\n/, '')}`
    })
    .replace(/(\s*)(\{%(-?)\s*endgeneration\s*-?%\})/g, (_, space: string, tag: string, dash: string) => {
      return `${dash ? '' : space.replace(/\n[ \t]+$/, '\n')}${END}${tag}`
    })
}

function ownTemplate(tokenizer: Tokenizer): { text: string; source: string } {
  const { sidecars } = tokenizer.sources
  const file = sidecars['chat_template.jinja']
  if (file !== undefined) return { text: file, source: 'chat_template.jinja' }
  const fromJson = sidecars['chat_template.json']
  const candidates: [string, unknown][] = [['tokenizer_config.json', tokenizerConfig(sidecars)?.chat_template]]
  if (fromJson !== undefined) candidates.push(['chat_template.json', readJson(fromJson)?.chat_template])
  for (const [source, value] of candidates) {
    const text = Array.isArray(value) ? defaultOf(value, source) : value
    if (typeof text === 'string') return { text, source }
  }
  const hint = `name one: --chat-template with ${Object.keys(namedTemplates).join(', ')}, or a file`
  throw new KoVocabError('unsupported', 'the tokenizer has no chat template', hint)
}

function readJson(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown> | null
  } catch (cause) {
    throw new KoVocabError('bad-file', `chat_template.json: is no JSON: ${(cause as Error).message}`, undefined, {
      cause,
    })
  }
}

function defaultOf(list: unknown[], source: string): unknown {
  const named = list as { name?: unknown; template?: unknown }[]
  const found = named.find((entry) => entry?.name === 'default')
  if (found) return found.template
  const names = named.map((entry) => String(entry?.name)).join(', ')
  throw new KoVocabError(
    'unsupported',
    `${source}: of its chat templates (${names}) none is called default`,
    'name one',
  )
}

function namedTemplate(tokenizer: Tokenizer, named: string | { text: string; source: string }) {
  if (typeof named !== 'string') return named
  if (!Object.hasOwn(namedTemplates, named)) {
    const known = Object.keys(namedTemplates).join(', ')
    throw new KoVocabError(
      'bad-option',
      `there is no chat template ${JSON.stringify(named)}`,
      `known: ${known}, or a file`,
    )
  }
  const { text, tokens }: NamedTemplate = namedTemplates[named as keyof typeof namedTemplates]
  const missing = tokens.find((token) => !tokenizer.addedTokens.some(({ content }) => content === token))
  if (missing === undefined) return { text, source: named }
  const what = `the chat template ${named} needs the token ${missing}, which the tokenizer does not have`
  throw new KoVocabError('unsupported', what, 'name llama-2, which needs none, or add the token to the tokenizer')
}

/** What transformers gives a template: every `…_token` that the tokenizer names. */
function specialTokens(tokenizer: Tokenizer): Record<string, string> {
  const known = JSON.parse(canonicalConfig(tokenizer)) as Record<string, unknown>
  const found: Record<string, string> = {}
  for (const [key, value] of Object.entries({ ...known, ...tokenizerConfig(tokenizer.sources.sidecars) })) {
    const content = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value
    if (/^(bos|eos|unk|pad|sep|cls|mask)_token$/.test(key) && typeof content === 'string') found[key] = content
  }
  return found
}
