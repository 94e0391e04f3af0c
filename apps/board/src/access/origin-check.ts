import type { IncomingHttpHeaders } from 'node:http'

/**
 * True when a state-changing request comes from the board's own pages, or from no page at all
 * (a script with `curl` sends neither header). Browsers attach both to what another site's form or
 * script sends, and no script can forge them.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders, boardUrl: string | null): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const { origin } = headers
  if (origin === undefined) return true
  if (boardUrl !== null && origin === new URL(boardUrl).origin) return true
  const host = headers.host?.toLowerCase()
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}
