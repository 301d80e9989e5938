/**
 * The trainer's benchmark as one folder that runs where there is only Node: `bench.mjs`, and Dawn's native file at the
 * place where the package `webgpu` looks for it. Peers that are found go into it.
 *
 *     KO_VOCAB_BENCH_PEERS=/path/to/node_modules node bench/trainer/bundle.mjs --out FOLDER [--target linux-x64]
 *     node FOLDER/bench.mjs [options of speed.mjs]
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const PEERS = ['@jax-js/jax', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu']

/**
 * @param {string} folder is made
 * @param {string} [target] platform and architecture, as the folders of `webgpu` are called
 * @returns {Promise<{entry: string, files: string[], absent: string[]}>} `files` relative to the folder; `absent` packages
 */
export async function makeBundle(folder, target = `${process.platform}-${process.arch}`) {
  const places = [process.env.KO_VOCAB_BENCH_PEERS, join(root, 'node_modules')]
    .filter(Boolean)
    .map((one) => resolve(one))
  const manifestOf = (name) => places.map((place) => join(place, name, 'package.json')).find(existsSync)
  const versions = Object.fromEntries(
    PEERS.filter(manifestOf).map((name) => [name, JSON.parse(readFileSync(manifestOf(name), 'utf8')).version]),
  )
  const absent = PEERS.filter((name) => !versions[name])
  mkdirSync(folder, { recursive: true })
  const entry = join(folder, 'bench.mjs')
  await build({
    entryPoints: [join(root, 'bench/trainer/main.mjs')],
    outfile: entry,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // tfjs-core's `main` is for Node and asks for node-fetch; `module` is what bundlers take.
    mainFields: ['module', 'main'],
    nodePaths: places,
    plugins: [leaveOut(absent)],
    loader: { '.py': 'text' },
    define: {
      __BENCH_ABSENT__: JSON.stringify(absent),
      __BENCH_BUILT__: JSON.stringify({ ...versionOfOurs(), peers: versions }),
    },
    banner: {
      js: "import{createRequire as bundledRequire}from'node:module';const require=bundledRequire(import.meta.url)",
    },
    logLevel: 'error',
  })
  return { entry, files: ['bench.mjs', ...copyDawn(folder, target)], absent }
}

/** An empty module in their place: nothing loads it, since absent peers do not run. */
function leaveOut(absent) {
  return {
    name: 'absent',
    setup(build) {
      build.onResolve({ filter: /^@/ }, ({ path }) => {
        const left = absent.some((name) => path === name || path.startsWith(`${name}/`))
        return left ? { path, namespace: 'absent' } : undefined
      })
      build.onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: 'module.exports = {}' }))
    },
  }
}

/** `webgpu` looks beside its own code, which is now the bundle. */
function copyDawn(folder, target) {
  const name = target.startsWith('darwin') ? 'darwin-universal' : target
  const from = join(root, 'node_modules/webgpu/dist', name)
  if (!existsSync(from)) return []
  mkdirSync(join(folder, 'dist', name), { recursive: true })
  return readdirSync(from).map((file) => {
    const path = join('dist', name, file)
    copyFileSync(join(from, file), join(folder, path))
    return path
  })
}

function versionOfOurs() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  try {
    const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
    const changed = git('status', '--porcelain', '-uno', 'src') ? ' (src changed)' : ''
    return { version, commit: git('rev-parse', '--short', 'HEAD') + changed }
  } catch {
    return { version, commit: 'unknown' }
  }
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { out: { type: 'string' }, target: { type: 'string' } } })
  if (!values.out) throw new Error('--out is missing: name the folder that the bundle goes to')
  const { files, absent } = await makeBundle(resolve(values.out), values.target)
  process.stdout.write(`${files.join('\n')}\n`)
  for (const name of absent)
    process.stderr.write(
      `absent, left out: ${name}; npm install --prefix FOLDER ${name}, then KO_VOCAB_BENCH_PEERS=FOLDER/node_modules\n`,
    )
}
