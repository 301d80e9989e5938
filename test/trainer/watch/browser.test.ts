import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LivePage, livePage } from '../../../src/trainer/watch/live-page'
import { addMetrics, createRunView } from '../../../src/trainer/watch/run-view'
import { watchPage } from '../../../src/trainer/watch/watch-page'
import { findChromium } from '../../support/chromium'
import { evaluationAt, noteAt, runOf, stamped, stepAt } from './support'

const found = findChromium()
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 900 }

let browser: Browser
let folder: string
let file: string

interface Opened {
  page: Page
  /** Errors on the console, uncaught ones, and requests to anywhere but `url`'s own place. */
  wrong: string[]
}

async function open(url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: DESK, locale: 'en-US', ...options })
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('console', (message) => wrong.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => wrong.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) wrong.push(`request: ${request.url()}`)
  })
  await page.goto(url)
  return { page, wrong }
}

const close = ({ page }: Opened) => page.context().close()

async function violations(page: Page) {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    const results = await axe.run(document, { runOnly: { type: 'tag', values: tags } })
    const text = results.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200))}`,
    )
    return { violations: text, passes: results.passes.map(({ id }) => id) }
  })
}

const points = (page: Page, id: string) =>
  page
    .locator(`#${id} polyline`)
    .first()
    .evaluate((line) => (line as SVGPolylineElement).points.length)

describe.skipIf(!found.path)(`the page of a run in a browser (${found.reason})`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-watch-'))
    const view = createRunView()
    for (const one of runOf(40)) addMetrics(view, one)
    writeFileSync(join(folder, 'curves.html'), watchPage(view, { name: 'a run' }))
    file = pathToFileURL(join(folder, 'curves.html')).href
    const args = ['--no-sandbox', '--disable-dev-shm-usage']
    browser = await chromium.launch({ executablePath: found.path!, args })
  })
  afterAll(async () => {
    await browser?.close()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  describe('live', () => {
    let live: LivePage
    const started = async () => {
      live = await livePage({ name: 'a run', interval: 20 })
      return live
    }
    const moved = (page: Page, text: string) =>
      page.waitForFunction((text) => document.querySelector('#tiles')!.textContent!.includes(text), text)

    it('curves appear and move while metrics come; what had the focus keeps it; then the run is over', async () => {
      const { url } = await started()
      const opened = await open(url)
      const { page } = opened
      await page.waitForFunction(() => document.querySelector('#state')!.textContent!.includes('live'))
      expect(await page.locator('svg.chart').count()).toBe(0)
      live.write(stamped(evaluationAt(0)))
      for (let step = 1; step <= 3; step++) live.write(stamped(stepAt(step)))
      await moved(page, '3.000')
      await page.locator('#loss-tokens').waitFor()
      expect(await points(page, 'loss-tokens')).toBe(3)
      const before = await page.locator('#loss-tokens polyline').getAttribute('points')
      await page.locator('#loss-tokens svg').focus()
      for (let step = 4; step <= 12; step++) live.write(stamped(stepAt(step)))
      live.write(stamped(noteAt(12, 'checkpoint <written>')))
      await moved(page, '2.250')
      expect(await points(page, 'loss-tokens')).toBe(12)
      expect(await page.locator('#loss-tokens polyline').getAttribute('points')).not.toBe(before)
      expect(await page.evaluate(() => document.activeElement!.parentElement!.id)).toBe('loss-tokens')
      expect(await page.locator('#log').textContent()).toContain('checkpoint <written>')
      // Another axis, whose charts were empty when the page was opened.
      await page.locator('#x-steps').check()
      await page.locator('#loss-steps').waitFor()
      expect(await points(page, 'loss-steps')).toBe(12)
      expect(await page.locator('#loss-tokens').isVisible()).toBe(false)
      live.write(stamped(stepAt(13)))
      await live.close()
      await page.waitForFunction(() => document.querySelector('#state')!.textContent!.includes('the run is over'))
      expect(await points(page, 'loss-steps')).toBe(13)
      await page.locator('#x-time').check()
      expect(await points(page, 'loss-time')).toBe(13)
      expect(opened.wrong).toEqual([])
      await close(opened)
    })

    it('shows the whole history to who comes late, and has no violation that axe finds', async () => {
      const { url } = await started()
      for (const one of runOf(25)) live.write(one)
      const opened = await open(url, { viewport: PHONE })
      await opened.page.waitForFunction(() => document.querySelector('#state')!.textContent!.includes('live'))
      expect(await points(opened.page, 'loss-tokens')).toBe(25)
      expect(await points(opened.page, 'bits-tokens')).toBe(3)
      expect((await violations(opened.page)).violations).toEqual([])
      await live.close()
      expect(opened.wrong).toEqual([])
      await close(opened)
    })
  })

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    it.each(['ko', 'en'])(
      'curves.html in %s has no violation of WCAG 2.2 A and AA that axe finds',
      async (language) => {
        const opened = await open(file, { colorScheme, viewport: PHONE, offline: true })
        await opened.page.locator(`#lang-${language}`).check()
        const { violations: wrong, passes } = await violations(opened.page)
        expect(wrong).toEqual([])
        for (const rule of ['color-contrast', 'html-has-lang', 'svg-img-alt', 'label']) expect(passes).toContain(rule)
        expect(opened.wrong).toEqual([])
        await close(opened)
      },
    )
  })

  it.each(['ko', 'en'].flatMap((language) => [PHONE, DESK].map((size) => [language, size] as const)))(
    'curves.html in %s at %o does not scroll sideways; texts of charts neither overlap nor are cut',
    async (language, viewport) => {
      const opened = await open(file, { viewport })
      const { page } = opened
      await page.locator(`#lang-${language}`).check()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width)
      for (const axis of ['tokens', 'steps', 'flops', 'time']) {
        await page.locator(`#x-${axis}`).check()
        const problems = await page.evaluate(() => {
          const found: string[] = []
          const shown = [...document.querySelectorAll('svg.chart')].filter((svg) => svg.getClientRects().length > 0)
          if (shown.length !== 8) found.push(`${shown.length} charts`)
          for (const svg of shown) {
            const id = svg.parentElement!.id
            const box = svg.getBoundingClientRect()
            const texts = [...svg.querySelectorAll('text')].filter((text) => text.getClientRects().length > 0)
            const boxes = texts.map((text) => ({ text: text.textContent, box: text.getBoundingClientRect() }))
            for (const { text, box: own } of boxes) {
              const inside = own.left >= box.left - 1 && own.right <= box.right + 1
              if (!inside || own.top < box.top - 1 || own.bottom > box.bottom + 1) found.push(`${id}: ${text} is cut`)
            }
            boxes.forEach((a, i) => {
              for (const b of boxes.slice(i + 1)) {
                const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left)
                const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top)
                if (across > 1 && down > 0.3 * a.box.height) found.push(`${id}: ${a.text} and ${b.text} overlap`)
              }
            })
          }
          return found
        })
        expect(problems).toEqual([])
      }
      await close(opened)
    },
  )

  it('reads values under the pointer and by the keyboard', async () => {
    const opened = await open(file)
    const { page } = opened
    await page.locator('#x-steps').check()
    const chart = page.locator('#bits-steps svg')
    const readout = page.locator('#bits-steps .readout')
    await chart.focus()
    expect(await readout.textContent()).toBe('40: ko 1.5')
    await page.keyboard.press('ArrowLeft')
    expect(await readout.textContent()).toBe('30: ko 1.75')
    expect(await page.locator('#reading').textContent()).toBe('30: ko 1.75')
    await page.keyboard.press('Home')
    expect(await readout.textContent()).toBe('0: ko 2.5')
    await page.keyboard.press('ArrowLeft')
    expect(await readout.textContent()).toBe('0: ko 2.5')
    const box = (await chart.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2)
    expect(await readout.textContent()).toBe('20: ko 2')
    expect(opened.wrong).toEqual([])
    await close(opened)
  })

  it('Tab reaches switches, charts and the table, in order, and shows where it is', async () => {
    const opened = await open(file)
    const { page } = opened
    const expected = await page.evaluate(() => {
      const parts = document.querySelectorAll('a[href], button, input:checked, [tabindex="0"]')
      return Array.from(parts).filter((part) => part.checkVisibility()).length
    })
    expect(expected).toBe(2 + 8 + 1)
    const reached: number[] = []
    for (let i = 0; i < expected; i++) {
      await page.keyboard.press('Tab')
      const place = await page.evaluate(() => {
        const focused = document.activeElement!
        const marked = focused.matches('input') ? focused.nextElementSibling! : focused
        const { outlineStyle, outlineWidth } = getComputedStyle(marked)
        const at = Array.from(document.querySelectorAll('*')).indexOf(focused)
        return { at, outline: outlineStyle === 'none' ? 0 : Number.parseFloat(outlineWidth) }
      })
      expect(place.outline).toBeGreaterThanOrEqual(2)
      reached.push(place.at)
    }
    expect(new Set(reached).size).toBe(expected)
    expect(reached).toEqual(reached.toSorted((a, b) => a - b))
    await close(opened)
  })

  it('without scripts everything is there, and axis and language can be changed', async () => {
    const opened = await open(file, { javaScriptEnabled: false })
    const { page } = opened
    expect(await page.locator('#loss-tokens').isVisible()).toBe(true)
    await page.locator('#x-flops').check()
    expect(await page.locator('#loss-flops').isVisible()).toBe(true)
    expect(await page.locator('#loss-tokens').isVisible()).toBe(false)
    await page.locator('#lang-en').check()
    expect((await page.locator('h1').allInnerTexts()).join()).toBe('Training run: a run')
    await close(opened)
  })
})
