/** The words of kinds and states, as every view and NDJSON write them: the names of the table's values. */
import { Kind, State } from '../base/constants.ts'

/** kindWords[kind] is the word of a kind, and `indexOf` gives the kind of a word. */
export const kindWords = wordsOf(Kind)

/** The same for the states of rows. */
export const stateWords = wordsOf(State)

function wordsOf(table: Readonly<Record<string, number>>): readonly string[] {
  const words: string[] = []
  for (const [word, value] of Object.entries(table)) words[value] = word
  return words
}
