/** zstd frames (RFC 8878). The only importer of zstd-napi, loaded when it is first needed. */
import { assert } from '../../base/assert.ts'
import { loadNative } from './late.ts'

type Binding = typeof import('zstd-napi/binding.js')
type Compressor = InstanceType<Binding['CCtx']>
type Decompressor = InstanceType<Binding['DCtx']>

let binding: Binding | null = null
let compressor: Compressor | null = null
let compressorLevel = 0
let decompressor: Decompressor | null = null
let scratch = new Uint8Array(0)

/** Where its install script puts it. */
const NATIVE = 'zstd-napi/build/Release/binding.node'

function load(): Binding {
  binding ??= loadNative(NATIVE, (require) => require('zstd-napi/binding.js')) as Binding
  return binding
}

/** Loads the library ahead of its first use, for whoever has nothing else to do yet. */
export function loadZstd(): void {
  load()
}

/** Bytes that zstd may need at most for `size` bytes of anything (ZSTD_compressBound). */
function boundOf(size: number): number {
  return size + (size >>> 7) + 512
}

/** One zstd frame with content size and checksum, at `level` 1 to 22. Same bytes, level and library: same frame. */
export function compress(raw: Uint8Array, level: number): Uint8Array {
  const context = compressorAt(level)
  if (scratch.length < boundOf(raw.length)) scratch = new Uint8Array(boundOf(raw.length) * 2)
  const length = context.compress2(scratch, raw)
  const frame = unwritten(length)
  frame.set(scratch.subarray(0, length))
  return frame
}

/** The same for what is compressed already: it looks so rarely for repetitions that it is hardly slower than copying. */
export function store(raw: Uint8Array): Uint8Array {
  const frame = unwritten(boundOf(raw.length))
  return frame.subarray(0, compressorAt(LEVEL_STORED).compress2(frame, raw))
}

const LEVEL_STORED = -50

/** Not zeroed before: it is as large as a frame, and all of it is filled. */
function unwritten(size: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
}

/**
 * The same with a block that ends at each of `cuts`, ascending places in `raw`. Each block has its own statistics: columns of
 * different kinds cost less apart, and what repeats in a later one is found all the same.
 */
export function compressBlocks(raw: Uint8Array, level: number, cuts: readonly number[]): Uint8Array {
  const { EndDirective, ResetDirective } = load()
  const context = compressorAt(level)
  const bound = boundOf(raw.length) + (cuts.length + 1) * BLOCK_ROOM_BYTES
  if (scratch.length < bound) scratch = new Uint8Array(bound * 2)
  context.reset(ResetDirective.sessionOnly)
  context.setPledgedSrcSize(raw.length)
  let used = 0
  let from = 0
  const block = (to: number, end: number): void => {
    const [left, produced] = context.compressStream2(scratch.subarray(used), raw.subarray(from, to), end)
    assert(left === 0, 'there is room for all of it')
    used += produced
    from = to
  }
  for (const cut of cuts) block(cut, EndDirective.flush)
  block(raw.length, EndDirective.end)
  return scratch.slice(0, used)
}

/** Bytes that a block may need beyond what zstd's bound of the whole allows for. */
const BLOCK_ROOM_BYTES = 64

let prober: Compressor | null = null

/** What part of bytes like these is left when they are compressed: a quick guess at the lowest level, at most 1. */
export function zstdRatio(sample: Uint8Array): number {
  const { CCtx, CParameter } = load()
  if (sample.length === 0) return 1
  if (prober === null) {
    prober = new CCtx()
    prober.setParameter(CParameter.compressionLevel, 1)
  }
  if (scratch.length < boundOf(sample.length)) scratch = new Uint8Array(boundOf(sample.length) * 2)
  return Math.min(1, prober.compress2(scratch, sample) / sample.length)
}

const PROBES = 16
const PROBE_BYTES = 4096

/** True where bytes are compressed already, as far as samples from all over them tell. */
export function isIncompressible(bytes: Uint8Array): boolean {
  if (bytes.length < PROBES * PROBE_BYTES * 2) return false
  const step = Math.floor((bytes.length - PROBE_BYTES) / (PROBES - 1))
  for (let k = 0; k < PROBES; k++) {
    if (zstdRatio(bytes.subarray(k * step, k * step + PROBE_BYTES)) < INCOMPRESSIBLE_RATIO) return false
  }
  return true
}

/** A little is always gained, of headers and names. */
const INCOMPRESSIBLE_RATIO = 0.97

function compressorAt(level: number): Compressor {
  const { CCtx, CParameter, ResetDirective } = load()
  compressor ??= new CCtx()
  if (compressorLevel !== level) {
    compressor.reset(ResetDirective.sessionAndParameters)
    compressor.setParameter(CParameter.compressionLevel, level)
    compressor.setParameter(CParameter.checksumFlag, 1)
    compressorLevel = level
  }
  return compressor
}

let squeezer: Compressor | null = null

/** Window that reaches from the end of any part over all of its dictionary. */
const SQUEEZE_WINDOW_LOG = 24
/** What zstd takes for the beginning of a trained dictionary. */
const TRAINED = Buffer.from('37a430ec', 'hex')

/** True where the library would not take the bytes as they are for a dictionary. */
export function isTrained(dictionary: Uint8Array): boolean {
  return TRAINED.equals(dictionary.subarray(0, TRAINED.length))
}

/** One zstd frame with content size and without checksum, to be decompressed with the same dictionary: bytes as they are. */
export function squeeze(raw: Uint8Array, dictionary: Uint8Array, level: number): Uint8Array {
  const { CCtx, CParameter, ResetDirective } = load()
  squeezer ??= new CCtx()
  squeezer.reset(ResetDirective.sessionAndParameters)
  squeezer.setParameter(CParameter.compressionLevel, level)
  squeezer.setParameter(CParameter.windowLog, SQUEEZE_WINDOW_LOG)
  squeezer.loadDictionary(dictionary)
  if (scratch.length < boundOf(raw.length)) scratch = new Uint8Array(boundOf(raw.length) * 2)
  return scratch.slice(0, squeezer.compress2(scratch, raw))
}

/** The inverse: at most `bytesMax` bytes, good until the next call; null where frame and dictionary do not fit each other. */
export function unsqueeze(frame: Uint8Array, dictionary: Uint8Array, bytesMax: number): Uint8Array | null {
  const { DCtx } = load()
  decompressor ??= new DCtx()
  if (scratch.length < bytesMax) scratch = new Uint8Array(bytesMax)
  try {
    return scratch.subarray(0, decompressor.decompressUsingDict(scratch.subarray(0, bytesMax), frame, dictionary))
  } catch {
    return null
  }
}

/** The `rawBytes` bytes of one whole frame, or null where it is damaged or holds another number of bytes. */
export function decompress(frame: Uint8Array, rawBytes: number): Uint8Array | null {
  const raw = new Uint8Array(rawBytes)
  return decompressInto(raw, frame) ? raw : null
}

/** Fills `raw` with the bytes of one whole frame. False where it is damaged, or holds another number of bytes. */
export function decompressInto(raw: Uint8Array, frame: Uint8Array): boolean {
  const { DCtx } = load()
  decompressor ??= new DCtx()
  try {
    return decompressor.decompress(raw, frame) === raw.length
  } catch {
    return false
  }
}
