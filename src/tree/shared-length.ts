/** How much of the way from the root two directories share. */

const SLASH = 0x2f

/** Length in bytes of the longest directory path on the way to both; 0 where that is the root. */
export function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  let shared = 0
  let i = 0
  for (; i < length && a[i] === b[i]; i++) if (a[i] === SLASH) shared = i
  const aEnds = i === a.length || a[i] === SLASH
  const bEnds = i === b.length || b[i] === SLASH
  return aEnds && bEnds ? i : shared
}
