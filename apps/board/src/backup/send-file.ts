import { pipeline } from 'node:stream/promises'
import { entryAt, openBackup, readManifest } from '@backstream/backup'
import { formatBytes, type Plan } from '@backstream/config'
import type { Response } from 'express'
import { BoardError } from '../board-error.ts'
import type { ReadBackupPageOptions } from './read-backup-page.ts'

export interface FileRequest {
  readonly plan: Plan
  readonly backup: string
  readonly path: string
  readonly maxBytes: number
}

/** Sends one file of a backup as a download; rejects with a `BoardError` before anything was sent. */
export async function sendFile(
  response: Response,
  { plan, backup, path, maxBytes }: FileRequest,
  { storage, identities, signal }: ReadBackupPageOptions,
): Promise<void> {
  const manifest = await readManifest(storage, { plan: plan.name, backup }, signal)
  if (manifest === undefined) throw missing(`There is no backup ${plan.name}/${backup}.`)
  const opened = await openBackup(storage, manifest, { identities, signal })
  const entry = await entryAt(opened, path)
  if (entry === undefined || entry.type !== 'file') throw missing(`There is no file ${path} in it.`)
  if (entry.size > maxBytes) {
    const message = `${path} is larger than ${formatBytes(maxBytes)}: restore it with the command.`
    throw new BoardError('refused', message, { statusCode: 413, permanent: true })
  }
  const name = path.slice(path.lastIndexOf('/') + 1)
  response.attachment(name)
  response.set({ 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' })
  for await (const { content } of opened.read([entry])) await pipeline(content, response)
}

function missing(message: string): BoardError {
  return new BoardError('refused', message, { statusCode: 404, permanent: true })
}
