/** The seam itself: loaded at first use, replaceable, with the numbers of this system. */
import { execFileSync } from 'node:child_process'
import { constants as fsConstants, statSync, writeFileSync } from 'node:fs'
import { constants, userInfo } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Kind } from '../../../src/base/constants.ts'
import { HostError } from '../../../src/base/errors.ts'
import { createAccounts } from '../../../src/host/entry/accounts.ts'
import { kindOfMode, modeOfKind, statxName, stx } from '../../../src/host/entry/statx.ts'
import { createHasher, hashBytes } from '../../../src/host/native/blake3.ts'
import { nameAddress } from '../../../src/host/native/c-string.ts'
import { check } from '../../../src/host/native/call.ts'
import {
  AT_FDCWD,
  Errno,
  errnoName,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_TRUNC,
} from '../../../src/host/native/errno.ts'
import { addressOf, libc } from '../../../src/host/native/libc.ts'
import { pattern } from '../../support/every-kind.ts'
import { withTempDir } from '../../support/temp-dir.ts'

test('error names are those of Node', () => {
  for (const [name, number] of Object.entries(constants.errno)) {
    if (name !== 'EOPNOTSUPP' && name !== 'EWOULDBLOCK') expect(errnoName(number)).toBe(name)
  }
  expect(errnoName(4000)).toBe('E4000')
})

test('open flags are those of Node', () => {
  expect([O_CREAT, O_EXCL, O_TRUNC, O_NONBLOCK]).toEqual([
    fsConstants.O_CREAT,
    fsConstants.O_EXCL,
    fsConstants.O_TRUNC,
    fsConstants.O_NONBLOCK,
  ])
  expect([O_NOATIME, O_DIRECTORY, O_NOFOLLOW]).toEqual([
    fsConstants.O_NOATIME,
    fsConstants.O_DIRECTORY,
    fsConstants.O_NOFOLLOW,
  ])
})

test('errno is that of the call, whatever else has failed in this thread meanwhile', () => {
  const name = nameAddress(Buffer.from('/dev/null/x'))
  expect(libc.openat(AT_FDCWD, name, 0, 0)).toBe(-1)
  expect(() => statSync('/nowhere')).toThrow('ENOENT')
  expect(errnoName(libc.errno())).toBe('ENOTDIR')
})

test('an array of which the address is known is not collected while calls use it', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const addressOfNew = (): WeakRef<Uint8Array> => {
    const bytes = new Uint8Array(128)
    addressOf(bytes)
    return new WeakRef(bytes)
  }
  /** A reference that was just made, or looked at, is a strong one until the next turn. */
  const isThere = async (reference: WeakRef<Uint8Array>): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    return reference.deref() !== undefined
  }
  const first = addressOfNew()
  for (let k = 1; k < 8; k++) addressOfNew()
  expect(await isThere(first)).toBe(true)
  addressOfNew()
  expect(await isThere(first)).toBe(false)
})

test('check retries EINTR and throws anything else as a HostError', () => {
  let calls = 0
  const interrupted = (errno: number): number => {
    libc.setErrno(++calls < 3 ? Errno.EINTR : errno)
    return calls < 3 || errno !== 0 ? -1 : 7
  }
  expect(check('read', Buffer.from('x'), () => interrupted(0))).toBe(7)
  calls = 0
  const call = (): unknown => check('read', Buffer.from('x'), () => interrupted(Errno.EIO))
  expect(call).toThrow(HostError)
  calls = 0
  expect(call).toThrow(expect.objectContaining({ code: 'EIO', call: 'read', path: Buffer.from('x') }))
})

test('statx says what lstat says', () =>
  withTempDir((dir) => {
    writeFileSync(`${dir}/f`, 'hello', { mode: 0o640 })
    expect(statxName(AT_FDCWD, nameAddress(Buffer.from(`${dir}/f`)))).toBe(0)
    const stat = statSync(`${dir}/f`, { bigint: true })
    expect(stx.kind()).toBe(Kind.file)
    expect([stx.ino(), BigInt(stx.size()), BigInt(stx.blocks()), BigInt(stx.nlink())]).toEqual([
      stat.ino,
      stat.size,
      stat.blocks,
      stat.nlink,
    ])
    expect(BigInt(stx.mtimeSec()) * 1_000_000_000n + BigInt(stx.mtimeNsec())).toBe(stat.mtimeNs)
    expect(BigInt(stx.ctimeSec()) * 1_000_000_000n + BigInt(stx.ctimeNsec())).toBe(stat.ctimeNs)
  }))

test('kinds and modes are each other reversed', () => {
  for (const kind of Object.values(Kind)) if (kind !== Kind.absent) expect(kindOfMode(modeOfKind(kind))).toBe(kind)
})

test('accounts are those of the system', () => {
  const accounts = createAccounts()
  const { uid, gid, username } = userInfo()
  expect(Buffer.from(accounts.userName(uid) ?? []).toString()).toBe(username)
  expect(accounts.userId(Buffer.from(username))).toBe(uid)
  expect(Buffer.from(accounts.groupName(gid) ?? []).toString()).toBe(execFileSync('id', ['-gn']).toString().trim())
  expect(accounts.userName(4_000_000_001)).toBe(null)
  expect(accounts.groupName(4_000_000_001)).toBe(null)
  expect(accounts.groupId(Buffer.from('no-such-group-here'))).toBe(null)
})

test('BLAKE3 of pieces is that of the whole', () => {
  expect(Buffer.from(hashBytes(new Uint8Array(0))).toString('hex')).toBe(
    'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
  )
  const bytes = pattern(100_000)
  const hasher = createHasher()
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < bytes.length; at += 777) hasher.update(bytes.subarray(at, at + 777))
    expect(Buffer.from(hasher.finish())).toEqual(Buffer.from(hashBytes(bytes)))
  }
})
