/**
 * The trainer's tests as one file that runs without vitest and without the fixtures' folder: in a browser, or on another
 * machine (see make-device-check.mjs). Paths are those of the project's root, from where it runs.
 */
import { readFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'

/** What stands for modules that a bundle cannot have. */
function stubs(platform: 'node' | 'browser'): Plugin {
  const golden = readFileSync('fixtures/trainer/golden.json', 'utf8')
  const contents: Record<string, string> = {
    'node:fs': `exports.readFileSync = () => ${JSON.stringify(golden)}`,
    vitest: `const same = (a, b) => { if (JSON.stringify(a) !== JSON.stringify(b)) throw Error(\`\${a} is not \${b}\`) }
exports.expect = (a) => ({ toBe: (b) => same(a, b), toEqual: (b) => same(a, b) })`,
  }
  return {
    name: 'stubs',
    setup(builder) {
      builder.onResolve(
        { filter: platform === 'browser' ? /^(node:.*|vitest|webgpu)$/ : /^(node:fs|vitest)$/ },
        ({ path }) => ({
          ...{ path, namespace: 'stub' },
        }),
      )
      builder.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: contents[path] ?? '' }))
    },
  }
}

/** @returns the code of one ES module */
export async function bundle(entry: string, platform: 'node' | 'browser'): Promise<string> {
  const { outputFiles } = await build({
    ...{
      entryPoints: [`test/trainer/webgpu/${entry}`],
      bundle: true,
      write: false,
      format: 'esm',
      platform,
      logLevel: 'error',
    },
    ...{ external: ['webgpu'], plugins: [stubs(platform)], treeShaking: true },
  })
  return outputFiles[0].text
}
