import * as z from 'zod'
import { type Notification, notificationSchema } from './notification.ts'

/** Why a run was started. */
export type Trigger = 'schedule' | 'manual' | 'catchup'

/** `backup.run`: make a backup of a plan. */
export interface BackupRunPayload {
  readonly v: 1
  readonly plan: string
  readonly trigger: Trigger
  /** The backup of this run is pinned: retention never removes it. */
  readonly pin?: boolean | undefined
}

/** `backup.cleanup`: remove what one attempt left in the bucket, when its own clean-up failed. */
export interface BackupCleanupPayload {
  readonly v: 1
  readonly plan: string
  readonly backup: string
}

/** `backup.sweep`: remove what no manifest and no live run of the plan accounts for. */
export interface BackupSweepPayload {
  readonly v: 1
  readonly plan: string
}

/** `backup.verify`: read the newest good backup back and compare it; `deep`: open it, too. */
export interface BackupVerifyPayload {
  readonly v: 1
  readonly plan: string
  readonly depth: 'stored' | 'deep'
}

/** `backup.drill`: restore the newest good backup into a scratch place, and check it there. */
export interface BackupDrillPayload {
  readonly v: 1
  readonly plan: string
}

/** `backup.prune`: remove what retention does not keep. */
export interface BackupPrunePayload {
  readonly v: 1
  readonly plan: string
}

/** `backup.lock`: have the store keep the objects of a backup for as long as the storage says. */
export interface BackupLockPayload {
  readonly v: 1
  readonly plan: string
  readonly backup: string
}

/**
 * `backup.restore`: bring a backup back into a new or empty directory of one machine. The one job that
 * names a path: so it never goes over anything that is there.
 */
export interface BackupRestorePayload {
  readonly v: 1
  readonly plan: string
  readonly backup: string
  /** The machine that `to` and `identityFile` are of. */
  readonly host: string
  readonly to: string
  readonly paths?: readonly string[] | undefined
  readonly source?: string | undefined
  readonly keepSetuid?: boolean | undefined
  /** Where the key lies; never the key. */
  readonly identityFile?: string | undefined
}

/** `notify.send`: tell one notifier of the configuration of one event. */
export interface NotifySendPayload {
  readonly v: 1
  readonly plan: string
  /** Name in the configuration's `notify`. */
  readonly to: string
  readonly notification: Notification
}

export interface PayloadByJobName {
  readonly 'backup.run': BackupRunPayload
  readonly 'backup.cleanup': BackupCleanupPayload
  readonly 'backup.sweep': BackupSweepPayload
  readonly 'backup.verify': BackupVerifyPayload
  readonly 'backup.drill': BackupDrillPayload
  readonly 'backup.prune': BackupPrunePayload
  readonly 'backup.lock': BackupLockPayload
  readonly 'backup.restore': BackupRestorePayload
  readonly 'notify.send': NotifySendPayload
}
export type JobName = keyof PayloadByJobName

const planName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/)
  .describe('Name of a plan of the configuration')
const filePath = z.string().regex(/^\/[^\0]{0,4095}$/)
const backupId = z.string().regex(/^\d{8}T\d{6}Z-\d{6,15}$/)

/**
 * Payloads by job name. Strict: a field that is not here makes the job invalid, so nobody can smuggle
 * a bucket, a path or a command through the queue; a restore may name a directory, and no more. Only ever extended; `v` changes when it must break.
 */
export const payloadSchemas: { readonly [N in JobName]: z.ZodType<PayloadByJobName[N]> } = {
  'backup.run': z.strictObject({
    v: z.literal(1),
    plan: planName,
    trigger: z.enum(['schedule', 'manual', 'catchup']),
    pin: z.boolean().optional(),
  }),
  'backup.cleanup': z.strictObject({ v: z.literal(1), plan: planName, backup: backupId }),
  'backup.sweep': z.strictObject({ v: z.literal(1), plan: planName }),
  'backup.verify': z.strictObject({
    v: z.literal(1),
    plan: planName,
    depth: z.enum(['stored', 'deep']),
  }),
  'backup.drill': z.strictObject({ v: z.literal(1), plan: planName }),
  'backup.prune': z.strictObject({ v: z.literal(1), plan: planName }),
  'backup.lock': z.strictObject({ v: z.literal(1), plan: planName, backup: backupId }),
  'backup.restore': z.strictObject({
    v: z.literal(1),
    plan: planName,
    backup: backupId,
    host: z.string().min(1).max(255),
    to: filePath,
    paths: z.array(z.string().max(4096)).min(1).max(1000).optional(),
    source: z.string().max(4096).optional(),
    keepSetuid: z.boolean().optional(),
    identityFile: filePath.optional(),
  }),
  'notify.send': z.strictObject({
    v: z.literal(1),
    plan: planName,
    to: planName.describe('Name of a notifier of the configuration'),
    notification: notificationSchema,
  }),
}
