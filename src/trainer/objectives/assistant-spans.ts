/** Which characters of a rendered conversation the assistant wrote. */
import { KoVocabError } from '../../errors'
import { BEGIN, type ChatTemplate, END } from './chat-template'
import type { Conversation } from './conversations'

export interface RenderedConversation {
  text: string
  /** [start, end) in UTF-16 units, rising: the assistant's turns that are learned, with the token that ends each. */
  spans: [start: number, end: number][]
}

/**
 * Where the template marks what is generated (`{% generation %}`), that; else a turn is what comes behind the text of the
 * messages before it with a generation prompt, up to the end of the text with it. White space behind the last special
 * token of such a turn (ChatML's line end) belongs to the template and is no part of it.
 *
 * @param isSpecial whether a text ends with a special token
 * @param place `file:line`, for errors
 * @throws KoVocabError `unsupported` when the template renders a turn differently with and without those after it, or
 * refuses the messages
 */
export function renderConversation(
  template: ChatTemplate,
  conversation: Conversation,
  endsSpecial: (text: string) => boolean,
  place: string,
): RenderedConversation {
  const { messages, learnFrom } = conversation
  if (messages.some(({ content }) => content.includes(BEGIN) || content.includes(END)))
    throw new KoVocabError('bad-file', `${place}: holds the noncharacter U+FDD0 or U+FDD1`, 'remove it from the text')
  const turns = messages.flatMap(({ role }, i) => (role === 'assistant' ? [i] : []))
  const learned = turns.filter((i) => i >= learnFrom)
  try {
    if (template.marks) {
      const all = markedSpans(template, conversation)
      if (all.spans.length !== turns.length) {
        const what = `marks ${all.spans.length} turns as generated, the conversation has ${turns.length} of the assistant`
        throw new KoVocabError('unsupported', `${template.source}: the chat template ${what}`)
      }
      return { text: all.text, spans: all.spans.filter((_, i) => turns[i] >= learnFrom) }
    }
    const text = template.render(messages)
    return { text, spans: learned.map((turn) => prefixSpan(template, conversation, text, turn, endsSpecial)) }
  } catch (error) {
    if (!(error instanceof KoVocabError)) throw error
    throw new KoVocabError(error.code, `${place}: ${error.message}`, error.hint, { cause: error })
  }
}

function markedSpans(template: ChatTemplate, { messages }: Conversation): RenderedConversation {
  const marked = template.render(messages, { mark: true })
  const spans: RenderedConversation['spans'] = []
  let text = ''
  for (const [i, part] of marked.split(new RegExp(`[${BEGIN}${END}]`)).entries()) {
    const start = text.length
    text += part
    if (i % 2 === 1) spans.push([start, text.length])
  }
  return { text, spans }
}

function prefixSpan(
  template: ChatTemplate,
  { messages }: Conversation,
  text: string,
  turn: number,
  endsSpecial: (text: string) => boolean,
): [number, number] {
  const before = turn === 0 ? '' : template.render(messages.slice(0, turn), { prompt: true })
  const after = template.render(messages.slice(0, turn + 1))
  if (!after.startsWith(before) || !text.startsWith(after)) {
    const what = `${template.source}: the chat template renders turn ${turn + 1} differently when others follow it`
    throw new KoVocabError('unsupported', what, 'mark what is learned in it by {% generation %} … {% endgeneration %}')
  }
  const trimmed = after.trimEnd()
  return [before.length, trimmed.length >= before.length && endsSpecial(trimmed) ? trimmed.length : after.length]
}
