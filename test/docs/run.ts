/** Runs the blocks of one page in a folder that looks like a user's: ko-vocab installed, a base and a text at hand. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { koreanText, llama2Json, llama2Model } from '../support/fixtures'
import { type Block, fileName, isOutput, isRun } from './pages'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * The folder a page runs in: `llama-2/` (tokenizer.json and tokenizer.model), `korean.txt` (user-interface text, a
 * string a line), ko-vocab in node_modules, and `ko-vocab` and `npx ko-vocab` as commands.
 */
export async function makeFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-docs-'))
  mkdirSync(join(folder, 'llama-2'))
  writeFileSync(join(folder, 'llama-2', 'tokenizer.json'), await llama2Json())
  writeFileSync(join(folder, 'llama-2', 'tokenizer.model'), llama2Model())
  writeFileSync(join(folder, 'korean.txt'), await koreanText())
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const bin = join(folder, 'node_modules', '.bin')
  mkdirSync(bin, { recursive: true })
  symlinkSync(root, join(folder, 'node_modules', 'ko-vocab'), 'junction')
  writeFileSync(join(bin, 'ko-vocab'), `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'dist', 'cli.js')}" "$@"\n`)
  chmodSync(join(bin, 'ko-vocab'), 0o755)
  return folder
}

/**
 * Writes, runs and compares the blocks of a page in order. With KO_VOCAB_DOCS_UPDATE set the page is changed to show what
 * its blocks print.
 *
 * @throws Error naming the page and the line of the first block that fails, with what it printed.
 */
export async function runPage(name: string, page: Block[]): Promise<void> {
  const folder = await makeFolder()
  let printed: string | undefined
  try {
    for (const block of page) {
      const file = fileName(block)
      const place = `${name}:${block.line}`
      if (file) {
        mkdirSync(dirname(join(folder, file)), { recursive: true })
        writeFileSync(join(folder, file), block.code)
      } else if (isOutput(block)) {
        if (printed === undefined) throw new Error(`${place}: an output block with nothing before it that runs`)
        if (printed.trimEnd() !== block.code.trimEnd()) {
          if (process.env.KO_VOCAB_DOCS_UPDATE) {
            showInstead(name, block, printed)
            continue
          }
          throw new Error(`${place}: the page shows\n${block.code}\nbut the block before it prints\n${printed}`)
        }
      } else if (isRun(block)) {
        printed = await runBlock(block, folder, place)
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Puts what was printed in the place of an output block; its first line is that of the page, unless others grew. */
function showInstead(name: string, block: Block, printed: string): void {
  const path = join(root, name)
  const lines = readFileSync(path, 'utf8').split('\n')
  const fence = (line: string) => /^`{3,}/.exec(line)?.[0]
  const code = block.code.trimEnd().split('\n')
  const begins = (at: number) =>
    fence(lines[at]) !== undefined &&
    code.every((line, i) => lines[at + 1 + i] === line) &&
    fence(lines[at + 1 + code.length]) === fence(lines[at])
  const nearest = lines
    .map((_, at) => at)
    .filter(begins)
    .sort((a, b) => Math.abs(a - block.line) - Math.abs(b - block.line))[0]
  lines.splice(nearest + 1, code.length, ...printed.trimEnd().split('\n'))
  writeFileSync(path, lines.join('\n'))
}

async function runBlock(block: Block, folder: string, place: string): Promise<string> {
  if (block.language === 'sh' || block.language === 'bash')
    return spawned('bash', ['-euo', 'pipefail', '-c', block.code], folder, place)
  const file = join(folder, `block-${block.line}.mjs`)
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  writeFileSync(file, ts.transpileModule(block.code, { compilerOptions: options }).outputText)
  return spawned(process.execPath, [file], folder, place)
}

function spawned(command: string, args: string[], cwd: string, place: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const path = `${join(cwd, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`
    const child = spawn(command, args, { cwd, env: { ...process.env, PATH: path, NO_COLOR: '1' } })
    let stdout = ''
    let all = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      all += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text
    })
    child.stdin.end()
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout)
      else reject(new Error(`${place}: ended with ${code ?? signal}\n${all}`))
    })
  })
}
