import type { Logger } from '@backstream/kernel'
import type { Request, RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import { refuse } from './refuse.ts'

const attempts = 10
const windowMs = 15 * 60_000

/**
 * So many wrong passwords from one address, by form or by header, and then none is looked at for a
 * while, not even a right one. Whoever has a session goes on.
 */
export function createLoginLimit(logger: Logger): RequestHandler {
  return rateLimit({
    windowMs,
    limit: attempts,
    skip: (request) => !bearsCredentials(request),
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_request, response) => response.statusCode !== 401,
    standardHeaders: true,
    legacyHeaders: false,
    handler: (request, response) => {
      logger.warn({ from: request.ip }, 'too many wrong passwords from one address')
      refuse(response, 429, 'Too many wrong passwords from your address. Try again in a while.')
    },
  })
}

function bearsCredentials(request: Request): boolean {
  const isForm = request.method === 'POST' && request.path.endsWith('/login')
  return isForm || request.headers.authorization !== undefined
}
