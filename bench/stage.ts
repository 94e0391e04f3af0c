/**
 * One stage of a backup alone, for "the limit": prints the wall and CPU seconds it took as JSON.
 *
 *   stage.ts read TREE
 *   stage.ts compress TAR
 *   stage.ts upload FILE ENDPOINT ACCESS_KEY SECRET_KEY BUCKET
 *   stage.ts pack TREE FILE      makes the file that `upload` sends
 */
import { closeSync, createWriteStream, openSync, readSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { packArchive, SegmentEntries, type TarSegment } from '@backstream/archive'
import { silentLogger, systemClock } from '@backstream/kernel'
import { createDirectorySource } from '@backstream/sources'
import { openS3Storage } from '@backstream/storage-s3'

const { signal } = new AbortController()
const slabBytes = 4 << 20
const logger = silentLogger

const stages: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  async read([tree = '']) {
    for await (const { release } of readTree(tree)) release?.()
  },
  async compress([tar = '']) {
    for await (const _ of pack(readTar(tar)));
  },
  async upload([file = '', endpoint = '', accessKeyId = '', secretAccessKey = '', bucket = '']) {
    await using storage = await openS3Storage({
      ...{ bucket, endpoint, region: 'us-east-1', pathStyle: true, profile: { checksums: true } },
      ...{ credentials: { accessKeyId, secretAccessKey }, logger, clock: systemClock },
    })
    await storage.upload('limit/archive', slabsOf(file), {})
  },
  async pack([tree = '', file = '']) {
    await pipeline(pack(readTree(tree)), createWriteStream(file))
  },
}

const [name = '', ...args] = process.argv.slice(2)
const startedAt = performance.now()
const before = process.cpuUsage()
await stages[name]?.(args)
const { user, system } = process.cpuUsage(before)
const wallSeconds = (performance.now() - startedAt) / 1000
console.log(JSON.stringify({ wallSeconds, cpuSeconds: (user + system) / 1e6 }))

function readTree(path: string): AsyncIterable<TarSegment> {
  const source = createDirectorySource({
    ...{ kind: 'directory', at: '', via: null, path, exclude: [], include: [], excludeFile: null },
    ...{ excludeCaches: false, excludeIfPresent: [], excludeLargerThanBytes: null },
    ...{ oneFileSystem: false, onUnreadable: 'error', allowEmpty: false },
  })
  return source.read({ signal, logger }).segments
}

async function* readTar(path: string): AsyncGenerator<TarSegment> {
  const spare: Uint8Array[] = []
  for await (const bytes of slabsOf(path, () => spare.pop() ?? Buffer.allocUnsafeSlow(slabBytes))) {
    yield {
      bytes,
      entries: SegmentEntries.none,
      release: () => void spare.push(new Uint8Array(bytes.buffer)),
    }
  }
}

function alwaysOne(): () => Uint8Array {
  const slab = Buffer.allocUnsafeSlow(slabBytes)
  return () => slab
}

/** As the engine has them: memory that is filled again. Without `take` a slab lasts until the next. */
async function* slabsOf(path: string, take = alwaysOne()): AsyncGenerator<Uint8Array> {
  const descriptor = openSync(path, 'r')
  try {
    for (;;) {
      const slab = take()
      const count = readSync(descriptor, slab)
      if (count === 0) return
      yield slab.subarray(0, count)
    }
  } finally {
    closeSync(descriptor)
  }
}

async function* pack(segments: AsyncIterable<TarSegment>): AsyncGenerator<Uint8Array> {
  const compression = { algorithm: 'zstd', level: 3 } as const
  const parts = [{ label: 'tree', segments }]
  const { body, index } = packArchive(parts, { compression, signal, reusesMemory: true })
  const ending = (async () => {
    for await (const _ of index);
  })()
  yield* body
  await ending
}
