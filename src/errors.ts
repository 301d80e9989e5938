/** What went wrong, for programs; the message is for people. */
export type ErrorCode =
  /** A file, or a part of one, is not what its format demands. */
  | 'bad-file'
  /** The input is well formed, but ko-vocab does not handle its kind. The message says which and why. */
  | 'unsupported'
  /** An option's value is out of range or contradicts another. */
  | 'bad-option'
  /** A file that was asked for is not there, or cannot be read or written. */
  | 'io'
  /** Two inputs that must belong together do not (hashes, vocabularies). */
  | 'mismatch'
  /** A tokenizer was built, and one of its invariants does not hold. */
  | 'audit-failed'
  /** Training went wrong: loss or gradients that are not finite, or a loss that left its course for good. */
  | 'diverged'
  /** The caller's AbortSignal fired. */
  | 'aborted'

/**
 * The one error class of this library.
 *
 * `message` names the file, the place in it and the values seen; `hint` names the next step.
 */
export class KoVocabError extends Error {
  override readonly name = 'KoVocabError'
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.hint = hint
  }
}

/** Type guard that also works across two copies of the package (ESM beside CJS). */
export function isKoVocabError(error: unknown): error is KoVocabError {
  return error instanceof Error && error.name === 'KoVocabError' && 'code' in error
}

/** Throws `aborted` when the signal has fired; long loops call it every few thousand steps. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new KoVocabError('aborted', 'interrupted', undefined, { cause: signal.reason })
}
