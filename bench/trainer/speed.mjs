/**
 * Milliseconds of a training step beside jax-js, TensorFlow.js and PyTorch, in alternation (A B A B …) on the same device
 * with the same weights and batches, and whether the losses agree. See ../README.md.
 *
 *     node bench/trainer/speed.mjs [--model small|mid|large] [--ours 'ko-vocab webgpu'|'ko-vocab cpu'] [--peer PART]
 *       [--rounds 5] [--steps N] [--out bench/results] [--quick]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeBundle } from './bundle.mjs'

// What is measured is what is in src now, bundled as for any other machine.
const folder = mkdtempSync(join(tmpdir(), 'ko-vocab-bench-'))
try {
  const { entry } = await makeBundle(folder)
  const out = fileURLToPath(new URL('../results', import.meta.url))
  const { status } = spawnSync(process.execPath, [entry, '--out', out, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
