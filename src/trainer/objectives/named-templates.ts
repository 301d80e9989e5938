/** Chat templates by name, written for this project after the formats' descriptions, with the assistant's turns marked. */

export interface NamedTemplate {
  text: string
  /** Tokens that the tokenizer must have. */
  tokens: string[]
}

/** https://github.com/openai/openai-python/blob/release-v0.28.0/chatml.md */
const chatml = `{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' -}}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}
{{- message['content'] + '<|im_end|>' -}}
{%- endgeneration -%}
{{- '\\n' -}}
{%- else -%}
{{- message['content'] + '<|im_end|>\\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}`

/** https://github.com/meta-llama/llama/blob/main/llama/generation.py */
const llama2 = `{%- set system = '' -%}
{%- if messages[0]['role'] == 'system' -%}
{%- set system = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' -%}
{%- set turns = messages[1:] -%}
{%- else -%}
{%- set turns = messages -%}
{%- endif -%}
{%- for message in turns -%}
{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
{{- raise_exception('turns must be user, assistant, user, assistant, …') -}}
{%- endif -%}
{%- if message['role'] == 'user' -%}
{{- bos_token + '[INST] ' + (system if loop.index0 == 0 else '') + message['content'] | trim + ' [/INST]' -}}
{%- else -%}
{%- generation -%}
{{- ' ' + message['content'] | trim + ' ' + eos_token -}}
{%- endgeneration -%}
{%- endif -%}
{%- endfor -%}`

/** https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/ */
const llama3 = `{{- '<|begin_of_text|>' -}}
{%- for message in messages -%}
{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' -}}
{%- if message['role'] == 'assistant' -%}
{%- generation -%}
{{- message['content'] | trim + '<|eot_id|>' -}}
{%- endgeneration -%}
{%- else -%}
{{- message['content'] | trim + '<|eot_id|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
{%- endif -%}`

export const namedTemplates = {
  chatml: { text: chatml, tokens: ['<|im_start|>', '<|im_end|>'] },
  'llama-2': { text: llama2, tokens: [] },
  'llama-3': {
    text: llama3,
    tokens: ['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'],
  },
} satisfies Record<string, NamedTemplate>

export type TemplateName = keyof typeof namedTemplates
