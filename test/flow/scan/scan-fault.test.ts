/** A call that is interrupted is made again; one that fails costs the entry, which is told, and nothing else. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HostError } from '../../../src/base/errors.ts'
import { Errno } from '../../../src/host/native/errno.ts'
import { atEveryCall, callsOf } from '../../support/every-call.ts'
import { withFault } from '../../support/fault-calls.ts'
import { makeFaultTarget } from '../../support/fault-tree.ts'
import { type Scanned, scanTree } from '../../support/scanning.ts'
import { makeQuickDir, removeTree } from '../../support/temp-dir.ts'

let dir = ''
let calls: string[] = []
let whole: Scanned

/** Whether an entry is racy depends on when it is looked at. */
async function run(): Promise<Scanned> {
  const scanned = await scanTree(`${dir}/tree`, { digest: 'blake3' })
  for (const { hint } of scanned.entries.values()) hint!.racy = 0
  return scanned
}

beforeAll(async () => {
  dir = makeQuickDir()
  makeFaultTarget(`${dir}/tree`)
  whole = await run()
  calls = await callsOf(run)
})
afterAll(() => removeTree(dir))

it('an interrupted call', () =>
  atEveryCall(calls, async (n) => {
    await withFault(n, { kind: 'error', errno: Errno.EINTR }, async () => {
      expect(await run(), `${n}, ${calls[n - 1]}`).toEqual(whole)
    })
  }))

it('a call that fails', () =>
  atEveryCall(calls, async (n) => {
    const what = `${n}, ${calls[n - 1]}`
    let scanned: Scanned | null = null
    await withFault(n, { kind: 'error', errno: Errno.EIO }, async () => {
      scanned = await run()
    }).catch((error) => expect(error, what).toBeInstanceOf(HostError))
    if (scanned === null) return
    const { entries, problems } = scanned as Scanned
    for (const [path, entry] of whole.entries) {
      const isTold = problems.some((line) => {
        const [, at, detail] = line.split(' ')
        return detail === 'EIO' && (at === '' || path === at || path.startsWith(`${at}/`))
      })
      if (isTold) continue
      const found = entries.get(path)!
      // A further name has the content id of the first, or none where that could not be read.
      const content = entry.link.length > 0 && found.content.length === 0 ? found.content : entry.content
      expect(found, `${what}: ${path}`).toEqual({ ...entry, content })
    }
  }))
