/** vitest globalSetup: builds dist when a source is newer than it, for tests that use the package as its users do. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

export default function buildOnce(): void {
  if (existsSync(join(root, 'dist/index.d.cts')) && oldest('dist') > newest(['src', 'package.json', 'tsup.config.ts']))
    return
  const run = spawnSync('npm', ['run', 'build'], { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' })
  if (run.status !== 0) throw new Error(`npm run build failed:\n${run.stdout}\n${run.stderr}`)
}

function times(path: string): number[] {
  const full = join(root, path)
  if (!statSync(full).isDirectory()) return [statSync(full).mtimeMs]
  return readdirSync(full).flatMap((name) => times(join(path, name)))
}

const oldest = (path: string): number => Math.min(...times(path))
const newest = (paths: string[]): number => Math.max(...paths.flatMap(times))
