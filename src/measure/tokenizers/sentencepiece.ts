/** SentencePiece models of every type by Google's own code, npm `sentencepiece-js` (Node only). */
import { applyCharsmap } from '../../donors/charsmap'
import { KoVocabError } from '../../errors'
import { loadProcessor } from '../../extend/audit/referees/sentencepiece'
import { toWellFormed } from '../../text/utf8'
import { parseModel } from '../../tokenizer/files/sentencepiece-model'
import { TrainerSpec_ModelType as ModelType } from '../../tokenizer/proto/sentencepiece_model_pb'
import { PieceKind } from '../../tokenizer/types'
import { donorFacts } from './donor-facts'
import type { MeasuredTokenizer } from './types'

/** @throws KoVocabError `bad-file` for damaged files, which SentencePiece itself would take */
export async function sentencePieceTokenizer(
  file: Uint8Array,
  name: string,
  source = name,
): Promise<MeasuredTokenizer> {
  // The reader of donors checks the whole file before SentencePiece sees it.
  const proto = parseModel(file, source)
  const pieces = proto.pieces.map(({ piece }) => piece)
  const facts = donorFacts(file, modelName(source), pieces)
  const processor = await loadProcessor(source, file)
  if (processor.encodeIds('a').length === 0) {
    throw new KoVocabError('bad-file', `${source}: SentencePiece encodes nothing with it`, 'the file is damaged')
  }
  const { trainerSpec, normalizerSpec } = proto
  const type = ModelType[trainerSpec!.modelType].toLowerCase()
  const map = normalizerSpec!.precompiledCharsmap
  return {
    name,
    source,
    engine: 'sentencepiece-js',
    kind: type === 'bpe' ? 'BPE, sentencepiece' : `${type}, sentencepiece`,
    size: pieces.length,
    sha256: null,
    ...facts,
    unkId: proto.pieces.findIndex(({ type }) => (type as number) === PieceKind.Unknown),
    readable: (id) => pieces[id] ?? '',
    encode: (text) => processor.encodeIds(toWellFormed(text)),
    decode: (ids) => (ids.length === 0 ? '' : processor.decodeIds(Array.from(ids))),
    normalize: map.length > 0 ? (text) => applyCharsmap(map, text) : (text) => text,
  }
}

/** So that the reader of donors takes it for what it is, whatever its name. */
function modelName(source: string): string {
  return source.endsWith('.model') ? source : `${source}.model`
}
