/**
 * Gives package-lock.json an entry for every optional dependency that it lacks. npm leaves out packages for other
 * platforms that the registry at hand does not have, and `npm ci` then refuses the lock file everywhere. Which platform
 * a package is for is read from its name. Run it after `npm install` where test/tidy.test.ts asks for it.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']

function platformOf(name) {
  const words = name.split(/[/-]/)
  const at = words.findIndex((word) => systems.includes(word))
  if (at < 0) throw new Error(`the name of ${name} does not say which platform it is for`)
  const libc = words.slice(at + 2).some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'
  return { cpu: [words[at + 1]], ...(words[at] === 'linux' ? { libc: [libc] } : {}), os: [words[at]] }
}

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const missing = `node_modules/${name}`
    if (path === '' || lock.packages[missing] !== undefined || lock.packages[`${path}/${missing}`] !== undefined)
      continue
    const dev = entry.dev ? { dev: true } : {}
    lock.packages[missing] = { version: version.replace(/^\^/, ''), ...dev, optional: true, ...platformOf(name) }
  }
}

const byPath = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
lock.packages = Object.fromEntries(byPath)
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
