import type { Request, Response } from 'express'

/** In the shape Bull Board's page shows as a message; readable for everyone else. */
export function refuse(response: Response, status: number, message: string): void {
  response.status(status).json({ error: { key: 'ERRORS.FORBIDDEN' }, message })
}

export function changesState(request: Request): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD'
}
