/**
 * All benchmarks on small inputs, in a minute or two, so that they cannot rot: fails when one of them does, when a
 * contender fails, or when ids, text, words, merges or losses differ. Absent peers are named and passed over.
 *
 *     node bench/quick.mjs
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
let failed = false
for (const [name, result] of Object.entries({
  speed: 'speed',
  scale: 'scale',
  apply: 'apply',
  memory: 'memory',
  prepare: 'prepare',
  'trainer/speed': 'trainer-small',
})) {
  const run = spawnSync(process.execPath, [path(`${name}.mjs`), '--quick'], { encoding: 'utf8' })
  process.stdout.write(run.stdout)
  if (run.status !== 0) {
    failed = true
    process.stderr.write(`bench/${name}.mjs --quick ended with ${run.status}:\n${run.stderr}`)
    continue
  }
  const { results } = JSON.parse(readFileSync(path(`results/${result}-quick.json`), 'utf8'))
  const broken = results.filter((row) => row.failed)
  for (const row of broken) process.stderr.write(`bench/${name}.mjs: ${row.name}: ${row.failed}\n`)
  if (broken.length > 0 || results.length === 0) failed = true
}
process.exitCode = failed ? 1 : 0
