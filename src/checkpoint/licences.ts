/** Under which licence a base model is, as far as its folder says, and what that asks of a model made from it. */

export interface Licence {
  /** The Hub's identifier, for `license:` of a model card. */
  id: string
  name: string
  /** What whoever passes the model on must do, a sentence each. None of this is legal advice. */
  duties: string[]
  /** A line that must stand in the card. */
  builtWith?: string
  /** How the name of a derived model must begin. */
  nameBegins?: string
}

/**
 * - `given`: the user named the licence
 * - `card`: the base's README.md does
 * - `name`: the base is called like a known family
 * - `vocabulary`: it has the vocabulary of a known family, as models of other makers and licences do too
 */
export type LicenceEvidence = 'given' | 'card' | 'name' | 'vocabulary'

export interface FoundLicence {
  licence: Licence
  evidence: LicenceEvidence
}

export interface LicenceClues {
  given?: string
  /** `license` and `license_name` of the base's card. */
  card?: { license?: string; licenseName?: string }
  /** Hub name or folder name of the base. */
  baseModel?: string
  baseSha256: string
}

export function findLicence({ given, card, baseModel, baseSha256 }: LicenceClues): FoundLicence | null {
  if (given !== undefined) return { licence: licenceNamed(given), evidence: 'given' }
  if (card?.license !== undefined) {
    // Gated models often say `other` and the name beside it.
    const id = card.license === 'other' && card.licenseName !== undefined ? card.licenseName : card.license
    return { licence: licenceNamed(id), evidence: 'card' }
  }
  const byName = FAMILIES.find(({ pattern }) => baseModel !== undefined && pattern.test(baseModel))
  if (byName) return { licence: licenceNamed(byName.id), evidence: 'name' }
  const id = Object.hasOwn(VOCABULARIES, baseSha256) ? VOCABULARIES[baseSha256] : undefined
  return id === undefined ? null : { licence: licenceNamed(id), evidence: 'vocabulary' }
}

export function licenceNamed(id: string): Licence {
  const known = id.toLowerCase()
  if (Object.hasOwn(LICENCES, known)) return { id: known, ...LICENCES[known] }
  return { id, name: id, duties: ["Keep to the terms of the base model's licence; its text travels with the files."] }
}

/** Published names; the narrower pattern first. */
const FAMILIES: { pattern: RegExp; id: string }[] = [
  { pattern: /llama-?3[.-]1/i, id: 'llama3.1' },
  { pattern: /llama-?3[.-]2/i, id: 'llama3.2' },
  { pattern: /llama-?3[.-]3/i, id: 'llama3.3' },
  { pattern: /llama-?3(?!\d)/i, id: 'llama3' },
  { pattern: /llama-?2(?!\d)/i, id: 'llama2' },
  // SOLAR's instruction-tuned models are CC BY-NC 4.0.
  { pattern: /^(mistralai\/)?Mistral-7B|SOLAR-10\.7B(?!-Instruct)/i, id: 'apache-2.0' },
  { pattern: /^(01-ai\/)?Yi-/i, id: 'yi-license' },
]

/** `tokenizerHash` of the published base tokenizers. */
const VOCABULARIES: Readonly<Record<string, string>> = {
  '1586f123b0038d1b623d8332ec5b4518f2c64e61299943986f07dc72fddf2045': 'llama2',
  '189113b4bd5ac54d4c72e58457c6a86f1923d4aa887ffff9c0adf2537a8faa8d': 'llama3',
  '8343191b8aa7bc2cad9d4cbd799b8f9eca8fbe5f0808dbcb8d97149f4535d65c': 'apache-2.0',
  b6e55acb29a10f0df2180eac231445f77d09bbd1692d9319fed7df503803676a: 'yi-license',
}

const META_SCALE =
  'Whoever had more than 700 million monthly active users when the base was released needs a licence from Meta.'

/** Llama 3.1 and later ask the same of a derived model, under their own numbers. */
function llama3Point(minor: number): Omit<Licence, 'id'> {
  const name = `Llama 3.${minor}`
  return {
    name: `${name} Community License`,
    builtWith: 'Built with Llama',
    nameBegins: 'Llama',
    duties: [
      `Pass a copy of the ${name} Community License on with the model.`,
      'Show "Built with Llama" prominently on a website, interface, post, about page or product page.',
      'Begin the name of a distributed model that was trained or improved with it with "Llama".',
      `Keep a text file "Notice" with: ${name} is licensed under the ${name} Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.`,
      `Keep to the ${name} Acceptable Use Policy.`,
      META_SCALE,
    ],
  }
}

const LICENCES: Readonly<Record<string, Omit<Licence, 'id'>>> = {
  llama2: {
    name: 'Llama 2 Community License',
    duties: [
      'Pass a copy of the Llama 2 Community License Agreement on with the model.',
      'Keep a text file "Notice" with: Llama 2 is licensed under the LLAMA 2 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.',
      'Keep to the Llama 2 Acceptable Use Policy.',
      'Do not use the model or its output to improve another large language model, Llama 2 and its derivatives apart.',
      META_SCALE,
    ],
  },
  llama3: {
    name: 'Meta Llama 3 Community License',
    builtWith: 'Built with Meta Llama 3',
    nameBegins: 'Llama 3',
    duties: [
      'Pass a copy of the Meta Llama 3 Community License Agreement on with the model.',
      'Show "Built with Meta Llama 3" prominently on a website, interface, post, about page or product page.',
      'Begin the name of a distributed model that was made from it with "Llama 3".',
      'Keep a text file "Notice" with: Meta Llama 3 is licensed under the Meta Llama 3 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved.',
      'Keep to the Meta Llama 3 Acceptable Use Policy.',
      'Do not use the model or its output to improve another large language model, Meta Llama 3 and its derivatives apart.',
      META_SCALE,
    ],
  },
  'llama3.1': llama3Point(1),
  'llama3.2': llama3Point(2),
  'llama3.3': llama3Point(3),
  'yi-license': {
    name: 'Yi Series Models License (01.AI has since put the Yi models under Apache-2.0)',
    duties: [
      'See which licence the revision carries that you took: the Yi Series Models Community License, or Apache-2.0.',
      'Pass its text and all copyright notices on with the model, and say that the files were changed.',
      'Under the Yi licence, commercial use needs the registration it describes.',
    ],
  },
  'apache-2.0': {
    name: 'Apache License 2.0',
    duties: [
      'Pass a copy of the Apache License 2.0 on with the model, and the NOTICE file if the base has one.',
      'Say that the files were changed: the vocabulary, the embedding and output matrices, config.json.',
    ],
  },
  mit: { name: 'MIT License', duties: ['Pass the copyright notice and the text of the licence on with the model.'] },
}

/** `license` and `license_name` out of the front matter of a model card; lines only, since a card is not trusted. */
export function cardLicence(readme: string): { license?: string; licenseName?: string } {
  const frontMatter = /^---\r?\n([\s\S]{0,65536}?)\r?\n---/.exec(readme)?.[1] ?? ''
  const lineOf = (key: string) =>
    new RegExp(`^${key}:[ \\t]*["']?([\\w.+ -]{1,100}?)["']?[ \\t]*\\r?$`, 'm').exec(frontMatter)?.[1]
  return { license: lineOf('license'), licenseName: lineOf('license_name') }
}
