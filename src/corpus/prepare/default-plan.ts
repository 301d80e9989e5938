/** What `prepare` does when nobody says otherwise, as the YAML that --print-steps prints. */
export const DEFAULT_PLAN = `# ko-vocab prepare: the steps, in their order. A step is a name, or a name with options.
# The values here are the defaults; a step that is left out is not done.
steps:
  # Tags, comments, scripts, entities of HTML. <기생충> and a < b stay.
  - html: { tags: true, entities: true }
  # Control and zero-width characters; exotic spaces and line ends made plain. U+FFFD: keep or remove.
  - characters: { replacement: keep }
  - nfc
  # ㅎㅏㄴㄱㅡㄹ becomes 한글 where a run of jamo spells so many syllables or more; ㅋㅋㅋ and ㅠㅠ stay.
  - jamo: { syllables: 2 }
  - whitespace: { indentation: true, blank-lines: 1 }
  # ㅋㅋㅋㅋㅋㅋ to ㅋㅋㅋ, !!!!!! to !!!; 0 leaves runs as they are.
  - runs: { jamo: 3, syllables: 0, marks: 3 }
  # Off unless asked for: numbers and addresses of people become masks, as <전화번호>.
  # - personal: { kinds: [resident, phone, email, card, account], masks: {} }
  # A line of so many characters that stands in its document already.
  - repeated-lines: { min-characters: 20 }
  # Off unless asked for: lines that so many documents share go. Laws and contracts share lines, too.
  # - boilerplate: { documents: 50, min-characters: 10, memory: 64 }
  - length: { min-characters: 10, min-words: 0 }
  # Share of Hangul among the letters of a document.
  - hangul: { min: 0.3, max: 1, min-syllables: 0 }
  # The largest shares of repeated text that pass: Gopher's (arXiv 2112.11446, table A1).
  - repetition:
      min-words: 30
      duplicate-lines: 0.3
      duplicate-paragraphs: 0.3
      duplicate-line-characters: 0.2
      duplicate-paragraph-characters: 0.2
      top-n-gram: { 2: 0.2, 3: 0.18, 4: 0.16 }
      duplicate-n-grams: { 5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1 }
  # The same document again: spaces, case, punctuation may be ignored.
  - exact: { ignore: [spaces] }
  # Almost the same document again: MinHash over shingles of characters (or words, then 5).
  - near: { unit: characters, size: 6, bands: 20, rows: 6, threshold: 0.8, min-shingles: 20 }
  # Off unless asked for: documents that share 30 letters (or 13 words) with a benchmark; an item a line or record.
  # - decontaminate: { files: [kmmlu/*.jsonl], field: question, unit: characters, size: 30, min-size: 20 }
  # Off unless asked for: how often a document of a source is taken; the others once.
  # - mix: { weights: { wiki: 2.5, reviews: 0.3 } }

# What each source is (the name in \`--corpus name=files\`, or the file's); carried along and put on the data card.
# sources:
#   wiki: { license: cc-by-sa-4.0, url: 'https://ko.wikipedia.org' }
`
