import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')

/** The road of the data: a folder imports from itself, from folders before it, and from the files beside them. */
const folders = 'text tokenizer corpus counts donors merges extend init checkpoint measure trainer cli'.split(' ')
const everywhere = ['errors.ts', 'version.ts']
/** Several steps of the road in one call: only the command may use them. */
const wholeRoad = [
  'extend-from-text.ts',
  'extension-folder.ts',
  'init-from-corpus.ts',
  'merge-donors.ts',
  'merge-report.ts',
  'plan-extension.ts',
  'prune-folder.ts',
]

/** The files that may use Node's own modules, besides the command in cli/. Everything else runs in a browser. */
const nodeFiles = [
  'checkpoint/apply.ts',
  'checkpoint/carry.ts',
  'checkpoint/open-checkpoint.ts',
  'checkpoint/place-file.ts',
  'checkpoint/prepare.ts',
  'checkpoint/write-shard.ts',
  'corpus/atomic.ts',
  'corpus/bytes.ts',
  'corpus/dataset-folder.ts',
  'corpus/decompress.ts',
  'corpus/domains.ts',
  'corpus/files.ts',
  'corpus/prepare/journal.ts',
  'corpus/prepare/journaled.ts',
  'corpus/prepare/prepare-folder.ts',
  'corpus/prepare/shards.ts',
  'corpus/prepare/spill-file.ts',
  'corpus/prepare/threads.ts',
  'corpus/prepare/worker.ts',
  'corpus/parquet-file.ts',
  'corpus/records.ts',
  'corpus/run-record.ts',
  'corpus/salvage.ts',
  'corpus/unzstd.ts',
  'corpus/work-folder.ts',
  'counts/count-parts.ts',
  'counts/count-to-file.ts',
  'counts/count.ts',
  'counts/counts-inputs.ts',
  'counts/shard-folder.ts',
  'counts/spill-file.ts',
  'counts/worker.ts',
  'donors/load.ts',
  'extend-from-text.ts',
  'extend/audit/referees/sentencepiece.ts',
  'extension-folder.ts',
  'extend/read-extension.ts',
  'measure/bench/kiwi.ts',
  'measure/bench/open-model.ts',
  'measure/tokenizers/open.ts',
  'measure/tokenizers/packages.ts',
  'measure/tokenizers/provenance.ts',
  'merge-donors.ts',
  'merges/learn.ts',
  'plan-extension.ts',
  'prune-folder.ts',
  'tokenizer/load.ts',
  'tokenizer/save.ts',
  'trainer/forms/load-adapter.ts',
  'trainer/forms/save-adapter.ts',
  'trainer/backends/gpu-node.ts',
  'trainer/load.ts',
  'trainer/evaluate/evaluate-models.ts',
  'trainer/run/base-rows.ts',
  'trainer/run/checkpoint-files.ts',
  'trainer/run/frozen-weights.ts',
  'trainer/run/open-data.ts',
  'trainer/run/pretrain.ts',
  'trainer/run/reference-file.ts',
  'trainer/save.ts',
  'trainer/data/open-tokens.ts',
  'trainer/data/token-cache.ts',
  'trainer/data/write-tokens.ts',
  'trainer/watch/jsonl-sink.ts',
  'trainer/watch/live-page.ts',
  'trainer/watch/tensorboard-sink.ts',
  'trainer/watch/watch-run.ts',
]
const nodeLibraries = /^(node:|tinypool$|tinyglobby$|sentencepiece-js$)/

const topLevel =
  /^(\..*|package(-lock)?\.json|tsconfig\.json|(tsup|vitest)\.config\.ts|(biome|knip|typedoc)\.json|LICENSE|README(\.ko)?\.md|CHANGELOG\.md|CONTRIBUTING\.md|src|bench|fixtures|test|docs|examples|node_modules|dist|out|coverage|.*\.tgz)$/

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))

/** What a file imports, types included: `{ from: 'text/scope.ts' }` within src, `{ from: 'node:fs' }` outside it. */
const imports = new Map(
  files.map((file) => {
    const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    const found = code.matchAll(/(?:\bfrom|^import|\bimport\()\s*['"]([^'"]+)['"]/gm)
    return [file, [...found].map(([, name]) => (name.startsWith('.') ? locate(file, name) : name))]
  }),
)

function locate(file: string, name: string): string {
  const path = relative(src, resolve(src, file, '..', name)).replaceAll('\\', '/')
  return [`${path}.ts`, `${path}/index.ts`, path].find((candidate) => existsSync(join(src, candidate))) ?? path
}

function reachable(entry: string, seen = new Set<string>()): Set<string> {
  if (seen.has(entry) || !imports.has(entry)) return seen
  seen.add(entry)
  for (const name of imports.get(entry) ?? []) reachable(name, seen)
  return seen
}

const folderOf = (file: string) => (file.includes('/') ? file.split('/')[0] : '')

describe('layout', () => {
  it('src has only the folders of the road', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => folder && !folders.includes(folder))).toEqual([])
  })

  it('a folder imports only from folders before it', () => {
    const back = files.filter(folderOf).flatMap((file) =>
      (imports.get(file) ?? [])
        .filter((name) => imports.has(name) && !everywhere.includes(name))
        .filter((name) => !(wholeRoad.includes(name) && folderOf(file) === 'cli'))
        .filter((name) => !folderOf(name) || folders.indexOf(folderOf(name)) > folders.indexOf(folderOf(file)))
        .map((name) => `${file} imports ${name}`),
    )
    expect(back).toEqual([])
  })

  it('only named files, and the command, use Node', () => {
    const using = files.filter(
      (file) => folderOf(file) !== 'cli' && imports.get(file)?.some((n) => nodeLibraries.test(n)),
    )
    expect(using.sort()).toEqual([...nodeFiles].sort())
  })

  it('nothing that the index reaches uses Node', () => {
    const reached = [...reachable('index.ts'), ...reachable('trainer/index.ts')]
    expect(reached).toContain('tokenizer/types.ts')
    expect(reached.filter((file) => imports.get(file)?.some((name) => nodeLibraries.test(name)))).toEqual([])
  })

  it('the top level holds what it should', () => {
    expect(readdirSync(root).filter((name) => !topLevel.test(name))).toEqual([])
  })
})
