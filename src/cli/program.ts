/** The command line as commander knows it, and how a run of it ends. */
import { Command, CommanderError, Option } from 'commander'
import { isKoVocabError, KoVocabError } from '../errors'
import { version } from '../version'
import { commands } from './commands'
import type { Context, ExitCode } from './context'
import { createProgress } from './progress'
import { skippedText } from './reading-options'
import type { Terminal } from './terminal'
import { addOptions } from './usage'

export async function runProgram(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const context: Context = { terminal, progress: createProgress(terminal), opened: [] }
  let code: ExitCode = 0
  const end = (ended: ExitCode | undefined) => {
    code = ended ?? 0
  }
  try {
    if (words.length === 0) throw new KoVocabError('bad-option', 'no command is given', 'ko-vocab --help lists them')
    await createProgram(context, end).parseAsync(words, { from: 'user' })
    terminal.note(skippedText(context.opened))
    return terminal.signal.aborted ? 130 : code
  } catch (error) {
    context.progress.clear()
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    if (terminal.signal.aborted) {
      terminal.note('ko-vocab: interrupted\n')
      return 130
    }
    return report(error, words.includes('--debug'), terminal)
  }
}

function createProgram(context: Context, end: (code: ExitCode | undefined) => void): Command {
  const program = new Command('ko-vocab')
    .description('Teach an English-centred tokenizer to read Korean cheaply: continued BPE, audited')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ helpWidth: 100 })
    .configureOutput({ writeErr: () => {}, writeOut: (text) => void context.terminal.print(text) })
    .exitOverride()
    .addHelpText('after', EXAMPLES)
  for (const module of commands) {
    const command = program.command(module.name).summary(module.summary).description(module.summary)
    command.addHelpOption(new Option('-h, --help', 'print help').helpGroup('General:'))
    for (const { name, description } of module.arguments ?? []) command.argument(name, description)
    addOptions(command, module.options).addHelpText('after', module.help.trimEnd())
    command.action(async () => end(await module.run(context, command)))
  }
  return program
}

const EXAMPLES = `
Example:
  ko-vocab extend --base ./Llama-2-7b-hf --corpus 'ko/**/*.txt' --add 14336 --out ./llama-2-ko

Exit codes: 0 fine, 1 failed, 2 wrong usage, 130 interrupted.
\`ko-vocab <command> --help\` says more.`

function report(error: unknown, debug: boolean, terminal: Terminal): ExitCode {
  const { red, cyan } = terminal.errColors
  const say = (message: string, hint?: string) => {
    terminal.note(`${red('ko-vocab:')} ${message}\n`)
    if (hint) terminal.note(`${cyan('hint:')} ${hint}\n`)
  }
  let code: ExitCode = 1
  if (error instanceof CommanderError) {
    const { message, hint } = fromCommander(error)
    say(message, hint)
    code = 2
  } else if (isKoVocabError(error)) {
    say(error.message, error.hint)
    code = error.code === 'aborted' ? 130 : error.code === 'bad-option' ? 2 : 1
  } else {
    say(
      error instanceof Error ? error.message : String(error),
      debug ? undefined : 'run it again with --debug for more',
    )
  }
  if (debug && error instanceof Error) terminal.note(`${error.stack}\n`)
  return code
}

/** `error: unknown option '--ad'\n(Did you mean --add?)` → message and hint. */
function fromCommander({ message }: CommanderError): { message: string; hint: string } {
  const [first, second] = message.split('\n')
  const near = /^\(Did you mean (.*)\?\)$/.exec(second ?? '')
  const hint = near ? `did you mean ${near[1]}?` : 'see ko-vocab --help, and ko-vocab <command> --help'
  return { message: first.replace(/^error: /, ''), hint }
}
