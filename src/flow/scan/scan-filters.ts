/** Filter rules as a walk asks them. */
import { compileFilters } from '../../tree/filter.ts'

/**
 * True where the rules leave out a path whose directories they do not leave out. Null where there is no rule: a walk then
 * forms no paths. Throws UsageError as compileFilters does.
 */
export function excludesOf(rules: readonly string[]): ((path: Uint8Array, isDirectory: boolean) => boolean) | null {
  if (rules.length === 0) return null
  const filter = compileFilters(rules)
  return (path, isDirectory) => filter(path, isDirectory) === 'excluded'
}
