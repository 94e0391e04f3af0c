import { equal, match, rejects } from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline/promises'
import { test } from 'node:test'
import type { MailConfig } from '@backstream/config'
import { freePort } from '@backstream/testkit'
import { sampleDeps, sampleDocument } from './notify-samples.ts'
import { sendNotification } from './send-notification.ts'

const canary = 'c4n4ry-never-shown'

interface SmtpServer extends AsyncDisposable {
  readonly port: number
  readonly commands: readonly string[]
  readonly mails: readonly string[]
}

/** As much of RFC 5321 as one mail needs, without TLS. `refuses`: the verb that is answered 550. */
async function startSmtpServer(refuses = ''): Promise<SmtpServer> {
  const commands: string[] = []
  const mails: string[] = []
  const sockets = new Set<Socket>()
  const answers: Record<string, string> = {
    STARTTLS: '502 not here',
    DATA: '354 go on',
    QUIT: '221 bye',
    ...(refuses && { [refuses]: `550 no ${canary}` }),
  }
  /** What a line of a mail, or of the conversation around it, is answered; '' for nothing. */
  function answerTo(line: string, mail: string[] | null): string {
    if (mail === null) {
      commands.push(line)
      return answers[line.split(/[ :]/)[0] ?? ''] ?? '250 ok'
    }
    if (line === '.') {
      mails.push(mail.join('\n'))
      return '250 taken'
    }
    mail.push(line)
    return ''
  }
  async function converse(socket: Socket): Promise<void> {
    let mail: string[] | null = null
    socket.write('220 test ESMTP\r\n')
    for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
      const answer: string = answerTo(line, mail)
      if (answer === '') continue
      mail = answer.startsWith('354') ? [] : null
      socket.write(`${answer}\r\n`)
    }
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    converse(socket).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    mails,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function mailTo(port: number, smtp: Partial<MailConfig['smtp']> = {}) {
  const notifier: MailConfig = {
    kind: 'mail',
    from: 'backups@example.org',
    to: ['me@example.org', 'you@example.org'],
    smtp: { host: '127.0.0.1', port, user: null, password: null, tls: false, ...smtp },
    on: ['failed'],
  }
  return { name: 'post', notifier }
}

test('a mail says in its subject what happened to which plan, and why below', async () => {
  await using server = await startSmtpServer()
  await sendNotification(mailTo(server.port), sampleDocument(), sampleDeps())
  const [mail = ''] = server.mails
  match(mail, /^Subject: \[home\] media: failed$/m)
  match(mail, /^To: me@example\.org, you@example\.org$/m)
  match(mail, /^pg_dump: exit status 1$/m)
  equal(server.commands.filter((line) => line.startsWith('RCPT')).length, 2)
})

test('a password is not sent to a server that does not encrypt', async () => {
  await using server = await startSmtpServer()
  const to = mailTo(server.port, { user: 'me', password: { value: canary } })
  await rejects(sendNotification(to, sampleDocument(), sampleDeps()), { name: 'NotifyError' })
  equal(server.mails.length, 0)
  equal(server.commands.join('\n').includes('AUTH'), false)
})

test('a server that refuses is quoted by its number only', async () => {
  await using server = await startSmtpServer('MAIL')
  await rejects(sendNotification(mailTo(server.port), sampleDocument(), sampleDeps()), {
    message: 'the mail post: the mail server answers 550',
    permanent: true,
  })
})

test('a server that is away may be back later', async () => {
  const to = mailTo(await freePort())
  await rejects(sendNotification(to, sampleDocument(), sampleDeps()), {
    code: 'unreachable',
    permanent: false,
  })
})
