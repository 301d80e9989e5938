/** Spawns the built command, and lays out a folder with small real inputs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { emptyBase } from '../../src/extend/from-nothing'
import { saveTokenizer } from '../../src/tokenizer/save'
import { koreanText, llama2Json } from '../support/fixtures'

/** The built command, or another build of it. */
export const cli: string = process.env.KO_VOCAB_CLI ?? fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  cwd?: string
  input?: string | Uint8Array
  env?: Record<string, string>
  /** Gets the process as soon as it runs; standard input then stays open. */
  onStart?: (child: ChildProcess) => void
}

export function koVocab(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const { FORCE_COLOR: _, ...env } = process.env
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: options.cwd,
      env: { ...env, NO_COLOR: '1', ...options.env },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
    // A command that ends early closes the pipe.
    child.stdin.on('error', () => {})
    if (options.onStart) options.onStart(child)
    else child.stdin.end(options.input ?? '')
  })
}

/** `llama-2/tokenizer.json`, `small/` (the 260 ids of an empty base, quick to load), `ko.txt` (3,000 lines of user-interface text) and `en.txt` in a new folder. */
export async function makeFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-cli-'))
  mkdirSync(join(folder, 'llama-2'))
  writeFileSync(join(folder, 'llama-2', 'tokenizer.json'), await llama2Json())
  await saveTokenizer(emptyBase('sentencepiece'), join(folder, 'small'))
  const lines = (await koreanText()).split('\n')
  writeFileSync(join(folder, 'ko.txt'), `${lines.slice(0, 3000).join('\n')}\n`)
  writeFileSync(
    join(folder, 'en.txt'),
    'The quick brown fox jumps over the lazy dog.\nfor (const id of ids) sum += id\n',
  )
  return folder
}
