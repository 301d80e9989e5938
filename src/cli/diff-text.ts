/** What `diff` prints for people. */

import type { AddedTokenDiff, IdsDiff, TokenizersDiff } from '../measure/diff'
import type { MergesDiff } from '../measure/diff-merges'
import type { TextDifference, TextsDiff } from '../measure/diff-texts'
import { canonicalJson } from '../tokenizer/hash'
import type { AddedToken } from '../tokenizer/types'
import { PieceKind } from '../tokenizer/types'
import { line, number } from './summary'
import type { Colors } from './terminal'

/** @param most how many added tokens to show */
export function diffText(diff: TokenizersDiff, most: number, colors: Colors): string {
  const { sha256, ids, merges, scores, addedTokens, nodes, options } = diff
  const short = (hash: string) => hash.slice(0, 16)
  const parts = [
    line(
      'sha256',
      diff.equal ? `${short(sha256.a)}, no difference` : `${short(sha256.a)} → ${short(sha256.b)}`,
      colors,
    ),
    line('ids', `${number(ids.size.a)} → ${number(ids.size.b)}; ${number(ids.same)} have the same piece`, colors),
    ...idsText(ids, colors),
    line('merges', mergesText(merges), colors),
    ...mergeExamples(merges, colors),
  ]
  if (scores) {
    const changed = `${number(scores.equal)} equal, ${number(scores.changed)} changed`
    parts.push(line('scores', `${changed}, ${scores.sameOrder ? 'in the same order' : 'in another order'}`, colors))
    for (const { piece, a, b } of scores.examples) parts.push(line('', `${piece} ${a} → ${b}`, colors))
  }
  if (addedTokens.length > 0) {
    parts.push(line('added', `${number(addedTokens.length)} added tokens differ`, colors))
    for (const token of addedTokens.slice(0, most)) parts.push(line('', addedText(token), colors))
    if (most > 0 && addedTokens.length > most) {
      parts.push(line('', `and ${number(addedTokens.length - most)} more`, colors))
    }
  }
  for (const [name, both] of Object.entries({ ...nodes, ...options })) {
    parts.push(line(NAMES[name] ?? name, `${canonicalJson(both.a)} → ${canonicalJson(both.b)}`, colors))
  }
  return parts.map(printable).join('')
}

/** One line: pieces may hold line ends, tabs and control characters, which are written as JSON writes them. */
function printable(text: string): string {
  return `${text.slice(0, -1).replace(CONTROL, escaped)}\n`
}

/** Escape is left out: it is ours, for colours. */
const CONTROL = /(?!\u001b)[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu

function escaped(char: string): string {
  const short = JSON.stringify(char).slice(1, -1)
  return short === char ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : short
}

const NAMES: Readonly<Record<string, string>> = {
  preTokenizer: 'splits',
  postProcessor: 'post',
  byteFallback: 'bytes',
  fuseUnk: 'fuse_unk',
  ignoreMerges: 'ignore',
}

const KINDS = new Map<number, string>(Object.entries(PieceKind).map(([name, kind]) => [kind, name]))

function idsText({ changed, moved, onlyA, onlyB, kinds, examples }: IdsDiff, colors: Colors): string[] {
  const lines = (head: string, count: number, what: string, shown: string[]) => {
    if (count === 0) return []
    const more = count > shown.length && shown.length > 0 ? ', …' : ''
    const list = shown.length > 0 ? `: ${shown.join(', ')}${more}` : ''
    return [line(head, `${number(count)} ${what}${list}`, colors)]
  }
  const kind = (value: number) => KINDS.get(value) ?? String(value)
  return [
    ...lines(
      'changed',
      changed,
      'ids have another piece',
      examples.changed.map(({ id, a, b }) => `${id} ${a} → ${b}`),
    ),
    ...lines(
      'moved',
      moved,
      'pieces have another id',
      examples.moved.map(({ piece, a, b }) => `${piece} ${a} → ${b}`),
    ),
    ...lines(
      'only a',
      onlyA,
      'pieces',
      examples.onlyA.map(({ piece, id }) => `${piece} ${id}`),
    ),
    ...lines(
      'only b',
      onlyB,
      'pieces',
      examples.onlyB.map(({ piece, id }) => `${piece} ${id}`),
    ),
    ...lines(
      'kinds',
      kinds,
      'pieces have another kind',
      examples.kinds.map(({ piece, a, b }) => `${piece} ${kind(a)} → ${kind(b)}`),
    ),
  ]
}

function mergesText({ count, onlyA, onlyB, orderChangesAt }: MergesDiff): string {
  const shared = count.a - onlyA
  const order =
    shared === 0
      ? ''
      : orderChangesAt === null
        ? `; the ${number(shared)} of both in the same order`
        : '; in another order'
  return `${number(count.a)} → ${number(count.b)}; ${number(onlyA)} only in a, ${number(onlyB)} only in b${order}`
}

function mergeExamples({ examples, orderChangesAt }: MergesDiff, colors: Colors): string[] {
  const shown = ({ pair, rank }: { pair: [string, string]; rank: number }) => `${pair.join(' ')} (rank ${number(rank)})`
  const list = (head: string, entries: { pair: [string, string]; rank: number }[]) =>
    entries.length > 0 ? [line('', `${head}: ${entries.map(shown).join(', ')}`, colors)] : []
  return [
    ...(orderChangesAt ? [line('', `from ${shown(orderChangesAt.a)} and ${shown(orderChangesAt.b)} on`, colors)] : []),
    ...list('only in a', examples.onlyA),
    ...list('only in b', examples.onlyB),
  ]
}

function addedText({ content, a, b }: AddedTokenDiff): string {
  const name = JSON.stringify(content)
  if (a === null) return `${name} ${b!.id} only in b`
  if (b === null) return `${name} ${a.id} only in a`
  const fields = (Object.keys(a) as (keyof AddedToken)[]).filter((field) => a[field] !== b[field])
  return `${name} ${fields.map((field) => `${field} ${a[field]} → ${b[field]}`).join(', ')}`
}

export function textsText(diff: TextsDiff, colors: Colors): string {
  const { lines, differ, share, sameStrings, sameIds, tokens } = diff
  const kinds = [
    ...(sameStrings > 0 ? [`${number(sameStrings)} of them only in ids`] : []),
    ...(sameIds > 0 ? [`${number(sameIds)} of them only in what ids stand for`] : []),
  ]
  const percent = `${(share * 100).toFixed(share > 0 && share < 0.001 ? 4 : 1)} %`
  return [
    line(
      'lines',
      `${number(differ)} of ${number(lines)} differ (${percent})${kinds.map((k) => `, ${k}`).join('')}`,
      colors,
    ),
    line('tokens', `${number(tokens.a)} → ${number(tokens.b)} in all`, colors),
    ...diff.examples.flatMap((example) => exampleText(example, colors)),
  ]
    .map(printable)
    .join('')
}

/** Tokens before the first difference, and after it. */
const [BEFORE, AFTER] = [4, 24]

function exampleText({ line: at, ids, tokens, at: place }: TextDifference, colors: Colors): string[] {
  const cut = (side: 'a' | 'b') => {
    const sameStrings = tokens.a[place] === tokens.b[place]
    const shown = sameStrings ? tokens[side].map((token, i) => `${token} ${ids[side][i]}`) : tokens[side]
    const from = Math.max(0, place - BEFORE)
    const before = `${from > 0 ? '… ' : ''}${shown.slice(from, place).join(' ')}`
    const after = `${shown.slice(place, place + AFTER).join(' ')}${shown.length > place + AFTER ? ' …' : ''}`
    return `${before}${before === '' ? '' : ' '}| ${after}`
  }
  return [line(`line ${number(at)}`, `a ${cut('a')}`, colors), line('', `b ${cut('b')}`, colors)]
}
