/** Normalizers of tokenizer.json as functions on strings, as Hugging Face `tokenizers` runs them on each segment. */
import { KoVocabError } from '../../errors'
import { encodeUtf8 } from '../../text/utf8'
import { bytesToPiece } from '../byte-alphabet'
import type { JsonNode } from '../types'
import { nodeList, patternOf } from './nodes'

export type TextFunction = (text: string) => string

const same: TextFunction = (text) => text

/** Compiles a normalizer node; null is the identity. Throws `unsupported` naming a kind that is not known. */
export function compileNormalizer(node: JsonNode | null): TextFunction {
  if (node === null) return same
  switch (node.type) {
    case 'Sequence': {
      const steps = nodeList(node, 'normalizers').map(compileNormalizer)
      if (steps.length <= 1) return steps[0] ?? same
      return (text) => steps.reduce((done, step) => step(done), text)
    }
    case 'Prepend': {
      const prepend = String(node.prepend)
      return (text) => (text === '' ? '' : prepend + text)
    }
    case 'Replace':
      return replace(node)
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return unicodeForm(node.type)
    // Rust lowers character by character, so that a final Σ is no ς.
    case 'Lowercase':
      return (text) => text.replaceAll('Σ', 'σ').toLowerCase()
    case 'Strip': {
      const left = node.strip_left !== false
      const right = node.strip_right !== false
      return (text) => {
        const cut = left ? text.replace(/^\p{White_Space}+/u, '') : text
        return right ? trimEnd(cut) : cut
      }
    }
    // Hugging Face's table of marks is an old one: marks younger than Unicode 8 go here and stay there.
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '')
    case 'Nmt':
      return (text) => text.replace(NMT_REMOVED, '').replace(NMT_SPACES, ' ')
    case 'ByteLevel':
      return (text) => bytesToPiece(encodeUtf8(text))
    default:
      throw new KoVocabError(
        'unsupported',
        `normalizer ${node.type} is not supported${REASONS[node.type] ? `: ${REASONS[node.type]}` : ''}`,
        'supported: Sequence, Prepend, Replace, NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Nmt, ByteLevel',
      )
  }
}

const REASONS: Readonly<Record<string, string>> = {
  Precompiled: 'it holds a compiled character map of SentencePiece, which BPE bases of LLMs do not use',
  BertNormalizer: 'it belongs to WordPiece vocabularies',
}

/**
 * What decomposes here and not in Hugging Face's tables, which are those of Unicode 12.0: among them ㋿ (U+32FF), the
 * sign of the era Reiwa. Swept over all code points; sequences of characters younger than that are not pinned.
 */
const YOUNG =
  /([\u32ff\ua7f1-\ua7f4\uab69\u{105c9}\u{105e4}\u{10781}-\u{10785}\u{10787}-\u{107b0}\u{107b2}-\u{107ba}\u{11383}\u{11385}\u{1138e}\u{11391}\u{113c5}\u{113c7}\u{113c8}\u{11938}\u{16121}-\u{16128}\u{16d68}-\u{16d6a}\u{1ccd6}-\u{1ccf9}\u{1e030}-\u{1e06d}\u{1f16c}\u{1fbf0}-\u{1fbf9}])/u

function unicodeForm(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): TextFunction {
  if (form === 'NFC') return (text) => text.normalize('NFC')
  return (text) => {
    if (!YOUNG.test(text)) return text.normalize(form)
    return text
      .split(YOUNG)
      .map((part, i) => (i % 2 === 1 ? part : part.normalize(form)))
      .join('')
  }
}

// Control characters and spaces of sentencepiece's nmt rules (normalizers/unicode.rs).
const NMT_REMOVED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g
const NMT_SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g

function replace(node: JsonNode): TextFunction {
  const pattern = patternOf(node)
  const content = String(node.content)
  if (typeof pattern === 'string') {
    return pattern === '' ? same : (text) => text.replaceAll(pattern, () => content)
  }
  return (text) => text.replace(pattern, () => content)
}

/** As a loop: `/\s+$/` is quadratic on long runs of spaces that do not end the text. */
function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1])) end--
  return text.slice(0, end)
}
