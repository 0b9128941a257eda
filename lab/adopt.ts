/** How the bare machines of a lab that has just come up become hosts: installed over the network, as after a disaster. */
import { join } from 'node:path';
import type { Stored } from '../machines/entries.ts';
import { emptyFleet } from '../machines/fleet.ts';
import { fold } from '../machines/fold.ts';
import { planDigest, reinstallPlan } from '../machines/reinstall-plan.ts';
import type { Status } from '../services/api-status.ts';
import { ask, askLines } from './client.ts';
import { sh, until } from './exec.ts';
import type { Host } from './host.ts';
import { type LabNode, project } from './layout.ts';
import { prepared } from './prepare.ts';
import { tinyGuestsOf } from './tiny-guest.ts';

/** Every attempt of their installations, without KVM. */
const INSTALLED_MS = 1_200_000;
const RUNNING_MS = 120_000;
const LOOK_MS = 500;

/** `at`: a host in service, where a person would type. Resolves when each machine carries the guests that prefer it. */
export async function adoptMachines(
  machines: readonly LabNode[],
  at: Host,
  say: (what: string) => void,
): Promise<void> {
  const api = `/proc/${at.init()}/root/run/rekindle/api.sock`;
  const status = async () => (await ask(api, 'GET', '/v1/status')) as Status;
  const order = (what: object) => ask(api, 'POST', '/v1/orders', { by: 'lab', ...what }, 20_000);
  const cli = join(project, 'cli/bin/rekindle.js');

  await sh(
    'nsenter',
    [
      ...['-t', String(at.init()), '-m', '-u', '-i', '-n', '-p', '--', process.execPath, cli, '--run', '/run/rekindle'],
      ...['image', 'publish', prepared.image],
    ],
    { timeoutMs: 120_000 },
  );
  say('the image is published');
  for (const { name } of machines) {
    const fleet = fold(emptyFleet, await askLines<Stored>(api, '/v1/log?from=1'));
    const plan = planDigest(reinstallPlan(fleet, name, 'install'));
    await order({ kind: 'reinstall', host: name, mode: 'install', reason: 'it is new', plan });
  }
  await Promise.all(machines.map(({ name }) => installed(name)));
  const guests = tinyGuestsOf(machines);
  for (const { name } of guests) await order({ kind: 'set-desired', guest: name, desired: 'running' });
  for (const { name, prefers } of guests) {
    await until(
      `${name} to run on ${prefers}`,
      RUNNING_MS,
      async () => {
        const guest = (await status().catch(() => undefined))?.guests.find((one) => one.name === name);
        return (guest?.state === 'running' && guest.host === prefers) || undefined;
      },
      LOOK_MS,
    );
  }

  async function installed(name: string): Promise<void> {
    let told = '';
    await until(
      `${name} to be installed and in service`,
      INSTALLED_MS,
      async () => {
        const host = (await status().catch(() => undefined))?.hosts.find((one) => one.name === name);
        if (host && host.why !== told) say(`${name} is ${host.state}: ${host.why}`);
        told = host?.why ?? told;
        if (host?.state === 'quarantined' || host?.state === 'failed') throw new Error(`${name}: ${host.why}`);
        return host?.state === 'running' || undefined;
      },
      LOOK_MS,
    );
  }
}
