/** What must hold in every drill, whatever was broken. Each returns what contradicts it; nothing: it held. */
import type { Entry, EntryOf, Stored } from '../../machines/entries.ts';
import { compareTokens } from '../../machines/entries.ts';
import { labStatus } from '../client.ts';
import { delay, sh } from '../exec.ts';
import { GUESTS } from '../layout.ts';
import { checkWriter } from '../writer-check.ts';

/** No two instances ever wrote at the same time: read from the guests' own disks. */
export function writers(): string[] {
  return GUESTS.flatMap(({ name, disk }) => checkWriter(disk).findings.map((finding) => `${name}: ${finding}`));
}

const RELEASES: Readonly<Record<string, readonly Entry['type'][]>> = {
  R1: [
    'guest.crashed',
    'stop.succeeded',
    'start.failed',
    'migration.succeeded',
    'migration.failed',
    'host.surveyed',
    'host.joined',
  ],
  R2: ['fence.proven'],
  R3: ['fence.proven'],
  R5: ['fence.proven'],
};

/** Every start stands on a grant before it, every grant but a guest's first on a proof that its last holder was done. */
export function grantsAndProofs(entries: readonly Stored[]): string[] {
  const problems: string[] = [];
  const byId = new Map(entries.map((stored) => [stored.entry.id, stored]));
  const grants = new Map<string, EntryOf<'guest.granted'>>();
  const lastGrant = new Map<string, EntryOf<'guest.granted'>>();

  for (const { seq, entry } of entries) {
    if (entry.type === 'guest.granted') {
      const before = lastGrant.get(entry.subject);
      const { release } = entry.data;
      if (before && compareTokens(entry.id, before.id) <= 0)
        problems.push(`${entry.subject}: grant ${entry.id} does not rise above ${before.id}`);
      if (before && entry.data.purpose !== 'migration') {
        const proof = byId.get(release.entry);
        if (!proof)
          problems.push(`${entry.subject}: grant ${entry.id} rests on ${release.entry}, which is not in the log`);
        else if (proof.seq >= seq)
          problems.push(`${entry.subject}: grant ${entry.id} comes before its proof ${release.entry}`);
        else if (!RELEASES[release.kind]?.includes(proof.entry.type)) {
          problems.push(`${entry.subject}: grant ${entry.id} calls ${proof.entry.type} a proof ${release.kind}`);
        } else if (proof.entry.subject.startsWith('host/') && proof.entry.subject !== `host/${before.data.host}`) {
          problems.push(
            `${entry.subject}: grant ${entry.id} rests on the fence of ${proof.entry.subject}, but ${before.data.host} held it`,
          );
        }
      }
      grants.set(entry.id, entry);
      lastGrant.set(entry.subject, entry);
    }
    if (entry.type === 'start.succeeded') {
      const grant = grants.get(entry.data.token);
      if (!grant)
        problems.push(
          `${entry.subject}: started on ${entry.data.host} under ${entry.data.token}, which nobody granted`,
        );
      else if (grant.subject !== entry.subject || grant.data.host !== entry.data.host) {
        problems.push(
          `${entry.subject}: started on ${entry.data.host} under a grant for ${grant.subject} on ${grant.data.host}`,
        );
      }
    }
  }
  return problems;
}

/** Chain hash and place, as different nodes have them. */
export function sameLog(logs: ReadonlyMap<string, readonly Stored[]>): string[] {
  const [first, ...others] = [...logs];
  if (!first) return ['no node gave its log'];
  const hashes = new Map(first[1].map(({ seq, hash }) => [seq, hash]));
  return others.flatMap(([node, entries]) => {
    const differs = entries.find(({ seq, hash }) => hashes.has(seq) && hashes.get(seq) !== hash);
    return differs ? [`${node} and ${first[0]} have different entries at ${differs.seq}`] : [];
  });
}

/** Looks all the time whether a guest runs on two hosts. A second QEMU that cannot run (migration, pause) is allowed. */
export function watchInstances(everyMs = 400) {
  const problems: string[] = [];
  let ended = false;
  let looking = Promise.resolve();

  async function look(): Promise<void> {
    const status = await labStatus();
    for (const { name, on } of status?.guests ?? []) {
      if (on.length < 2) continue;
      const running = async () => {
        const states = await Promise.all(
          on.map((host) => stateOn(status?.nodes.find((node) => node.name === host)?.init, name)),
        );
        return on.filter((_host, index) => states[index] === 'running');
      };
      // Twice: between two looks a migration may have gone over.
      if ((await running()).length < 2) continue;
      const hosts = await running();
      if (hosts.length > 1) problems.push(`${name} ran on ${hosts.join(' and ')} at ${new Date().toISOString()}`);
    }
  }
  const loop = async () => {
    while (!ended) {
      await look().catch(() => {});
      await delay(everyMs);
    }
  };
  looking = loop();
  return async (): Promise<string[]> => {
    ended = true;
    await looking;
    return problems;
  };
}

async function stateOn(init: number | null | undefined, guest: string): Promise<string> {
  const virsh = ['-t', String(init), '-m', '-u', '-i', '-n', '-p', '--', 'virsh', '-q', '-r', '-c', 'qemu:///system'];
  return (await sh('nsenter', [...virsh, 'domstate', guest], { timeoutMs: 3_000 }).catch(() => 'unknown')).trim();
}
