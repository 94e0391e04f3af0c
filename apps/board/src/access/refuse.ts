import type { Request, RequestHandler, Response } from 'express'

type DrawRefusal = (status: number, message: string) => string

/** From here on people are refused with a page. */
export function refuseWithPages(draw: DrawRefusal): RequestHandler {
  return (_request, response, next) => {
    response.locals['drawRefusal'] = draw
    next()
  }
}

/** A page for people; for the others the shape that Bull Board's page shows as a message. */
export function refuse(response: Response, status: number, message: string): void {
  const draw = response.locals['drawRefusal'] as DrawRefusal | undefined
  response.status(status)
  if (draw && wantsPage(response.req)) response.type('html').send(draw(status, message))
  else response.json({ error: { key: 'ERRORS.FORBIDDEN' }, message })
}

export function wantsPage(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html'
}

export function changesState(request: Request): boolean {
  return request.method !== 'GET' && request.method !== 'HEAD'
}
