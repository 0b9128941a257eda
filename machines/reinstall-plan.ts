/** What a person is shown before a reinstallation, and confirms by its digest: the same lines wherever they are computed. */
import { createHash } from 'node:crypto';
import { type Fleet, latestLife } from './fleet.ts';
import type { Mode } from './machine-facts.ts';
import { cannotReinstall, foreignBoot, imageFor } from './reinstall.ts';
import type { DiskId } from './spec.ts';
import { get } from './table.ts';

const DOES: { readonly [M in Mode]: string } = {
  install: 'its disk is overwritten',
  'dry-run': 'everything is done but the writing: nothing on it is changed',
  rescue: 'it is started for a person to look at: nothing on it is changed',
};

const disk = ({ serial, wwn }: DiskId) =>
  [serial && `serial ${serial}`, wwn && `wwn ${wwn}`].filter(Boolean).join(', ');

/** Plain lines, nothing in them that changes by itself. */
export function reinstallPlan(fleet: Fleet, host: string, mode: Mode): readonly string[] {
  const lacking = cannotReinstall(fleet, host);
  const entity = get(fleet.hosts, host);
  if (lacking !== null || !entity) return [`${host} cannot be reinstalled: ${lacking ?? 'there is no such host'}`];
  const machine = fleet.spec!.hosts[host]!.machine!;
  const image = imageFor(fleet, host)!;
  const life = latestLife(entity.context);
  const foreign = foreignBoot(fleet);
  return [
    `${mode} of ${host}: ${DOES[mode]}`,
    life < 0 ? 'it has never joined' : `it is in life ${life}${entity.context.fence ? ', proven stopped' : ''}`,
    `disk: ${disk(machine.disk)}${machine.adoptBlank ? ', or the only blank one in its place' : ''}`,
    `never written: ${['all others', ...machine.dataDisks.map(disk)].join('; ')}`,
    `image: ${image.name} version ${image.version}, ${image.manifest}`,
    `boots from: ${machine.macs.join(', ')}${machine.uuid ? `, machine ${machine.uuid}` : ''}`,
    ...(foreign === null ? [] : [`it may be booted into what is not ours: ${foreign}`]),
  ];
}

/** SHA-256 (hex) of what was shown. */
export const planDigest = (plan: readonly string[]): string => sha256(plan.join('\n'));

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
