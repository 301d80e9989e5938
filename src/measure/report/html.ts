/**
 * Markup from templates that escape by default. About forty lines instead of a template library: a report needs no
 * components, and every dependency of it would be read by people who only wanted a tokenizer.
 */
import { canonicalText } from './visible'

/** A symbol as the key: data from a file can never pass for markup. */
const MARKUP = Symbol('markup')

export interface Html {
  readonly [MARKUP]: string
}

/** Strings and numbers become text; lists are joined; null is nothing. */
export type HtmlValue = Html | string | number | null | readonly HtmlValue[]

/** A template whose values are escaped. Attributes stand in double quotes. */
export function html(parts: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return markup(parts.map((part, i) => part + (i < values.length ? write(values[i]) : '')).join(''))
}

/** Markup that the program itself wrote: style sheets, the script. Never other people's text. */
export function markup(text: string): Html {
  return { [MARKUP]: text }
}

export function writeHtml(value: Html): string {
  return value[MARKUP]
}

/**
 * Data for programs. `<` is written as an escape, so that neither `</script>` nor `<!--` can stand in it; U+2028 and
 * U+2029 too, which JavaScript once took for line ends. JSON.stringify writes lone surrogates as escapes itself.
 */
export function dataScript(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return markup(`<script type="application/json" id="${id}">${json}</script>`)
}

function write(value: HtmlValue): string {
  if (value === null) return ''
  if (typeof value === 'string') return escaped(value)
  if (typeof value === 'number') return String(value)
  return isHtml(value) ? value[MARKUP] : value.map(write).join('')
}

function isHtml(value: Html | readonly HtmlValue[]): value is Html {
  return MARKUP in value
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return canonicalText(text).replace(/[&<>"']/g, (char) => ENTITIES[char])
}
