/** Filesystems of the tests' own: mounted where this user may, always unmounted again. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { afterAll } from 'vitest'
import { isRoot } from './every-kind.ts'

/** Whether this user may mount here. */
export const canMount = isRoot && tries('unshare', '-m', 'mount', '-t', 'tmpfs', 'none', '/mnt')

export function isInstalled(program: string): boolean {
  return tries('bash', '-c', `command -v ${program}`)
}

/** Whether an image of this kind can be made and mounted: asked of a real one, for the kernel may not know it. */
export function hasFilesystem(kind: string): boolean {
  if (kind === 'overlay')
    return canMount && tries('bash', '-c', `d=$(mktemp -d) && ${OVERLAY}; s=$?; rm -rf $d; exit $s`)
  const commands = `f=$(mktemp) && d=$(mktemp -d) && truncate -s 320M $f && mkfs.${kind} -q $f && unshare -m mount -o loop $f $d; s=$?; rm -rf $f $d; exit $s`
  return canMount && isInstalled(`mkfs.${kind}`) && tries('bash', '-c', commands)
}

const OVERLAY =
  'mkdir $d/l $d/u $d/w $d/m && unshare -m mount -t overlay -o lowerdir=$d/l,upperdir=$d/u,workdir=$d/w none $d/m'

function tries(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** For the top of a test file, below `useTempDirs`: what is mounted has to go before the folders do. */
export function useMounts() {
  const mounted: string[] = []
  afterAll(() => {
    for (const path of mounted.splice(0).reverse()) execFileSync('umount', [path], { stdio: 'ignore' })
  })
  return {
    /** mount(8); the last argument is where. */
    mount(...args: string[]): void {
      execFileSync('mount', args, { stdio: 'ignore' })
      mounted.push(args.at(-1)!)
    },
    /** A new filesystem of a kind that `hasFilesystem` knows, mounted at `dir/kind`. */
    mountImage(dir: string, kind: string, ...options: string[]): string {
      const [image, path] = [`${dir}/${kind}.image`, `${dir}/${kind}`]
      writeFileSync(image, '')
      truncateSync(image, 320 << 20)
      mkdirSync(path)
      execFileSync(`mkfs.${kind}`, ['-q', ...options, image], { stdio: 'ignore' })
      this.mount('-o', 'loop', image, path)
      return path
    },
    /** What was mounted by other means at a path. */
    add(path: string): void {
      mounted.push(path)
    },
  }
}
