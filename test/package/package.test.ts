import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const project = mkdtempSync(join(tmpdir(), 'ko-vocab-package-'))
const installed = join(project, 'node_modules', 'ko-vocab')
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

/** Why the packed package could not be installed, when only the registry is to blame. */
let offline = ''

function run(command: string, args: string[], cwd = project): string {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', shell: process.platform === 'win32' })
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${result.stdout}\n${result.stderr}`)
  return result.stdout
}

beforeAll(() => {
  // dist is fresh: the globalSetup has built it. --ignore-scripts keeps prepack from building it again.
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', project], root)
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz')) ?? ''
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
  try {
    run('npm', ['install', `./${tarball}`, '--prefer-offline', '--no-audit', '--no-fund', '--fetch-retries=1'])
  } catch (error) {
    const code = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED/.exec(String(error))
    if (!code) throw error
    offline = code[0]
  }
})

beforeEach((context) => context.skip(offline !== '', `the npm registry cannot be reached: ${offline}`))

afterAll(() => rmSync(project, { recursive: true, force: true }))

describe('the packed package, installed in a fresh project', () => {
  it('holds what package.json names, and no source, test or fixture', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).map((file) =>
      file.replaceAll('\\', '/'),
    )
    const named = [manifest.bin['ko-vocab'], ...targets(manifest.exports)]
    expect(named.filter((file) => !existsSync(join(installed, file)))).toEqual([])
    const allowed = /^(dist(\/[^/]+\.(js|cjs|d\.ts|d\.cts))?|package\.json|LICENSE|README(\.ko)?\.md|CHANGELOG\.md)$/
    expect(files.filter((file) => !allowed.test(file) && !file.startsWith('node_modules'))).toEqual([])
  })

  it.each(['ko-vocab', 'ko-vocab/node'])('%s is the same module to import and require', (name) => {
    writeFileSync(
      join(project, 'import.mjs'),
      `import * as all from '${name}'\nconsole.log(JSON.stringify([all.version, Object.keys(all).sort()]))\n`,
    )
    writeFileSync(
      join(project, 'require.cjs'),
      `const all = require('${name}')\nconsole.log(JSON.stringify([all.version, Object.keys(all).sort()]))\n`,
    )
    const imported = JSON.parse(run(process.execPath, ['import.mjs']))
    expect(imported).toEqual(JSON.parse(run(process.execPath, ['require.cjs'])))
    expect(imported[0]).toBe(manifest.version)
    expect(imported[1]).toContain('KoVocabError')
  })

  it('throws one error class from both entries', () => {
    const code =
      "import * as a from 'ko-vocab'\nimport * as b from 'ko-vocab/node'\nconsole.log(a.KoVocabError === b.KoVocabError)\n"
    writeFileSync(join(project, 'same.mjs'), code)
    expect(run(process.execPath, ['same.mjs']).trim()).toBe('true')
  })

  it('puts a command in node_modules/.bin', () => {
    const command = join(project, 'node_modules', '.bin', 'ko-vocab')
    expect(run(command, ['--version']).trim()).toBe(manifest.version)
  })

  describe('types', () => {
    beforeAll(() => {
      const folder = join(project, 'types')
      mkdirSync(folder)
      const code = [
        "import { isKoVocabError, KoVocabError, type Tokenizer, version } from 'ko-vocab'",
        "import * as node from 'ko-vocab/node'",
        "const error: node.KoVocabError = new KoVocabError('bad-file', version)",
        'export const pieces = (tokenizer: Tokenizer): string[] => (isKoVocabError(error) ? tokenizer.pieces : [])',
        '// @ts-expect-error: ids are numbers, so this package has real types and not any',
        'export const wrong: string = ({} as Tokenizer).unkId',
      ].join('\n')
      writeFileSync(join(folder, 'esm.mts'), code)
      writeFileSync(join(folder, 'cjs.cts'), code)
    })

    it.each([
      ['bundler', 'esnext'],
      ['node16', 'node16'],
    ])(
      'check under moduleResolution %s',
      (resolution, module) => {
        const compilerOptions = {
          strict: true,
          noEmit: true,
          target: 'es2022',
          lib: ['es2022', 'dom'],
          module,
          moduleResolution: resolution,
          // What a Node consumer has installed; skipLibCheck stays off, so the declarations themselves are checked too.
          typeRoots: [join(root, 'node_modules', '@types')],
          types: ['node'],
        }
        const files = resolution === 'bundler' ? ['types/esm.mts'] : ['types/esm.mts', 'types/cjs.cts']
        writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
        run(process.execPath, [tsc, '-p', 'tsconfig.json'])
      },
      300_000,
    )
  })
})

/** All file names in `exports`. */
function targets(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return Object.values(value as Record<string, unknown>).flatMap(targets)
}
