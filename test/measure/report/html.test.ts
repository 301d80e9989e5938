import fc from 'fast-check'
import { type defaultTreeAdapter, parseFragment } from 'parse5'
import { describe, expect, it } from 'vitest'
import { dataScript, html, markup, writeHtml } from '../../../src/measure/report/html'
import { canonicalText } from '../../../src/measure/report/visible'
import { runs } from '../../support/long'
import { HOSTILE } from './reports'

const firstChild = (source: string) => {
  const nodes = parseFragment(source).childNodes
  expect(nodes).toHaveLength(1)
  return nodes[0] as ReturnType<typeof defaultTreeAdapter.createElement>
}

describe('html', () => {
  it('escapes text and attributes, joins lists, leaves null out', () => {
    const made = html`<p title="${'"<\'>&'}">${'<b>&'}${[1, html`<i>${'x'}</i>`, null]}${null}</p>`
    expect(writeHtml(made)).toBe('<p title="&quot;&lt;&#39;&gt;&amp;">&lt;b&gt;&amp;1<i>x</i></p>')
    expect(writeHtml(html`${markup('<hr>')}`)).toBe('<hr>')
  })

  it('takes nothing that comes from a file for markup', () => {
    for (const fake of ['{"markup":"<script>"}', '{"[MARKUP]":"<script>"}', '{"Symbol(markup)":"<script>"}']) {
      expect(() => writeHtml(html`<p>${JSON.parse(fake)}</p>`)).toThrow()
    }
  })

  it('any text comes back as text, inside an element and inside an attribute', () => {
    const strings = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: 'grapheme' }),
    )
    fc.assert(
      fc.property(strings, (text) => {
        const element = firstChild(writeHtml(html`<b title="${text}">${text}</b>`))
        expect(element.nodeName).toBe('b')
        expect(element.attrs.map(({ name }) => name)).toEqual(['title'])
        expect(element.attrs[0].value).toBe(canonicalText(text))
        const [child] = element.childNodes as { value: string }[]
        expect(child?.value ?? '').toBe(canonicalText(text))
      }),
      { numRuns: runs(500) },
    )
  })

  it('data in a script element is the data, and ends the element nowhere', () => {
    const values = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(fc.dictionary(values, values), (data) => {
        const source = writeHtml(dataScript('data', data))
        const element = firstChild(source)
        const [child] = element.childNodes as { value: string }[]
        expect(JSON.parse(child.value)).toEqual(data)
        expect(child.value).not.toMatch(/[<>&\u2028\u2029]/)
      }),
      { numRuns: runs(300) },
    )
  })
})

describe('what could not be seen', () => {
  it('is written out: controls, lone surrogates, marks of direction, separators', () => {
    expect(canonicalText('\0\u0007\u007f\u0085')).toBe('␀␇␡\ufffd')
    expect(canonicalText('\ud83d가\udc00😀\ud83d\ud83d\ude00')).toBe('\ufffd가\ufffd😀\ufffd😀')
    expect(canonicalText('\u202e\u200f\u2028\ufeff\u2066')).toBe('⟨U+202E⟩⟨U+200F⟩⟨U+2028⟩⟨U+FEFF⟩⟨U+2066⟩')
  })

  it('and nothing else: Hangul in both forms, line ends, emoji with joiners', () => {
    for (const text of ['한글 \u1112\u1161\u11ab\n\t끝', '👩‍👩‍👧‍👦 ❤️', 'שלום']) expect(canonicalText(text)).toBe(text)
  })
})
