/**
 * What operators may have done by the board, each asked for and done as a browser without scripts
 * would; and the same by everybody who may not, of which nothing may come.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { readManifest, readStanding } from '@backstream/backup'
import type { RunRef } from '@backstream/queue'
import { leakGuard, waitFor } from '@backstream/testkit'
import { openSampleBoard, type SampleBoard } from './board-sample.ts'

const users =
  ', users: { ann: { role: operator, password: { env: ANN } }, vic: { role: viewer, password: { env: VIC } } }'
const passwords = { ann: 'turnip', vic: 'radish' } as const

let sample: SampleBoard
let ann: Session
before(async () => {
  sample = await openSampleBoard(users)
  ann = await logIn('ann')
})
after(() => sample?.[Symbol.asyncDispose]())
leakGuard()

interface Session {
  readonly cookie: string
  readonly token: string
}

interface Ask {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly form?: Record<string, string>
}

/** `fetch` would not let anybody choose a Host. */
async function ask(path: string, { method = 'GET', headers = {}, form }: Ask = {}) {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const url = path.startsWith('http') ? path : `${sample.board.url}${path}`
  const asked = request(url, { method, headers: { ...type, ...headers }, agent: false })
  asked.end(form && String(new URLSearchParams(form)))
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

async function logIn(name: keyof typeof passwords): Promise<Session> {
  const page = sessionOf((await ask('/login', { headers: { accept: 'text/html' } })).headers)
  const entered = await ask('/login', {
    method: 'POST',
    headers: { cookie: page.cookie },
    form: { name, password: passwords[name], token: page.token },
  })
  equal(entered.status, 303)
  return sessionOf(entered.headers)
}

function sessionOf({ 'set-cookie': lines = [] }: IncomingMessage['headers']): Session {
  const cookies = lines.map((line) => line.split(';')[0] ?? '')
  const token = cookies.find((cookie) => cookie.startsWith('XSRF-TOKEN='))?.slice(11) ?? ''
  return { cookie: cookies.join('; '), token }
}

/** As a browser does it: the page that asks, its button, and the page that follows. */
async function act(path: string, says: RegExp, done: RegExp): Promise<void> {
  const { cookie, token } = ann
  const asking = await ask(path, { headers: { cookie } })
  equal(asking.status, 200)
  match(asking.body, says)
  const answer = await ask(path, { method: 'POST', headers: { cookie }, form: { token } })
  equal(answer.status, 303, answer.body)
  const { origin } = new URL(sample.board.url)
  const follows = await ask(`${origin}${answer.headers.location}`, { headers: { cookie } })
  match(follows.body, done)
}

/** The one line that says who did what, to what, and what came of it. */
function auditOf(action: string, subject: string): string | undefined {
  const begin = `ann: ${action} ${subject}`
  return sample.log.lines.find(({ message }) => message.startsWith(begin))?.message
}

function runPath({ plan, queue, jobId }: RunRef, action: string): string {
  return `/plans/${plan}/runs/${encodeURIComponent(queue)}/${encodeURIComponent(jobId)}/${action}`
}

async function runOf(plan: string, state: 'active' | 'failed' | 'completed') {
  return await waitFor(
    async () => (await sample.producer.findRuns({ plan, states: [state], limit: 1 }))[0],
    { what: `a run of ${plan} to be ${state}` },
  )
}

async function standingOf(plan: string, backup: string) {
  const manifest = await readManifest(sample.storage, { plan, backup })
  ok(manifest)
  return await readStanding(sample.storage, manifest)
}

describe('an operator', () => {
  it('runs a plan', async () => {
    await act('/plans/wiki/run', /by hand\. Its schedule stays/, /A run of wiki is in the queue/)
    match(String(auditOf('run', 'wiki')), /A run of wiki is in the queue: \S+\.$/)
    equal((await runOf('wiki', 'completed')).trigger, 'manual')
  })

  it('cancels a run that is under way, and tries it again', async () => {
    const { ref } = await runOf('new-nas', 'active')
    await act(runPath(ref, 'cancel'), /removes what it has stored/, /Its worker is told/)
    match(String(auditOf('cancel', 'new-nas, run')), /Its worker is told, and cleans up\.$/)
    const ended = await runOf('new-nas', 'completed')
    deepEqual([ended.ref.jobId, ended.result?.outcome], [ref.jobId, 'cancelled'])

    await act(runPath(ref, 'retry'), /goes back into the queue backups/, /in line again/)
    match(String(auditOf('retry', 'new-nas, run')), /The run is in line again\.$/)
    equal((await runOf('new-nas', 'active')).ref.jobId, ref.jobId)
    sample.release('new-nas')
    await waitFor(
      async () => (await runOf('new-nas', 'completed')).result?.outcome === 'committed',
      {
        what: 'the run to make its backup',
      },
    )
  })

  it('cancels a run that waits for a worker', async () => {
    const [waiting] = await sample.producer.findRuns({ plan: 'shop-db', limit: 1 })
    ok(waiting)
    await act(runPath(waiting.ref, 'cancel'), /taken out of line/, /The run is cancelled/)
    match(String(auditOf('cancel', 'shop-db, run')), /The run is cancelled\.$/)
  })

  it('tries a failed run again, knowing what it failed of', async () => {
    const { ref } = await runOf('homes', 'failed')
    await act(runPath(ref, 'retry'), /Last time it failed: .*EACCES/, /in line again/)
    ok(auditOf('retry', `homes, run ${ref.jobId}`))
  })

  it('pins a backup, and unpins it', async () => {
    const { whole } = sample.backups
    const at = `/plans/letters/backups/${whole}`
    await act(`${at}/pin`, /Retention never removes a pinned backup/, /is pinned\./)
    equal((await standingOf('letters', whole)).isPinned, true)
    match(String(auditOf('pin', `letters/${whole}`)), /is pinned\.$/)
    await act(`${at}/unpin`, /judges it like all others again/, /is not pinned any more/)
    equal((await standingOf('letters', whole)).isPinned, false)
    match(String(auditOf('unpin', `letters/${whole}`)), /is not pinned any more\.$/)
  })

  it('has a backup verified', async () => {
    await act(
      '/plans/media/verify',
      /compares every byte/,
      /The verification of \S+ is in the queue/,
    )
    match(String(auditOf('verify', 'media')), /is in the queue: \S+\.$/)
    const jobName = 'backup.verify'
    equal((await sample.producer.findRuns({ plan: 'media', jobName, limit: 5 })).length, 1)
  })

  it('accepts a suspect backup', async () => {
    const { suspect } = sample.backups
    const path = `/plans/invoices/backups/${suspect}/accept`
    await act(path, /It is suspect by the rule shrink/, /counts as good now/)
    equal((await standingOf('invoices', suspect)).isGood, true)
    match(String(auditOf('accept', `invoices/${suspect}`)), /counts as good now\.$/)
  })

  it('confirms a held pruning', async () => {
    await act('/plans/media/prune', /somebody has to agree/, /backups of media removed/)
    match(String(auditOf('prune', 'media')), /: \d+ backups of media removed\.$/)
  })

  it('is told why something cannot be done, and it is not done', async () => {
    const { whole } = sample.backups
    const { ref } = await runOf('wiki', 'completed')
    const { cookie, token } = ann
    for (const [path, why] of [
      [`/plans/letters/backups/${whole}/accept`, /counts as good already/],
      [`/plans/letters/backups/${whole}/unpin`, /It is not pinned/],
      [runPath(ref, 'cancel'), /has ended/],
      [runPath(ref, 'retry'), /Only a run that has failed/],
    ] as const) {
      match((await ask(path, { headers: { cookie } })).body, why)
      const refused = await ask(path, { method: 'POST', headers: { cookie }, form: { token } })
      equal(refused.status, 409, path)
      match(refused.body, why)
    }
  })
})

describe('nobody else', () => {
  const { origin: evil } = new URL('http://evil.example')
  const plan = 'old-crm'

  /** Every path that changes something, with what would be there to be changed. */
  async function paths(): Promise<string[]> {
    const { suspect, whole } = sample.backups
    const { ref } = await runOf('homes', 'failed')
    return [
      ...['run', 'verify', 'prune'].map((action) => `/plans/${plan}/${action}`),
      ...['cancel', 'retry'].map((action) => runPath(ref, action)),
      `/plans/invoices/backups/${suspect}/accept`,
      ...['pin', 'unpin'].map((action) => `/plans/letters/backups/${whole}/${action}`),
      '/queues/api/queues/pause',
    ]
  }

  /** All that could have been changed. */
  async function imprint() {
    const runs = await sample.producer.findRuns({ limit: 1000 })
    const keys: string[] = []
    for await (const { key } of sample.storage.list('')) keys.push(key)
    const audits = sample.log.lines.filter(({ message }) => /^(ann|vic|local): /.test(message))
    // The verification from above finds no worker that would do it, and goes to and fro.
    const states = runs.map(({ ref, jobName, state }) => [
      ref.jobId,
      jobName === 'backup.run' && state,
    ])
    return { states: states.sort(), keys, audits: audits.length }
  }

  const basic = (name: keyof typeof passwords, password: string = passwords[name]) => ({
    authorization: `Basic ${btoa(`${name}:${password}`)}`,
  })

  it('changes anything: 0 accepted', async () => {
    const vic = await logIn('vic')
    const other = await logIn('ann')
    const own = { cookie: ann.cookie }
    const token = { token: ann.token }
    const was = await imprint()
    const hostile: readonly (readonly [string, Ask])[] = [
      ['a cross-site form', { headers: { ...own, origin: evil }, form: token }],
      ['a cross-site fetch', { headers: { ...own, 'sec-fetch-site': 'cross-site' }, form: token }],
      ['a page of no origin', { headers: { ...own, origin: 'null' }, form: token }],
      ['a foreign Host', { headers: { ...own, host: 'evil.example' }, form: token }],
      ['no token', { headers: own, form: {} }],
      ['an empty token', { headers: own, form: { token: '' } }],
      ['a token of another session', { headers: own, form: { token: other.token } }],
      ['a viewer', { headers: { cookie: vic.cookie }, form: { token: vic.token } }],
      ['a viewer by password', { headers: basic('vic'), form: {} }],
      ['a password from another site', { headers: { ...basic('ann'), origin: evil }, form: {} }],
      ['nobody', { form: {} }],
      [
        'a session that ann did not open',
        { headers: { cookie: 'backstream=e30.e30' }, form: token },
      ],
    ]
    let accepted = 0
    for (const path of await paths()) {
      for (const [who, asked] of hostile) {
        const method = path.includes('/api/') ? 'PUT' : 'POST'
        const { status = 0 } = await ask(path, { method, ...asked })
        ok([401, 403].includes(status), `${who} at ${path}: ${status}`)
        if (status < 400) accepted++
      }
    }
    equal(accepted, 0)
    deepEqual(await imprint(), was)
  })

  // The last one: nobody who comes from here gets in for a while after it.
  it('gets in by guessing: 0 of 200, and not by the right word after those', async () => {
    let accepted = 0
    for (let guess = 0; guess < 200; guess++) {
      const { status = 0 } = await ask('/', { headers: basic('ann', `guess ${guess}`) })
      ok(status === 401 || status === 429, String(status))
      if (status < 400) accepted++
    }
    equal(accepted, 0)
    equal((await ask('/', { headers: basic('ann') })).status, 429)
  })
})
