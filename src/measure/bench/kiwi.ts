/** Kiwi (npm `kiwi-nlp`, an optional peer), with its model from a folder; nothing is downloaded. Node only. */
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { asIoError } from '../../corpus/atomic'
import { KoVocabError } from '../../errors'
import { josaEomiBoundaries, type Morpheme, type MorphemeAnalyser } from './morphemes'

/** The parts of kiwi-nlp 0.2x in use. */
interface KiwiModule {
  KiwiBuilder: {
    create: (wasmPath: string) => Promise<{
      build: (options: { modelFiles: Record<string, Uint8Array> }) => Promise<{
        analyze: (text: string) => { tokens: (Morpheme & { str: string })[] }
      }>
      version: () => string
    }>
  }
}

/**
 * @param model folder with the files of a Kiwi model (`kiwi_model_v….tgz` of its releases, unpacked)
 * @param from folder from which Node looks for kiwi-nlp
 * @throws KoVocabError `io` when the package or the model is not there
 */
export async function openKiwi(model: string, from: string = process.cwd()): Promise<MorphemeAnalyser> {
  const main = findKiwi(from)
  if (main === null) {
    throw new KoVocabError('io', 'the npm package kiwi-nlp is not installed', 'run npm install kiwi-nlp')
  }
  const names = await readdir(model).catch((error: unknown) => {
    throw asIoError(error, model, 'read')
  })
  const modelFiles: Record<string, Uint8Array> = {}
  for (const name of names.sort()) modelFiles[name] = new Uint8Array(await readFile(join(model, name)))
  try {
    const { KiwiBuilder } = (await import(pathToFileURL(main).href)) as KiwiModule
    const builder = await KiwiBuilder.create(join(dirname(main), 'kiwi-wasm.wasm'))
    const kiwi = await builder.build({ modelFiles })
    const boundaries = (line: string) => josaEomiBoundaries(kiwi.analyze(line).tokens)
    boundaries('나는 간다')
    return { name: `kiwi-nlp ${builder.version()}`, boundaries }
  } catch (cause) {
    // WebAssembly throws the address of a C++ exception.
    const reason = cause instanceof Error ? cause.message : 'it fails inside'
    throw new KoVocabError(
      'bad-file',
      `${model}: kiwi-nlp does not load this model: ${reason}`,
      'unpack kiwi_model_v….tgz of the release of the same version',
      { cause },
    )
  }
}

/** Its main file; null where it is not installed. */
function findKiwi(from: string): string | null {
  for (const place of [pathToFileURL(join(resolve(from), '_')), import.meta.url]) {
    try {
      return createRequire(place).resolve('kiwi-nlp')
    } catch {
      // Not from here.
    }
  }
  return null
}
