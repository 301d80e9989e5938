/** The same kernels in a browser: headless Chromium, on localhost. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../support/chromium'
import { bundle } from './bundle'
import type { PageResult } from './page'

const found = findChromium()
const PATIENCE = 600_000

describe.skipIf(!found.path)(`WebGPU in a browser (${found.reason})`, () => {
  let server: Server
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    const code = await bundle('page.ts', 'browser')
    server = createServer((request, response) => {
      const isScript = request.url === '/page.js'
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
      response.end(
        isScript ? code : '<!doctype html><title>WebGPU</title><script type="module" src="/page.js"></script>',
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const args = [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
    ]
    browser = await chromium.launch({ executablePath: found.path!, args })
    page = await browser.newPage()
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
  })
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })

  it(
    'operations are those of float64, models those of torch',
    async (context) => {
      const isThere = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()))
      if (!isThere) context.skip('this Chromium finds no WebGPU adapter')
      await page.waitForFunction(() => 'check' in globalThis)
      const { operations, models } = await page.evaluate(() =>
        (globalThis as unknown as { check: () => Promise<PageResult> }).check(),
      )
      expect(operations.length).toBeGreaterThan(30)
      for (const { name, worst } of operations) expect(worst, name).toBeLessThan(2e-6)
      expect(models.length).toBeGreaterThan(2)
      for (const { name, errors } of models) {
        expect(errors.loss, name).toBeLessThan(1e-5)
        expect(errors.gradient, name).toBeLessThan(1e-5)
        expect(errors.losses, name).toBeLessThan(2e-5)
        expect(errors.norms, name).toBeLessThan(1e-5)
      }
    },
    PATIENCE,
  )
})
