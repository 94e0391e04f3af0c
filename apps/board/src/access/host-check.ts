/**
 * Which names the board answers to. A page on the internet whose name is made to point at this
 * machine (DNS rebinding) reaches the port, but carries its own name in `Host`; so only names that
 * were configured are served.
 */
import { isLoopback } from './loopback.ts'

export interface HostRules {
  /** The address the board listens on. */
  readonly host: string
  /** The address people use (`board.url`), when it differs. */
  readonly url: string | null
}

/** Where the connection arrived. */
export interface LocalEnd {
  readonly address: string | undefined
  readonly port: number | undefined
}

/** True when `header` (the request's `Host`) names this board. */
export function isKnownHost(header: string | undefined, at: LocalEnd, rules: HostRules): boolean {
  const named = parseHost(header)
  if (named === undefined) return false
  // A tunnel may give this machine another port, and no page elsewhere can make a browser say
  // `localhost` for a name that is not; so the port of these is left open.
  if (isLoopback(named.name)) return true
  if (rules.url !== null && sameHost(named, hostOfUrl(rules.url))) return true
  const listening = [rules.host, plainAddress(at.address)].filter((name) => !isWildcard(name))
  return listening.some((name) => sameHost(named, { name: name.toLowerCase(), port: at.port }))
}

interface NamedHost {
  readonly name: string
  /** Undefined when not said: the scheme's own. */
  readonly port: number | undefined
}

function parseHost(header: string | undefined): NamedHost | undefined {
  const match = /^(?:\[(?<six>[0-9a-f:.]+)\]|(?<name>[a-z0-9._-]+))(?::(?<port>\d{1,5}))?$/i.exec(
    header ?? '',
  )
  const name = match?.groups?.['six'] ?? match?.groups?.['name']
  if (name === undefined) return undefined
  const port = match?.groups?.['port']
  return { name: name.toLowerCase(), port: port === undefined ? undefined : Number(port) }
}

function hostOfUrl(url: string): NamedHost {
  const { hostname, port } = new URL(url)
  const name = hostname.replace(/^\[(.*)\]$/, '$1')
  return { name: name.toLowerCase(), port: port === '' ? undefined : Number(port) }
}

function sameHost(a: NamedHost, b: NamedHost): boolean {
  const isDefault = (port: number | undefined) => port === undefined || port === 80 || port === 443
  return a.name === b.name && (a.port === b.port || (isDefault(a.port) && isDefault(b.port)))
}

function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

/** An IPv4 client of an IPv6 socket arrives as `::ffff:192.0.2.1`. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/i, '')
}
