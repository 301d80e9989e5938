import { isKoVocabError, throwIfAborted } from '../../errors'
import { tokenizerFiles } from '../../tokenizer/files/formats'
import { tokenizerHash } from '../../tokenizer/hash'
import type { Tokenizer } from '../../tokenizer/types'
import { collect } from './check'
import { checkMergesOnce, checkNoCollision, checkNormalForm } from './collisions'
import { checkEmitted, checkIdsBy } from './emitted'
import { fuzzStrings } from './fuzz'
import { checkIdsStay, checkMergesStay, checkNewScores, checkPipelineStays, checkScoresStay } from './ids-stay'
import { checkPadding } from './padding'
import { checkAllSplits, checkCharacterClosure, checkRanks } from './ranks'
import { checkBaseReachable, checkReachable, checkReachableBy } from './reachable'
import type { Files } from './read-back'
import { huggingFaceReferee } from './referees/huggingface'
import { tiktokenReferee } from './referees/tiktoken'
import { checkScopeProof } from './scope-proof'
import { checkAgreement, checkBaseFirst, checkRoundTrip, checkUnchanged, createPair } from './strings'
import { sweepScalars } from './sweep'
import type { AuditOptions, AuditReport, Check, OpenReferee, Referee } from './types'

/** The referees that run everywhere. SentencePiece is WebAssembly that reads from disk: see `sentencePieceReferee`. */
export const everywhereReferees: readonly Referee[] = [huggingFaceReferee, tiktokenReferee]

const FUZZ_STRINGS = { quick: 2000, full: 20_000 }

/**
 * Checks that an extension is what it claims to be: base ids stay, nothing collides, text outside the scope is
 * untouched, new merges come after the base's, every new piece can be reached, text comes back, and all emitted files
 * give the same ids. Independent implementations are asked wherever they read the file.
 *
 * Nothing is thrown for a tokenizer that fails; `report.passed` says so, and each check names what it found. The report
 * is plain data, to be written as audit.json. The same inputs, options and seed give the same report.
 *
 * @throws aborted when the signal fires
 */
export async function auditExtension(options: AuditOptions): Promise<AuditReport> {
  const { base, extended, scope, level = 'full', seed = 1, paddingIds = [], signal } = options
  const skipped = new Set(options.skip ?? [])
  const progress = options.onProgress ?? (() => {})
  const report: AuditReport = {
    passed: true,
    level,
    seed,
    scope: scope.name,
    base: { sha256: base.sha256 ?? tokenizerHash(base), size: base.pieces.length },
    // Never a hash that was handed over: it may be older than the pieces.
    extended: { sha256: tokenizerHash(extended), size: extended.pieces.length },
    newIds: { first: base.pieces.length, count: extended.pieces.length - base.pieces.length },
    checks: [],
    referees: [],
    notes: [],
  }
  const add = (...checks: Check[]) => {
    for (const check of checks) if (!skipped.has(check.id)) report.checks.push(check)
  }
  const wanted = (id: string) => {
    throwIfAborted(signal)
    if (skipped.has(id)) report.notes.push(`${id} was not made, as asked`)
    return !skipped.has(id)
  }

  const statics: [id: string, check: () => Check][] = [
    ['1-ids-stay', () => checkIdsStay(base, extended)],
    ['1-pipeline-stays', () => checkPipelineStays(base, extended)],
    ['1-merges-stay', () => checkMergesStay(base, extended)],
    ['1-scores-stay', () => checkScoresStay(base, extended)],
    ['2-no-collision', () => checkNoCollision(base, extended)],
    ['2-merges-once', () => checkMergesOnce(extended)],
    ['2-normal-form', () => checkNormalForm(base, extended)],
    ['3-scope-proof', () => checkScopeProof(base, extended, scope)],
    ['4-ranks', () => checkRanks(base, extended)],
    ['4-new-scores', () => checkNewScores(base, extended)],
    ['5-reachable', () => checkReachable(base, extended)],
    ['5-base-reachable', () => checkBaseReachable(base, extended)],
    ['7-character-closure', () => checkCharacterClosure(base, extended)],
    ['7-all-splits', () => checkAllSplits(base, extended)],
  ]
  statics.forEach(([id, make], i) => {
    progress('pieces and merges', i, statics.length)
    if (wanted(id)) add(make())
  })
  progress('pieces and merges', statics.length, statics.length)

  const emitted = options.files ? { files: options.files } : emit(extended, add)
  report.notes.push(...(emitted.notes ?? []))
  if (wanted('1-files')) {
    progress('emitted files', 0, 1)
    if (!('failed' in emitted)) add(checkEmitted(extended, emitted.files))
    progress('emitted files', 1, 1)
  }

  const pair = createPair(base, extended)
  if (wanted('3-scope-sweep') || wanted('6-round-trip-sweep')) {
    const contexts = level === 'full'
    const onProgress = (done: number, total: number) => progress('every character', done, total)
    add(...(await sweepScalars(base, extended, { scope, contexts, produced: pair.produced, onProgress, signal })))
  }
  progress('unchanged text', 0, 1)
  const unchanged = await checkUnchanged(pair, options.unchanged, scope, seed, signal)
  add(unchanged.check)
  progress('unchanged text', 1, 1)

  const samples = [...(options.samples ?? [])]
  const own = [...samples, ...fuzzStrings(base, extended, FUZZ_STRINGS[level], seed)]
  progress('base first', 0, 1)
  if (wanted('4-base-first')) add(await checkBaseFirst(pair, own, signal))
  progress('round trip', 0, 1)
  if (wanted('6-round-trip')) add(await checkRoundTrip(pair, own, signal))

  const texts = [...own, ...unchanged.sample]
  for (const { referee, file } of chosen(options, emitted.files, report)) {
    progress(`${referee.name} on ${file}`, 0, 1)
    const open = await opened(referee, file, emitted.files, add)
    if (!open) continue
    report.referees.push({ name: referee.name, version: referee.version, file })
    if (wanted(`1-ids-${referee.name}`)) add(checkIdsBy(extended, referee.name, file, open))
    if (wanted(`5-reachable-${referee.name}`)) {
      add(await checkReachableBy(base, extended, referee.name, file, open))
    }
    if (wanted(`7-agree-${referee.name}`)) {
      const openBase = () => openForBase(base, referee)
      add(await checkAgreement(pair, referee.name, file, open, openBase, texts, signal))
    }
    open.close?.()
    progress(`${referee.name} on ${file}`, 1, 1)
  }
  if (wanted('8-padding')) add(checkPadding(base, extended, paddingIds, pair.produced))

  report.checks.sort((a, b) => (a.id < b.id ? -1 : 1))
  report.passed = report.checks.every((check) => check.passed)
  return report
}

/** The files of the extended tokenizer; a tokenizer that cannot be written fails 1-files. */
function emit(extended: Tokenizer, add: (check: Check) => void): { files: Files; notes?: string[]; failed?: true } {
  try {
    return tokenizerFiles(extended)
  } catch (error) {
    if (!isKoVocabError(error)) throw error
    const { fail, check } = collect('1-files', 'each emitted file gives every id back')
    fail({ why: `the tokenizer cannot be written: ${error.message}` })
    add(check())
    return { files: new Map(), failed: true }
  }
}

/** Who reads which file. A vocabulary file that nobody reads is noted. */
function chosen(options: AuditOptions, files: Files, report: AuditReport): { referee: Referee; file: string }[] {
  const { referees = 'all' } = options
  const list = referees === 'all' ? everywhereReferees : referees === 'none' ? [] : referees
  const pairs: { referee: Referee; file: string }[] = []
  for (const [file, content] of files) {
    const reading = list.filter((referee) => referee.reads(file, content))
    pairs.push(...reading.map((referee) => ({ referee, file })))
    const isVocabulary = file === 'tokenizer.json' || file.endsWith('.model') || file.endsWith('.tiktoken')
    if (reading.length === 0 && isVocabulary) report.notes.push(`no referee was given that reads ${file}`)
  }
  return pairs
}

async function opened(
  referee: Referee,
  file: string,
  files: Files,
  add: (check: Check) => void,
): Promise<OpenReferee | null> {
  try {
    return await referee.open(file, files)
  } catch (error) {
    const { fail, check } = collect(`7-agree-${referee.name}`, `${file} gives the same ids as our encoder`)
    fail({ file, why: `not read: ${error instanceof Error ? error.message : String(error)}` })
    add(check())
    return null
  }
}

async function openForBase(base: Tokenizer, referee: Referee): Promise<OpenReferee | null> {
  const { files } = tokenizerFiles(base)
  for (const [name, content] of files) if (referee.reads(name, content)) return referee.open(name, files)
  return null
}
