import { Tokenizer as HuggingFace } from '@huggingface/tokenizers'
import { decodeUtf8 } from '../../../text/utf8'
import type { Referee } from '../types'

/** tokenizer.json as Hugging Face's own JavaScript library reads it. */
export const huggingFaceReferee: Referee = {
  name: 'huggingface',
  version: '@huggingface/tokenizers 0.2',
  reads: (name) => name === 'tokenizer.json',
  open: async (name, files) => {
    const content = files.get(name)!
    const text = typeof content === 'string' ? content : decodeUtf8(content)
    const tokenizer = new HuggingFace(JSON.parse(text) as object, {})
    // The types do not say that the model of these files is a BPE.
    const model = tokenizer.model as unknown as { ignore_merges: boolean; encode: (words: string[]) => string[] }
    return {
      encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
      encodePiece: (piece) => {
        const { ignore_merges } = model
        model.ignore_merges = false
        const pieces = model.encode([piece])
        model.ignore_merges = ignore_merges
        return pieces.map((part) => tokenizer.token_to_id(part) ?? -1)
      },
      idOf: (piece) => tokenizer.token_to_id(piece),
    }
  },
}
