/** run.json as data, apart from the code that writes it: reports carry it, and they run in a browser too. */

export interface InputRecord {
  path: string
  /** Bytes as they lie on disk; null for a stream. */
  size: number | null
  /** Of those bytes, hex; null for a stream, which can be read once only. */
  sha256: string | null
  /** How its records were read; absent for running text. */
  records?: { format: string; field?: string; quotes?: string }
  /** What was left out of it because it could not be read: absent where that is nothing. */
  skipped?: { records: number; parts: number; examples: string[] }
}

export interface RunRecord {
  ko_vocab: string
  command: string
  /** As given, defaults filled in. The number of threads and the output's own path are left out: they change nothing. */
  options: Record<string, unknown>
  seed: number
  inputs: InputRecord[]
}
