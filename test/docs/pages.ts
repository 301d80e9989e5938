/** The pages that run: what they hold in fenced blocks, read the way a reader would copy them. */

/**
 * One fenced block. Its info string is the language, then words of ours:
 *
 * - `js`, `ts`, `sh`: run, in the order of the page, in one folder for the page.
 * - `no-run`: shown only (installing, hours of training).
 * - `file=<name>`, any language: written under that name, not run.
 * - `output`, any language: exactly what the block before it printed on stdout.
 */
export interface Block {
  language: string
  words: string[]
  code: string
  /** 1-based line of the opening fence. */
  line: number
}

export function blocks(page: string): Block[] {
  const found: Block[] = []
  let open: (Block & { fence: string }) | undefined
  page.split('\n').forEach((text, index) => {
    const fence = /^(`{3,})(.*)$/.exec(text)
    if (open && fence?.[1] === open.fence && fence[2].trim() === '') {
      const { fence: _, ...block } = open
      found.push(block)
      open = undefined
    } else if (open) {
      open.code += `${text}\n`
    } else if (fence) {
      const [language, ...words] = fence[2].trim().split(/\s+/)
      open = { language, words, code: '', line: index + 1, fence: fence[1] }
    }
  })
  if (open) throw new Error(`the block that opens at line ${open.line} never closes`)
  return found
}

export const fileName = (block: Block): string | undefined =>
  block.words.find((word) => word.startsWith('file='))?.slice('file='.length)

export const isOutput = (block: Block): boolean => block.words.includes('output')

export const isRun = (block: Block): boolean =>
  ['js', 'ts', 'sh', 'bash'].includes(block.language) &&
  !block.words.includes('no-run') &&
  !fileName(block) &&
  !isOutput(block)
