/** Bundles the example with ko-vocab: its sources where this is a checkout, else the installed package. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const sources = fileURLToPath(new URL('../../src', import.meta.url))
const alias = existsSync(sources)
  ? { 'ko-vocab': `${sources}/index.ts`, 'ko-vocab/trainer': `${sources}/trainer/index.ts` }
  : {}

/**
 * @param {string} entry beside this file
 * @param {'browser' | 'node'} platform
 * @returns {Promise<string>} one ES module
 */
export async function bundle(entry, platform) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform,
    target: 'es2022',
    alias,
    logLevel: 'silent',
  })
  return outputFiles[0].text
}
