/** The reinstallation of a host as the log tells it: what holds it back, what each step needs, and how tries end. */
import { describe, expect, test } from 'vitest';
import { planDigest, reinstallPlan } from '../../machines/reinstall-plan.ts';
import { runnable } from '../../machines/runnable.ts';
import { running, type Story, spec } from './given.ts';

const DIGEST = 'a'.repeat(64);
const MAC = '52:54:00:00:00:04';
const machine = { macs: [MAC], disk: { serial: 's4' } };
const target = { device: 'sda', serial: 's4', wwn: null, bytes: 1 };
const inventory = { uuid: null, macs: [MAC], firmware: 'uefi' as const, memoryMiB: 1, cpus: 1, disks: [] };
const keys = { agent: 'a', voter: 'v', controller: 'c', node: 'n' };

const four = (provisioning: object = {}, more: object = {}) =>
  running(
    spec(
      { h1: {}, h2: {}, h3: {}, h4: { machine } },
      {},
      {
        voters: ['h1', 'h2', 'h3'],
        hostLadder: { powerCycle: { tries: 0 }, reinstall: 'allowed' },
        provisioning: { network: '10.0.0.0/24', image: 'host', imageKeys: {}, ...provisioning },
        ...more,
      },
    ),
  );
const publish = (s: Story) =>
  s.append('image.published', 'cluster', { name: 'host', version: 1, manifest: DIGEST, by: 'ann' });
const held = (s: Story, type = 'reinstall') =>
  runnable(s.fleet).held.find(({ intent: { intent } }) => intent.type === type)?.why;
const job = (s: Story) => s.fleet.jobs.h4!;
const id = (s: Story, type = 'reinstall') =>
  Object.values(s.fleet.intents).find(({ intent }) => intent.type === type)!.id;
const of = (s: Story) => ({ job: job(s).context.job, attempt: job(s).context.attempt });

function lost(s: Story): Story {
  publish(s);
  s.suspect('h4');
  s.prove('h4');
  return s;
}
const arm = (s: Story) =>
  s.append('reinstall.armed', 'host/h4', {
    job: id(s),
    attempt: 1,
    mode: 'install',
    image: { name: 'host', version: 1, manifest: DIGEST },
  });
const boot = (s: Story, tookMs = 20_000) => {
  s.append('netboot.succeeded', 'host/h4', { ...of(s), intent: id(s, 'netboot'), method: 'bmc', detail: '' });
  s.append('reinstall.ticketed', 'host/h4', { ...of(s), mac: MAC, token: DIGEST }, { afterMs: tookMs });
};
const hello = (s: Story, disk: typeof target | null = target) =>
  s.append('reinstall.booted', 'host/h4', { ...of(s), key: 'k', inventory, disk, why: 'w' });
const commit = (s: Story) => ({ ...of(s), disk: { serial: 's4' }, manifest: DIGEST });
const install = (s: Story) => {
  arm(s);
  boot(s);
  hello(s);
  s.append('reinstall.committed', 'host/h4', commit(s));
  s.append('reinstall.sealed', 'host/h4', { ...of(s), manifest: DIGEST, bytes: 1, tookMs: 1 });
  s.append('reinstall.left', 'host/h4', { ...of(s), how: 'kexec', report: {} });
  s.append('host.enrolled', 'host/h4', { ...of(s), keys, image: DIGEST });
};

describe('what holds a reinstallation back', () => {
  test.each<[string, () => Story, RegExp]>([
    ['no image', () => four(), /never published/],
    ['no machine', () => four({}, { hosts: spec(4).hosts }), /no machine for h4/],
    ['no provisioning', () => four({}, { provisioning: undefined }), /no provisioning/],
    ['a voter', () => four({}, { voters: ['h1', 'h2', 'h4'] }), /h4 is a voter/],
  ])('%s', (what, made, why) => {
    const s = made();
    if (what !== 'no image') publish(s);
    s.suspect('h4');
    s.prove('h4');
    expect(s.host('h4').state).toBe('reinstalling');
    expect(held(s)).toMatch(why);
  });

  test('freeze, brake, and the limit of a day, each until it is over', () => {
    const s = lost(four({ perDay: 1 }));
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
    expect(held(s)).toMatch(/frozen by ann/);
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    s.append('brake.applied', 'cluster', { silent: ['h1', 'h2'], of: 4 });
    expect(held(s)).toMatch(/storm brake/);
    s.append('brake.released', 'cluster', { by: 'ann' });
    expect(held(s)).toBeUndefined();
    install(s);
    s.join('h4', 101);
    s.append('reinstall.succeeded', 'host/h4', { intent: id(s), detail: '' });
    s.suspect('h4');
    s.prove('h4');
    expect(held(s)).toMatch(/1 reinstallations were begun within 24 h/);
    s.append('cluster.thawed', 'cluster', { by: 'ann' }, { afterMs: 86_400_000 });
    expect(held(s)).toBeUndefined();
  });
});

describe('somebody else who answers network boots', () => {
  const contested = { what: 'netboot', reason: '10.0.0.66 answers network boots too' } as const;

  test('holds back every one that no person has ordered, also the next try, until nobody who lives sees it any more', () => {
    const s = lost(four());
    s.append('host.degraded', 'host/h1', contested);
    s.append('host.degraded', 'host/h2', contested);
    expect(held(s)).toBe('10.0.0.66 answers network boots too, seen by h1');
    const armed = {
      job: id(s),
      attempt: 1,
      mode: 'install',
      image: { name: 'host', version: 1, manifest: DIGEST },
    } as const;
    s.refuse('reinstall.armed', 'host/h4', armed, /answers network boots too/);
    s.append('host.restored', 'host/h1', { what: 'netboot' });
    expect(held(s)).toMatch(/seen by h2/);
    s.suspect('h2');
    expect(held(s)).toBeUndefined();
    arm(s);
    expect(held(s, 'netboot')).toBeUndefined();
    s.append('host.degraded', 'host/h3', contested);
    expect(held(s, 'netboot')).toMatch(/seen by h3/);
  });

  test('is in the plan that a person confirms, and then holds back nothing', () => {
    const s = four();
    publish(s);
    s.append('maintenance.started', 'host/h4', { by: 'ann' });
    expect(reinstallPlan(s.fleet, 'h4', 'install').join()).not.toContain('10.0.0.66');
    s.append('host.degraded', 'host/h1', contested);
    expect(reinstallPlan(s.fleet, 'h4', 'install').at(-1)).toBe(
      'it may be booted into what is not ours: 10.0.0.66 answers network boots too, seen by h1',
    );
    s.append('reinstall.requested', 'host/h4', { mode: 'install', by: 'ann', reason: 'r', plan: DIGEST });
    s.fire('host/h4/announce');
    s.prove('h4');
    expect(held(s)).toBeUndefined();
    arm(s);
    expect(held(s, 'netboot')).toBeUndefined();
  });
});

describe('a step has force', () => {
  test('only for this try: an earlier one, or another job, says nothing any more', () => {
    const s = lost(four());
    arm(s);
    boot(s);
    hello(s);
    const first = of(s);
    s.append('reinstall.aborted', 'host/h4', { ...first, phase: 'write', reason: 'r' });
    expect(job(s)).toMatchObject({ state: 'armed', context: { attempt: 2, token: null, key: null, disk: null } });
    s.refuse(
      'reinstall.booted',
      'host/h4',
      { ...first, key: 'k', inventory, disk: target, why: 'w' },
      /try 1 of .* over/,
    );
    s.refuse('reinstall.booted', 'host/h4', { ...of(s), key: 'k', inventory, disk: target, why: 'w' }, /no ticket/);
    s.append('reinstall.ticketed', 'host/h4', { ...of(s), mac: MAC, token: DIGEST });
    s.refuse('reinstall.ticketed', 'host/h4', { ...of(s), mac: MAC, token: DIGEST }, /given out before/);
  });

  test('commit: for the disk and the image of the plan, of a host that is still proven stopped', () => {
    const s = lost(four());
    arm(s);
    boot(s);
    s.refuse('reinstall.committed', 'host/h4', commit(s), /is powered/);
    hello(s);
    s.refuse('reinstall.committed', 'host/h4', { ...commit(s), disk: { serial: 's5' } }, /not the disk of the plan/);
    s.refuse('reinstall.committed', 'host/h4', { ...commit(s), manifest: 'b'.repeat(64) }, /not the image/);
    s.append('cluster.frozen', 'cluster', { by: 'ann', reason: 'r' });
    s.refuse('reinstall.committed', 'host/h4', commit(s), /frozen/);
    s.append('cluster.thawed', 'cluster', { by: 'ann' });
    s.append('leases.reported', 'cluster', { lives: { h4: 7 } });
    expect(s.host('h4').state).toBe('running');
    s.refuse('reinstall.committed', 'host/h4', commit(s), /is failed/);
  });

  test('veto: until the disk is given up, and not after', () => {
    const s = lost(four());
    arm(s);
    boot(s);
    hello(s);
    const veto = { job: job(s).context.job, by: 'ann' };
    s.append('reinstall.committed', 'host/h4', commit(s));
    s.refuse('reinstall.vetoed', 'host/h4', veto, /is committed/);
  });
});

describe('a try', () => {
  test('that does not boot in time is followed by the next, as often as the cluster file says', () => {
    const s = lost(four({ tries: 2 }));
    arm(s);
    s.append('netboot.succeeded', 'host/h4', { ...of(s), intent: id(s, 'netboot'), method: 'bmc', detail: '' });
    s.fire('host/h4/network-boot');
    expect(job(s)).toMatchObject({ state: 'armed', context: { attempt: 2 } });
    s.append('netboot.succeeded', 'host/h4', { ...of(s), intent: id(s, 'netboot'), method: 'bmc', detail: '' });
    s.fire('host/h4/network-boot');
    expect(job(s).state).toBe('failed');
    // Ready once more: its power is cut and its outcome written.
    expect(held(s)).toBeUndefined();
    s.append('reinstall.failed', 'host/h4', { intent: id(s), reason: 'r' });
    expect(s.host('h4').state).toBe('quarantined');
    expect(s.fleet.intents).toEqual({});
  });

  test('whose installed system never calls home is followed by the next', () => {
    const s = lost(four());
    arm(s);
    boot(s);
    hello(s);
    s.append('reinstall.committed', 'host/h4', commit(s));
    s.append('reinstall.sealed', 'host/h4', { ...of(s), manifest: DIGEST, bytes: 1, tookMs: 1 });
    s.append('reinstall.left', 'host/h4', { ...of(s), how: 'kexec', report: {} });
    s.refuse('host.enrolled', 'host/h4', { ...of(s), keys }, /from an image/);
    s.fire('host/h4/first-boot');
    expect(job(s)).toMatchObject({ state: 'armed', context: { attempt: 2, token: null, key: null, disk: null } });
  });

  test.each([
    ['half as long again as the host took before', false, 30_000],
    ['the full time, when it had its boot script before its power was seen to', true, 360_000],
  ])('has to boot %s', (_, asked, withinMs) => {
    const s = lost(four());
    arm(s);
    boot(s, 20_000);
    s.append('reinstall.aborted', 'host/h4', { ...of(s), phase: 'p', reason: 'r' });
    s.append('reinstall.vetoed', 'host/h4', { job: job(s).context.job, by: 'ann' });
    s.append('reinstall.failed', 'host/h4', { intent: id(s), reason: 'r' });
    s.join('h4', 5);
    s.suspect('h4');
    s.prove('h4');
    arm(s);
    if (asked) s.append('reinstall.ticketed', 'host/h4', { ...of(s), mac: MAC, token: DIGEST });
    s.append('netboot.succeeded', 'host/h4', { ...of(s), intent: id(s, 'netboot'), method: 'bmc', detail: '' });
    expect(s.fleet.timers['host/h4/network-boot']!.dueMs - s.fleet.nowMs).toBe(withinMs);
  });

  test('ends where no disk may be written: another would find the same', () => {
    const s = lost(four());
    arm(s);
    boot(s);
    hello(s, null);
    expect(job(s).state).toBe('failed');
  });
});

describe('what was installed', () => {
  test('is tested before it gets guests; a reboot afterwards is an ordinary one', () => {
    const s = lost(four());
    install(s);
    s.join('h4', 101);
    expect([job(s).state, s.host('h4').state]).toEqual(['accepted', 'qualifying']);
    s.append('reinstall.succeeded', 'host/h4', { intent: id(s), detail: '' });
    s.append('qualify.succeeded', 'host/h4', { intent: id(s, 'qualify'), detail: '' });
    expect(s.host('h4').state).toBe('running');
    s.suspect('h4');
    s.join('h4', 102);
    expect(s.host('h4').state).toBe('running');
  });

  test('and is tested after a reboot in the middle of its test, or when it was silent for a while', () => {
    const s = lost(four());
    install(s);
    s.join('h4', 101);
    s.suspect('h4');
    s.append('host.cleared', 'host/h4', { counter: 101, why: 'heard' });
    expect(s.host('h4').state).toBe('qualifying');
    s.join('h4', 102);
    expect(s.host('h4').state).toBe('qualifying');
    expect(s.intent('qualify', 'host/h4')).toEqual({ type: 'qualify', host: 'h4', counter: 102 });
  });

  test('does not register without having been enrolled: then its old system came back, and it is taken as it is', () => {
    const s = lost(four());
    arm(s);
    boot(s);
    hello(s);
    s.append('reinstall.committed', 'host/h4', commit(s));
    s.join('h4', 2);
    expect([job(s).state, s.host('h4').state]).toEqual(['failed', 'running']);
    expect(s.intent('reinstall', 'host/h4')).toBeUndefined();
  });

  test('fails its test twice, is stopped and started once more, then installed again, then given up', () => {
    const s = lost(four({ tries: 2 }));
    const failTwice = () => {
      for (const last of [false, true]) {
        s.append('qualify.failed', 'host/h4', { intent: id(s, 'qualify'), reason: 'no kvm' });
        if (!last) s.fire('host/h4/qualify');
      }
      expect(s.host('h4').state).toBe('fencing');
      s.prove('h4');
    };
    for (const [round, next] of ['reinstalling', 'quarantined'].entries()) {
      install(s);
      s.join('h4', 100 * (round + 1));
      s.append('reinstall.succeeded', 'host/h4', { intent: id(s), detail: '' });
      failTwice();
      expect(s.host('h4').state).toBe('restarting');
      s.outcome('succeeded', 'power-on', 'host/h4');
      s.join('h4', 100 * (round + 1) + 1);
      failTwice();
      expect(s.host('h4').state).toBe(next);
    }
  });
});

describe('a person', () => {
  test('orders what they saw: the plan has another digest once anything in it is another', () => {
    const s = four();
    const before = planDigest(reinstallPlan(s.fleet, 'h4', 'install'));
    publish(s);
    const shown = reinstallPlan(s.fleet, 'h4', 'install');
    expect(shown.join('\n')).toMatch(/serial s4[\s\S]*host version 1/);
    expect(planDigest(shown)).not.toBe(before);
    expect(planDigest(reinstallPlan(s.fleet, 'h4', 'dry-run'))).not.toBe(planDigest(shown));
  });

  test('may have a host installed that never joined, or that is in maintenance and empty, and no other', () => {
    const s = four();
    publish(s);
    const request = { mode: 'install', by: 'ann', reason: 'r', plan: DIGEST } as const;
    s.refuse('reinstall.requested', 'host/h4', request, /put it into maintenance/);
    s.append('maintenance.started', 'host/h4', { by: 'ann' });
    s.append('reinstall.requested', 'host/h4', request);
    s.fire('host/h4/announce');
    expect([s.host('h4').state, job(s).state]).toEqual(['fencing', 'waiting']);
    s.prove('h4');
    expect(s.host('h4').state).toBe('reinstalling');
    expect(held(s)).toBeUndefined();
  });

  test('who takes the host back before the time for a veto is over, takes the order back', () => {
    const s = four();
    publish(s);
    s.append('maintenance.started', 'host/h4', { by: 'ann' });
    s.append('reinstall.requested', 'host/h4', { mode: 'install', by: 'ann', reason: 'r', plan: DIGEST });
    s.append('maintenance.ended', 'host/h4', { by: 'ann' });
    s.fire('host/h4/announce');
    expect([s.host('h4').state, job(s).state]).toEqual(['running', 'failed']);
  });
});

describe('a start from the disk that has failed', () => {
  const waited = (more: object = { bootOrder: 'disk-first' }, ladder: object = {}) => {
    const s = four(
      {},
      {
        hosts: spec({ h1: {}, h2: {}, h3: {}, h4: { machine: { ...machine, ...more } } }).hosts,
        hostLadder: { powerCycle: { tries: 1, backoffMs: 0 }, reinstall: 'allowed', ...ladder },
      },
    );
    publish(s);
    s.suspect('h4');
    s.prove('h4');
    s.outcome('succeeded', 'power-on', 'host/h4');
    return s;
  };
  const seen = (s: Story, mac = MAC) => ({ mac, by: 'h1', armedSeq: s.fleet.timers['host/h4/rejoin']!.armedSeq });

  test('ends the wait, and nothing else: the same rung as when the time is up', () => {
    const s = waited();
    s.append('boot.fallen-through', 'host/h4', seen(s));
    expect(s.host('h4')).toMatchObject({
      state: 'reinstalling',
      context: { tries: { reinstall: [expect.anything()] } },
    });
    expect(s.fleet.timers['host/h4/rejoin']).toBeUndefined();
    const never = waited(undefined, { reinstall: 'never' });
    never.append('boot.fallen-through', 'host/h4', seen(never));
    expect(never.host('h4').state).toBe('quarantined');
  });

  test('has no force for a host that may try the network first, for another card, for an earlier start', () => {
    const unsaid = waited({});
    unsaid.refuse('boot.fallen-through', 'host/h4', seen(unsaid), /nobody says that h4 boots from its disk first/);
    const s = waited();
    s.refuse('boot.fallen-through', 'host/h4', seen(s, '52:54:00:00:00:05'), /no network card of h4/);
    s.refuse('boot.fallen-through', 'host/h4', { ...seen(s), armedSeq: 1 }, /is over/);
    s.join('h4', 2);
    s.refuse('boot.fallen-through', 'host/h4', { mac: MAC, by: 'h1', armedSeq: 1 }, /is over/);
  });

  test('has no force after the host was told to boot from the network and did not come: it may do so only now', () => {
    const s = lost(
      four(
        {},
        { hosts: spec({ h1: {}, h2: {}, h3: {}, h4: { machine: { ...machine, bootOrder: 'disk-first' } } }).hosts },
      ),
    );
    arm(s);
    s.append('netboot.succeeded', 'host/h4', { ...of(s), intent: id(s, 'netboot'), method: 'bmc', detail: '' });
    // It has started from its disk after all, and is lost again.
    s.join('h4', 5);
    s.append('cluster.configured', 'cluster', {
      digest: 'd2',
      spec: {
        ...s.fleet.spec!,
        hostLadder: { ...s.fleet.spec!.hostLadder, powerCycle: { tries: 1, withinMs: 1, backoffMs: 0 } },
      },
    });
    s.suspect('h4');
    s.prove('h4');
    s.outcome('succeeded', 'power-on', 'host/h4');
    expect(s.host('h4').state).toBe('rejoining');
    s.refuse('boot.fallen-through', 'host/h4', seen(s), /may have been told to boot from the network/);
  });
});
