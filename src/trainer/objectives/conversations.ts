/** Conversations and preferences from JSON lines, in the forms that data sets have. */
import { KoVocabError } from '../../errors'

export interface Message {
  role: string
  content: string
  /** Whatever else a data set has for its template: `name`, `tool_calls`. */
  [key: string]: unknown
}

export interface Conversation {
  messages: Message[]
  /** Index of the first message whose turn may be learned: 0 but where a prompt was set apart from its completion. */
  learnFrom: number
}

/** A prompt with two answers, the first one preferred. */
export interface Preference {
  chosen: Conversation
  rejected: Conversation
}

type Json = Record<string, unknown>
type Fail = (what: string, hint?: string) => never

const FORMS =
  'known: {"messages": [{"role", "content"}]}, {"instruction", "input", "output"}, {"prompt", "completion"}, ' +
  '{"conversations": [{"from", "value"}]}'

/**
 * One line of a file:
 *
 * - `{"messages": [{"role": "user", "content": "…"}, …]}` (Hugging Face, OpenAI)
 * - `{"instruction": "…", "input": "…", "output": "…"}` (Alpaca): instruction and input, a blank line between them, are
 *   the user's turn; `system` may stand there too
 * - `{"prompt": …, "completion": …}` (TRL): texts, or lists of messages; the completion alone is learned
 * - `{"conversations": [{"from": "human", "value": "…"}, …]}` (ShareGPT)
 *
 * Other keys are passed over.
 *
 * @param place `file:line`, for errors
 * @throws KoVocabError `bad-file`
 */
export function readConversation(line: string, place: string): Conversation {
  const fail = failAt(place)
  const entry = parse(line, fail)
  const { messages, conversations, prompt, completion, instruction, output } = entry
  if (messages !== undefined) return learned({ messages: messagesOf(messages, 'messages', fail), learnFrom: 0 }, fail)
  if (conversations !== undefined) return learned({ messages: sharedGpt(conversations, fail), learnFrom: 0 }, fail)
  if (prompt !== undefined && completion !== undefined) {
    return joined(turnsOf(prompt, 'user', 'prompt', fail), turnsOf(completion, 'assistant', 'completion', fail), fail)
  }
  if (instruction === undefined || output === undefined) return fail('is no conversation', FORMS)
  const texts = { instruction, output, input: entry.input ?? '', system: entry.system ?? '' }
  for (const [key, value] of Object.entries(texts)) if (typeof value !== 'string') fail(`${key} is no text`)
  const { input, system } = texts as unknown as Record<string, string>
  const asked = input === '' ? `${instruction}` : `${instruction}\n\n${input}`
  const before = system === '' ? [] : [{ role: 'system', content: system }]
  const turns = [...before, { role: 'user', content: asked }, { role: 'assistant', content: `${output}` }]
  return learned({ messages: turns, learnFrom: 0 }, fail)
}

/**
 * `{"prompt": …, "chosen": …, "rejected": …}`, each a text or a list of messages; where all of a conversation stands in
 * both lists, without a prompt, what they begin with in common is the prompt (as in TRL).
 *
 * @throws KoVocabError `bad-file`
 */
export function readPreference(line: string, place: string): Preference {
  const fail = failAt(place)
  const { prompt, chosen, rejected } = parse(line, fail)
  if (chosen === undefined || rejected === undefined)
    return fail('is no preference', 'known: {"prompt", "chosen", "rejected"}, texts or lists of {"role", "content"}')
  const better = turnsOf(chosen, 'assistant', 'chosen', fail)
  const worse = turnsOf(rejected, 'assistant', 'rejected', fail)
  if (prompt !== undefined) {
    const asked = turnsOf(prompt, 'user', 'prompt', fail)
    return { chosen: joined(asked, better, fail), rejected: joined(asked, worse, fail) }
  }
  const same = better.findIndex((message, i) => JSON.stringify(message) !== JSON.stringify(worse[i]))
  if (same < 0) return fail('chosen and rejected are the same')
  if (same === 0) return fail('has no prompt', 'add it, or let chosen and rejected begin with it')
  const of = (turns: Message[]) => joined(turns.slice(0, same), turns.slice(same), fail)
  return { chosen: of(better), rejected: of(worse) }
}

function failAt(place: string): Fail {
  return (what, hint) => {
    throw new KoVocabError('bad-file', `${place}: ${what}`, hint ?? 'correct the line, or remove it')
  }
}

function parse(line: string, fail: Fail): Json {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    return fail(`is no JSON: ${(cause as Error).message}`)
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : fail('is no object')
}

function turnsOf(value: unknown, role: string, key: string, fail: Fail): Message[] {
  if (typeof value === 'string') return [{ role, content: value }]
  return messagesOf(value, key, fail)
}

function messagesOf(value: unknown, key: string, fail: Fail): Message[] {
  if (!Array.isArray(value) || value.length === 0) return fail(`${key} is no list of messages`)
  return value.map((message: Json, i) => {
    if (typeof message?.role !== 'string' || typeof message.content !== 'string')
      return fail(`${key}[${i}] needs a role and a content, both texts`)
    return message as Message
  })
}

const SHARE_GPT: Record<string, string> = {
  human: 'user',
  gpt: 'assistant',
  system: 'system',
  user: 'user',
  assistant: 'assistant',
}

function sharedGpt(value: unknown, fail: Fail): Message[] {
  if (!Array.isArray(value)) return fail('conversations is no list')
  return value.map((turn: Json, i) => {
    const role = typeof turn?.from === 'string' ? SHARE_GPT[turn.from] : undefined
    if (role === undefined || typeof turn.value !== 'string')
      return fail(`conversations[${i}] needs from (human, gpt or system) and value, both texts`)
    return { role, content: turn.value }
  })
}

function joined(prompt: Message[], completion: Message[], fail: Fail): Conversation {
  return learned({ messages: [...prompt, ...completion], learnFrom: prompt.length }, fail)
}

function learned(conversation: Conversation, fail: Fail): Conversation {
  const { messages, learnFrom } = conversation
  if (messages.some(({ role }, i) => role === 'assistant' && i >= learnFrom)) return conversation
  return fail('has no turn of the assistant that could be learned')
}
