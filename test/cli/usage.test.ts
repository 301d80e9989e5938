import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { koVocab, makeFolder } from './run'

let folder: string
const run = (args: string, input?: string) => koVocab(args.split(' ').filter(Boolean), { cwd: folder, input })

beforeAll(async () => {
  folder = await makeFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('help', () => {
  it('lists the commands', async () => {
    const { code, stdout, stderr } = await run('--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: ko-vocab [options] [command]

      Teach an English-centred tokenizer to read Korean cheaply: continued BPE, audited

      Options:
        -V, --version                       print the version
        -h, --help                          print help

      Commands:
        extend [options]                    extend a tokenizer: count, learn, extend, audit, init map, one
                                            folder
        merge [options]                     bring pieces of other vocabularies into a base: merge, extend,
                                            audit, init map, one folder
        prune [options]                     take added pieces away from the leaves: the least used, never
                                            what another piece needs
        plan [options]                      how many pieces are worth adding: every size measured in one
                                            run, and one proposed
        prepare [options]                   clean, filter and deduplicate a corpus, step by step, with a
                                            report and a data card
        count [options]                     count the words of a corpus as the base's pre-tokenizer makes
                                            them
        merge-counts [options] <inputs...>  add up counts: the shards of many machines, or the counts of
                                            several corpora
        merges [options]                    learn pieces: continue the base's byte-pair encoding on
                                            counted words
        audit [options]                     check that an extended tokenizer keeps every promise
        init-map [options]                  say how the embedding rows of new pieces are made of base rows
        compare-init [options]              hold the rows of every init method against those of a model,
                                            untrained
        apply [options]                     write the extended model: new embedding rows, config,
                                            tokenizer, model card
        pretrain [options]                  train the extended model on text, and measure that it does not
                                            forget
        evaluate [options]                  bits per byte of models on text, comparable across tokenizers
        handoff [options]                   hand a recipe, encoded text and the model on to torchrun,
                                            transformers, axolotl or torchtune
        encode [options] [files...]         text to ids, line by line
        decode [options] [files...]         ids to text, line by line
        inspect [options] <path> [other]    say what a tokenizer is, or how two differ
        diff [options] <a> <b>              every difference between two tokenizers, and between what they
                                            make of text
        bench [options]                     compare any tokenizers on any text: tokens a syllable, and
                                            what follows from them
        demo [options]                      extend Llama-2's tokenizer on a small Korean text and show
                                            what changes
        help [command]                      print the help of a command

      Example:
        ko-vocab extend --base ./Llama-2-7b-hf --corpus 'ko/**/*.txt' --add 14336 --out ./llama-2-ko

      Exit codes: 0 fine, 1 failed, 2 wrong usage, 130 interrupted.
      \`ko-vocab <command> --help\` says more.
      "
    `)
  })

  it('of encode', async () => {
    expect((await run('encode --help')).stdout).toMatchInlineSnapshot(`
      "Usage: ko-vocab encode [options] [files...]

      text to ids, line by line

      Arguments:
        files                    UTF-8 text; - or nothing is standard input

      Input:
        --tokenizer <path>       tokenizer.json, a SentencePiece .model, a tiktoken file, or a folder with
                                 them
        --input-format <format>  of all files: text, jsonl, csv, tsv, parquet (default: by their names;
                                 Parquet by its first bytes)
        --field <name>           the field or column with the text, dotted where nested (default: text, or
                                 the only usual name)
        --quotes <how>           CSV and TSV: double (as RFC 4180 says), or none where a quote is a
                                 character as any other (default: double)
        --on-error <what>        damaged files and records: fail, or skip (left out, and counted)
                                 (default: fail)

      Output:
        --ids                    print ids (the default)
        --pieces                 print pieces instead of ids
        --count                  print the number of tokens of each line
        --special                with the special tokens: encode adds them (<s>), decode prints them

      General:
        --json                   print JSON on standard output
        --config <file>          YAML with any of these options by their long names; the command line wins
        --debug                  print the stack of an error
        -h, --help               print help

      Every line is a text of its own and gives one line: its ids, its pieces, or their number. Pieces of byte-level
      vocabularies are shown as text, ▁ for a space. With --json a line is {"ids": …, "pieces": …}, the pieces as the
      vocabulary spells them.

      Examples:
        echo '안녕하세요' | ko-vocab encode --tokenizer ./llama-2-ko --pieces
        ko-vocab encode --tokenizer ./llama-2-ko --count ko.txt | paste -sd+ | bc
        ko-vocab encode --tokenizer ./llama-2-ko ko.txt | ko-vocab decode --tokenizer ./llama-2-ko
      "
    `)
  })

  it('of extend', async () => {
    expect((await run('help extend')).stdout).toMatchInlineSnapshot(`
      "Usage: ko-vocab extend [options]

      extend a tokenizer: count, learn, extend, audit, init map, one folder

      Input:
        --base <path>                     tokenizer.json, a SentencePiece .model, a tiktoken file, or a
                                          folder with them; none: from nothing
        --form <form>                     with --base none: sentencepiece or byte-level
        --pattern <name>                  with --form byte-level: the split pattern, gpt2, cl100k, qwen2,
                                          o200k
        --corpus <files...>               text, JSON Lines, CSV, TSV (.gz, .zst), Parquet: files, folders,
                                          globs, - for standard input
        --counts <files...>               counts.parquet, instead of --corpus; several are a domain each
        --merges <file>                   merges.txt learned before, instead of --corpus; with --add the
                                          first so many
        --input-format <format>           of all files: text, jsonl, csv, tsv, parquet (default: by their
                                          names; Parquet by its first bytes)
        --field <name>                    the field or column with the text, dotted where nested (default:
                                          text, or the only usual name)
        --quotes <how>                    CSV and TSV: double (as RFC 4180 says), or none where a quote is
                                          a character as any other (default: double)
        --on-error <what>                 damaged files and records: fail, or skip (left out, and counted)
                                          (default: fail)

      Learning:
        --add <n>                         pieces to add
        --vocab-size <n>                  ids in all, instead of --add; padding comes on top
        --min-frequency <n>               a piece must have been seen that often when it is made (default:
                                          2)
        --max-piece-length <n>            the longest piece, in characters; a leading space counts
                                          (default: 16)
        --syllables <which>               syllables that become pieces whatever they save: seen, all
                                          (11,172) or none (default: none)
        --scope <name>                    text that may change: hangul, hangul+punctuation, hangul+hanja,
                                          hangul+hanja+kana, all (default: hangul+punctuation for
                                          SentencePiece bases, hangul for byte-level ones; from nothing:
                                          all)
        --balance <what>                  domains: each file, or name=files, weighs the same (default, up
                                          to 100); none: as much as it holds
        --superwords <share>              SentencePiece bases: learn this share (0 to 1) within words,
                                          then pieces that go on behind a space
        --normalize <how>                 words are counted as the base's normalizer makes them (keep),
                                          composed (nfc), or as they are (none) (default: keep)
        --threads <n>                     threads that count; the result is the same for any number
                                          (default: all processors, at most 16)

      Extension:
        --user-defined-symbols <a,b,...>  strings that always become one id of their own
        --pad-to-multiple <n>             fill the vocabulary up to a multiple of n with named padding ids
                                          (default: 1)
        --input <method>                  init map, input embedding: mean, first, last, first_last,
                                          weighted, weighted_frequency, align, jamo, focus, omp,
                                          mean_resizing, zero, randn (default: mean)
        --output <method>                 init map, output embedding: mean, first, last, first_last,
                                          weighted, weighted_frequency, align, jamo, focus, omp,
                                          mean_resizing, zero, randn (default: mean)
        --unchanged <files...>            files in which no id may change: other languages, code
        --audit <level>                   full, quick (characters alone, fewer random strings) or none
                                          (default: full)
        --seed <n>                        of the audit's random strings and of random embedding rows;
                                          learning draws nothing at random (default: 1)

      Output:
        --out <path>                      what to write
        --force                           replace an output folder that is not empty
        --dry-run                         check the options and inputs, say what would be done, and stop

      General:
        --json                            print JSON on standard output
        --config <file>                   YAML with any of these options by their long names; the command
                                          line wins
        --debug                           print the stack of an error
        -h, --help                        print help

      Writes into --out: the tokenizer in every format the base came in and those that can be derived, merges.txt, audit.json,
      init-map.safetensors, init-map.json, extension.json and run.json. The folder is written whole or not at all, after the
      audit has passed; a failed audit goes to <out>.audit-failed.json and exits 1.

      Examples:
        ko-vocab extend --base ./Llama-2-7b-hf --corpus 'ko/**/*.txt.gz' --add 14336 --out ./llama-2-ko
        ko-vocab extend --base ./Mistral-7B --corpus law='law/**/*.txt' chat=chat.txt --superwords 0.5 --add 32000 --out out
        ko-vocab extend --base tokenizer.model --corpus ko.txt --vocab-size 46336 --pad-to-multiple 64 --out out
        ko-vocab extend --base ./Yi-6B --merges merges.txt --input mean --output first --unchanged en.txt code.txt --out out
        ko-vocab extend --base none --form sentencepiece --corpus ko.txt --vocab-size 32000 --out korean
      "
    `)
  })

  it('of every command has examples and the options that all share', async () => {
    const commands = ['extend', 'count', 'merges', 'audit', 'init-map', 'encode', 'decode', 'inspect', 'demo']
    const helps = await Promise.all(commands.map((name) => run(`${name} --help`)))
    helps.forEach(({ code, stdout }, i) => {
      expect({ name: commands[i], code }).toEqual({ name: commands[i], code: 0 })
      expect(stdout).toMatch(/Examples?:\n {2}/)
      for (const option of ['--json', '--config <file>', '--debug', '-h, --help']) expect(stdout).toContain(option)
    })
  })
})

describe('wrong usage exits 2', () => {
  it.each([
    ['', 'ko-vocab: no command is given', 'ko-vocab --help lists them'],
    ['extnd', "unknown command 'extnd'", 'did you mean extend?'],
    ['extend --bse x', "unknown option '--bse'", 'did you mean --base?'],
    ['extend --min-freqency 3', "unknown option '--min-freqency'", 'did you mean --min-frequency?'],
    ['extend --base', "option '--base <path>' argument missing", ''],
    ['extend --corpus ko.txt --add 3', '--base is missing', 'give --base <path>'],
    ['extend --base small --corpus ko.txt --add 3', '--out is missing', 'give --out <path>'],
    ['extend --base small --corpus ko.txt --add 3x --out q', '--add is "3x"', 'expected a whole number from 1'],
    ['extend --base small --corpus ko.txt --add 0 --out q', '--add is "0"', 'expected a whole number from 1'],
    [
      'extend --base small --corpus ko.txt --add 3 --audit ful --out q',
      '--audit is "ful"',
      'expected full, quick or none; did you mean full?',
    ],
    ['extend --base small --corpus ko.txt --out q', 'how many pieces to add is not said', 'add or vocab-size'],
    ['extend --base small --add 3 --out q', 'there is nothing to learn from', 'corpus, counts and merges'],
    [
      'extend --base small --corpus ko.txt --counts c --add 3 --out q',
      'corpus and counts are given',
      'give one of corpus, counts and merges',
    ],
    [
      'extend --base small --corpus ko.txt --vocab-size 260 --out q',
      'vocab-size is 260, and the base with its user-defined symbols has 260 ids already',
      'give a number above 260',
    ],
    ['extend --base none --corpus ko.txt --add 3 --out q', 'training from nothing needs a form', 'sentencepiece'],
    [
      'extend --base small --form sentencepiece --corpus ko.txt --add 3 --out q',
      'a base has its own form',
      '--base none',
    ],
    ['encode --tokenizer small --ids --count', 'exclude each other', 'give one of them'],
  ])('%s', async (args, message, hint) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toContain(hint)
    expect(stderr).not.toContain('    at ')
  })
})

describe('failures exit 1', () => {
  it.each([
    ['encode --tokenizer nowhere', 'nowhere: no such file or folder'],
    ['inspect ko.txt', 'ko.txt: '],
    ['count --base small --corpus nothing*.txt', 'nothing*.txt: no file matches'],
    ['count --base small --corpus missing.txt', 'missing.txt: no such file or folder'],
    ['count --base small --corpus en.txt --out c.parquet --config none.yaml', '--config none.yaml: cannot be read'],
    ['merges --base small --counts missing.parquet --add 3', 'missing.parquet: cannot be read'],
    ['extend --base small --merges missing.txt --out q', 'missing.txt: cannot be read'],
    ['merges --base small --corpus en.txt --add 3', 'there is no word of the scope "hangul+punctuation"'],
    ['init-map --base small --extended small --out m', 'nothing is new'],
  ])('%s', async (args, message) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^ko-vocab: /)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('    at ')
  })

  it('shows the stack with --debug', async () => {
    expect((await run('encode --tokenizer nowhere --debug')).stderr).toContain('    at ')
  })
})

describe('--config', () => {
  it('takes every option of the command; the command line wins', async () => {
    const yaml = 'base: small\ncorpus: [ko.txt]\nadd: 7\nmax-piece-length: 4\njson: true\n'
    writeFileSync(join(folder, 'c.yaml'), yaml)
    const fromFile = await run('merges --config c.yaml')
    expect(JSON.parse(fromFile.stdout)).toMatchObject({ meta: { add: '7', max_piece_length: '4' } })
    const overridden = await run('merges --config c.yaml --add 9')
    expect(JSON.parse(overridden.stdout).pieces).toHaveLength(9)
  })

  it.each([
    ['bse: small\n', 'bad.yaml: unknown option "bse"', 'did you mean base?'],
    ['add: many\n', 'bad.yaml: add is "many"', 'expected a whole number from 1'],
    ['json: 1\n', 'bad.yaml: json is 1', 'expected true or false'],
    ['config: other.yaml\n', 'bad.yaml: unknown option "config"', ''],
  ])('%j is wrong usage', async (yaml, message, hint) => {
    writeFileSync(join(folder, 'bad.yaml'), yaml)
    const { code, stderr } = await run(
      'merges --base small --corpus ko.txt --add 3 --config bad.yaml'.replace(
        yaml.startsWith('add') ? ' --add 3' : '\0',
        '',
      ),
    )
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(stderr).toContain(hint)
  })

  it('names a file that is no YAML, or no list of options', async () => {
    for (const [yaml, message] of [
      ['a: [1\n', 'is no YAML'],
      ['- a\n', 'holds no options'],
    ]) {
      writeFileSync(join(folder, 'bad.yaml'), yaml)
      const { code, stderr } = await run('merges --config bad.yaml')
      expect(code).toBe(1)
      expect(stderr).toContain(`bad.yaml: ${message}`)
    }
  })
})

describe('--dry-run', () => {
  it.each([
    ['extend --base small --corpus ko.txt --unchanged en.txt --add 5 --out dry', 'would write dry'],
    ['count --base small --corpus ko.txt --out dry', 'and write dry'],
    ['merges --base small --corpus ko.txt --add 5 --out dry', 'would write dry'],
    ['audit --base small --extended small', 'would audit small against small'],
  ])('%s', async (args, message) => {
    const before = readdirSync(folder)
    const text = await run(`${args} --dry-run`)
    expect(text).toMatchObject({ code: 0, stderr: '' })
    expect(text.stdout).toContain(message)
    expect(JSON.parse((await run(`${args} --dry-run --json`)).stdout)).toMatchObject({ dryRun: true })
    expect(readdirSync(folder)).toEqual(before)
  })

  it('finds what is wrong', async () => {
    const { code, stderr } = await run('extend --base small --corpus gone.txt --add 5 --out dry --dry-run')
    expect(code).toBe(1)
    expect(stderr).toContain('gone.txt')
  })
})

describe('the version', () => {
  it('is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect((await run('--version')).stdout).toBe(`${version}\n`)
    expect(existsSync(join(folder, 'dry'))).toBe(false)
  })
})
