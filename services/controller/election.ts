/** What a reign writes before anything else: that it has begun, what the log had lost, and what else it was told with its votes. */
import type { Draft } from '../../machines/entries.ts';
import { type Fleet, knownLife } from '../../machines/fleet.ts';
import type { ClusterSpec } from '../../machines/spec.ts';
import { get } from '../../machines/table.ts';
import type { Lives } from './candidacy.ts';
import { type Loss, lossDraft } from './mend-log.ts';
import type { Pen } from './pen.ts';

export interface Election {
  readonly epoch: number;
  readonly lives: Lives;
}

const about = { subject: 'cluster', cause: 'observation' } as const;

export async function writeElection(
  pen: Pen,
  { node, digest, spec }: { readonly node: string; readonly digest: string; readonly spec: ClusterSpec },
  { epoch, lives }: Election,
  lost: Loss | null,
): Promise<void> {
  await pen.write((fleet) => (fleet.epoch < epoch ? [{ type: 'leader.elected', ...about, data: { node } }] : []));
  await pen.write(() => (lost ? [lossDraft(lost, node)] : []));
  await pen.write((fleet) =>
    fleet.spec === null ? [{ type: 'cluster.configured', ...about, data: { digest, spec } }] : [],
  );
  await pen.write((fleet) => leasesReported(fleet, lives));
}

/**
 * A life that was leased may hold guests, under grants that the log has lost together with its registration. Two
 * majorities meet: a life that voters have leased and that is not in `lives` was leased after this election, under this
 * epoch, and can hold nothing that this leader has not granted.
 */
export function leasesReported(fleet: Fleet, lives: Lives): Draft[] {
  const unknown = Object.entries(lives).filter(([host, life]) => {
    const context = get(fleet.hosts, host)?.context;
    return context !== undefined && life > knownLife(context);
  });
  return unknown.length > 0
    ? [{ type: 'leases.reported', ...about, data: { lives: Object.fromEntries(unknown) } }]
    : [];
}
