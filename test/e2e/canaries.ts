import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Texts that are planted as secrets, by what they are; each is found in whatever form it is passed on. */
export class Canaries {
  readonly #forms: readonly (readonly [string, Buffer])[]
  readonly #found: string[] = []

  constructor(secrets: Readonly<Record<string, string>>) {
    this.#forms = Object.entries(secrets).flatMap(([name, secret]) =>
      [
        secret,
        encodeURIComponent(secret),
        Buffer.from(secret).toString('hex'),
        // Without its end, which depends on what follows.
        Buffer.from(secret).toString('base64').slice(0, -4),
      ].map((form) => [name, Buffer.from(form)] as const),
    )
  }

  /** Where which of them was seen. */
  get found(): readonly string[] {
    return [...new Set(this.#found)]
  }

  search(place: string, content: string | Uint8Array): void {
    const bytes = Buffer.from(content as Uint8Array)
    for (const [name, form] of this.#forms) {
      if (bytes.includes(form)) this.#found.push(`${name} in ${place}`)
    }
  }

  /** Looks at the arguments of every process again and again, until the signal is aborted. */
  async watchProcesses(
    signal: AbortSignal,
  ): Promise<{ readonly looks: number; readonly programs: ReadonlySet<string> }> {
    const programs = new Set<string>()
    let looks = 0
    for (; !signal.aborted; looks++) {
      for (const pid of await readdir('/proc')) {
        if (!/^\d+$/.test(pid)) continue
        // A process may be gone by now.
        const line = await readFile(`/proc/${pid}/cmdline`).catch(() => Buffer.alloc(0))
        this.search(`the arguments of ${line.toString().split('\0')[0]}`, line)
        programs.add(line.toString().split('\0').slice(0, 3).join(' '))
      }
      await delay(10)
    }
    return { looks, programs }
  }
}
