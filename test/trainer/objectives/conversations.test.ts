/** Lines of data sets, templates, masks, and batches of conversations. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeIds } from '../../../src/tokenizer/decode'
import { createBatches } from '../../../src/trainer/data/batches'
import { tokensInMemory } from '../../../src/trainer/data/token-store'
import { chatTemplateOf, createChatTemplate } from '../../../src/trainer/objectives/chat-template'
import { readConversation, readPreference } from '../../../src/trainer/objectives/conversations'
import { createConversationEncoder } from '../../../src/trainer/objectives/encode-conversation'
import { conversationStore } from '../../../src/trainer/objectives/instruction'
import { chatTokenizer } from './support'

const tokenizer = chatTokenizer()
const chatml = chatTemplateOf(tokenizer, 'chatml')
const encode = createConversationEncoder(tokenizer, chatml)
const read = (value: unknown) => readConversation(JSON.stringify(value), 'a.jsonl:7')
const turn = (role: string, content: string) => ({ role, content })

describe('lines', () => {
  it.each([
    [{ messages: [turn('user', 'a'), turn('assistant', 'b')], id: 3 }, [turn('user', 'a'), turn('assistant', 'b')], 0],
    [{ instruction: 'a', input: 'x', output: 'b' }, [turn('user', 'a\n\nx'), turn('assistant', 'b')], 0],
    [{ instruction: 'a', input: '', output: 'b' }, [turn('user', 'a'), turn('assistant', 'b')], 0],
    [
      { system: 's', instruction: 'a', output: 'b' },
      [turn('system', 's'), turn('user', 'a'), turn('assistant', 'b')],
      0,
    ],
    [{ prompt: 'a', completion: 'b' }, [turn('user', 'a'), turn('assistant', 'b')], 1],
    [
      { prompt: [turn('user', 'a'), turn('assistant', 'b'), turn('user', 'c')], completion: 'd' },
      [turn('user', 'a'), turn('assistant', 'b'), turn('user', 'c'), turn('assistant', 'd')],
      3,
    ],
    [
      {
        conversations: [
          { from: 'human', value: 'a' },
          { from: 'gpt', value: 'b' },
        ],
      },
      [turn('user', 'a'), turn('assistant', 'b')],
      0,
    ],
  ])('%j', (line, messages, learnFrom) => {
    expect(read(line)).toEqual({ messages, learnFrom })
  })

  it.each([
    ['{', /^a\.jsonl:7: is no JSON/],
    ['[]', /^a\.jsonl:7: is no object/],
    ['{"text": "a"}', /is no conversation/],
    ['{"messages": []}', /messages is no list/],
    ['{"messages": [{"role": "user"}]}', /messages\[0\] needs a role and a content/],
    ['{"messages": [{"role": "user", "content": "a"}]}', /has no turn of the assistant/],
    ['{"prompt": "a", "completion": [{"role": "user", "content": "b"}]}', /has no turn of the assistant/],
    ['{"conversations": [{"from": "bot", "value": "b"}]}', /conversations\[0\] needs from/],
    ['{"instruction": 3, "output": "b"}', /instruction is no text/],
  ])('%s is refused', (line, message) => {
    expect(() => readConversation(line, 'a.jsonl:7')).toThrow(
      expect.objectContaining({ code: 'bad-file', message: expect.stringMatching(message) }),
    )
  })

  it('preferences, the prompt apart or in both', () => {
    const expected = {
      chosen: { messages: [turn('user', 'a'), turn('assistant', 'b')], learnFrom: 1 },
      rejected: { messages: [turn('user', 'a'), turn('assistant', 'c')], learnFrom: 1 },
    }
    const of = (value: unknown) => readPreference(JSON.stringify(value), 'p')
    expect(of({ prompt: 'a', chosen: 'b', rejected: 'c' })).toEqual(expected)
    const [user, b, c] = [turn('user', 'a'), turn('assistant', 'b'), turn('assistant', 'c')]
    expect(of({ prompt: [user], chosen: [b], rejected: [c] })).toEqual(expected)
    expect(of({ chosen: [user, b], rejected: [user, c] })).toEqual(expected)
    expect(() => of({ chosen: [b], rejected: [c] })).toThrow(/has no prompt/)
    expect(() => of({ chosen: [user, b], rejected: [user, b] })).toThrow(/are the same/)
    expect(() => of({ prompt: 'a', chosen: 'b' })).toThrow(/is no preference/)
  })
})

describe('templates', () => {
  const own = (config: Record<string, unknown>, more: Record<string, string> = {}) => {
    const made = chatTokenizer(config)
    return chatTemplateOf({ ...made, sources: { sidecars: { ...made.sources.sidecars, ...more } } })
  }

  it('are the tokenizer’s own', () => {
    expect(own({ chat_template: 'x' })).toMatchObject({ text: 'x', source: 'tokenizer_config.json', marks: false })
    const several = [
      { name: 'rag', template: 'y' },
      { name: 'default', template: 'x' },
    ]
    expect(own({ chat_template: several }).text).toBe('x')
    expect(own({ chat_template: 'y' }, { 'chat_template.jinja': 'x' })).toMatchObject({ source: 'chat_template.jinja' })
    expect(own({}, { 'chat_template.json': '{"chat_template": "x"}' }).text).toBe('x')
    expect(own({ chat_template: '{{ bos_token + eos_token }}' }).render([])).toBe('<s></s>')
  })

  it('none, or one that cannot be, is refused', () => {
    expect(() => own({})).toThrow(
      expect.objectContaining({ code: 'unsupported', hint: expect.stringContaining('chatml') }),
    )
    expect(() => own({ chat_template: [{ name: 'rag', template: 'y' }] })).toThrow(/\(rag\) none is called default/)
    expect(() => own({ chat_template: '{% if %}' })).toThrow(/^tokenizer_config\.json: is no chat template/)
    expect(() => chatTemplateOf(tokenizer, 'alpaca')).toThrow(/there is no chat template "alpaca"/)
    expect(() => chatTemplateOf(tokenizer, 'llama-3')).toThrow(/needs the token <\|begin_of_text\|>/)
    const strict = createChatTemplate("{{ raise_exception('no system') }}", 't', {})
    expect(() => strict.render([])).toThrow(/^t: the chat template refuses: no system/)
  })

  it('that render a turn differently later are refused, with the line', () => {
    const last = createChatTemplate(
      "{% for m in messages %}{{ m.role }}{{ m.content if loop.last else '' }}{% endfor %}",
      ...(['t', {}] as const),
    )
    const conversation = read({ messages: [turn('user', 'a'), turn('assistant', 'b'), turn('user', 'c')] })
    expect(() => createConversationEncoder(tokenizer, last)(conversation, 'a.jsonl:7')).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringMatching(/^a\.jsonl:7: t: the chat template renders turn 2 differently/),
        hint: expect.stringContaining('{% generation %}'),
      }),
    )
  })
})

describe('masks', () => {
  /** The text of each run of learned tokens. */
  function learnedTexts(value: unknown): string[] {
    const { ids, learned } = encode(read(value), 'x')
    const texts: string[] = []
    for (let at = 0; at < ids.length; at++) {
      if (learned[at] === 0) continue
      const start = at
      while (learned[at + 1] === 1) at++
      texts.push(decodeIds(tokenizer, ids.subarray(start, at + 1), { skipSpecialTokens: false }))
    }
    return texts
  }

  it('hold the assistant’s turns with their end, nothing else', () => {
    const messages = [
      ...[turn('system', 's'), turn('user', 'hello'), turn('assistant', 'one two'), turn('user', 'more')],
      turn('assistant', '한'),
    ]
    expect(learnedTexts({ messages })).toEqual(['one two<|im_end|>', '한<|im_end|>'])
    expect(learnedTexts({ prompt: messages.slice(0, 4), completion: '한' })).toEqual(['한<|im_end|>'])
  })

  it('noncharacters are refused', () => {
    expect(() => encode(read({ prompt: 'a\uFDD0', completion: 'b' }), 'x')).toThrow(/x: holds the noncharacter/)
  })
})

describe('batches', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abc '), minLength: 1, maxLength: 12 })
  const lines = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 12 })
  const file = (pairs: [string, string][]) => ({
    name: 'a.jsonl',
    lines: pairs.flatMap(([prompt, completion]) => [JSON.stringify({ prompt, completion }), '']),
  })

  it('one pass learns every learned token once, and a run goes on anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(lines, fc.integer({ min: 60, max: 120 }), async (pairs, length) => {
        const found = await conversationStore([file(pairs)], encode, { length })
        expect(found).toMatchObject({ conversations: pairs.length, cut: 0, left: 0 })
        const sources = [{ name: 'chat', store: found.store }]
        const batches = createBatches({
          sources,
          length,
          seed: 3,
          vocabulary: tokenizer.pieces.length,
          packing: 'whole',
        })
        const { rows } = batches.packings[0]
        const whole = batches.read(0, rows)
        expect(whole.targets).toBe(found.learned)
        const labels = [...whole.labels].filter((label) => label >= 0).sort()
        const all = pairs.flatMap(([prompt, completion]) => {
          const { ids, learned } = encode(read({ prompt, completion }), 'x')
          return [...ids].filter((_, at) => at > 0 && learned[at] === 1)
        })
        expect(labels).toEqual(all.sort())
        for (let row = 0; row < rows; row++)
          expect(batches.read(row, 1).labels).toEqual(whole.labels.subarray(row * length, (row + 1) * length))
      }),
      { numRuns: 30 },
    )
  })

  it('counts what is cut and what is left out, and mixes with plain text', async () => {
    const long: [string, string][] = [
      ['a', 'b'.repeat(100)],
      ['a'.repeat(100), 'b'],
    ]
    const found = await conversationStore([file(long)], encode, { length: 40 })
    expect(found).toMatchObject({ conversations: 1, cut: 1, left: 1 })
    await expect(conversationStore([file([long[1]])], encode, { length: 40 })).rejects.toThrow(
      /a\.jsonl: no conversation/,
    )
    await expect(conversationStore([{ name: 'b', lines: [] }], encode, { length: 40 })).rejects.toThrow(
      /there is no conv/,
    )
    const plain = await tokensInMemory(
      [new TextEncoder().encode('abc'.repeat(30))],
      { encode: () => new Int32Array(90).fill(300) } as never,
      'k',
    )
    const sources = [
      { name: 'chat', store: found.store, share: 0.5 },
      { name: 'replay', store: plain, share: 0.5 },
    ]
    const batches = createBatches({ sources, length: 40, seed: 1, vocabulary: 1000, packing: 'whole' })
    const { labels } = batches.read(0, 6)
    expect(labels).toContain(300)
    expect([...labels].filter((label) => label !== 300 && label >= 0).length).toBeGreaterThan(10)
  })

  it('its key says what is in it', async () => {
    const of = async (pairs: [string, string][]) =>
      (await conversationStore([file(pairs)], encode, { length: 99 })).store.key
    const key = await of([['a', 'b']])
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(await of([['a', 'b']])).toBe(key)
    expect(await of([['a', 'c']])).not.toBe(key)
  })
})
