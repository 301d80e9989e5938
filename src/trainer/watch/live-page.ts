/** A run in the browser while it goes on: a server on this machine that sends what changed. Node only. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KoVocabError } from '../../errors'
import type { XAxis } from './curve'
import { addMetrics, createRunView, type RunView } from './run-view'
import type { Sink } from './sink'
import { watchPage, watchParts, X_AXES } from './watch-page'

export interface LivePageOptions {
  /** The run's name. */
  name: string
  /** Of what came before; it is filled further. Default: nothing. */
  view?: RunView
  /** Default 0: any that is free. */
  port?: number
  /**
   * Default `127.0.0.1`: this machine alone. There is no password: whoever reaches another address reads the page.
   */
  host?: string
  /** Milliseconds between two updates at least. Default 1000. */
  interval?: number
}

export interface LivePage extends Sink {
  url: string
}

interface Client {
  response: ServerResponse
  axis: XAxis
}

/** A reader that is this far behind, in bytes, gets no update until it has caught up. */
const BEHIND = 1 << 22

/**
 * Takes metrics as any sink; readers that come late get all of it. Nothing is drawn while nobody looks, and drawing
 * takes a twentieth of the time at most. The caller's loop must come back to the event loop now and then, else new
 * readers wait.
 *
 * @throws KoVocabError `io` when the port is taken or the address is not this machine's
 */
export async function livePage(options: LivePageOptions): Promise<LivePage> {
  const { name, port = 0, host = '127.0.0.1', interval = 1000, view = createRunView() } = options
  const clients = new Set<Client>()
  let last = Number.NEGATIVE_INFINITY
  let cost = 0
  let timer: NodeJS.Timeout | null = null

  const push = () => {
    if (timer) clearTimeout(timer)
    timer = null
    const start = performance.now()
    const drawn = new Map<XAxis, string>()
    for (const { axis, response } of clients) {
      if (response.writableLength > BEHIND) continue
      if (!drawn.has(axis)) drawn.set(axis, message('parts', watchParts(view, [axis])))
      response.write(drawn.get(axis))
    }
    last = performance.now()
    cost = last - start
  }
  const changed = () => {
    if (clients.size === 0 || timer) return
    const wait = last + Math.max(interval, 20 * cost) - performance.now()
    if (wait <= 0) return push()
    timer = setTimeout(push, wait)
    timer.unref()
  }

  const server = createServer((request, response) => {
    if (!isOurs(request, host)) return refuse(response, 403, 'this name is not that of the page')
    if (request.method !== 'GET') return refuse(response, 405, 'only GET')
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    if (pathname === '/') {
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/html; charset=utf-8' })
      response.end(watchPage(view, { name, live: true }))
    } else if (pathname === '/events') {
      const axis = X_AXES.find((known) => known === searchParams.get('x')) ?? 'tokens'
      const client = { response, axis }
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
      response.write(`retry: 2000\n\n${message('parts', watchParts(view, [axis]))}`)
      clients.add(client)
      response.on('close', () => clients.delete(client))
    } else refuse(response, 404, 'no such page')
  })
  const address = await listen(server, port, host)
  // A run that is over ends the process, whoever still looks.
  server.unref()

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/`,
    write(metrics) {
      addMetrics(view, metrics)
      changed()
    },
    async close() {
      if (timer) clearTimeout(timer)
      const end = clients.size > 0 ? message('end', watchParts(view, X_AXES)) : ''
      await Promise.all([...clients].map(({ response }) => new Promise<void>((done) => response.end(end, done))))
      await new Promise<void>((done) => {
        server.close(() => done())
        server.closeAllConnections()
      })
    },
  }
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }

/** A page of the web that has its name point here would send that name: DNS rebinding. */
function isOurs({ headers }: IncomingMessage, host: string): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '')
  const local = ['localhost', '127.0.0.1', '[::1]']
  if ([...local, host, `[${host}]`].includes(name)) return true
  // On all addresses any address is ours, names are not.
  return ['0.0.0.0', '::'].includes(host) && /^(\d+(\.\d+){3}|\[[0-9a-f:.]+\])$/i.test(name)
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${why}\n`)
}

function message(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

function listen(server: ReturnType<typeof createServer>, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: 'the port is taken',
        EACCES: 'ports below 1024 need more rights',
        EADDRNOTAVAIL: 'the address is not of this machine',
      }
      const reason = reasons[cause.code ?? ''] ?? cause.message
      const hint = 'choose another port, or 0 for any that is free'
      reject(new KoVocabError('io', `live page at ${host}:${port}: ${reason}`, hint, { cause }))
    })
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })
}
