/** Goal: a machine that happens to boot from the network, and is not to be installed, loses no time. */
import { expect, test } from 'vitest';
import { emptyFleet, type Fleet, type JobStateName } from '../../machines/fleet.ts';
import { newJob } from '../../machines/job-parts.ts';
import { specSchema } from '../../machines/spec.ts';
import { PROFILES } from '../../machines/times.ts';
import { createInstallWatch } from '../../services/controller/install-watch.ts';
import { createProvisioning } from '../../services/controller/provision.ts';

const clock = { now: () => 0, wall: () => 0, after: () => () => {} };
const mac = '52:54:00:00:00:04';
const machine = { macs: [mac], disk: { serial: 'disk-h4' } };
const spec = specSchema.parse({
  cluster: 'test',
  profile: 'fast',
  times: PROFILES.fast,
  voters: ['h1'],
  hosts: { h4: { address: '10.0.0.4', capacity: { memoryMiB: 1, vcpus: 1 }, machine } },
});

const bootScript = (asked: string, jobs: Fleet['jobs']) => {
  const fleet: Fleet = { ...emptyFleet, spec, jobs };
  return createProvisioning(
    { write: async () => null },
    () => fleet,
    createInstallWatch(() => fleet, clock),
    {
      clock,
      say: { info: () => {}, warn: () => {}, error: () => {} },
      secret: () => 'secret',
      verifyRaw: () => true,
      enrolment: null,
    },
  )({ kind: 'provision', from: 'h1', signature: null, body: JSON.stringify({ kind: 'boot', mac: asked, uuid: null }) });
};
const inState = (state: JobStateName): Fleet['jobs'] => ({ h4: { state, context: newJob('h4') } });

test.each<[string, string, Fleet['jobs']]>([
  ['it has no job', mac, {}],
  ['its job is over', mac, inState('accepted')],
  ['its job has failed', mac, inState('failed')],
  ['its job has not begun', mac, inState('announced')],
  ['the MAC is of another', '52:54:00:00:00:05', inState('armed')],
])('it goes on to its disk at once: %s', async (_title, asked, jobs) => {
  expect(await bootScript(asked, jobs)).toEqual({
    kind: 'refused',
    reason: 'nothing is to be installed on this machine',
    stop: true,
  });
});

test('while its job is under way it asks again: what was refused now may be given soon', async () => {
  expect(await bootScript(mac, inState('armed'))).toMatchObject({ kind: 'refused', stop: false });
});
