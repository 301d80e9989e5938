/** Everything of the browser-safe index, and what needs Node's files, streams and workers. */

export { writeFileAtomic } from './corpus/atomic'
export { type CorpusFile, expandInputs } from './corpus/files'
export { readLines } from './corpus/lines'
export { type CountWordsOptions, countUnordered, countWords } from './counts/count'
export { readCounts, writeCounts } from './counts/counts-file'
export * from './index'
export { loadTokenizer } from './tokenizer/load'
export { type SavedTokenizer, saveTokenizer } from './tokenizer/save'
