/** Folders as `huggingface-cli download` and `datasets` leave them: which of their files hold documents. Node only. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { KoVocabError } from '../errors'
import { formatOfName } from './format'

/** What stands beside the data of a dataset, by name. */
const BESIDE =
  /^(readme|license|licence|citation|changelog|notice)(\.\w+)?$|^(dataset_infos?|dataset_dict|state|croissant|metadata)\.json$|\.(py|lock|incomplete)$/i

/**
 * Of all files below a folder those with documents. A folder in which none is by its name a table or JSON Lines is no
 * dataset: all of its files are text, README.md too.
 *
 * @throws KoVocabError `unsupported` for a folder of Arrow files alone, as `save_to_disk` and the cache of `datasets` are
 */
export function documentFiles(folder: string, paths: readonly string[]): string[] {
  const data = paths.filter((path) => !BESIDE.test(basename(path)))
  const hasRecords = data.some((path) => formatOfName(path) !== null)
  const arrow = data.filter((path) => /\.arrow(\.(gz|zst))?$/i.test(path))
  if (!hasRecords && arrow.length > 0 && arrow.length === data.length) {
    const what = `${folder}: is a dataset in Arrow files (${basename(arrow[0])} …), as save_to_disk writes them`
    const load = paths.some((path) => BESIDE.test(basename(path)) && /state\.json$/.test(path))
      ? `load_from_disk('${folder}')`
      : `Dataset.from_file('${arrow[0]}')`
    const from = load.startsWith('load') ? 'load_from_disk' : 'Dataset'
    const hint = `write it as Parquet: python -c "from datasets import ${from}; ${load}.to_parquet('data.parquet')"`
    throw new KoVocabError('unsupported', what, hint)
  }
  return hasRecords ? data : [...paths]
}

/**
 * The Hub's cache keeps every file under its hash in blobs/, and beside that a snapshot for each revision: the one that
 * refs/main names, else all of them.
 *
 * @returns the folders to walk instead; null for any other folder
 */
export async function snapshotsOf(folder: string, names: readonly string[]): Promise<string[] | null> {
  if (!names.includes('blobs') || !names.includes('snapshots')) return null
  const snapshots = join(folder, 'snapshots')
  const revisions = await readdir(snapshots).catch((): string[] => [])
  const main = await readFile(join(folder, 'refs', 'main'), 'utf8').catch(() => '')
  const chosen = revisions.includes(main.trim()) ? [main.trim()] : revisions.sort()
  return chosen.map((revision) => join(snapshots, revision))
}
