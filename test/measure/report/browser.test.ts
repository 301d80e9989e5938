import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { benchHtml } from '../../../src/measure/report/bench-html'
import { planHtml } from '../../../src/measure/report/plan-html'
import { findChromium } from '../../support/chromium'
import { type Drawn, drawn } from './reports'

const found = findChromium()
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 900 }
const kinds = ['bench', 'plan'] as const

let browser: Browser
let folder: string
let made: Drawn

interface Opened {
  page: Page
  /** Errors on the console, uncaught ones, and everything that was asked for besides the file. */
  wrong: string[]
}

/** A page from disk, in a context of its own, with the network cut. */
async function open(kind: (typeof kinds)[number], options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: DESK, locale: 'en-US', offline: true, ...options })
  const page = await context.newPage()
  const url = pathToFileURL(join(folder, `${kind}.html`)).href
  const wrong: string[] = []
  page.on('console', (message) => wrong.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => wrong.push(String(error)))
  page.on('request', (request) => {
    if (request.url() !== url) wrong.push(`request: ${request.url()}`)
  })
  page.on('dialog', (dialog) => wrong.push(`dialog: ${dialog.message()}`))
  await page.goto(url)
  return { page, wrong }
}

const close = ({ page }: Opened) => page.context().close()

const rowHeads = (page: Page) =>
  page
    .locator('table')
    .first()
    .locator('tbody th')
    .evaluateAll((cells) => cells.map((cell) => cell.textContent ?? ''))

describe.skipIf(!found.path)(`reports in a browser (${found.reason})`, () => {
  beforeAll(async () => {
    made = await drawn()
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-pages-'))
    writeFileSync(join(folder, 'bench.html'), benchHtml(made.report))
    writeFileSync(join(folder, 'plan.html'), planHtml(made.plan))
    // Containers have no sandbox for root, and little shared memory.
    const args = ['--no-sandbox', '--disable-dev-shm-usage']
    browser = await chromium.launch({ executablePath: found.path!, args })
  })
  afterAll(async () => {
    await browser?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it.each(kinds)(
    '%s: opens from disk without an error, asks for nothing, runs nothing that is hostile',
    async (kind) => {
      const opened = await open(kind)
      expect(await opened.page.evaluate(() => 'broken' in globalThis)).toBe(false)
      expect(await opened.page.title()).not.toContain('·')
      expect(opened.wrong).toEqual([])
      await close(opened)
    },
  )

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    it.each(kinds.flatMap((kind) => ['ko', 'en'].map((language) => [kind, language] as const)))(
      '%s in %s has no violation of WCAG 2.2 A and AA that axe finds',
      async (kind, language) => {
        const opened = await open(kind, { colorScheme, viewport: PHONE })
        await opened.page.locator(`#lang-${language}`).check()
        // Closed parts are part of the page too.
        await opened.page.evaluate(() => {
          for (const part of document.querySelectorAll('details')) part.open = true
        })
        await opened.page.evaluate(axe.source)
        const { violations, passes } = await opened.page.evaluate(async () => {
          const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
          const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
          const results = await axe.run(document, { runOnly: { type: 'tag', values: tags } })
          const text = (items: typeof results.violations) =>
            items.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))}`)
          return { violations: text(results.violations), passes: results.passes.map(({ id }) => id) }
        })
        expect(violations).toEqual([])
        for (const rule of ['color-contrast', 'html-has-lang', 'svg-img-alt', 'label', 'valid-lang']) {
          expect(passes).toContain(rule)
        }
        await close(opened)
      },
    )
  })

  it.each(kinds)('%s: colours of marks keep 3:1 against their card, those of texts and tokens 4.5:1', async (kind) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const opened = await open(kind, { colorScheme })
      const ratios = await opened.page.evaluate(() => {
        const paint = document.createElement('canvas').getContext('2d')!
        const luminance = (name: string) => {
          paint.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim()
          paint.fillRect(0, 0, 1, 1)
          const [r, g, b] = Array.from(paint.getImageData(0, 0, 1, 1).data, (value) => {
            const part = value / 255
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const contrast = (a: string, b: string) => {
          const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
          return (high + 0.05) / (low + 0.05)
        }
        const marks = ['--s0', '--s1', '--s2', '--s3', '--s4', '--s5', '--mark']
        const tints = ['--t0', '--t1', '--t2', '--t3', '--tb', '--pick']
        return {
          marks: marks.map((name) => contrast(name, '--card')),
          tints: tints.map((name) => contrast('--ink', name)),
          texts: ['--ink', '--soft', '--link', '--good', '--bad'].flatMap((name) =>
            ['--card', '--page'].map((behind) => contrast(name, behind)),
          ),
        }
      })
      expect(Math.min(...ratios.marks)).toBeGreaterThan(3)
      expect(Math.min(...ratios.texts)).toBeGreaterThan(4.5)
      expect(Math.min(...ratios.tints)).toBeGreaterThan(4.5)
      await close(opened)
    }
  })

  it.each(
    kinds.flatMap((kind) =>
      ['ko', 'en'].flatMap((language) => [PHONE, DESK].map((size) => [kind, language, size] as const)),
    ),
  )(
    '%s in %s at %o: the page does not scroll sideways, charts and their texts lie inside it',
    async (kind, language, viewport) => {
      const opened = await open(kind, { viewport })
      const { page } = opened
      await page.locator(`#lang-${language}`).check()
      const wide = await page.evaluate(() => document.documentElement.scrollWidth)
      expect(wide).toBe(viewport.width)
      const problems = await page.evaluate(() => {
        const found: string[] = []
        const shown = Array.from(document.querySelectorAll('svg.chart')).filter(
          (svg) => svg.getClientRects().length > 0,
        )
        for (const svg of shown) {
          const box = svg.getBoundingClientRect()
          const id = svg.getAttribute('aria-labelledby')
          if (box.left < 0 || box.right > innerWidth) found.push(`${id}: outside the window`)
          const texts = Array.from(svg.querySelectorAll('text'), (text) => ({
            text: text.textContent,
            size: Number.parseFloat(getComputedStyle(text).fontSize) * (box.width / 320),
            box: text.getBoundingClientRect(),
          }))
          for (const { text, box: own, size } of texts) {
            if (size < 9.5) found.push(`${id}: ${text} is ${size} px high`)
            const inside = own.left >= box.left - 1 && own.right <= box.right + 1
            if (!inside || own.top < box.top - 1 || own.bottom > box.bottom + 1) found.push(`${id}: ${text} is cut`)
          }
          texts.forEach((a, i) => {
            for (const b of texts.slice(i + 1)) {
              const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left)
              const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top)
              // Boxes of lines of text hold the space between lines too.
              if (across > 1 && down > 0.3 * a.box.height) found.push(`${id}: ${a.text} and ${b.text} overlap`)
            }
          })
        }
        if (shown.length < 3) found.push(`only ${shown.length} charts are shown`)
        return found
      })
      expect(problems).toEqual([])
      // The landmarks stand below one another, and fill the page.
      const boxes = await page.locator('header, section, footer').evaluateAll((parts) =>
        parts.map((part) => {
          const { top, bottom, width } = part.getBoundingClientRect()
          return { top, bottom, width }
        }),
      )
      expect(boxes.length).toBe(2 + (kind === 'bench' ? 8 : 5))
      for (const [i, { top, bottom, width }] of boxes.entries()) {
        expect(bottom - top).toBeGreaterThan(40)
        expect(width).toBeGreaterThan(0.8 * viewport.width)
        if (i > 0) expect(top).toBeGreaterThanOrEqual(boxes[i - 1].bottom - 1)
      }
      await close(opened)
    },
  )

  it('wide tables scroll inside their own boxes on a phone', async () => {
    const opened = await open('bench', { viewport: PHONE })
    const { scrolls, width } = await opened.page
      .locator('.scroll')
      .first()
      .evaluate((box) => ({ scrolls: box.scrollWidth > box.clientWidth, width: box.getBoundingClientRect().width }))
    expect(scrolls).toBe(true)
    expect(width).toBeLessThan(PHONE.width)
    await close(opened)
  })

  it('a click on a head sorts, another one the other way round, and aria-sort says so', async () => {
    const opened = await open('bench')
    const { page } = opened
    const table = page.locator('table').first()
    const button = table.getByRole('button', { name: 'tok/syllable' })
    const values = made.report.tokenizers.map(({ name, korean }) => ({ name, value: korean!.tokensPerSyllable! }))
    const names = values.toSorted((a, b) => a.value - b.value).map(({ name }) => name)
    expect(await rowHeads(page)).not.toEqual(names)
    await button.click()
    expect(await rowHeads(page)).toEqual(names)
    expect(await table.locator('th[aria-sort]').allInnerTexts()).toEqual(['tok/syllable'])
    expect(await table.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('ascending')
    expect(await page.locator('#sorted').textContent()).toBe('tok/syllable: sorted, ascending')
    await button.click()
    expect(await rowHeads(page)).toEqual(names.toReversed())
    expect(await table.locator('th[aria-sort]').getAttribute('aria-sort')).toBe('descending')
    await table.getByRole('button', { name: 'tokenizer' }).click()
    expect(await rowHeads(page)).toEqual(names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })))
    expect(await table.locator('th[aria-sort]').count()).toBe(1)
    expect(opened.wrong).toEqual([])
    await close(opened)
  })

  it('sorts by the keyboard too, numbers as numbers; what is not there comes last both ways', async () => {
    const opened = await open('plan')
    const { page } = opened
    const head = page.locator('table').first().getByRole('button', { name: 'last 1,000 save' })
    await head.focus()
    const column = () => page.locator('table').first().locator('tbody tr > :nth-child(5)').allInnerTexts()
    for (const [key, sign] of [
      ['Enter', 1],
      ['Space', -1],
    ] as const) {
      await page.keyboard.press(key)
      const cells = await column()
      expect(cells.at(-1)).toBe('-')
      const numbers = cells.slice(0, -1).map(Number.parseFloat)
      expect(numbers).toEqual(numbers.toSorted((a, b) => sign * (a - b)))
    }
    await close(opened)
  })

  it('every table has a button in each of its heads', async () => {
    const opened = await open('bench')
    const counts = await opened.page.evaluate(() => [
      document.querySelectorAll('thead th').length,
      document.querySelectorAll('thead th > button').length,
    ])
    expect(counts[0]).toBeGreaterThan(30)
    expect(counts[1]).toBe(counts[0])
    await close(opened)
  })

  it.each(kinds)('%s: the language is that of the browser, changes on demand, and is kept', async (kind) => {
    for (const [locale, first, other] of [
      ['ko-KR', 'ko', 'en'],
      ['fr-FR', 'en', 'ko'],
    ]) {
      const opened = await open(kind, { locale })
      const { page } = opened
      const state = async () => ({
        ...(await page.evaluate(() => ({
          lang: document.documentElement.lang,
          title: document.title,
          shown: ['ko', 'en'].filter((language) =>
            Array.from(document.querySelectorAll(`.${language}`)).some((part) => part.getClientRects().length > 0),
          ),
        }))),
        heading: (await page.locator('h1').allInnerTexts()).join(),
      })
      const before = await state()
      expect(before).toMatchObject({ lang: first, shown: [first] })
      expect(before.title).toBe(before.heading)
      // By the keyboard: the switch is a group of radio buttons.
      await page.locator(`#lang-${first}`).focus()
      await page.keyboard.press(other === 'en' ? 'ArrowRight' : 'ArrowLeft')
      const after = await state()
      expect(after).toMatchObject({ lang: other, shown: [other] })
      expect(after.heading).not.toBe(before.heading)
      await page.reload()
      expect(await state()).toEqual(after)
      expect(opened.wrong).toEqual([])
      await close(opened)
    }
  })

  it.each(kinds)('%s: Tab reaches everything that can be operated, in order, and shows where it is', async (kind) => {
    const opened = await open(kind)
    const { page } = opened
    const expected = await page.evaluate(() => {
      const parts = document.querySelectorAll('a[href], button, input:checked, summary, [tabindex="0"]')
      return Array.from(parts).filter((part) => part.checkVisibility()).length
    })
    const reached: number[] = []
    for (let i = 0; i < expected + 5; i++) {
      await page.keyboard.press('Tab')
      const place = await page.evaluate(() => {
        const all = Array.from(document.querySelectorAll('*'))
        const focused = document.activeElement!
        if (focused === document.body) return null
        const marked = focused.matches('input') ? focused.nextElementSibling! : focused
        const { outlineStyle, outlineWidth } = getComputedStyle(marked)
        return { at: all.indexOf(focused), outline: outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth) }
      })
      if (place === null || place.at === reached[0]) break
      expect(place.outline).toBeGreaterThanOrEqual(2)
      reached.push(place.at)
    }
    expect(reached).toEqual(reached.toSorted((a, b) => a - b))
    expect(reached.length).toBe(expected)
    await close(opened)
  })

  it.each(kinds)('%s: without scripts everything is there, and the language can be changed', async (kind) => {
    const opened = await open(kind, { javaScriptEnabled: false })
    const { page } = opened
    const parts = async () => [
      await page.locator('svg.chart:visible').count(),
      await page.locator('table:visible').count(),
      await page.locator('th button').count(),
    ]
    const [charts, tables, buttons] = await parts()
    expect(charts).toBe(kind === 'bench' ? 7 : 3)
    expect(tables).toBeGreaterThan(kind === 'bench' ? 7 : 2)
    expect(buttons).toBe(0)
    expect(await page.locator('h1 .ko').isVisible()).toBe(true)
    await page.locator('#lang-en').check()
    expect(await page.locator('h1 .ko').isVisible()).toBe(false)
    expect(await page.locator('h1 .en').isVisible()).toBe(true)
    expect(await parts()).toEqual([charts, tables, 0])
    expect(opened.wrong).toEqual([])
    await close(opened)
  })

  it('does not move for those who do not want it to, and prints dark on light without its switch', async () => {
    const opened = await open('bench', { colorScheme: 'dark', reducedMotion: 'reduce' })
    const { page } = opened
    const scroll = () => page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior)
    expect(await scroll()).toBe('auto')
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expect(await scroll()).toBe('smooth')
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.language').isVisible()).toBe(false)
    const [ink, paper] = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body)
      return [color, backgroundColor]
    })
    expect([ink, paper]).toEqual(['rgb(22, 25, 29)', 'rgb(255, 255, 255)'])
    await close(opened)
  })
})
