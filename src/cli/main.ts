#!/usr/bin/env node
import { createInterrupt } from './interrupt'
import { runProgram } from './program'
import { createTerminal } from './terminal'

// `ko-vocab encode … | head` ends when head has seen enough; that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const interrupt = createInterrupt()
process.exitCode = await runProgram(process.argv.slice(2), createTerminal(interrupt))
