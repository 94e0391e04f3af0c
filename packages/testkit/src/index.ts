export { type CollectingLogger, collectLogger, type LogLine } from './collect-logger.ts'
export { type CompareTreesOptions, compareTrees } from './compare-trees.ts'
export { contentOf, seededRandom } from './content.ts'
export { findProgram } from './find-program.ts'
export { type FixedClock, fixedClock } from './fixed-clock.ts'
export { freePort } from './free-port.ts'
export { type HeardRequest, type HearingServer, startHearingServer } from './hearing-server.ts'
export { isProcessAlive } from './is-process-alive.ts'
export { leakGuard } from './leak-guard.ts'
export { type PrivateMariadb, startPrivateMariadb } from './private-mariadb.ts'
export {
  findPostgres,
  type PrivatePostgres,
  startPostgresOn,
  startPrivatePostgres,
} from './private-postgres.ts'
export {
  type PrivateRedis,
  type StartPrivateRedisOptions,
  startPrivateRedis,
} from './private-redis.ts'
export { sendRedis } from './redis-wire.ts'
export {
  type ProxyAction,
  type ProxyFault,
  type ProxyFaultHandle,
  type S3FaultProxy,
  startS3FaultProxy,
} from './s3-fault-proxy.ts'
export type { S3Operation } from './s3-operation.ts'
export { type SeededTreeOptions, seededTree } from './seeded-tree.ts'
export {
  digestTree,
  type SnapshotEntry,
  snapshotTree,
  type TreeSnapshot,
} from './snapshot-tree.ts'
export {
  type ProcessExit,
  type StartedProcess,
  type StartProcessOptions,
  startProcess,
} from './start-process.ts'
export { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'
export { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts'
export { openTestCeph } from './test-ceph.ts'
export { openTestRedis, type TestRedis } from './test-redis.ts'
export { openTestS3, type TestS3 } from './test-s3.ts'
export { startTlsFront, type TlsFront } from './tls-front.ts'
export { makeTlsIdentity, type TlsIdentity } from './tls-identity.ts'
export type {
  Tree,
  TreeContent,
  TreeDirectory,
  TreeEntry,
  TreeFile,
  TreeHardLink,
  TreeSymlink,
} from './tree.ts'
export { type TreeArbitraryOptions, treeArbitrary } from './tree-arbitrary.ts'
export { uniqueName } from './unique-name.ts'
export { type WaitForOptions, waitFor } from './wait-for.ts'
export { writeTree } from './write-tree.ts'
