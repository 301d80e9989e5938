/** The folder of an extended tokenizer as it lies on disk. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { folderOf } from '../extend/read-extension'
import { companionName, looksLikeTiktoken } from '../tokenizer/files/tiktoken'
import { SIDECARS } from '../tokenizer/load'

/** The tokenizer's files by name, byte for byte: what an audit must judge. */
export async function readEmitted(path: string): Promise<Map<string, string | Uint8Array>> {
  const folder = await folderOf(path)
  const single = folder === path ? null : basename(path)
  const names = (await readdir(folder)).sort().filter((name) => {
    if (SIDECARS.includes(name)) return true
    if (single !== null) return name === single || name === companionName(single)
    return name === 'tokenizer.json' || /\.(model|tiktoken|special\.json)$/.test(name)
  })
  const files = new Map<string, string | Uint8Array>()
  for (const name of names) {
    const bytes = new Uint8Array(await readFile(join(folder, name)))
    const isText = name.endsWith('.json') || name.endsWith('.jinja') || looksLikeTiktoken(bytes)
    files.set(name, isText ? new TextDecoder().decode(bytes) : bytes)
  }
  return files
}
