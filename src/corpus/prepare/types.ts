/** Documents on their way through the steps of `prepare`, and what a step says of each. */
import type { z } from 'zod'

export interface PrepareDocument {
  text: string
  /** The name of what it comes from; weights, licences and the data card go by it. */
  source: string
  /** As SPDX or the Hub names it; null where nobody said. */
  license: string | null
  /** Carried along as it is; by default the source and the document's number in it, from 0. */
  id: string
}

/** Why a document goes: few, fixed words, since the report counts them. */
export interface Removal {
  removed: string
  /** What was seen, for the samples of the report: a number, the text that matched. */
  seen?: string
}

/** The document goes on `copies` times, at least once. */
export interface Copies {
  copies: number
}

/** The text as it goes on (the same string where nothing changed), or why the document goes. */
export type Verdict = string | Removal | Copies

/** What a step that remembers wants to know of each document of a batch, as numbers in a row. */
export type Digests = Uint16Array | Uint32Array

/**
 * A step at work. A step that remembers sees all documents in their order; with `passes` above 0 it looks at all of them
 * that often before the first verdict. `at` counts the documents that reach it, from 0, and is the same in every pass.
 *
 * Of a step that does not remember several runs work at the same time, each on some of the documents.
 */
export interface StepRun {
  passes: number
  /** @param digests of the batch in which the document is the `i`th, in the first pass; null in the others */
  observe?: (document: PrepareDocument, at: number, pass: number, digests: Digests | null, i: number) => void
  /** The last document of a pass was seen. */
  passed?: (pass: number) => void
  /** @param digests as in `observe`, where the step has no passes */
  judge: (document: PrepareDocument, at: number, digests: Digests | null, i: number) => Verdict
  /** Figures for the report; of a step that does not remember those that all of its runs have in common. */
  figures?: () => Record<string, number>
}

export interface StepContext {
  seed: number
  /**
   * The texts of a benchmark: each item of a file, of records the field that is named. Without it a step that needs files
   * is refused.
   */
  openItems?: (path: string, field?: string) => AsyncIterable<string> | Iterable<string>
  /** Adds one to a figure of the report, such as masks of a kind; for steps that do not remember. */
  count: (figure: string) => void
}

/** A step as it is known by name. */
export interface StepKind<S extends z.ZodType = z.ZodType> {
  name: string
  /** One line for --print-steps. */
  about: string
  /** Of what stands behind the name in the YAML; all keys have defaults, a few required ones apart. */
  options: S
  start: (options: z.output<S>, context: StepContext) => StepRun | Promise<StepRun>
  /** Verdicts depend on other documents, and remove documents only or change them too. Otherwise on each alone. */
  remembers?: 'to remove' | 'to change'
  /** Of a step that remembers: what can be computed from each document alone, and so on any thread. */
  digest?: (options: z.output<S>) => (documents: readonly PrepareDocument[]) => Digests
  /** Of a step that takes away what nobody should see: done to the samples of all steps. */
  hide?: (options: z.output<S>) => (text: string) => string
}

/** A step as it was asked for, its options complete. */
export interface PrepareStep {
  name: string
  options: Record<string, unknown>
}

/** What a source is, for documents that do not say it themselves and for the data card. */
export interface SourceFacts {
  license?: string
  url?: string
}

export interface StepSample {
  /** Of the document. */
  id: string
  /** Around the first change, or from the beginning of what was removed; at most {@link SAMPLE_CHARACTERS}. */
  before: string
  /** null: removed. */
  after: string | null
  reason?: string
  seen?: string
}

export interface StepReport {
  name: string
  options: Record<string, unknown>
  documentsIn: number
  documentsOut: number
  /** UTF-8 bytes of the texts. */
  bytesIn: number
  bytesOut: number
  changed: number
  removed: number
  /** Removed documents by reason. */
  reasons: Record<string, number>
  figures: Record<string, number>
  /** At most 20, spread over all documents that the step changed or removed. */
  samples: StepSample[]
}

export interface SourceReport {
  documentsIn: number
  documentsOut: number
  bytesIn: number
  bytesOut: number
  /** Licences of the documents that were kept; `unknown` where nobody said. */
  licenses: Record<string, number>
}

export interface PrepareReport {
  documentsIn: number
  documentsOut: number
  bytesIn: number
  bytesOut: number
  sources: Record<string, SourceReport>
  steps: StepReport[]
}
