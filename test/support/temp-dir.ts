/** Temporary folders of tests, always removed. */
import { afterAll } from 'vitest'
import { makeTempDir, removeTree } from './make-temp-dir.ts'

export { makeQuickDir, makeTempDir, removeTree, withTempDir } from './make-temp-dir.ts'

/** For the top of a test file or of a describe block: a maker of folders that are removed when its tests are done. */
export function useTempDirs(make: () => string = makeTempDir): () => string {
  const dirs: string[] = []
  afterAll(() => {
    for (const dir of dirs.splice(0)) removeTree(dir)
  })
  return () => {
    const dir = make()
    dirs.push(dir)
    return dir
  }
}
