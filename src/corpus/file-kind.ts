/**
 * What a corpus file is, from its first bytes. UTF-8 text, and that under gzip or zstd, is read (Parquet too: format.ts);
 * everything else that can be told apart is refused with the command that turns it into text.
 */
import { KoVocabError } from '../errors'

export type Compression = 'none' | 'gzip' | 'zstd'

/** How many first bytes {@link sniffCompression} and {@link refuseForeignKinds} want to see. */
export const SNIFF_BYTES = 65536

/** Compression by magic bytes (RFC 1952, RFC 8878), whatever the file is called. */
export function sniffCompression(head: Uint8Array): Compression {
  if (startsWith(head, [0x1f, 0x8b])) return 'gzip'
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return 'zstd'
  // A zstd file may open with a skippable frame (pzstd writes them): 0x184D2A50 to 0x184D2A5F, little endian.
  if (head.length >= 4 && (head[0] & 0xf0) === 0x50 && startsWith(head.subarray(1), [0x2a, 0x4d, 0x18])) return 'zstd'
  return 'none'
}

interface ForeignKind {
  name: string
  magic: number[]
  offset?: number
  hint: string
}

const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0))

const FOREIGN_KINDS: ForeignKind[] = [
  {
    name: 'a Parquet file',
    magic: ascii('PAR1'),
    hint: 'name it as a file, uncompressed: Parquet is read from its end',
  },
  { name: 'a PDF', magic: ascii('%PDF-'), hint: 'extract its text first, e.g. pdftotext FILE corpus.txt' },
  {
    name: 'a zip archive (docx, hwpx and epub are zip archives too)',
    magic: [0x50, 0x4b, 0x03, 0x04],
    hint: 'unpack it, or extract its text, and pass the text files',
  },
  { name: 'a tar archive', magic: ascii('ustar'), offset: 257, hint: 'unpack it with tar -xf and pass the folder' },
  { name: 'an xz file', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], hint: 'pipe it in: xz -dc FILE | ko-vocab … -' },
  {
    name: 'a bzip2 file',
    magic: [...ascii('BZh'), -1, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    hint: 'pipe it in: bzip2 -dc FILE | ko-vocab … -',
  },
  { name: 'a 7z archive', magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], hint: 'unpack it and pass the text files' },
  {
    name: 'an OLE document (hwp, doc, xls)',
    magic: [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
    hint: 'extract its text first, e.g. hwp5txt FILE > corpus.txt',
  },
  {
    name: 'an Arrow file',
    magic: ascii('ARROW1'),
    hint: 'write it as Parquet: pyarrow.parquet.write_table, or to_parquet of datasets',
  },
  {
    name: 'UTF-32 text (little endian)',
    magic: [0xff, 0xfe, 0, 0],
    hint: 'convert it: iconv -f UTF-32 -t UTF-8 FILE > corpus.txt',
  },
  {
    name: 'UTF-16 text (little endian)',
    magic: [0xff, 0xfe],
    hint: 'convert it: iconv -f UTF-16 -t UTF-8 FILE > corpus.txt',
  },
  {
    name: 'UTF-16 text (big endian)',
    magic: [0xfe, 0xff],
    hint: 'convert it: iconv -f UTF-16 -t UTF-8 FILE > corpus.txt',
  },
]

/**
 * Throws when the file is known not to be UTF-8 text.
 *
 * @param path named in the message
 * @param head the first bytes as they lie on disk, {@link SNIFF_BYTES} of them where there are so many
 * @throws KoVocabError `unsupported`, the hint naming what can be done now
 */
export function refuseForeignKinds(path: string, head: Uint8Array): void {
  const fill = (hint: string) => hint.replaceAll('FILE', path)
  for (const kind of FOREIGN_KINDS) {
    if (startsWith(head.subarray(kind.offset ?? 0), kind.magic)) {
      throw new KoVocabError('unsupported', `${path}: is ${kind.name}, not text`, fill(kind.hint))
    }
  }
  if (sniffCompression(head) === 'none' && looksLikeCp949(head)) {
    const hint = fill('convert it: iconv -f CP949 -t UTF-8 FILE > corpus.txt')
    throw new KoVocabError('unsupported', `${path}: is CP949 (EUC-KR) text, not UTF-8`, hint)
  }
}

/**
 * Korean text in the old Windows encoding, told from UTF-8 with a few broken bytes by both signs together: most
 * characters outside ASCII are invalid as UTF-8, and the whole is valid as CP949. Counted as UTF-8 it would become a
 * corpus of U+FFFD without any error.
 */
function looksLikeCp949(head: Uint8Array): boolean {
  const text = new TextDecoder('utf-8').decode(head)
  let foreign = 0
  let broken = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) foreign++
    if (unit === 0xfffd) broken++
  }
  if (broken < 16 || broken * 2 < foreign) return false
  try {
    // `stream` lets the last character be cut by the end of the sample.
    new TextDecoder('euc-kr', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

/** -1 in `magic` stands for any byte. */
function startsWith(bytes: Uint8Array, magic: number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, i) => byte === -1 || bytes[i] === byte)
}
