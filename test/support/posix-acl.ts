/** Values of the attributes whose bytes the kernel checks: POSIX ACLs (linux/posix_acl_xattr.h) and capabilities. */

const tags = { userObj: 1, user: 2, groupObj: 4, group: 8, mask: 16, other: 32 }
const NO_ID = 0xffffffff

export type AclEntry = readonly [tag: keyof typeof tags, permissions: number, id?: number]

/** A value for `system.posix_acl_access` or `system.posix_acl_default`: version 2, then entries in tag order. */
export function aclValue(entries: ReadonlyArray<AclEntry>): Buffer {
  const value = Buffer.alloc(4 + entries.length * 8)
  value.writeUInt32LE(2, 0)
  entries.forEach(([tag, permissions, id], i) => {
    value.writeUInt16LE(tags[tag], 4 + i * 8)
    value.writeUInt16LE(permissions, 6 + i * 8)
    value.writeUInt32LE(id ?? NO_ID, 8 + i * 8)
  })
  return value
}

/** A value for `security.capability`: revision 2, effective, with the permitted capabilities as bits (linux/capability.h). */
export function capabilityValue(permitted: number): Buffer {
  const value = Buffer.alloc(20)
  value.writeUInt32LE(0x02000001, 0)
  value.writeUInt32LE(permitted, 4)
  return value
}
