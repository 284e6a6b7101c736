/** Which file a stream is written to, so that a scan can leave it out. */
import { type BigIntStats, fstatSync, statSync } from 'node:fs'
import { isDash, STDOUT } from '../stream/stdio.ts'
import type { FileId } from './walk.ts'

/** The regular file at `path`, or that standard output is where `path` is null or `-`; null where there is none. */
export function outputId(path: Uint8Array | null): FileId | null {
  const stat =
    path === null || isDash(path)
      ? fstatSync(STDOUT, { bigint: true })
      : statSync(Buffer.from(path), { bigint: true, throwIfNoEntry: false })
  return stat?.isFile() === true ? fileId(stat) : null
}

/** Major and minor number as makedev(3) packs them. */
function fileId({ dev, ino }: BigIntStats): FileId {
  return {
    devMajor: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)),
    devMinor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)),
    ino,
  }
}
