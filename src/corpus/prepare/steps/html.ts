/** What is left of HTML in text that was taken from pages. */
import { decodeEntities } from '../entities'
import { eachText, onOff, optionsOf, stepKind } from '../kind'

export const html = stepKind({
  name: 'html',
  about: 'HTML tags, comments, scripts, styles and entities; <기생충> and a < b stay',
  options: optionsOf({ tags: onOff.default(true), entities: onOff.default(true) }),
  start: ({ tags, entities }) =>
    eachText((text) => {
      const plain = tags && text.includes('<') ? stripTags(text) : text
      return entities && plain.includes('&') ? decodeEntities(plain) : plain
    }),
})

/** Elements that end a line where they begin and end. */
const BLOCKS =
  'address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hr html legend li main menu nav ol optgroup option p pre section summary table tbody tfoot thead title tr ul'
const INLINE =
  'a abbr acronym applet area audio b base basefont bdi bdo big button canvas cite code col colgroup data datalist del dfn dir em embed font frame i iframe img input ins kbd label link map mark marquee meta meter nobr noframes noscript object output param picture progress q rp rt ruby s samp script select slot small source span strike strong style sub sup svg td template textarea th time track tt u var video wbr'

const NAMES = `${BLOCKS} ${INLINE}`.replaceAll(' ', '|')
/** A name of HTML, then attributes as a browser reads them; quoted values may hold `>`. */
const TAG = new RegExp(`</?(${NAMES})(?:\\s(?:[^<>"']|"[^"<]*"|'[^'<]*')*|/)?>`, 'gi')
/** Their content is no text. */
const WITH_CONTENT = /<(script|style|noscript|iframe|template|svg)\b[^<>]*>|<!--/gi
const DECLARATIONS = /<!DOCTYPE\b[^<>]*>|<!\[CDATA\[|\]\]>|<\?xml\b[^<>]*>/gi
const blockNames = new Set(BLOCKS.split(' '))

/** Only names of HTML elements are tags: titles and headings stand in angle brackets in Korean. */
function stripTags(text: string): string {
  if (!/<[a-z/!?]/i.test(text)) return text
  return dropContent(text)
    .replace(DECLARATIONS, '')
    .replace(TAG, (_, name: string) => {
      const lower = name.toLowerCase()
      return blockNames.has(lower) ? '\n' : lower === 'td' || lower === 'th' ? ' ' : ''
    })
}

/**
 * Without comments, and elements whose content is no text. Where the end is missing the rest of the document would go, so
 * it stays; the end is looked for once, since a text may be nothing but such beginnings.
 */
function dropContent(text: string): string {
  const endless = new Set<string>()
  let kept = ''
  let from = 0
  WITH_CONTENT.lastIndex = 0
  for (let open = WITH_CONTENT.exec(text); open; open = WITH_CONTENT.exec(text)) {
    const name = open[1]?.toLowerCase() ?? '!'
    if (endless.has(name)) continue
    const end = name === '!' ? /-->/g : new RegExp(`</${name}\\s*>`, 'gi')
    end.lastIndex = WITH_CONTENT.lastIndex
    if (!end.test(text)) {
      endless.add(name)
      continue
    }
    kept += text.slice(from, open.index) + (name === '!' ? '' : ' ')
    from = end.lastIndex
    WITH_CONTENT.lastIndex = from
  }
  return from === 0 ? text : kept + text.slice(from)
}
