import { existsSync, rmSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

// Two of the builds below write into dist at the same time, so none of them may clean it.
rmSync('dist', { recursive: true, force: true })

const libraries = { index: 'src/index.ts', node: 'src/node.ts', trainer: 'src/trainer/index.ts' }

/** ESM alone: the command, and the scripts of threads, found beside the chunk that starts them. */
const programs = {
  cli: 'src/cli/main.ts',
  'counts-worker': 'src/counts/worker.ts',
  'prepare-worker': 'src/corpus/prepare/worker.ts',
}

const common: Options = {
  target: 'es2022',
  // `neutral` keeps the index browser-safe: nothing of Node is resolved, only named.
  platform: 'neutral',
  // npm packages that only a checkout has (the demo says so when they are missing), and the optional one.
  external: [/^node:/, 'llama-tokenizer-js', '@codingame/monaco-vscode-language-pack-ko', 'webgpu'],
  removeNodeProtocol: false,
  clean: false,
  silent: true,
}

export default defineConfig([
  // Splitting shares chunks between the entries, so that index and node throw the same KoVocabError class.
  { ...common, entry: { ...libraries, ...existing(programs) }, format: 'esm', splitting: true },
  // shims: `import.meta.url`, by which the worker file is found, does not exist in CommonJS.
  { ...common, entry: libraries, format: 'cjs', splitting: true, shims: true },
  { ...common, entry: libraries, format: ['esm', 'cjs'], dts: { only: true } },
])

function existing(entries: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)))
}
