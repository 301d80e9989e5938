/** A conversation as tokens, with a mask of those that are learned. */
import { encodeUtf8 } from '../../text/utf8'
import type { Tokenizer } from '../../tokenizer/types'
import { createDocumentEncoder, type DocumentEncoder } from '../data/document-encoder'
import { renderConversation } from './assistant-spans'
import type { ChatTemplate } from './chat-template'
import type { Conversation } from './conversations'

export interface EncodedConversation {
  ids: Int32Array
  /** 1 for each token of an assistant's turn that is learned. */
  learned: Uint8Array
  /** UTF-8 bytes of the text. */
  bytes: number
}

/** @throws KoVocabError as `renderConversation` */
export type ConversationEncoder = (conversation: Conversation, place: string) => EncodedConversation

/**
 * The ids of the rendered text, without special tokens around it: a template writes its own. A token is learned if a part
 * of its text is, as in transformers (`return_assistant_tokens_mask`; but of a turn whose last character is spelled in
 * bytes, that marks the first byte alone). Which one holds a character is found by
 * encoding the text up to there: ids that both have in common end before it. So nothing needs offsets, and the ids
 * before a turn are those that a prompt has when the model answers it.
 *
 * @param encoder of the same tokenizer, without special tokens around a text, if there is one already
 */
export function createConversationEncoder(
  tokenizer: Tokenizer,
  template: ChatTemplate,
  { encode }: Pick<DocumentEncoder, 'encode'> = createDocumentEncoder(tokenizer, { bos: 'never', eos: 'never' }),
): ConversationEncoder {
  const specials = tokenizer.addedTokens.filter(({ special }) => special).map(({ content }) => content)
  const endsSpecial = (text: string) => specials.some((special) => text.endsWith(special))
  return (conversation, place) => {
    const { text, spans } = renderConversation(template, conversation, endsSpecial, place)
    const whole = encodeUtf8(text)
    const ids = encode(whole)
    const learned = new Uint8Array(ids.length)
    for (const [start, end] of spans) {
      const first = inCommon(ids, encode(encodeUtf8(text.slice(0, start)))).length
      const until = inCommon(ids, encode(encodeUtf8(text.slice(0, end))))
      // A token that goes on behind the span holds some of it.
      learned.fill(1, first, until.whole ? until.length : until.length + 1)
    }
    return { ids, learned, bytes: whole.length }
  }
}

/** How many ids of a prefix's text the whole begins with, and whether those are all of them. */
function inCommon(ids: Int32Array, prefix: Int32Array): { length: number; whole: boolean } {
  let length = 0
  while (length < prefix.length && prefix[length] === ids[length]) length++
  return { length, whole: length === prefix.length }
}
