/** Rendered conversations, their ids and masks, against transformers' apply_chat_template. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/tokenizer/load'
import type { Tokenizer } from '../../src/tokenizer/types'
import { createDocumentEncoder, type DocumentEncoder } from '../../src/trainer/data/document-encoder'
import { chatTemplateOf } from '../../src/trainer/objectives/chat-template'
import { createConversationEncoder } from '../../src/trainer/objectives/encode-conversation'
import { llama2Json, llama3Json } from '../support/fixtures'
import { findPython, runPython } from '../support/python'
import { conversations, templates, withoutMarks } from '../trainer/objectives/templates'

const python = findPython(['transformers', 'jinja2'])
const temporary = mkdtempSync(join(tmpdir(), 'ko-vocab-chat-'))
afterAll(() => rmSync(temporary, { recursive: true }))

const SCRIPT = `
import json, sys
from transformers import PreTrainedTokenizerFast
asked = json.load(sys.stdin)
answers = []
for base in asked['bases']:
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=base['file'], bos_token=base['bos'], eos_token=base['eos'])
    for template in asked['templates']:
        for messages in asked['conversations']:
            text = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False)
            found = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=True, return_dict=True,
                                                  return_assistant_tokens_mask=True)
            prompt = tokenizer.apply_chat_template(messages[:-1], chat_template=template, tokenize=False,
                                                   add_generation_prompt=True)
            answers.append({'text': text, 'ids': list(found['input_ids']), 'mask': list(found['assistant_masks']),
                            'prompt': prompt})
json.dump(answers, sys.stdout)
`

interface Answer {
  text: string
  ids: number[]
  mask: number[]
  prompt: string
}

interface Base {
  name: string
  tokenizer: Tokenizer
  encoder: DocumentEncoder
}

async function baseOf(name: string, json: string, bos: string, eos: string, added: string[]) {
  const folder = join(temporary, name)
  mkdirSync(folder)
  const file = join(folder, 'tokenizer.json')
  const document = JSON.parse(json)
  const used = [
    ...Object.values<number>(document.model.vocab),
    ...document.added_tokens.map(({ id }: { id: number }) => id),
  ]
  let next = used.reduce((most, id) => Math.max(most, id), 0) + 1
  for (const content of added) {
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
    document.added_tokens.push({ id: next++, content, ...flags })
  }
  writeFileSync(file, JSON.stringify(document))
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ bos_token: bos, eos_token: eos }))
  const tokenizer = await loadTokenizer(folder)
  const encoder = createDocumentEncoder(tokenizer, { bos: 'never', eos: 'never' })
  return { name, file, bos, eos, tokenizer, encoder }
}

describe.skipIf(!python.path)(`chat templates (${python.reason})`, () => {
  let bases: Base[]
  let answers: Answer[]
  beforeAll(async () => {
    const chat = ['<|im_start|>', '<|im_end|>']
    const made = [
      await baseOf('Llama-2', await llama2Json(), '<s>', '</s>', chat),
      await baseOf('Llama-3', llama3Json(), '<|begin_of_text|>', '<|end_of_text|>', chat),
    ]
    bases = made
    const asked = made.map(({ file, bos, eos }) => ({ file, bos, eos }))
    const query = { bases: asked, templates: Object.values(templates), conversations }
    answers = await runPython<Answer[]>(python.path!, SCRIPT, query)
  }, 300_000)

  const each = <T>(
    visit: (base: Base, name: string, text: string, messages: (typeof conversations)[0], answer: Answer) => T,
  ) => {
    let at = 0
    for (const base of bases)
      for (const [name, text] of Object.entries(templates))
        for (const messages of conversations) visit(base, name, text, messages, answers[at++])
    expect(at).toBe(answers.length)
  }

  it('the same text, with and without a prompt', () => {
    each(({ name: base, tokenizer }, name, text, messages, answer) => {
      const template = chatTemplateOf(tokenizer, { text, source: name })
      expect(template.render(messages), `${base}, ${name}`).toBe(answer.text)
      expect(template.render(messages.slice(0, -1), { prompt: true }), `${base}, ${name}`).toBe(answer.prompt)
    })
  })

  it('the same ids, and the same tokens are learned: by marks, and by what each turn adds', () => {
    const seen = new Set<number>()
    each(({ name: base, tokenizer, encoder }, name, text, messages, answer) => {
      for (const written of [text, withoutMarks(text)]) {
        const template = chatTemplateOf(tokenizer, { text: written, source: name })
        expect(template.marks).toBe(written === text)
        const { ids, learned } = createConversationEncoder(
          tokenizer,
          template,
          encoder,
        )({ messages, learnFrom: 0 }, 'x')
        expect([...ids], `${base}, ${name}`).toEqual(answer.ids)
        expect([...learned], `${base}, ${name}, marks ${template.marks}`).toEqual(answer.mask)
        for (const one of learned) seen.add(one)
      }
    })
    expect(seen.size).toBe(2)
  }, 300_000)
})
