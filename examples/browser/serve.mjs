/**
 * Serves the example on this machine:
 *
 *     node examples/browser/serve.mjs [--port 8090] [--steps 400]
 *
 * The first start makes the small model that the page adapts, in a minute or two; it is kept in node_modules/.cache.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundle } from './bundle.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../..')
const STEPS = 400

/**
 * @param {{port?: number, steps?: number, cache?: string, say?: (text: string) => void}} [options] port 0: any that is free
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
export async function serve({
  port = 8090,
  steps = STEPS,
  cache = join(root, 'node_modules/.cache/ko-vocab-example'),
  say = () => {},
} = {}) {
  const script = await bundle('page/main.mjs', 'browser')
  const model = await modelFiles(steps, cache, say)
  const files = new Map([
    ['/', { type: 'text/html', content: readFileSync(join(here, 'page/index.html')) }],
    ['/style.css', { type: 'text/css', content: readFileSync(join(here, 'page/style.css')) }],
    ['/main.js', { type: 'text/javascript', content: script }],
    ...[...model].map(([name, content]) => [`/model/${name}`, { type: 'application/octet-stream', content }]),
  ])
  const server = createServer(({ url, method }, response) => {
    const file = files.get(new URL(url ?? '/', 'http://localhost').pathname)
    if (method !== 'GET' || !file) {
      response.writeHead(file ? 405 : 404).end()
      return
    }
    response.writeHead(200, { 'content-type': `${file.type}; charset=utf-8`, 'cache-control': 'no-store' })
    response.end(file.content)
  })
  await new Promise((done, fail) => {
    server.on('error', fail)
    // WebGPU is offered on localhost and over https alone.
    server.listen(port, '127.0.0.1', done)
  })
  const close = () =>
    new Promise((done) => {
      server.close(() => done())
      server.closeAllConnections()
    })
  return { url: `http://localhost:${server.address().port}/`, close }
}

/** From the cache, where the same text and the same code made it. */
async function modelFiles(steps, cache, say) {
  const text = englishText()
  const code = await bundle('model.mjs', 'node')
  const key = createHash('sha256')
    .update(JSON.stringify([code, text, steps]))
    .digest('hex')
    .slice(0, 16)
  const folder = join(cache, key)
  if (!existsSync(folder)) {
    say(`making the model: ${steps} steps on ${text.length.toLocaleString('en')} characters of English`)
    const { makeModel } = await importCode(code)
    const onStep = (step, loss) => {
      if (step % 20 === 0) say(`step ${step}/${steps}: loss ${loss.toFixed(3)}`)
    }
    write(folder, await makeModel(text, { steps, onStep }))
  }
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
}

/** What the project says about itself in English. */
function englishText() {
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)]
  const texts = pages
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => readFileSync(join(root, name), 'utf8'))
  // Prose alone: fenced blocks, tables and words in other scripts are left out.
  return texts
    .join('\n\n')
    .replace(/^```[\s\S]*?^```/gm, '')
    .split('\n')
    .filter((line) => /^[A-Za-z]/.test(line) && !/[^\x20-\x7e]/.test(line))
    .join('\n\n')
}

async function importCode(code) {
  const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-example-'))
  try {
    const file = join(folder, 'model.mjs')
    writeFileSync(file, code)
    return await import(pathToFileURL(file).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Whole or not at all. */
function write(folder, files) {
  const temporary = `${folder}.${process.pid}`
  mkdirSync(temporary, { recursive: true })
  for (const [name, content] of files) writeFileSync(join(temporary, name), content)
  renameSync(temporary, folder)
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string' }, steps: { type: 'string' } } })
  const number = (name, value) => {
    if (value === undefined || /^\d+$/.test(value)) return value === undefined ? undefined : Number(value)
    throw new Error(`--${name} is ${value}: give a whole number`)
  }
  const say = (text) => process.stderr.write(`${text}\n`)
  const { url } = await serve({ port: number('port', values.port), steps: number('steps', values.steps), say })
  process.stdout.write(`${url}\n`)
}
