import type { Command } from 'commander'
import type { CorpusFile } from '../corpus/files'
import type { OptionName } from './options'
import type { Progress } from './progress'
import type { Terminal } from './terminal'

/** 0 fine, 1 failed, 2 wrong usage, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 130

export interface Context {
  terminal: Terminal
  progress: Progress
  /** The corpus files that the command has found so far; what was left out of them is told in the end. */
  opened: CorpusFile[]
}

/** One command: a file of commands/. */
export interface CommandModule {
  name: string
  /** One line, for the list of commands. */
  summary: string
  /** Positional arguments as commander spells them: `[files...]`. */
  arguments?: { name: string; description: string }[]
  options: readonly OptionName[]
  /** What follows the options in the help: details and examples. */
  help: string
  /** A number is the exit code; without one it is 0. */
  run: (context: Context, command: Command) => Promise<ExitCode | undefined>
}
