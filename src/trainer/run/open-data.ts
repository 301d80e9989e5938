/** What a run learns from and what it is measured on, by its objective: text, conversations or preferences. Node only. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { KoVocabError } from '../../errors'
import type { Batches, DataDescription } from '../data/batches'
import { specialId } from '../data/document-encoder'
import type { EvaluationSet } from '../evaluate/sets'
import { createPreferenceBatches, type PreferenceBatches } from '../objectives/preferences'
import { mixedData } from './mixed-data'
import type { PlannedPretrain, PretrainOptions } from './plan-pretrain'
import { encodeConversations, encodePreferences, encodeTexts, measuredTexts, type NamedText } from './texts'
import type { StageData } from './types'

export interface OpenedData {
  /** Undefined with `dpo`. */
  batches?: (stage: StageData) => Batches
  /** With `dpo`. */
  preferences?: { batches: PreferenceBatches; measured: { name: string; batches: PreferenceBatches }[] }
  sets: EvaluationSet[]
  /** Of the first stage. */
  description: DataDescription
  /** What is measured, for the run's identity. */
  measured: { name: string; role: string | null; sha256: string }[]
}

export interface OpenDataOptions extends PretrainOptions {
  /** What a user should know of the texts. */
  onNote: (text: string) => void
  onProgress: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
}

/** @throws KoVocabError as encodeTexts, encodeConversations, encodePreferences and measuredTexts */
export async function openData(planned: PlannedPretrain, options: OpenDataOptions): Promise<OpenedData> {
  const { tokenizer, recipe, texts, length, config } = planned
  const { onNote, onProgress, signal } = options
  const { kind } = recipe.objective
  const ends = options.documents ?? 'blank-line'
  const eos = options.eos ?? (specialId(tokenizer, 'eos') === null ? 'auto' : 'always')
  const every = options.heldOut ?? 100
  const sideOf = (measured: readonly unknown[], side: 'held' | 'others') =>
    measured.length > 0 ? undefined : { every, side }
  const maxBytes = options.evaluateBytes ?? 500_000
  const measuring = { tokenizer, ends, maxBytes, onNote, signal }
  const heldReplay = sideOf(texts.guard, 'held')
  const setsOf = async (targets: readonly NamedText[], heldOut?: ReturnType<typeof sideOf>) => [
    ...(await measuredTexts(targets, { ...measuring, role: 'target', heldOut })),
    ...(await measuredTexts(heldReplay ? texts.replay : texts.guard, {
      ...measuring,
      role: 'guarded',
      heldOut: heldReplay,
    })),
    ...(await measuredTexts(texts.watch, { ...measuring, role: null })),
  ]
  const chat = { tokenizer, chatTemplate: options.chatTemplate, length, onNote, signal }
  if (kind === 'dpo') {
    const sets = await setsOf([])
    const preferences = await openPreferences(planned, options, { ...chat, maxBytes, every })
    const names = [...sets, ...preferences.measured].map(({ name }) => name)
    requireDistinct(names)
    const pairs = preferences.measured.map(({ name, batches }) => ({
      ...{ name, role: 'target', sha256: batches.description.sources[0].key },
    }))
    const { description } = preferences.batches
    return { preferences, sets, description, measured: [...sets.map(identified), ...pairs] }
  }
  const isInstruction = kind === 'instruction'
  // Conversations are no text that a tokenizer without their template could be measured on.
  const heldData = isInstruction ? undefined : sideOf(texts.evaluate, 'held')
  const sets = await setsOf(heldData ? texts.data : texts.evaluate, heldData)
  requireDistinct(sets.map(({ name }) => name))
  const encoding = {
    ...{ tokenizer, cache: options.tokenCache ?? join(options.out, 'tokens'), ends, eos, signal },
    onProgress: (name: string, done: number, total: number) => onProgress(`encode ${name}`, done, total),
  }
  const batches = mixedData({
    data: isInstruction
      ? await encodeConversations(texts.data, chat)
      : await encodeTexts(texts.data, { ...encoding, heldOut: sideOf(texts.evaluate, 'others') }),
    replay: await encodeTexts(texts.replay, { ...encoding, heldOut: sideOf(texts.guard, 'others') }),
    ...{ replayShare: planned.replayShare, length, seed: options.seed ?? 1 },
    ...{ vocabulary: config.vocabSize, packing: isInstruction ? 'whole' : options.packing },
  })
  const { description } = batches({ replayShare: recipe.stages[0].replayShare, read: [] })
  return { batches, sets, description, measured: sets.map(identified) }
}

interface PairOptions extends Omit<Parameters<typeof encodePreferences>[1], 'heldOut'> {
  maxBytes: number
  every: number
}

/** All files of `--data` are learned as one; what is measured is told by name. */
async function openPreferences(
  { texts, length, config, steps, batch, accumulate }: PlannedPretrain,
  { seed = 1 }: PretrainOptions,
  { maxBytes, every, ...encoding }: PairOptions,
) {
  const batchesOf = (preferences: Awaited<ReturnType<typeof encodePreferences>>) =>
    createPreferenceBatches({ preferences, length, seed, vocabulary: config.vocabSize })
  const isNamed = texts.evaluate.length > 0
  const files = texts.data.flatMap((text) => text.files)
  const learned = await encodePreferences(
    { name: texts.data.map(({ name }) => name).join(', '), files },
    { ...encoding, heldOut: isNamed ? undefined : { every, side: 'others' } },
  )
  const measured: { name: string; batches: PreferenceBatches }[] = []
  for (const text of isNamed ? texts.evaluate : texts.data) {
    const heldOut = isNamed ? undefined : { every, side: 'held' as const }
    const found = await encodePreferences(text, { ...encoding, maxBytes, heldOut })
    if (found.pairs > 0) measured.push({ name: text.name, batches: batchesOf(found) })
    else {
      const why = `none of its prompts is the one in ${every} that is held out`
      encoding.onNote(`${text.name}: is not measured on: ${why}; name other pairs with --eval, or --held-out less`)
    }
  }
  const batches = batchesOf(learned)
  const passes = batches.epochs(steps * batch * accumulate).toFixed(2)
  const counted = `${learned.pairs.toLocaleString('en')} pairs in ${batches.rows.toLocaleString('en')} blocks`
  encoding.onNote(`preferences: ${counted}, which the run reads ${passes} times`)
  return { batches, measured }
}

/** Two texts may be called alike if one is learned and the other guarded: measured sets are told apart by name. */
function requireDistinct(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice === undefined) return
  throw new KoVocabError('bad-option', `two texts to measure on are called ${twice}`, 'give names: --guard en=news.txt')
}

function identified({ name, role, documents }: EvaluationSet) {
  const hash = createHash('sha256')
  for (const document of documents) hash.update(`${document.length}\n`).update(document)
  return { name, role, sha256: hash.digest('hex') }
}
