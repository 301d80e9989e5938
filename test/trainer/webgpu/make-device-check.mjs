/**
 * Makes the device check one file, from the project's root:
 *
 *     node test/trainer/webgpu/make-device-check.mjs device-check.mjs
 *     node device-check.mjs    # anywhere with node_modules/webgpu beside it
 */
import { writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const options = { bundle: true, write: false, format: 'esm', platform: 'node', packages: 'external' }
const { outputFiles } = await build({ ...options, entryPoints: ['test/trainer/webgpu/bundle.ts'] })
// esbuild is found from the project's folder, so the code must lie there.
const { bundle } = await import(toUrl(outputFiles[0].text))
const [, , out = 'device-check.mjs'] = process.argv
writeFileSync(out, await bundle('device-check.ts', 'node'))

function toUrl(code) {
  const esbuild = import.meta.resolve('esbuild')
  return `data:text/javascript,${encodeURIComponent(code.replace('"esbuild"', JSON.stringify(esbuild)))}`
}
