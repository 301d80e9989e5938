/** config.json of a model with more blocks. */
import { membersOf, withMember } from '../../checkpoint/json-edit'
import { KoVocabError } from '../../errors'
import { readLlamaConfig } from '../model/config'
import { expandConfig } from './block-expansion'

/**
 * Changes `num_hidden_layers` and leaves every other byte.
 *
 * @param text of the old model's config.json
 * @throws KoVocabError `bad-file`, `unsupported` where it says something of each layer
 */
export function expandConfigText(text: Uint8Array, name: string, blocks: number): Uint8Array {
  const config = readLlamaConfig(new TextDecoder().decode(text), name)
  const members = membersOf(text, name)!
  if (members.spans.has('layer_types')) {
    throw new KoVocabError(
      'unsupported',
      `${name}: layer_types lists the layers one by one`,
      'remove it if all are alike',
    )
  }
  return withMember(members, 'num_hidden_layers', expandConfig(config, blocks).layers)
}
