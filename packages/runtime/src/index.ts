export {
  type EventLoopLag,
  type EventLoopWatch,
  watchEventLoop,
} from './event-loop.ts'
export {
  type HealthReport,
  type ProcessHealth,
  probeHealth,
  type Role,
  type StartHealthEndpointOptions,
  startHealthEndpoint,
} from './health.ts'
export { type CreateLoggerOptions, createLogger } from './logger.ts'
export { RuntimeError, type RuntimeErrorCode } from './runtime-error.ts'
export {
  type Environment,
  type ListenAddress,
  type LogFormat,
  type LogLevel,
  type ReadSettingsOptions,
  readSettings,
  type Settings,
} from './settings.ts'
export {
  type InstallShutdownOptions,
  installShutdown,
  type Shutdown,
  type ShutdownPhase,
} from './shutdown.ts'
