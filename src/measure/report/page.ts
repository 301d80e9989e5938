/** The page around the sections: head, language switch, contents, data, script. */
import { sha256Hex } from '../../tokenizer/hash'
import { type Both, LANGUAGES, type Language } from '../language'
import { dataScript, type Html, type HtmlValue, html, markup, writeHtml } from './html'
import { SCRIPT } from './script'
import { STYLE } from './style'
import { SENTENCES, WORDS } from './words'

export interface Section {
  id: string
  title: Both
  body: HtmlValue
}

export interface Page {
  title: Both
  /** Below the title, a line each. */
  lines: Record<Language, readonly string[]>
  sections: readonly Section[]
  /** Of ko-vocab. */
  version: string
  /** All figures, for programs. */
  data: unknown
}

/** A text in both languages, of which the page shows one. */
export function both(text: Both): Html {
  if (text.en === text.ko) return html`${text.en}`
  return html`<span class="ko" lang="ko">${text.ko}</span><span class="en" lang="en">${text.en}</span>`
}

/** The same for what cannot be mixed, as drawings and lists. */
function inBoth(make: (language: Language) => Html): Html[] {
  return LANGUAGES.map((language) => html`<div class="${language}" lang="${language}">${make(language)}</div>`)
}

/** A drawing in its box, made once in each language. */
export function figure(title: Both, note: Both | null, draw: (language: Language) => Html): Html {
  const more = note ? html` <span class="soft">${both(note)}</span>` : null
  return html`<figure class="card"><figcaption>${both(title)}${more}</figcaption>${inBoth(draw)}</figure>
`
}

/** Names and what they mean. */
export function definitions(entries: readonly { name: Both; means: Both }[]): Html {
  return html`<dl>${entries.map(({ name, means }) => html`<dt>${both(name)}</dt><dd>${both(means)}</dd>`)}</dl>`
}

/** One document that asks the network for nothing: its policy forbids everything but its own style and script. */
export function page({ title, lines, sections, version, data }: Page): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src ${scriptHash(SCRIPT)}; img-src data:; base-uri 'none'; form-action 'none'`
  const words = { title, ascending: WORDS.ascending, descending: WORDS.descending }
  const contents = sections.map(({ id, title }) => html`<li><a href="#${id}">${both(title)}</a></li>`)
  return writeHtml(html`${markup('<!doctype html>')}
<html lang="ko">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="ko-vocab ${version}">
<title>${title.ko} · ${title.en}</title>
<style>${markup(STYLE)}</style>
</head>
<body>
<header>
<div class="top"><h1>${both(title)}</h1>${languageSwitch()}</div>
${inBoth((language) => html`${lines[language].map((line) => html`<p class="soft"><bdi>${line}</bdi></p>`)}`)}
<nav aria-labelledby="contents"><h2 id="contents" class="sr">${both(WORDS.contents)}</h2><ul>${contents}</ul></nav>
</header>
<main>
${sections.map(
  ({ id, title, body }) => html`<section aria-labelledby="${id}"><h2 id="${id}" tabindex="-1">${both(title)}</h2>
${body}
</section>
`,
)}</main>
<footer><p>${both(SENTENCES.made(version))} ${both(WORDS.offline)}</p></footer>
<p id="sorted" class="sr" role="status"></p>
${dataScript('words', words)}
${dataScript('data', data)}
<script>${markup(SCRIPT)}</script>
</body>
</html>
`)
}

/** Two radio buttons: the style sheet alone shows the language of the one that is chosen. */
export function languageSwitch(): Html {
  const names: Both = { en: 'English', ko: '한국어' }
  return html`<fieldset class="language"><legend>${both(WORDS.language)}</legend>${LANGUAGES.map(
    (language) =>
      html`<label lang="${language}"><input type="radio" name="language" id="lang-${language}" value="${language}"${
        language === 'ko' ? markup(' checked') : null
      }><span>${names[language]}</span></label>`,
  )}</fieldset>`
}

/** What a policy calls a script that it allows. */
export function scriptHash(script: string): string {
  return `'sha256-${base64(sha256Hex(new TextEncoder().encode(script)))}'`
}

function base64(hex: string): string {
  return btoa(hex.replace(/../g, (byte) => String.fromCharCode(Number.parseInt(byte, 16))))
}
