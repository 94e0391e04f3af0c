import express, { type RequestHandler, type Router } from 'express'
import { userOf } from '../access/gate.ts'
import { changesState, refuse } from '../access/refuse.ts'
import { queuesSecurityHeaders } from '../access/security-headers.ts'
import { type MountOptions, mountBullBoard } from './mount-bull-board.ts'

/** A run's job data is a plan's name and two flags. */
const bodyLimit = '16kb'

/** Bull Board below `/queues`. */
export function createQueuesRoutes(options: MountOptions): Router {
  const routes = express.Router()
  routes.use('/queues', queuesSecurityHeaders, readJsonBody(), auditChanges(options))
  routes.use('/queues', mountBullBoard(options))
  return routes
}

/** Nothing but JSON: a form of another site can send text or form fields without asking first. */
function readJsonBody(): RequestHandler {
  const read = express.json({ limit: bodyLimit })
  return (request, response, next) => {
    const hasBody = Number(request.headers['content-length'] ?? 0) > 0
    const isChunked = request.headers['transfer-encoding'] !== undefined
    if (changesState(request) && (hasBody || isChunked) && !request.is('application/json')) {
      return refuse(response, 415, 'Send JSON.')
    }
    read(request, response, next)
  }
}

/** One line in the log for whatever somebody had changed there, or was refused. */
function auditChanges({ logger }: MountOptions): RequestHandler {
  return (request, response, next) => {
    if (!changesState(request)) return next()
    const { method, path, ip: from } = request
    const { name: user } = userOf(response)
    response.on('finish', () => {
      const { statusCode: status } = response
      const about = { audit: 'bull-board', user, method, path, status, from }
      logger.info(about, `${user}: ${method} ${path} on Bull Board: ${status}`)
    })
    next()
  }
}
