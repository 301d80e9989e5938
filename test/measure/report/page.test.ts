import { type DefaultTreeAdapterTypes, defaultTreeAdapter, type ParserError, parse } from 'parse5'
import { beforeAll, describe, expect, it } from 'vitest'
import { TABLE_WORDS } from '../../../src/measure/bench/table-words'
import { benchTables } from '../../../src/measure/bench/tables'
import type { BenchReport } from '../../../src/measure/bench/types'
import { PLAN_WORDS } from '../../../src/measure/plan/table-words'
import { planTables } from '../../../src/measure/plan/tables'
import { benchHtml } from '../../../src/measure/report/bench-html'
import { planHtml } from '../../../src/measure/report/plan-html'
import { SCRIPT } from '../../../src/measure/report/script'
import { canonicalText } from '../../../src/measure/report/visible'
import { WORDS } from '../../../src/measure/report/words'
import { sha256Hex } from '../../../src/tokenizer/hash'
import { type Drawn, drawn, HOSTILE } from './reports'

type Node = DefaultTreeAdapterTypes.ChildNode
type Element = DefaultTreeAdapterTypes.Element

let made: Drawn
let pages: Record<'bench' | 'plan', string>
beforeAll(async () => {
  made = await drawn()
  pages = { bench: benchHtml(made.report), plan: planHtml(made.plan) }
})

function elements(source: string, errors: ParserError[] = []): Element[] {
  const found: Element[] = []
  const walk = (node: Node) => {
    if (defaultTreeAdapter.isElementNode(node)) found.push(node)
    if ('childNodes' in node) for (const child of node.childNodes) walk(child)
  }
  for (const node of parse(source, { onParseError: (error) => errors.push(error) }).childNodes) walk(node)
  return found
}

const attribute = (element: Element, name: string) => element.attrs.find((attr) => attr.name === name)?.value

/** Its text in one language. */
function textOf(node: Node, hidden: 'ko' | 'en'): string {
  if (defaultTreeAdapter.isTextNode(node)) return node.value
  if (!('childNodes' in node)) return ''
  if (defaultTreeAdapter.isElementNode(node) && attribute(node, 'class') === hidden) return ''
  return node.childNodes.map((child) => textOf(child, hidden)).join('')
}

describe.each(['bench', 'plan'] as const)('the page of a %s', (kind) => {
  it('is well-formed HTML whose ids are unique and whose references lead somewhere', () => {
    const errors: ParserError[] = []
    const found = elements(pages[kind], errors)
    expect(errors).toEqual([])
    const ids = found.flatMap((element) => attribute(element, 'id') ?? [])
    expect(new Set(ids).size).toBe(ids.length)
    for (const element of found) {
      for (const name of ['aria-labelledby', 'aria-describedby']) {
        for (const id of attribute(element, name)?.split(' ') ?? []) expect(ids).toContain(id)
      }
      const href = attribute(element, 'href')
      if (href !== undefined) expect(ids.map((id) => `#${id}`)).toContain(href)
    }
  })

  it('asks for nothing: no address, no source, a policy that forbids everything else', () => {
    const found = elements(pages[kind])
    const names = new Set(found.map(({ nodeName }) => nodeName))
    for (const name of ['link', 'img', 'iframe', 'object', 'base', 'form', 'image', 'use'])
      expect(names).not.toContain(name)
    for (const element of found) {
      for (const { name } of element.attrs) expect(name).not.toMatch(/^(on.*|src|srcset|style|xlink:href|action)$/)
    }
    const policy = found
      .map((element) => attribute(element, 'http-equiv') && attribute(element, 'content'))
      .find(Boolean)!
    const hash = Buffer.from(sha256Hex(new TextEncoder().encode(SCRIPT)), 'hex').toString('base64')
    expect(policy).toContain(
      `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; img-src data:`,
    )
    const style = found.find(({ nodeName }) => nodeName === 'style')!
    expect(textOf(style, 'ko')).not.toMatch(/url\(|@import|@font-face/)
  })

  it('runs one script, its own, and carries its data', () => {
    const scripts = elements(pages[kind]).filter(({ nodeName }) => nodeName === 'script')
    expect(scripts.map((script) => attribute(script, 'type') ?? 'own')).toEqual([
      'application/json',
      'application/json',
      'own',
    ])
    expect(textOf(scripts[2], 'ko')).toBe(SCRIPT)
    expect(JSON.parse(textOf(scripts[1], 'ko'))).toEqual(kind === 'bench' ? made.report : made.plan)
  })

  it('says everything in both languages', () => {
    const found = elements(pages[kind])
    const of = (language: string) => found.filter((element) => attribute(element, 'class') === language)
    expect(of('ko').length).toBe(of('en').length)
    expect(of('ko').length).toBeGreaterThan(50)
    for (const language of ['ko', 'en']) {
      for (const element of of(language)) {
        expect(attribute(element, 'lang')).toBe(language)
        expect(textOf(element, language === 'ko' ? 'en' : 'ko').trim()).not.toBe('')
      }
    }
  })

  it('names each chart, and tells those who do not see it its numbers', () => {
    const charts = elements(pages[kind]).filter(({ nodeName }) => nodeName === 'svg')
    expect(charts.length).toBe(2 * (kind === 'bench' ? 7 : 3))
    for (const chart of charts) {
      const [title, desc] = chart.childNodes.map((child) => textOf(child, 'ko'))
      expect(title).not.toBe('')
      expect(desc).toMatch(/\d/)
    }
  })

  it.each(['en', 'ko'] as const)('has every table of the terminal, in %s', (language) => {
    const found = elements(pages[kind])
    const hidden = language === 'en' ? 'ko' : 'en'
    const expected = kind === 'bench' ? benchTables(made.report, language) : planTables(made.plan, language)
    const terminal = kind === 'bench' ? benchTables(made.report) : planTables(made.plan)
    for (const [i, { title, head, rows }] of expected.entries()) {
      const heading = found.find((element) => attribute(element, 'id') === `table-${i}`)!
      expect(textOf(heading, hidden)).toBe(canonicalText(title))
      const table = found.find((e) => e.nodeName === 'table' && attribute(e, 'aria-labelledby') === `table-${i}`)!
      const lines = elementsOf(table, 'tr').map((row) =>
        row.childNodes.filter(defaultTreeAdapter.isElementNode).map((cell) => textOf(cell, hidden)),
      )
      const heads = head.map((text) => text || WORDS.marks[language])
      expect(lines).toEqual([heads, ...rows].map((row) => row.map(canonicalText)))
      // Sorting goes by the numbers that are shown.
      for (const [r, row] of elementsOf(table, 'tr').slice(1).entries()) {
        row.childNodes.filter(defaultTreeAdapter.isElementNode).forEach((cell, c) => {
          const number = attribute(cell, 'data-number')
          if (number !== undefined)
            expect(Number(number)).toBe(Number.parseFloat(terminal[i].rows[r][c].replaceAll(',', '')))
        })
      }
    }
  })
})

function elementsOf(root: Element, name: string): Element[] {
  return root.childNodes.flatMap((child) => {
    if (!defaultTreeAdapter.isElementNode(child)) return []
    return child.nodeName === name ? [child] : elementsOf(child, name)
  })
}

describe('a bench', () => {
  it('shows no number in its main table that the report does not hold', () => {
    const { report } = made
    const [table] = benchTables(report)
    report.tokenizers.forEach(({ name, size, all, korean }, i) => {
      const count = (value: number) => value.toLocaleString('en')
      expect(table.rows[i]).toEqual([
        name,
        ...[count(size), count(all.tokens), korean!.tokensPerSyllable!.toFixed(3), korean!.meanOfDomains!.toFixed(3)],
        `${korean!.worst!.tokensPerSyllable.toFixed(3)} ${korean!.worst!.domain}`,
        ...[all.fertility!.toFixed(3), all.charactersPerToken!.toFixed(3), all.bytesPerToken!.toFixed(3)],
      ])
    })
  })

  it('shows hostile text as text, in sentences, names and files', () => {
    const found = elements(pages.bench)
    const visible = found.filter(({ nodeName }) => nodeName === 'bdi' || nodeName === 'b').map((e) => textOf(e, 'ko'))
    const shown = made.report.samples.filter(({ domain }) => domain.startsWith('<script>'))
    expect(shown.length).toBe(2)
    for (const { text } of shown) {
      expect(HOSTILE).toContain(text)
      expect(visible).toContain(canonicalText(text))
    }
    expect(visible).toContain('ours <b>&amp;')
    expect(visible).toContain('<script>alert(1)</script>⟨U+2028⟩')
    expect(visible).toContain('</td><script>globalThis.broken=1</script>.txt')
  })

  it('shows each token of each sample, with bytes and new pieces told apart', () => {
    const { report } = made
    const lists = elements(pages.bench).filter(
      ({ nodeName, attrs }) => nodeName === 'ol' && attrs[0]?.value === 'tokens',
    )
    const expected = report.samples.flatMap(({ tokens, ids }) => tokens.map((list, i) => ({ list, ids: ids[i], i })))
    expect(lists).toHaveLength(expected.length)
    let news = 0
    for (const [at, { list, ids, i }] of expected.entries()) {
      const items = lists[at].childNodes.filter(defaultTreeAdapter.isElementNode)
      expect(items.map((item) => textOf(item, 'ko'))).toEqual(
        list.map((token) => (/^(<0x..>)+$/.test(token) ? `0x${token.replace(/<0x|>/g, '')}` : canonicalText(token))),
      )
      const from = report.tokenizers[i].added?.first ?? Number.POSITIVE_INFINITY
      for (const [t, item] of items.entries()) {
        const kinds = attribute(item, 'class')!.split(' ')
        expect(kinds.includes('byte')).toBe(/^<0x/.test(list[t]))
        expect(kinds.includes('new')).toBe(ids[t] >= from)
        if (ids[t] >= from) news++
      }
    }
    expect(news).toBeGreaterThan(5)
  })

  it('warns where the audit is of another tokenizer', () => {
    const stale = structuredClone(made.report)
    stale.tokenizers[1].provenance!.audit!.extended.sha256 = '0'.repeat(64)
    expect(pages.bench).not.toContain(WORDS.stale.en)
    expect(benchHtml(stale)).toContain(WORDS.stale.en)
  })

  it('shows what failed in an audit', () => {
    const failed = structuredClone(made.report)
    const audit = failed.tokenizers[1].provenance!.audit!
    Object.assign(audit.checks[2], { passed: false, failureCount: 12, failures: [{ piece: '<가>', ids: [1, 2] }] })
    audit.passed = false
    const page = benchHtml(failed)
    expect(page).toContain('✗ FAILED: 1 of')
    expect(page).toContain('piece &lt;가&gt;, ids [1 2]')
    expect(page).toContain('and 11 more')
  })

  it('draws nothing of what is null', () => {
    const { report } = made
    const plain: BenchReport = {
      ...structuredClone(report),
      model: null,
      parallel: null,
      run: null,
      samples: [],
      domains: report.domains.slice(3),
      tokenizers: report.tokenizers.map((tokenizer) => ({
        ...tokenizer,
        korean: null,
        costs: null,
        parity: null,
        provenance: null,
        domains: tokenizer.domains.slice(3),
      })),
    }
    const page = benchHtml(plain)
    const ids = elements(page)
      .filter(({ nodeName }) => nodeName === 'svg')
      .map((svg) => attribute(svg, 'aria-labelledby'))
    expect(ids).toEqual(['bytes-ko-t', 'bytes-en-t', 'lengths-ko-t', 'lengths-en-t'])
    for (const { en } of [WORDS.noAudit, WORDS.noSamples, WORDS.noRun]) expect(page).toContain(en)
    const shown = page.slice(page.indexOf('<main>'), page.indexOf('</main>'))
    expect(shown).not.toMatch(/\b(null|NaN|undefined|Infinity)\b/)
  })

  it('is the same every time', () => {
    expect(benchHtml(made.report)).toBe(pages.bench)
  })
})

describe('a plan', () => {
  it('says its reasons in both languages, and marks the row that is proposed', () => {
    const { proposal, why } = made.plan
    for (const sentence of why) expect(pages.plan).toContain(`lang="en">${sentence.replaceAll("'", '&#39;')}</span>`)
    const chosen = elements(pages.plan).filter((e) => e.nodeName === 'tr' && attribute(e, 'class') === 'chosen')
    expect(chosen).toHaveLength(2)
    for (const row of chosen)
      expect(textOf(row, 'ko')).toMatch(new RegExp(`^${proposal!.pieces.toLocaleString('en')}.*proposed`))
  })

  it('can be without a proposal, and of no pieces at all', () => {
    const none = { ...made.plan, proposal: null, alternatives: [] }
    expect(planHtml(none)).toContain(WORDS.noProposal.ko)
    const bare = planHtml({ ...none, rows: made.plan.rows.slice(0, 1), cheapest: 0 })
    expect(bare).not.toContain('<svg')
  })
})

describe('the dictionaries', () => {
  /** Units and symbols that are the same in both. */
  const alike = new Set(['', 'PFLOP/MB', 'FLOPs/MB'])

  it.each(Object.entries({ WORDS, TABLE_WORDS, PLAN_WORDS }))('%s speak both languages', (_, words) => {
    for (const [name, { en, ko }] of Object.entries(words)) {
      if (alike.has(en)) continue
      expect(ko, name).toMatch(/[\uac00-\ud7a3]|KV MB/)
      expect(en, name).toMatch(/[A-Za-z]/)
      expect(en, name).not.toMatch(/[\uac00-\ud7a3]/)
    }
  })
})
