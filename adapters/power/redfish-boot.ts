/**
 * Boot from the network once, over Redfish. Services differ in what they take: some refuse the mode, some lose it unless it is
 * given, some want it at a settings resource. So each is tried, the smallest first, and only what is read back counts.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Outcome } from '../../services/ports.ts';
import { type Left, link, type Session } from './redfish-session.ts';
import type { System } from './redfish-system.ts';

/** A BMC may show the change a moment after it took it. */
const SHOWN_WITHIN_MS = 2_000;
const LOOK_MS = 250;

const bootOf = (system: System) => (typeof system.Boot === 'object' ? (system.Boot as Record<string, unknown>) : {});

/** `path`: of the system. Rejects as the session does. */
export async function bootFromNetwork(
  session: Session,
  path: string,
  firmware: 'bios' | 'uefi',
  left: Left,
): Promise<Outcome> {
  const mode = firmware === 'uefi' ? 'UEFI' : 'Legacy';
  const { body: system } = await session.get(path, left);
  const settings = link((system['@Redfish.Settings'] as { SettingsObject?: unknown } | undefined)?.SettingsObject);
  const once = { BootSourceOverrideEnabled: 'Once', BootSourceOverrideTarget: 'Pxe' };
  const withMode = { ...once, BootSourceOverrideMode: mode };
  const modeNow = bootOf(system).BootSourceOverrideMode;
  const bodies = modeNow === undefined || modeNow === mode ? [once, withMode] : [withMode, once];
  let why = '';
  for (const target of settings === undefined ? [path] : [path, settings]) {
    for (const boot of bodies) {
      const status = await patch(session, target, { Boot: boot }, left);
      if (status >= 300) {
        why ||= `HTTP status ${status}`;
        continue;
      }
      why = await shownOtherwise(session, target, mode, left);
      if (why === '') return { kind: 'succeeded', detail: 'next boot read back as from the network' };
    }
  }
  const todo = 'update the BMC, or set network boot as the first choice in the firmware';
  return { kind: 'failed', reason: `told to boot from the network once: ${why}; ${todo}` };
}

/** With the entity tag of now; where that is refused all the same, its strong form, and then none. */
async function patch(session: Session, path: string, body: unknown, left: Left): Promise<number> {
  const etagNow = async () => (await session.get(path, left)).etag;
  const tags = [etagNow, async () => (await etagNow())?.replace(/^W\//, ''), async () => undefined];
  let status = 0;
  for (const tag of tags) {
    const etag = await tag();
    const headers = etag === undefined ? {} : { 'If-Match': etag };
    ({ status } = await session.send(path, { method: 'PATCH', headers, body }, left));
    if (status !== 412 && status !== 428) return status;
  }
  return status;
}

/** What is shown that is not as wanted; empty when all is. */
async function shownOtherwise(session: Session, path: string, mode: string, left: Left): Promise<string> {
  const endMs = performance.now() + Math.min(SHOWN_WITHIN_MS, left());
  for (;;) {
    const boot = bootOf((await session.get(path, left)).body);
    const shown = [boot.BootSourceOverrideEnabled, boot.BootSourceOverrideTarget, boot.BootSourceOverrideMode ?? mode];
    if (shown.join() === ['Once', 'Pxe', mode].join()) return '';
    if (performance.now() >= endMs) return `read back as ${shown.join(', ')}`;
    await wait(LOOK_MS);
  }
}
