/** Chat templates in the ways people write them, with what is generated marked; and conversations to render. */
import type { Message } from '../../../src/trainer/objectives/conversations'
import { namedTemplates } from '../../../src/trainer/objectives/named-templates'

/**
 * Tags on lines of their own, indented. One `-`: else the line end behind </s> would be learned, of which transformers
 * marks the first of its two tokens (`▁`, `<0x0A>`), because both stand for one character.
 */
const zephyr = `{% for message in messages %}
    {% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token + '\\n' }}
    {% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token + '\\n' }}
    {% else %}
{{ '<|assistant|>\\n' }}
        {% generation %}
{{ message['content'] + eos_token }}
        {%- endgeneration %}
{{ '\\n' }}
    {% endif %}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|assistant|>\\n' }}
{% endif %}`

/** No special token at the end of a turn; the end of a line is part of it. */
const alpaca = `{% for message in messages %}{% if message.role == 'assistant' %}### Response:
{% generation %}{{ message.content }}

{% endgeneration %}{% else %}### {{ 'Instruction' if message.role == 'user' else 'System' }}:
{{ message.content | trim }}

{% endif %}{% endfor %}{% if add_generation_prompt %}### Response:
{% endif %}`

/** The prompt ends with a blank that the first word of the answer takes with it. */
const straddling = `{{ bos_token }}{% for message in messages %}{{ message.role }}: {% if message.role == 'assistant' -%}
  {%- generation -%}  {{- message.content + eos_token -}}  {%- endgeneration %}
{% else %}{{ message.content }}
{% endif %}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}`

export const templates: Record<string, string> = {
  chatml: namedTemplates.chatml.text,
  'llama-2': namedTemplates['llama-2'].text,
  'llama-3': namedTemplates['llama-3'].text,
  ...{ zephyr, alpaca, straddling },
}

/** The same template without marks. */
export function withoutMarks(text: string): string {
  // A block that does nothing takes the same white space away.
  return text
    .replace(/\{%(-?)\s*generation\s*(-?)%\}/g, '{%$1 if true $2%}')
    .replace(/\{%(-?)\s*endgeneration\s*(-?)%\}/g, '{%$1 endif $2%}')
}

export const conversations: Message[][] = [
  [
    { role: 'user', content: '서울은 어디에 있나요?' },
    { role: 'assistant', content: '서울은 한국의 수도입니다.' },
  ],
  [
    { role: 'system', content: 'You answer in Korean.' },
    { role: 'user', content: 'What is 3 + 4?  ' },
    { role: 'assistant', content: '7입니다.' },
    { role: 'user', content: '그럼 3 × 4는?' },
    { role: 'assistant', content: '열둘,\n즉 12입니다. 😀' },
  ],
  [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
  ],
]
