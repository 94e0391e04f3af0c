import type { Logger } from '@backstream/kernel'
import express, { type Request, type Response, type Router } from 'express'
import { userOf } from '../access/gate.ts'
import { BoardError } from '../board-error.ts'
import type { PageContext } from '../page/layout.ts'
import type { Notices } from '../page/notice.ts'
import type { PagesDeps } from '../pages.ts'
import { type ReadBackupPageOptions, readBackupPage } from './read-backup-page.ts'
import { renderBackup } from './render-backup.ts'
import { sendFile } from './send-file.ts'

export interface BackupRoutesOptions
  extends Pick<PagesDeps, 'config' | 'state' | 'openStorage' | 'readIdentities'> {
  readonly contextOf: (response: Response) => PageContext
  readonly notices: Notices
  readonly logger: Logger
}

const timeoutMs = 20_000
const downloadTimeoutMs = 10 * 60_000

export function createBackupRoutes(options: BackupRoutesOptions): Router {
  const { state, contextOf, notices, config, logger } = options
  const routes = express.Router()
  const maxBytes = config.board.downloadMaxBytes
  routes.get('/plans/:plan/backups/:backup', async (request, response, next) => {
    const plan = state.planNamed(request.params.plan)
    if (plan === undefined) return next()
    const path = pathOf(request)
    const ticked = [request.query['tick'] ?? []].flat().map(String)
    const query = { plan, backup: request.params.backup, path, ticked }
    const reading = await reach(options, plan.storage, timeoutMs)
    const page = await readBackupPage(query, reading)
    if (page === undefined) return next()
    const view = { ...contextOf(response), downloadMaxBytes: maxBytes }
    response.type('html').send(renderBackup(page, view, notices.read(request.query['done'])))
  })
  routes.get('/plans/:plan/backups/:backup/file', async (request, response, next) => {
    const plan = state.planNamed(request.params.plan)
    if (plan === undefined) return next()
    const user = userOf(response)
    if (maxBytes === null)
      throw refused('Downloads are off: board.downloads says how large a file may be.')
    if (user.role !== 'operator') throw refused('A viewer may look, not download. Ask an operator.')
    const [path, { backup }] = [pathOf(request), request.params]
    const subject = `${plan.name}/${backup} ${path}`
    const about = { audit: 'download', user: user.name, subject, from: request.ip }
    logger.info(about, `${user.name} downloads ${path} of ${plan.name}/${backup}`)
    const reading = await reach(options, plan.storage, downloadTimeoutMs)
    await sendFile(response, { plan, backup, path, maxBytes }, reading)
  })
  return routes
}

async function reach(
  { openStorage, readIdentities }: BackupRoutesOptions,
  storage: string,
  forMs: number,
): Promise<ReadBackupPageOptions> {
  const signal = AbortSignal.timeout(forMs)
  return { storage: await openStorage(storage), identities: await readIdentities(), signal }
}

/** As paths stand in an archive. */
function pathOf(request: Request): string {
  return String(request.query['path'] ?? '').replace(/^\/+|\/+$/g, '')
}

function refused(message: string): BoardError {
  return new BoardError('refused', message, { statusCode: 403, permanent: true })
}
