/** The lines of JSONL files with their places. */

export interface LinesOfFile {
  /** For errors. */
  name: string
  lines: AsyncIterable<string> | Iterable<string>
}

/** Blank lines are passed over. */
export async function* placedLines(files: readonly LinesOfFile[]): AsyncGenerator<{ line: string; place: string }> {
  for (const { name, lines } of files) {
    let number = 0
    for await (const line of lines) {
      number++
      if (line.trim() !== '') yield { line, place: `${name}:${number}` }
    }
  }
}
