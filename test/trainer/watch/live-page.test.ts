import { createServer, get, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type LivePage, livePage } from '../../../src/trainer/watch/live-page'
import { evaluationAt, runOf, stamped, stepAt } from './support'

let open: LivePage | null = null
afterEach(async () => {
  await open?.close()
  open = null
})

const start = async (options: Partial<Parameters<typeof livePage>[0]> = {}) => {
  open = await livePage({ name: 'a run', interval: 20, ...options })
  return open
}

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}

function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      let body = ''
      response.on('data', (data) => {
        body += data
      })
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Events as they come; `next` waits for the next one. */
function listen(url: string) {
  const events: { event: string; data: Record<string, string> }[] = []
  const waiting: (() => void)[] = []
  let rest = ''
  let over = false
  const wake = () => {
    for (const go of waiting.splice(0)) go()
  }
  const sent = get(url, (response) => {
    response.setEncoding('utf8')
    response.on('data', (data) => {
      rest += data
      const blocks = rest.split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) {
        const [, event, json] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
        if (event) events.push({ event, data: JSON.parse(json) })
      }
      wake()
    })
    response.on('close', () => {
      over = true
      wake()
    })
  })
  const next = async () => {
    while (events.length === 0 && !over) await new Promise<void>((go) => waiting.push(go))
    return events.shift()
  }
  return { next, close: () => sent.destroy() }
}

describe('the server of the live page', () => {
  it('is on this machine alone, and gives the page with all that came before', async () => {
    const page = await start()
    expect(page.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    for (const one of runOf(40)) page.write(one)
    const { status, headers, body } = await ask(page.url)
    expect([status, headers['cache-control']]).toEqual([200, 'no-store'])
    expect(body).toContain('id="bits-tokens"')
    expect(body).toContain("connect-src 'self'")
  })

  it('refuses other names, other ways and other places', async () => {
    const { url } = await start()
    expect((await ask(url, { headers: { host: 'evil.example' } })).status).toBe(403)
    expect((await ask(url, { headers: { host: `localhost:${new URL(url).port}` } })).status).toBe(200)
    expect((await ask(url, { method: 'POST' })).status).toBe(405)
    expect((await ask(`${url}metrics.jsonl`)).status).toBe(404)
  })

  it('sends what changed over the axis that is asked for, and all of it at the end', async () => {
    const page = await start()
    const reader = listen(`${page.url}events?x=steps`)
    const first = await reader.next()
    expect(first!.event).toBe('parts')
    expect(Object.keys(first!.data)).toEqual(['status', 'tiles', 'charts-steps', 'evaluation', 'log'])
    page.write(stamped(evaluationAt(0)))
    page.write(stamped(stepAt(1)))
    const told = [await reader.next()]
    if (!told[0]!.data['charts-steps'].includes('loss-steps')) told.push(await reader.next())
    expect(told.at(-1)!.data['charts-steps']).toContain('id="loss-steps"')
    expect(told.at(-1)!.data.tiles).toContain('5.000')
    await page.close()
    open = null
    const ends = await reader.next()
    expect(ends!.event).toBe('end')
    expect(Object.keys(ends!.data).filter((id) => id.startsWith('charts'))).toHaveLength(4)
    expect(await reader.next()).toBeUndefined()
  })

  it('joins what comes fast: a thousand steps are a few messages', async () => {
    const page = await start({ interval: 200 })
    const reader = listen(`${page.url}events`)
    await reader.next()
    const begin = performance.now()
    for (let step = 1; step <= 1000; step++) {
      page.write(stamped(stepAt(step, { steps: 1000 })))
      if (step % 100 === 0) await new Promise((go) => setTimeout(go, 10))
    }
    let messages = 0
    for (let last = ''; !last.includes('1,000</bdi>'); messages++) last = (await reader.next())!.data.tiles
    expect(messages).toBeLessThanOrEqual(2 + (performance.now() - begin) / 200)
    reader.close()
  })

  it('says that a port is taken', async () => {
    const other = createServer()
    await new Promise<void>((go) => other.listen(0, '127.0.0.1', go))
    const { port } = other.address() as AddressInfo
    await expect(livePage({ name: 'a', port })).rejects.toMatchObject({
      code: 'io',
      message: `live page at 127.0.0.1:${port}: the port is taken`,
    })
    await new Promise((go) => other.close(go))
    await expect(livePage({ name: 'a', host: '192.0.2.1' })).rejects.toThrow('the address is not of this machine')
  })
})
