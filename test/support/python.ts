/**
 * Python peers (tokenizers, transformers, sentencepiece, tiktoken) as oracles: KO_VOCAB_PYTHON, else the checkout's
 * .venv, else python3. Tests skip by name where a module is missing:
 *
 *     const python = findPython(['tokenizers'])
 *     describe.skipIf(!python.path)(`… (${python.reason})`, …)
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Python {
  /** The interpreter that has all the modules, or null. */
  path: string | null
  /** For the test's title: what runs, or what is missing. */
  reason: string
}

const found = new Map<string, Python>()

/** Looks for an interpreter with all of `modules` (import names: `google.protobuf`, not `protobuf`). */
export function findPython(modules: string[]): Python {
  const key = modules.join()
  const known = found.get(key)
  if (known) return known
  const python = look(modules)
  found.set(key, python)
  return python
}

function look(modules: string[]): Python {
  const venv = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url))
  const chosen = process.env.KO_VOCAB_PYTHON
  const candidates = chosen ? [chosen] : [...(existsSync(venv) ? [venv] : []), 'python3']
  const reasons = candidates.map((path) => ({ path, missing: whatIsMissing(path, modules) }))
  const path = reasons.find(({ missing }) => missing === '')?.path ?? null
  return { path, reason: path ? `Python ${modules.join(', ')}` : `needs ${reasons[0].missing}` }
}

/** Why `path` cannot serve as an oracle, `''` when it can. */
function whatIsMissing(path: string, modules: string[]): string {
  // -I: the folder a test runs in must not pass for a module.
  const run = spawnSync(path, ['-I', '-c', LOOK, ...modules], { encoding: 'utf8', timeout: 60_000 })
  if (run.status !== 0) return `Python: ${run.error?.message ?? run.stderr.trim()}`
  const missing = run.stdout.trim()
  return missing && `the Python modules ${missing}`
}

const LOOK = `
import importlib.util, sys
def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
print(' '.join(name for name in sys.argv[1:] if not has(name)))
`

// Hubs are never asked: an oracle that downloads is no oracle.
const environment = () => ({ ...process.env, PYTHONUTF8: '1', HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' })

/**
 * Runs `script` (code, or the path of a .py file), gives it `input` as JSON on stdin, and reads the JSON that it prints.
 * Rejects with Python's stderr when it exits with anything but 0.
 */
export function runPython<T>(python: string, script: string, input: unknown, timeoutMs = 300_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, script.endsWith('.py') ? [script] : ['-c', script], {
      timeout: timeoutMs,
      env: environment(),
    })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (data: Buffer) => out.push(data))
    child.stderr.on('data', (data: Buffer) => err.push(data))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const stderr = Buffer.concat(err).toString()
      if (code !== 0) return reject(new Error(`${python} ended with ${code ?? signal}:\n${stderr}`))
      try {
        resolve(JSON.parse(Buffer.concat(out).toString()) as T)
      } catch (cause) {
        reject(new Error(`${python} did not print JSON: ${Buffer.concat(out).toString().slice(0, 400)}`, { cause }))
      }
    })
    // A script that fails before it reads closes the pipe; its exit code tells the story.
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(input))
  })
}

/**
 * A process that stays, for many questions to modules that are slow to load: `script` defines `answer(query)`, which takes
 * what the returned function is given and returns its result, both by JSON. Questions wait for each other. The process
 * ends with the tests.
 */
export function openPython<Q, A>(python: string, script: string): (query: Q) => Promise<A> {
  const child = spawn(python, ['-c', `${script}\n${ANSWERS}`], { env: environment() })
  const err: Buffer[] = []
  let part: Buffer[] = []
  const waiting: { resolve: (answer: A) => void; reject: (error: Error) => void }[] = []
  let ended: Error | undefined
  const end = (error: Error) => {
    ended ??= error
    for (const { reject } of waiting.splice(0)) reject(ended)
  }
  child.stderr.on('data', (data: Buffer) => err.push(data))
  child.stdout.on('data', (data: Buffer) => {
    let from = 0
    for (let to = data.indexOf(10); to >= 0; to = data.indexOf(10, from)) {
      const line = Buffer.concat([...part, data.subarray(from, to)]).toString()
      part = []
      from = to + 1
      const { answer, error } = JSON.parse(line) as { answer: A; error?: string }
      const asked = waiting.shift()
      if (error === undefined) asked?.resolve(answer)
      else asked?.reject(new Error(`${python}: ${error}`))
    }
    if (from < data.length) part.push(data.subarray(from))
  })
  child.on('error', end)
  child.on('close', (code, signal) =>
    end(new Error(`${python} ended with ${code ?? signal}:\n${Buffer.concat(err).toString()}`)),
  )
  child.stdin.on('error', () => {})
  process.on('exit', () => child.kill())
  return (query) =>
    new Promise((resolve, reject) => {
      if (ended) return reject(ended)
      waiting.push({ resolve, reject })
      child.stdin.write(`${JSON.stringify(query)}\n`)
    })
}

// What a module prints must not stand between the answers.
const ANSWERS = `
import json, os, sys, traceback
_answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)
for _line in sys.stdin:
    try:
        _said = json.dumps({'answer': answer(json.loads(_line))})
    except Exception:
        _said = json.dumps({'error': traceback.format_exc()})
    _answers.write(_said + '\\n')
    _answers.flush()
`
