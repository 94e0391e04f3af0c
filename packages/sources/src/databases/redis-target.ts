import type { RestoreTarget } from './restore-target.ts'

/**
 * There is no way into a running Redis but key by key: an RDB is what a server reads when it starts. So
 * a restore into one is refused, with what to do.
 */
export function createRedisTarget(): RestoreTarget {
  return {
    label: 'Redis',
    findProblems: async () => [
      {
        code: 'no-way-back',
        message:
          'A Redis reads its data when it starts, and takes none from a backup while it runs',
        remedy: `Restore with --to DIR, stop the server, move the file in DIR to where it looks for it (\`redis-cli CONFIG GET dir\` and \`dbfilename\`, as dump.rdb, owned by its user), take its appendonlydir away, and start it with --appendonly no; then \`redis-cli CONFIG SET appendonly yes\` where it had one.`,
        permanent: true,
      },
    ],
    restore: async () => {
      throw new Error('findProblems has refused it')
    },
  }
}
