/** POSIX ACLs as extended attributes have them (linux/posix_acl_xattr.h): version 2, then entries of tag, permissions and id. */
import { compareBytes } from './path.ts'
import { decodeXattrs, encodeXattrs } from './xattrs.ts'

const ACCESS = Buffer.from('system.posix_acl_access')
const HEAD_BYTES = 4
const ENTRY_BYTES = 8
const Tag = { userObj: 1, groupObj: 4, mask: 16, other: 32 } as const

/** An encoded set of attributes whose access ACL says what chmod(2) with this mode would make of it; the same set where it has none. */
export function withModeInAcl(xattrs: Uint8Array, mode: number): Uint8Array {
  if (xattrs.length === 0) return xattrs
  const set = decodeXattrs(xattrs)
  const at = set.findIndex(({ name }) => compareBytes(name, ACCESS) === 0)
  if (at < 0) return xattrs
  set[at] = { name: set[at]!.name, value: aclWithMode(set[at]!.value, mode) }
  return encodeXattrs(set)
}

/** Where there is a mask it has the permissions of the group. */
function aclWithMode(acl: Uint8Array, mode: number): Uint8Array {
  const value = Buffer.from(acl)
  const tags: number[] = []
  for (let at = HEAD_BYTES; at + ENTRY_BYTES <= value.length; at += ENTRY_BYTES) tags.push(value.readUInt16LE(at))
  const permissions = new Map<number, number>([
    [Tag.userObj, (mode >> 6) & 7],
    [tags.includes(Tag.mask) ? Tag.mask : Tag.groupObj, (mode >> 3) & 7],
    [Tag.other, mode & 7],
  ])
  for (const [k, tag] of tags.entries()) {
    const bits = permissions.get(tag)
    if (bits !== undefined) value.writeUInt16LE(bits, HEAD_BYTES + k * ENTRY_BYTES + 2)
  }
  return value
}
