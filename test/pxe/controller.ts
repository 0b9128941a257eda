/**
 * What a controller's daemon answers to machines that boot from the network, with a bus whose leader is the test: a program
 * that says each request of a machine as a JSON line, takes the answer as the next line, and lists who is armed by
 * `{"arm": [...]}`, and says who else answers network boots when told `{"foreign": true}`.
 *
 *   node controller.ts DIRECTORY [CLUSTER-FILE SEED]   as n1 of this cluster; then each request is said as a leader gets it
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createUser } from '@nats-io/nkeys';
import { createClock } from '../../adapters/clock/clock.ts';
import { readClusterFile } from '../../adapters/config/cluster-file.ts';
import { signerFrom, verify } from '../../adapters/keys/sign.ts';
import { startProvisioning } from '../../daemon/provisioning.ts';
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { type Bus, BusError } from '../../services/ports.ts';
import type { Provision } from '../../services/provisioning.ts';

const [directory = '', clusterFile, givenSeed] = process.argv.slice(2);
const seed = givenSeed ?? join(directory, 'node.seed');
if (!givenSeed) writeFileSync(seed, Buffer.from(createUser().getSeed()));
const capacity = { memoryMiB: 1, vcpus: 1 };
const ownSpec = specSchema.parse({
  cluster: 'test',
  profile: 'standard',
  times: PROFILES.standard,
  voters: ['n1'],
  hosts: { n1: { address: '10.78.0.1', capacity }, n2: { address: '10.78.0.9', capacity } },
  provisioning: { network: '10.78.0.0/24', image: 'host', imageKeys: {} },
});
const spec = clusterFile ? readClusterFile(clusterFile).spec : ownSpec;
const tell = (what: object) => console.log(JSON.stringify(what));
const answers: ((line: string) => void)[] = [];
const nothing = () => {
  throw new Error('not used');
};
const bus: Bus = {
  async request(address, message) {
    tell(clusterFile ? { message } : { asked: JSON.parse((message as Provision).body), address });
    const answer = JSON.parse(await new Promise<string>((resolve) => answers.push(resolve)));
    if (answer === null) throw new BusError('no-responders', address);
    return answer;
  },
  gather: nothing,
  publish: nothing,
  onReach: nothing,
  serve: nothing,
};
const say = (what: string, about?: Record<string, unknown>) => tell({ said: what, ...about });
const provisioning = startProvisioning({
  node: 'n1',
  spec,
  state: directory,
  run: join(directory, 'run'),
  clock: createClock(),
  bus,
  say: { info: say, warn: say, error: say },
  signer: signerFrom(seed),
  verify,
  published: () => [],
})!;
for await (const line of createInterface({ input: process.stdin })) {
  const told = JSON.parse(line);
  if (told?.arm) provisioning.netBoot.arm(told.arm);
  else if (told?.foreign) tell({ foreign: provisioning.foreignBoot() });
  else answers.shift()?.(line);
}
await provisioning.stop();
process.exit(0);
