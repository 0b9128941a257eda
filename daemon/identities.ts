/** Who is who, kept up with the log: a host that was installed anew comes back under keys of its own making. */
import { type Enrolled, enrolledIn, readEnrolled, withEnrolled, writeEnrolled } from '../adapters/keys/enrolled.ts';
import type { Identities } from '../adapters/keys/identities.ts';
import type { ServerProcess } from '../adapters/nats/server-process.ts';
import type { Controller } from '../services/controller/controller.ts';
import type { Say } from '../services/ports.ts';

export interface HeldIdentities {
  current(): Identities;
  /** Node to the key that signs what must be believed later. One object that follows the log. */
  readonly signing: Readonly<Record<string, string>>;
  /** Takes over the keys that the log has brought. */
  take(brought: Enrolled): void;
}

export function holdIdentities(
  state: string,
  given: Identities,
  server: Pick<ServerProcess, 'setIdentities'> | null,
  say: Say,
): HeldIdentities {
  let enrolled: Enrolled = readEnrolled(state);
  const current = () => withEnrolled(given, enrolled);
  const signingKeys = () =>
    Object.fromEntries(Object.entries(current().nodes).map(([node, keys]) => [node, keys.node]));
  const signing = signingKeys();
  return {
    current,
    signing,
    take(brought) {
      // What the file has and this copy of the log has not yet is kept: it came from a longer one.
      const latest = { ...enrolled, ...brought };
      const changed = Object.keys(latest).filter(
        (host) => JSON.stringify(latest[host]) !== JSON.stringify(enrolled[host]),
      );
      if (changed.length === 0) return;
      enrolled = latest;
      Object.assign(signing, signingKeys());
      try {
        // First, so that a daemon that starts in between gives its server the same keys.
        writeEnrolled(state, enrolled);
      } catch (error) {
        say.error('keys of newly installed hosts cannot be kept; after a restart they come from the log again', {
          reason: String(error),
        });
      }
      say.info('hosts have new keys', { hosts: changed });
      // Without a server of our own there is nothing to tell: the voters' nodes run those we connect to.
      server?.setIdentities(current()).catch((error: unknown) => {
        say.error('nats-server does not take the new keys; it does with the next start of rekindled', {
          reason: error instanceof Error ? error.message : String(error),
        });
      });
    },
  };
}

/**
 * Takes the keys from the log as it grows. `endSeq`: where it ended when this daemon began to read it. Keys before that may
 * have been replaced before it: taken one by one, this node's server would refuse a host in the meantime, this very one too
 * if it has been installed more than once.
 */
export function takeFromLog(
  identities: Pick<HeldIdentities, 'take'>,
  { fleet, onEntry }: Pick<Controller, 'fleet' | 'onEntry'>,
  endSeq: number,
): void {
  if (fleet().seq >= endSeq) identities.take(enrolledIn(fleet()));
  onEntry(({ seq, entry }, now) => {
    if (seq === endSeq || (seq > endSeq && entry.type === 'host.enrolled')) identities.take(enrolledIn(now));
  });
}
