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
  # A line of so many characters that stands in its document already.
  - repeated-lines: { min-characters: 20 }
  - length: { min-characters: 10, min-words: 0 }
  # Share of Hangul among the letters of a document.
  - hangul: { min: 0.3, max: 1, min-syllables: 0 }
  # The same document again: spaces, case, punctuation may be ignored.
  - exact: { ignore: [spaces] }

# What each source is (the name in \`--corpus name=files\`, or the file's); carried along and put on the data card.
# sources:
#   wiki: { license: cc-by-sa-4.0, url: 'https://ko.wikipedia.org' }
`
