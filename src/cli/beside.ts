/** `<out>.run.json` beside an output that is one file. */
import { writeFileAtomic } from '../corpus/atomic'
import type { CorpusFile } from '../corpus/files'
import { describeInputs, describeTokenizer, formatRunRecord, runRecord } from '../corpus/run-record'

/**
 * @param tokenizers paths of the tokenizers that were read; undefined ones are passed over
 */
export async function recordRun(
  command: string,
  out: string,
  options: Record<string, unknown>,
  files: readonly CorpusFile[],
  ...tokenizers: (string | undefined)[]
): Promise<void> {
  const inputs = []
  for (const path of tokenizers) if (path !== undefined) inputs.push(...(await describeTokenizer(path)))
  inputs.push(...(await describeInputs(files)))
  const seed = typeof options.seed === 'number' ? options.seed : 0
  await writeFileAtomic(`${out}.run.json`, formatRunRecord(runRecord(command, options, seed, inputs)))
}
