/** From an init map and the folder of a base model to the folder of the extended model. Node only. */
import { copyFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { asIoError, withTemporaryFolder, writeFileAtomic } from '../corpus/atomic'
import { describeTokenizer, formatRunRecord, runRecord } from '../corpus/run-record'
import { throwIfAborted } from '../errors'
import { sha256Hex } from '../tokenizer/hash'
import { version } from '../version'
import { withVocabSize } from './config'
import { withTotals } from './index-totals'
import { cardLicence, type FoundLicence, findLicence } from './licences'
import { type CardEfficiency, formatModelCard } from './model-card'
import { INDEX, openShard, readSmall } from './open-checkpoint'
import { placeFile } from './place-file'
import { type ApplyOptions, type PreparedApply, prepareApply } from './prepare'
import { countOf, rangesOf } from './row-plan'
import { checkWritten, writeShard } from './write-shard'

export interface ApplyInitMapOptions extends ApplyOptions {
  /** Name of the new model. Default: that of the folder. */
  modelName?: string
  /** Hub name of the base. Default: what the folder tells. */
  baseModel?: string
  /** The Hub's identifier of the base's licence. Default: what the folder tells. */
  licence?: string
  /** Where the text came from that the pieces were learned on, for the model card. */
  dataSources?: readonly string[]
  /** Measured token efficiency, for the model card. */
  efficiency?: CardEfficiency
  /** `done` of `total` bytes of weights. */
  onProgress?: (stage: 'write', done: number, total: number) => void
}

export interface AppliedInitMap {
  /** Rows of the grown matrices, `vocab_size`. */
  rows: number
  baseRows: number
  newRows: number
  paddingRows: number
  /** Rows of the base's matrix that no id has. */
  unusedRows: number
  input: string
  output: string | null
  tied: boolean
  dtype: string
  /** Shards by what became of them. */
  shards: { rewritten: string[]; shared: string[]; linked: string[]; copied: string[] }
  /** Bytes of the shards that were written anew. */
  bytesRewritten: number
  licence: FoundLicence | null
  files: string[]
  notes: string[]
}

/**
 * Extends a model: its embedding and output matrices get a row for every new id, made as the init map says; config.json,
 * tokenizer files and model card follow. Shards without such a matrix are shared, linked or copied.
 *
 * The folder is built under another name beside `out` and renamed: killed at any moment, `out` is absent (or what it
 * was) or whole. The source is only read. Memory does not grow with the model: some 100 MB for rows that are held.
 *
 * @throws KoVocabError as {@link prepareApply}; `unsupported` when a new row does not fit the dtype
 */
export async function applyInitMapToCheckpoint(options: ApplyInitMapOptions): Promise<AppliedInitMap> {
  const prepared = await prepareApply(options)
  const { checkpoint, plan, embeddings, map, carried } = prepared
  const notes = [...prepared.notes]
  return withTemporaryFolder(
    options.out,
    async (folder) => {
      const shards = await writeWeights(prepared, folder, options)
      const from = async (source: string, name: string, target: string) => {
        throwIfAborted(options.signal)
        const path = join(source, name)
        await copyFile(path, join(folder, target)).catch((error: unknown) => {
          throw asIoError(error, path, 'read')
        })
      }
      for (const [name, target] of carried.base) await from(options.checkpoint, name, target)
      for (const name of carried.extension) await from(options.tokenizer, name, name)
      const config = withVocabSize(checkpoint.config.text, join(options.checkpoint, 'config.json'), plan.rows)
      const { card, licence } = await modelCard(prepared, options, notes)
      const texts: Record<string, string | Uint8Array> = {
        'config.json': config,
        'rows.json': formatRows(prepared),
        'README.md': card,
        'run.json': await recordOf(options, prepared),
      }
      if (checkpoint.index) {
        const written = await Promise.all(checkpoint.shards.map(({ file }) => openShard(folder, file)))
        texts[INDEX] = withTotals(checkpoint.index, join(options.checkpoint, INDEX), checkpoint.shards, written)
      }
      for (const [name, text] of Object.entries(texts)) await writeFileAtomic(join(folder, name), text)
      const names = [...checkpoint.shards.map(({ file }) => file), ...Object.keys(texts)]
      return {
        rows: plan.rows,
        baseRows: map.baseRows,
        newRows: countOf(plan, 'new'),
        paddingRows: countOf(plan, 'padding'),
        unusedRows: countOf(plan, 'kept'),
        input: embeddings.input,
        output: embeddings.output,
        tied: embeddings.tied,
        dtype: embeddings.tensors[0].dtype,
        shards,
        bytesRewritten: [...prepared.rewritten.values()].reduce((a, b) => a + b, 0),
        licence,
        files: [...new Set([...names, ...carried.base.values(), ...carried.extension])].sort(),
        notes,
      }
    },
    { replace: options.force },
  )
}

async function writeWeights(
  { checkpoint, growths, rewritten, untouched }: PreparedApply,
  folder: string,
  { link = 'auto', signal, onProgress = () => {} }: ApplyInitMapOptions,
): Promise<AppliedInitMap['shards']> {
  const total = checkpoint.shards.reduce((sum, { file, bytes }) => sum + (rewritten.get(file) ?? bytes), 0)
  let done = 0
  const onWritten = (bytes: number) => {
    done += bytes
    onProgress('write', done, total)
  }
  const placed: AppliedInitMap['shards'] = { rewritten: [...rewritten.keys()], shared: [], linked: [], copied: [] }
  for (const shard of checkpoint.shards) {
    throwIfAborted(signal)
    const target = join(folder, shard.file)
    if (untouched.includes(shard.file)) {
      placed[await placeFile(shard.path, target, link)].push(shard.file)
      onWritten(shard.bytes)
    } else {
      await writeShard({ shard, growths, target, onWritten, signal })
      checkWritten(target, (await stat(target)).size, rewritten.get(shard.file)!)
    }
  }
  return placed
}

function formatRows({ plan, embeddings, map }: PreparedApply): string {
  const bias = embeddings.tensors.find(({ name }) => name.endsWith('.bias'))?.name ?? null
  const ranges = (kind: Parameters<typeof rangesOf>[1]) => JSON.stringify(rangesOf(plan, kind))
  // A range a line would make a page of what is one fact.
  return [
    '{',
    '  "format": "ko-vocab-rows",',
    '  "format_version": "1",',
    `  "rows": ${plan.rows},`,
    `  "tensors": ${JSON.stringify({ input: embeddings.input, output: embeddings.output, bias })},`,
    `  "tied": ${embeddings.tied},`,
    `  "base": ${ranges('base')},`,
    `  "new": ${ranges('new')},`,
    `  "padding": ${ranges('padding')},`,
    `  "unused": ${ranges('kept')},`,
    `  "base_sha256": ${JSON.stringify(map.baseSha256)},`,
    `  "extended_sha256": ${JSON.stringify(map.extendedSha256)},`,
    `  "input_method": ${JSON.stringify(map.inputMethod)},`,
    `  "output_method": ${JSON.stringify(embeddings.tied ? map.inputMethod : map.outputMethod)}`,
    '}\n',
  ].join('\n')
}

const MAX_README_BYTES = 4_000_000

async function modelCard(
  { checkpoint, carried, plan, map, embeddings }: PreparedApply,
  options: ApplyInitMapOptions,
  notes: string[],
): Promise<{ card: string; licence: FoundLicence | null }> {
  const baseReadme = carried.base.get('README.md') ?? null
  const readme =
    baseReadme === null ? '' : decode(await readSmall(join(options.checkpoint, 'README.md'), MAX_README_BYTES))
  const baseModel = options.baseModel ?? baseModelOf(checkpoint.folder, checkpoint.config.nameOrPath)
  const licence = findLicence({
    given: options.licence,
    card: cardLicence(readme),
    baseModel: baseModel ?? basename(resolve(checkpoint.folder)),
    baseSha256: map.baseSha256,
  })
  const name = options.modelName ?? basename(resolve(options.out))
  const begins = licence?.evidence === 'vocabulary' ? undefined : licence?.licence.nameBegins
  if (begins && !comparable(name).startsWith(comparable(begins))) {
    notes.push(
      `${licence!.licence.name}: the name of a distributed model must begin with "${begins}", ${name} does not`,
    )
  }
  if (licence === null || licence.evidence === 'vocabulary') {
    notes.push('the licence of the base is not sure: the model card has none; name it with --license')
  }
  if (baseReadme !== null) notes.push(`README.md of the base is kept as ${baseReadme}`)
  const card = formatModelCard({
    name,
    baseModel,
    licence,
    plan,
    inputMethod: map.inputMethod,
    outputMethod: map.outputMethod,
    tied: embeddings.tied,
    baseSha256: map.baseSha256,
    extendedSha256: map.extendedSha256,
    dataSources: options.dataSources ?? [],
    efficiency: options.efficiency ?? null,
    baseReadme,
    version,
  })
  return { card, licence }
}

/** `Llama-3-Ko` begins with `Llama 3`. */
function comparable(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '')
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** The Hub's cache has `models--owner--name/snapshots/<commit>`; else what config.json remembers, if it is a Hub name. */
function baseModelOf(folder: string, nameOrPath: string | null): string | null {
  const cached = /[\\/]models--([\w.-]+?)--([\w.-]+)[\\/]snapshots[\\/]/.exec(resolve(folder))
  if (cached) return `${cached[1]}/${cached[2]}`
  return nameOrPath !== null && /^[\w-][\w.-]*\/[\w.-]+$/.test(nameOrPath) ? nameOrPath : null
}

/** Weights are recorded by size: hashing them would take longer than extending them. */
async function recordOf(options: ApplyInitMapOptions, { checkpoint }: PreparedApply): Promise<string> {
  const inputs = checkpoint.shards.map(({ path, bytes }) => ({ path, size: bytes, sha256: null as string | null }))
  inputs.push({
    path: join(options.checkpoint, 'config.json'),
    size: checkpoint.config.text.length,
    sha256: sha256Hex(checkpoint.config.text),
  })
  const { initMap } = options
  if (typeof initMap === 'string') {
    const bytes = await readSmall(initMap, Number.POSITIVE_INFINITY)
    inputs.push({ path: initMap, size: bytes.length, sha256: sha256Hex(bytes) })
  }
  const recorded = {
    checkpoint: options.checkpoint,
    'init-map': typeof initMap === 'string' ? initMap : 'given',
    tokenizer: options.tokenizer,
    'input-tensor': options.inputTensor,
    'output-tensor': options.outputTensor,
    'model-name': options.modelName,
    'base-model': options.baseModel,
    license: options.licence,
    'data-source': options.dataSources ?? [],
  }
  const tokenizer = await describeTokenizer(options.tokenizer)
  return formatRunRecord(runRecord('apply', recorded, 0, [...inputs, ...tokenizer]))
}
