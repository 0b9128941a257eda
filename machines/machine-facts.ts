/** A machine under installation, in its own words: parsed where its installer says them, kept in the log as they were said. */
import { z } from 'zod';

const name = z.string().max(64);
const int = z.number().int().min(0);
export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/);
export const macSchema = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);

/** What the installer is to do. Only `install` ever writes to a disk. */
export const MODES = ['install', 'dry-run', 'rescue'] as const;
export const modeSchema = z.enum(MODES);
export type Mode = z.infer<typeof modeSchema>;

/** A disk as the installer sees it. `signatures`: what wipefs and blkid find; empty and `blank`: first and last 16 MiB zero. */
export const diskSchema = z.strictObject({
  device: name,
  serial: z.string().max(128).nullable(),
  wwn: z.string().max(128).nullable(),
  bytes: int,
  removable: z.boolean(),
  blank: z.boolean(),
  /** GPT disk GUID, lower case; null without a GPT. */
  guid: z.string().max(64).nullable(),
  signatures: z.array(z.string().max(64)).max(32),
});
export type Disk = z.infer<typeof diskSchema>;

export const inventorySchema = z.strictObject({
  uuid: z.string().max(64).nullable(),
  macs: z.array(macSchema).max(32),
  firmware: z.enum(['bios', 'uefi']),
  memoryMiB: int,
  cpus: int,
  disks: z.array(diskSchema).max(64),
});
export type Inventory = z.infer<typeof inventorySchema>;

/** The disk that a plan names, as the installer itself described it. */
export const targetSchema = diskSchema.pick({ device: true, serial: true, wwn: true, bytes: true });
export type Target = z.infer<typeof targetSchema>;
