/** The folder where corpora are kept from one run to the next, each made once and only when a case wants it. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { corpora } from './corpora.ts'

/** A corpus that is there, or why it is not. */
export type Shelf = { folder: string; label: string; reason: '' } | { folder: ''; label: ''; reason: string }

export class CorpusCache {
  readonly #folder: string
  readonly #downloads: string
  readonly #scale: number
  readonly #say: (line: string) => void
  readonly #shelves = new Map<string, Shelf>()

  constructor(cacheFolder: string, scale: number, say: (line: string) => void) {
    this.#folder = join(cacheFolder, scale === 1 ? 'corpora' : 'corpora-tiny')
    this.#downloads = join(cacheFolder, 'downloads')
    this.#scale = scale
    this.#say = say
    mkdirSync(this.#folder, { recursive: true })
    mkdirSync(this.#downloads, { recursive: true })
  }

  /** Builds what is not there yet. */
  get(name: string): Shelf {
    const shelf = this.#shelves.get(name) ?? this.#open(name)
    this.#shelves.set(name, shelf)
    return shelf
  }

  /** The label beside a corpus says that it is complete; one without is made anew. */
  #open(name: string): Shelf {
    const folder = join(this.#folder, name)
    const labelFile = `${folder}.label`
    try {
      if (!existsSync(labelFile)) writeFileSync(labelFile, this.#build(name, folder))
      return { folder, label: readFileSync(labelFile, 'utf8'), reason: '' }
    } catch (error) {
      return { folder: '', label: '', reason: `${name} cannot be had: ${firstLineOf(error)}` }
    }
  }

  #build(name: string, folder: string): string {
    const corpus = corpora[name]
    if (corpus === undefined) throw new Error('no such corpus')
    const { bavail, bsize } = statfsSync(this.#folder)
    if (corpus.bytes * this.#scale > bavail * bsize) throw new Error('not enough space in the cache folder')
    this.#say(`making the corpus ${name}: ${corpus.what}`)
    const part = `${folder}.part`
    for (const stale of [part, folder]) rmSync(stale, { recursive: true, force: true })
    mkdirSync(part)
    const label = corpus.build(part, {
      scale: this.#scale,
      downloads: this.#downloads,
      folderOf: (other) => this.#folderOf(other),
    })
    renameSync(part, folder)
    return label
  }

  #folderOf(name: string): string {
    const { folder, reason } = this.get(name)
    if (reason !== '') throw new Error(reason)
    return folder
  }
}

/** Of a failed program the first line that it complained with. */
function firstLineOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: unknown; message: string }
  const complaint = String(stderr ?? '').trim()
  return (complaint === '' ? message : complaint).split('\n')[0]!
}
