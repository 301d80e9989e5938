import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { blocks, isRun } from './pages'
import { runPage } from './run'

const root = fileURLToPath(new URL('../..', import.meta.url))

const pages = [
  ...['README.md', 'README.ko.md'].filter((name) => existsSync(join(root, name))),
  ...(existsSync(join(root, 'docs')) ? readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }) : [])
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => join('docs', name)),
].map((name) => ({ name, page: blocks(readFileSync(join(root, name), 'utf8')) }))

describe('the blocks of the documentation run, and print what the pages show', () => {
  const runnable = pages.filter(({ page }) => page.some(isRun))
  it.each(runnable)('$name', ({ name, page }) => runPage(name, page), 300_000)

  it('the README is among them', () => {
    expect(runnable.map(({ name }) => name)).toContain('README.md')
  })
})

describe('the runner itself', () => {
  const page = (...parts: [info: string, code: string][]) =>
    blocks(parts.map(([info, code]) => `\`\`\`${info}\n${code}\n\`\`\``).join('\n\n'))

  it('runs js, ts and sh in one folder, with files and outputs', () =>
    runPage(
      'page.md',
      page(
        ['txt file=a/b.txt', '한글'],
        ['sh', 'cat a/b.txt'],
        ['text output', '한글'],
        ['ts', "import { version } from 'ko-vocab'\nconst is: string = typeof version\nconsole.log(is)"],
        ['text output', 'string'],
        ['sh no-run', 'exit 1'],
        ['sh', 'test -s llama-2/tokenizer.model && test -s korean.txt'],
      ),
    ))

  it('fails, with the place, on a wrong output and on a failing block', async () => {
    await expect(runPage('page.md', page(['sh', 'echo a'], ['text output', 'b']))).rejects.toThrow('page.md:5')
    await expect(runPage('page.md', page(['sh', 'echo oh dear >&2; false']))).rejects.toThrow('oh dear')
    await expect(runPage('page.md', page(['text output', 'b']))).rejects.toThrow('nothing before it')
    expect(() => blocks('```sh\necho')).toThrow('never closes')
  })
})
