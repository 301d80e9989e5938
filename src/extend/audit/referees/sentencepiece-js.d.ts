/** npm `sentencepiece-js` 1.1 has no types; these are the parts in use. */
declare module 'sentencepiece-js' {
  export class SentencePieceProcessor {
    /** Reads a `.model` from a path, starting WebAssembly anew. */
    load(path: string): Promise<void>
    encodeIds(text: string): number[]
    decodeIds(ids: number[]): string
  }
}
