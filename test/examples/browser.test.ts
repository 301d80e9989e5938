/** The example page in Chromium: it trains on WebGPU, and on the CPU where there is none, and what it gives can be loaded. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countTokens, createEncoder } from '../../src/tokenizer/encoder'
import { loadTokenizer } from '../../src/tokenizer/load'
import { cpuBackend } from '../../src/trainer/backends/cpu/backend'
import { loadParameters, openModel } from '../../src/trainer/load'
import { buildPlan } from '../../src/trainer/plan/build'
import { batchInputs, nextTokenLabels } from '../../src/trainer/plan/step-inputs'
import { findChromium } from '../support/chromium'
import { findPython, runPython } from '../support/python'

const found = findChromium()
const python = findPython(['torch', 'transformers', 'safetensors'])
const PHONE = { width: 360, height: 740 }
/** Of the English model: enough for a page that is tested. */
const BASE_STEPS = 20
const STEPS = 24
/** Software rendering on a busy machine compiles for minutes. */
const PATIENCE = 400_000

const serveUrl = new URL('../../examples/browser/serve.mjs', import.meta.url)
type Serve = (options: object) => Promise<{ url: string; close: () => Promise<void> }>

let browser: Browser
let folder: string
let url: string
let stopServer: () => Promise<void>

interface Opened {
  page: Page
  /** Errors and warnings on the console, uncaught errors, and requests to anywhere else. */
  wrong: string[]
}

async function open(options: BrowserContextOptions & { noGpu?: boolean } = {}): Promise<Opened> {
  const { noGpu, ...context } = options
  const page = await (await browser.newContext({ viewport: PHONE, locale: 'en-US', ...context })).newPage()
  const wrong: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrong.push(message.text())
  })
  page.on('pageerror', (error) => wrong.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) wrong.push(request.url())
  })
  if (noGpu) await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }))
  await page.goto(url)
  await page.waitForFunction(() => {
    const start = document.querySelector<HTMLButtonElement>('#start')!
    return !start.disabled || !document.querySelector<HTMLElement>('#error')!.hidden
  })
  expect(await page.locator('#error').isVisible()).toBe(false)
  return { page, wrong }
}

const close = ({ page }: Opened) => page.context().close()

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    const results = await axe.run(document, { runOnly: { type: 'tag', values: tags } })
    return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200))}`)
  })
}

const wide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth)

/** The files of a ZIP whose files are stored, checksums checked; nothing else is taken. */
function unzip(bytes: Buffer): Map<string, Buffer> {
  const end = bytes.length - 22
  expect(bytes.readUInt32LE(end)).toBe(0x06054b50)
  const files = new Map<string, Buffer>()
  let at = bytes.readUInt32LE(end + 16)
  for (let i = 0; i < bytes.readUInt16LE(end + 10); i++) {
    expect(bytes.readUInt32LE(at)).toBe(0x02014b50)
    const [size, nameLength] = [bytes.readUInt32LE(at + 24), bytes.readUInt16LE(at + 28)]
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength)
    const local = bytes.readUInt32LE(at + 42)
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const content = bytes.subarray(start, start + size)
    expect(crc32(content)).toBe(bytes.readUInt32LE(at + 16))
    files.set(name, content)
    at += 46 + nameLength
  }
  return files
}

async function download(page: Page, into: string): Promise<void> {
  const [saved] = await Promise.all([page.waitForEvent('download'), page.locator('#download').click()])
  expect(saved.suggestedFilename()).toBe('korean-model.zip')
  const files = unzip(readFileSync(await saved.path()))
  mkdirSync(into)
  for (const [name, content] of files) writeFileSync(join(into, name), content)
}

/** Mean nats a token of a model folder on a text, by the trainer's own reader and CPU. */
async function lossOf(model: string, ids: Int32Array): Promise<number> {
  const opened = await openModel(model)
  const plan = buildPlan(opened.config, { batch: 1, length: ids.length, train: () => false })
  const session = await cpuBackend().open(plan)
  await loadParameters(opened, session)
  const labels = nextTokenLabels(ids, null, ids.length)
  const weights = Float32Array.from(labels, (label) => (label < 0 ? 0 : 1 / (ids.length - 1)))
  await session.run('zero')
  await session.run('evaluate', batchInputs(plan, { ids, documentStart: null, labels, weights }))
  const [loss] = await session.read(plan.outputs.loss)
  session.close()
  return loss
}

describe.skipIf(!found.path)(`the example page (${found.reason})`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ko-vocab-example-'))
    const { serve } = (await import(fileURLToPath(serveUrl))) as { serve: Serve }
    const server = await serve({ port: 0, steps: BASE_STEPS, cache: join(folder, 'cache') })
    url = server.url
    stopServer = server.close
    const args = ['--no-sandbox', '--disable-dev-shm-usage', '--enable-unsafe-webgpu']
    browser = await chromium.launch({ executablePath: found.path!, args })
  })
  afterAll(async () => {
    await browser?.close()
    await stopServer?.()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  it(
    'trains on WebGPU: the loss falls, the model writes, and the download loads again',
    async (context) => {
      const opened = await open()
      const { page } = opened
      page.setDefaultTimeout(PATIENCE)
      const has = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()))
      if (!has) context.skip('this Chromium finds no WebGPU adapter')
      expect(await page.locator('#device .en').textContent()).toContain('Computes on WebGPU')
      const text = await page.locator('#text').inputValue()
      await page.locator('#text').fill(`${text}\n\n나무 아래에서 아이들이 책을 읽습니다. 아이들은 봄이 좋다고 합니다.`)
      await page.locator('#steps').fill(String(STEPS))
      await page.locator('#start').click()
      await page.locator('#download').waitFor({ timeout: PATIENCE })
      expect(await page.locator('#status .en').textContent()).toContain(`${STEPS} steps`)
      const said = (await page.locator('#curve-text .en').textContent())!
      const [, first, last] = said.match(/from ([\d.]+) to ([\d.]+) in 24 steps/)!.map(Number)
      expect(first).toBeGreaterThan(5)
      expect(last).toBeLessThan(first - 1)
      expect(await page.locator('#curve polyline').getAttribute('points')).toMatch(/^(\S+ ){23}\S+$/)
      const [, before, after, added] = (await page.locator('#tokens .en').textContent())!
        .match(/^(\d+) → (\d+) \(with (\d+) more/)!
        .map(Number)
      expect(added).toBeGreaterThan(100)
      expect(after).toBeLessThan(before / 2)
      for (const id of ['#before', '#after'])
        expect((await page.locator(id).textContent())!.startsWith('봄이')).toBe(true)
      expect(await violations(page)).toEqual([])
      expect(await wide(page)).toBe(PHONE.width)

      const model = join(folder, 'model')
      await download(page, model)
      const tokenizer = await loadTokenizer(model)
      const encoder = createEncoder(tokenizer)
      const sentence = '아이들은 개울을 건너 학교에 갑니다. 봄이 되면 바람도 부드러워집니다.'
      expect(countTokens(encoder, sentence)).toBeLessThan(sentence.length)
      const ids = Int32Array.from([256, ...encoder.ids.slice(0, encoder.count)])
      const loss = await lossOf(model, ids)
      expect(loss).toBeLessThan(first - 1)
      if (python.path) {
        const oracle = await runPython(python.path, TRANSFORMERS, { model, sentence, ids: [...ids] })
        expect(oracle).toMatchObject({ ids: [...ids].slice(1) })
        expect(Math.abs((oracle as { loss: number }).loss - loss)).toBeLessThan(1e-4)
      }
      expect(opened.wrong).toEqual([])
      await close(opened)
    },
    PATIENCE,
  )

  it(
    'without WebGPU it says so, trains on the CPU, and stops when asked to',
    async () => {
      const opened = await open({ noGpu: true, locale: 'ko-KR' })
      const { page } = opened
      page.setDefaultTimeout(PATIENCE)
      expect(await page.locator('#device .ko').textContent()).toContain('WebGPU가 없어')
      await page.locator('#steps').fill('10000')
      await page.locator('#start').click()
      await page.waitForFunction(() => Number.parseInt(document.querySelector('#step')!.textContent!, 10) >= 3)
      expect(await page.locator('#start').isDisabled()).toBe(true)
      await page.locator('#stop').click()
      await page.locator('#download').waitFor()
      expect(await page.locator('#status .ko').textContent()).toMatch(/^\d+걸음에서 멈췄습니다/)
      expect(await page.locator('#start').isEnabled()).toBe(true)
      expect(opened.wrong).toEqual([])
      await close(opened)
    },
    PATIENCE,
  )

  it('names what is wrong with a field, and goes there', async () => {
    const opened = await open({ noGpu: true })
    const { page } = opened
    const error = page.locator('#error .en')
    const wrongs = [
      ['#text', '짧다', 'too short'],
      ['#steps', '0', 'from 1 to'],
      ['#pieces', '-1', 'from 0 to'],
    ]
    for (const [field, value, message] of wrongs) {
      const old = await page.locator(field).inputValue()
      await page.locator(field).fill(value)
      await page.locator('#start').click()
      expect(await error.textContent()).toContain(message)
      expect(await page.locator(field).evaluate((element) => element === document.activeElement)).toBe(true)
      await page.locator(field).fill(old)
    }
    expect(await page.locator('#step').textContent()).toBe('–')
    await close(opened)
  })

  it.each(
    (['light', 'dark'] as const).flatMap((scheme) => ['ko', 'en'].map((language) => [scheme, language] as const)),
  )(
    '%s, in %s, on a phone: no violation of WCAG 2.2 A and AA that axe finds, and nothing to scroll sideways',
    async (colorScheme, language) => {
      const opened = await open({ colorScheme, noGpu: true })
      const { page } = opened
      await page.locator(`#lang-${language}`).check()
      const other = language === 'ko' ? 'en' : 'ko'
      expect(await page.locator('html').getAttribute('lang')).toBe(language)
      expect(await page.locator(`h1 .${language}`).isVisible()).toBe(true)
      expect(await page.locator(`h1 .${other}`).isVisible()).toBe(false)
      expect(await violations(page)).toEqual([])
      expect(await wide(page)).toBe(PHONE.width)
      expect(opened.wrong).toEqual([])
      await close(opened)
    },
  )
})

const TRANSFORMERS = `
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
asked = json.load(sys.stdin)
model = AutoModelForCausalLM.from_pretrained(asked['model'])
tokenizer = AutoTokenizer.from_pretrained(asked['model'])
ids = torch.tensor([asked['ids']])
with torch.no_grad():
    loss = model(ids, labels=ids).loss.item()
print(json.dumps({'loss': loss, 'ids': tokenizer(asked['sentence'], add_special_tokens=False)['input_ids']}))
`
