/** What a machine under installation is told, and what the log has by then. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { sha256 } from '../../machines/reinstall-plan.ts';
import { createInstallWatch, type InstallWatch } from '../../services/controller/install-watch.ts';
import { machinesToArm } from '../../services/controller/net-boot.ts';
import { createProvisioning } from '../../services/controller/provision.ts';
import type { InstallAnswer } from '../../services/provisioning.ts';
import { running, type Story, spec } from '../machines/given.ts';

const DIGEST = 'a'.repeat(64);
const MAC = '52:54:00:00:00:04';
const disk = {
  device: 'sda',
  serial: 's4',
  wwn: null,
  bytes: 1,
  removable: false,
  blank: false,
  guid: null,
  signatures: [],
};
const inventory = { uuid: null, macs: [MAC], firmware: 'uefi', memoryMiB: 1, cpus: 1, disks: [disk] };
const keys = { agent: 'a', voter: 'v', controller: 'c', node: 'n' };

let s: Story;
let watch: InstallWatch;
let nowMs: number;
let secrets: number;
let certified: string[];
let take: ReturnType<typeof createProvisioning>;

beforeEach(() => {
  const machine = { macs: [MAC], disk: { serial: 's4' } };
  s = running(
    spec(
      { h1: {}, h2: {}, h3: {}, h4: { machine, address: '10.0.0.4' } },
      {},
      {
        voters: ['h1', 'h2', 'h3'],
        hostLadder: { powerCycle: { tries: 0 }, reinstall: 'allowed' },
        provisioning: { network: '10.0.0.0/24', image: 'host', imageKeys: {} },
      },
    ),
  );
  s.append('image.published', 'cluster', { name: 'host', version: 1, manifest: DIGEST, by: 'ann' });
  s.suspect('h4');
  s.prove('h4');
  const [intent] = Object.keys(s.fleet.intents);
  const image = { name: 'host', version: 1, manifest: DIGEST };
  s.append('reinstall.armed', 'host/h4', { job: intent!, attempt: 1, mode: 'install', image });
  nowMs = 0;
  secrets = 0;
  certified = [];
  const clock = { now: () => nowMs, wall: () => 1_000, after: () => () => {} };
  const pen = {
    async write(decide: (fleet: Fleet) => readonly Draft[]) {
      const drafts = decide(s.fleet);
      for (const draft of drafts) s.write(draft);
      return drafts.length === 0 ? null : s.fleet.seq;
    },
  };
  watch = createInstallWatch(() => s.fleet, clock);
  take = createProvisioning(pen, () => s.fleet, watch, {
    clock,
    say: { info() {}, warn() {}, error() {} },
    secret: () => `secret ${++secrets}`,
    verifyRaw: (key, text, signature) => signature === `${key} ${text}`,
    enrolment: {
      async certify(host, request) {
        certified.push(`${host}: ${request}`);
        return { kind: 'certified', certificate: 'PEM' };
      },
      files: () => ({ 'keys/ca.crt': 'CA' }),
    },
  });
});

const job = () => s.fleet.jobs.h4!;
const of = () => ({ job: job().context.job, attempt: job().context.attempt });
const ask = (request: object, key?: string): Promise<InstallAnswer> => {
  const body = JSON.stringify(request);
  return take({ kind: 'provision', from: 'h1', body, signature: key === undefined ? null : `${key} ${body}` });
};
let n = 0;
const signed = (kind: string, more: object = {}, key = 'AAAA') => ask({ kind, ...of(), n: ++n, ...more }, key);
const boot = (mac = MAC) => ask({ kind: 'boot', mac, uuid: null });
const hello = (token = `secret ${secrets}`, key = 'AAAA') => ask({ kind: 'hello', ...of(), token, key, inventory });
const commit = (more: object = {}) => signed('commit', { disk: { serial: 's4' }, manifest: DIGEST, ...more });
const types = () => s.entries.map(({ entry }) => entry.type).filter((type) => /^reinstall|^host.enrolled/.test(type));
const refused = (why: RegExp, stop: boolean) => ({ kind: 'refused', reason: expect.stringMatching(why), stop });

describe('the boot script', () => {
  test('is given to the armed machine, once a try; the log has only the hash of its ticket', async () => {
    expect(await boot()).toEqual({ kind: 'boot', ...of(), host: 'h4', mode: 'install', token: 'secret 1' });
    expect(job().context.token).toBe(sha256('secret 1'));
    expect(JSON.stringify(s.entries)).not.toContain('secret 1');
    expect(await boot()).toEqual(refused(/given out before/, false));
    expect(await boot('52:54:00:00:00:99')).toEqual(refused(/nothing is to be installed/, true));
  });

  test('is not given to another machine with the same MAC: its UUID is another, or the ticket is given out', async () => {
    s.fleet.spec!.hosts.h4!.machine = {
      ...s.fleet.spec!.hosts.h4!.machine!,
      uuid: 'aa000000-0000-4000-8000-000000000004',
    };
    const asks = (uuid: string | null) => ask({ kind: 'boot', mac: MAC, uuid });
    expect(await asks('bb000000-0000-4000-8000-000000000004')).toEqual(refused(/nothing is to be installed/, true));
    expect(await asks('AA000000-0000-4000-8000-000000000004')).toMatchObject({ kind: 'boot' });
    expect(await asks(null)).toEqual(refused(/given out before/, false));
    expect(types().filter((type) => type === 'reinstall.ticketed')).toHaveLength(1);
  });

  test('is not given while the cluster is frozen', async () => {
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
    expect(await boot()).toEqual(refused(/frozen/, false));
    expect(types()).not.toContain('reinstall.ticketed');
  });
});

describe('the ticket', () => {
  test('buys the plan; asked again with the same key, for the answer was lost, the same plan', async () => {
    await boot();
    const plan = await hello();
    expect(plan).toMatchObject({
      kind: 'plan',
      plan: {
        host: 'h4',
        disk: { serial: 's4' },
        image: { manifest: DIGEST },
        sources: ['h1', 'h2', 'h3'].map(() => 'http://10.0.0.1:8474'),
      },
    });
    expect(await hello()).toEqual(plan);
    expect(types().filter((type) => type === 'reinstall.booted')).toHaveLength(1);
  });

  test('shown by another key ends the try, and is told', async () => {
    await boot();
    await hello();
    expect(await hello('secret 1', 'BBBB')).toEqual(refused(/second time/, true));
    expect(types()).toContain('reinstall.replayed');
    expect(job()).toMatchObject({ state: 'armed', context: { attempt: 2, token: null } });
    expect(await commit()).toEqual(refused(/not signed by the installer/, true));
  });

  test('that was never given out, or of an earlier try, buys nothing', async () => {
    await boot();
    expect(await hello('secret 7')).toEqual(refused(/not the ticket/, true));
    const first = of();
    s.append('reinstall.aborted', 'host/h4', { ...first, phase: 'p', reason: 'r' });
    const late = { kind: 'hello', ...first, token: 'secret 1', key: 'AAAA', inventory };
    expect(await ask(late)).toEqual(refused(/this try is over/, true));
    expect(types()).not.toContain('reinstall.booted');
  });

  test('of a machine without that disk: nothing is written, and it is told why', async () => {
    await boot();
    const empty = { ...inventory, disks: [] };
    const answer = await ask({ kind: 'hello', ...of(), token: 'secret 1', key: 'AAAA', inventory: empty });
    expect(answer).toEqual(refused(/no disk with serial s4/, true));
    expect(job().state).toBe('failed');
  });
});

describe('commit', () => {
  beforeEach(async () => {
    await boot();
    await hello();
  });

  test('is answered by go once its entry is there, and again when the answer was lost', async () => {
    const go = { kind: 'go', ...of(), epoch: s.fleet.epoch, disk: { serial: 's4' } };
    expect(await commit()).toEqual(go);
    expect(types().at(-1)).toBe('reinstall.committed');
    expect(await commit()).toEqual(go);
    expect(types().filter((type) => type === 'reinstall.committed')).toHaveLength(1);
  });

  test('asked again is asked of the present state: a freeze since then holds, and another disk is none of its own', async () => {
    await commit();
    expect(await commit({ disk: { serial: 's5' } })).toEqual(refused(/not the disk/, true));
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'wait' });
    expect(await commit()).toEqual(refused(/frozen by ann/, false));
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    expect(await commit()).toMatchObject({ kind: 'go' });
  });

  test.each<[string, () => Promise<InstallAnswer>, RegExp]>([
    ['by another key', () => signed('commit', { disk: { serial: 's4' }, manifest: DIGEST }, 'BBBB'), /not signed/],
    ['for another disk', () => commit({ disk: { serial: 's5' } }), /not the disk/],
    ['for another image', () => commit({ manifest: 'b'.repeat(64) }), /not the image/],
  ])('%s is refused', async (_what, asked, why) => {
    expect(await asked()).toMatchObject({ kind: 'refused', reason: expect.stringMatching(why) });
    expect(types()).not.toContain('reinstall.committed');
  });

  test('after a veto, or after the host came back, is refused for good', async () => {
    s.append('reinstall.vetoed', 'host/h4', { job: job().context.job, by: 'ann' });
    expect(await commit()).toEqual(refused(/ann stopped/, true));
  });

  test('said before is not heard again: requests count upwards', async () => {
    await signed('progress', { phase: 'disks', bytes: 0, of: 1 });
    const old = { kind: 'commit', ...of(), n: n - 1, disk: { serial: 's4' }, manifest: DIGEST };
    expect(await ask(old, 'AAAA')).toEqual(refused(/said before/, false));
  });
});

describe('an installer', () => {
  beforeEach(async () => {
    await boot();
    await hello();
    await commit();
  });
  // As on the wire: `of` is the size of the image there, so the job is named beside it.
  const progress = (bytes: number) => {
    const { job, attempt } = of();
    return ask({ kind: 'progress', job, attempt, n: ++n, phase: 'write', bytes, of: 100 }, 'AAAA');
  };

  test('that makes progress is left alone; one that stands still for long has its try ended', async () => {
    for (let bytes = 1; bytes < 5; bytes += 1) {
      nowMs += 10_000;
      expect(await progress(bytes)).toEqual({ kind: 'ok' });
      expect(watch.stalled()).toEqual([]);
    }
    expect(watch.progress('h4')).toMatchObject({ bytes: 4, of: 100, phase: 'write' });
    nowMs += 10_000;
    await progress(4);
    nowMs += 6_000;
    expect(watch.stalled()).toMatchObject([
      { type: 'reinstall.aborted', data: { ...of(), reason: 'no progress for 16 s, at byte 4 of 100' } },
    ]);
  });

  test('that a new leader has not heard of yet has all its time', () => {
    nowMs = 1_000_000;
    const anew = createInstallWatch(() => s.fleet, { now: () => nowMs, wall: () => 0, after: () => () => {} });
    expect(anew.stalled()).toEqual([]);
    nowMs += 16_000;
    expect(anew.stalled()).toHaveLength(1);
  });

  test('leaves what enrols: once, and again only with the keys it made', async () => {
    expect(machinesToArm(s.fleet)).toEqual([]);
    const enrol = (of = keys, key = 'AAAA') => signed('enrol', { keys: of, request: 'CSR', image: DIGEST }, key);
    expect(await enrol()).toEqual(refused(/is committed/, true));
    await signed('sealed', { manifest: DIGEST, bytes: 1, tookMs: 1 });
    await signed('bye', { how: 'kexec' });
    expect(await enrol(keys, 'BBBB')).toEqual(refused(/not signed/, true));
    const answer = await enrol();
    expect(answer).toMatchObject({ kind: 'enrolled', certificate: 'PEM', files: { 'keys/ca.crt': 'CA' } });
    expect((answer as { counter: number }).counter).toBeGreaterThanOrEqual(s.host('h4').context.fence!.counter);
    expect(s.fleet.enrolled.h4).toEqual(keys);
    expect(await enrol()).toEqual(answer);
    expect(await enrol({ ...keys, node: 'other' })).toEqual(refused(/enrolled before/, true));
    expect(types().filter((type) => type === 'host.enrolled')).toHaveLength(1);
  });
});
