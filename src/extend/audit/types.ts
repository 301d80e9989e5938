import type { Scope } from '../../text/scope'
import type { Tokenizer } from '../../tokenizer/types'
import type { TextChange } from './asked-changes'

/** One thing that does not hold, in values a person can read. */
export type Failure = Record<string, string | number | number[] | boolean>

export interface Check {
  /** Invariant, then name: `3-scope-sweep`. */
  id: string
  title: string
  /** Number of the invariant it belongs to, 1 to 8. */
  invariant: number
  /** True when nothing failed; a skipped check passes and says why it was skipped. */
  passed: boolean
  /** How many things were examined. */
  counted: number
  /** The first {@link MAX_FAILURES}. */
  failures: Failure[]
  failureCount: number
  /** Why the check was not made. */
  skipped?: string
  /** Facts beside the verdict, such as strings on which the base's own formats part ways. */
  notes?: string[]
  /** What a scope of more than Hangul does to text without Hangul. */
  changes?: TextChange[]
}

/** A second implementation that reads an emitted file and encodes by itself. */
export interface Referee {
  name: string
  version: string
  /** Whether it reads this file of the tokenizer's folder. */
  reads: (name: string, content: Uint8Array | string) => boolean
  /** @throws whatever the implementation throws for a file that it does not take */
  open: (name: string, files: ReadonlyMap<string, Uint8Array | string>) => Promise<OpenReferee>
}

export interface OpenReferee {
  /** Ids of a text, without what a post-processor adds. */
  encode: (text: string) => ArrayLike<number>
  /** Ids of one piece by merges alone: `ignore_merges` and whole-word shortcuts off, no dummy prefix. */
  encodePiece: (piece: string) => ArrayLike<number>
  /** Id of an added token or piece, where the implementation can be asked. */
  idOf?: (piece: string) => number | undefined
  close?: () => void
}

/** Text on which nothing may change: a name for messages, and its lines. */
export interface UnchangedText {
  name: string
  lines: Iterable<string> | AsyncIterable<string>
}

export interface AuditOptions {
  base: Tokenizer
  extended: Tokenizer
  scope: Scope
  /** The files as they are (or would be) written; {@link tokenizerFiles} of the extended tokenizer by default. */
  files?: ReadonlyMap<string, Uint8Array | string>
  /** Other languages, code. Lines with a character of the scope are counted and left out. */
  unchanged?: Iterable<UnchangedText> | AsyncIterable<UnchangedText>
  /** Lines of the scope's own text, to be encoded by all. */
  samples?: Iterable<string>
  /** `all`: those that run everywhere. The `node` entry has SentencePiece as well. */
  referees?: 'all' | 'none' | readonly Referee[]
  /** `quick` sweeps scalars alone, not in contexts, and makes 2,000 fuzz strings instead of 20,000. */
  level?: 'quick' | 'full'
  /** Seed of the fuzz strings and of the sampled lines; 1 by default. */
  seed?: number
  /** Ids that only fill the embedding up to a multiple. */
  paddingIds?: readonly number[]
  /** Ids of checks that shall not be made. */
  skip?: readonly string[]
  onProgress?: (stage: string, done: number, total: number) => void
  signal?: AbortSignal
}

export interface AuditReport {
  passed: boolean
  level: 'quick' | 'full'
  seed: number
  scope: string
  base: { sha256: string; size: number }
  extended: { sha256: string; size: number }
  newIds: { first: number; count: number }
  checks: Check[]
  referees: { name: string; version: string; file: string }[]
  notes: string[]
}

/** How many failures a check keeps; all are counted. */
export const MAX_FAILURES = 20
