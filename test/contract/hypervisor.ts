import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Hypervisor, HypervisorEvent } from '../../services/ports.ts';
import type { Passing } from './time.ts';

/** What a guest does once it runs. `broken`: it cannot be started. `imageless`: its disk is not there. */
export type Program = 'deaf' | 'polite' | 'leaves' | 'panics' | 'broken' | 'imageless';

export interface HypervisorHarness extends Passing {
  readonly hypervisor: Omit<Hypervisor, 'events'>;
  /** All that was told since the beginning. */
  readonly events: readonly HypervisorEvent[];
  definition(guest: string, program: Program): string;
  /** Part of the reason why one that cannot be started is not. */
  readonly because: Readonly<Record<'broken' | 'imageless', string>>;
  /** Its QEMU is killed. */
  kill(guest: string): Promise<void>;
  /** `killed`, `hung`: libvirtd itself. */
  libvirt(is: 'well' | 'killed' | 'hung'): Promise<void>;
  /** What the hook knows: whether the guest has a grant here. */
  grant(guest: string, granted: boolean): void;
  end(): Promise<void>;
}

export function hypervisorContract(name: string, makeHarness: () => Promise<HypervisorHarness>): void {
  describe(`Hypervisor, ${name}`, () => {
    let it: HypervisorHarness;
    let lv: HypervisorHarness['hypervisor'];
    /** A guest of its own for each test; `since` is where its events begin. */
    let guest: string;
    let since: number;
    let count = 0;
    beforeAll(async () => {
      it = await makeHarness();
      lv = it.hypervisor;
      await connected(0);
    }, 60_000);
    afterAll(() => it?.end());
    beforeEach(() => {
      guest = `g${++count}`;
      since = it.events.length;
      it.grant(guest, true);
    });

    const settle = <T>(promise: Promise<T>) => it.settle(promise);
    const startAs = (token: string, program: Program = 'deaf') =>
      settle(lv.start(guest, it.definition(guest, program), token));
    const start = async (program: Program = 'deaf') =>
      expect(await startAs('1.1', program)).toEqual({ kind: 'succeeded', detail: 'running' });
    /** What was told of the guest, in order: `started`, `stopped destroyed`. */
    const told = () =>
      it.events
        .slice(since)
        .flatMap((event) => ('guest' in event && event.guest === guest ? [event] : []))
        .map((event) => (event.kind === 'stopped' ? `stopped ${event.cause}` : event.kind));
    const expectTold = async (...all: string[]) => {
      await it.until(`${guest}: ${all.join(', ')}; told: ${told().join(', ')}`, () => told().length >= all.length);
      expect(told()).toEqual(all);
    };
    const connected = (from: number) =>
      it.until('connected', () => it.events.slice(from).some(({ kind }) => kind === 'connected'));
    const BOOTED = ['resumed', 'started'];

    test('a started guest runs under its token, a destroyed one is gone from libvirt and from the kernel; again is as good', async () => {
      expect(await startAs('3.14')).toEqual({ kind: 'succeeded', detail: 'running' });
      expect(await settle(lv.list())).toContainEqual({ guest, token: '3.14', state: 'running' });
      expect([await settle(lv.state(guest)), (await settle(lv.processes())).includes(guest)]).toEqual([
        'running',
        true,
      ]);
      expect(await settle(lv.destroy(guest))).toEqual({ kind: 'succeeded', detail: 'gone' });
      expect([await settle(lv.state(guest)), (await settle(lv.processes())).includes(guest)]).toEqual(['gone', false]);
      expect(await settle(lv.destroy(guest))).toEqual({ kind: 'succeeded', detail: 'gone' });
      await expectTold(...BOOTED, 'stopped destroyed');
    });

    test('a start repeated under its own token succeeds without a second instance; another token, or a paused one, fails', async () => {
      await start();
      expect(await startAs('1.1')).toMatchObject({ kind: 'succeeded', detail: expect.stringContaining('already') });
      expect(await startAs('1.2')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('grant 1.1') });
      await settle(lv.pause(guest));
      expect(await startAs('1.1')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('here already') });
      expect(await settle(lv.list())).toContainEqual({ guest, token: '1.1', state: 'paused' });
      await settle(lv.destroy(guest));
      await expectTold(...BOOTED, 'paused', 'stopped destroyed');
    });

    test('a start that cannot be fails with a reason, nothing runs and nothing is told', async () => {
      expect(await startAs('1.1', 'broken')).toEqual({
        kind: 'failed',
        reason: expect.stringContaining(it.because.broken),
      });
      expect(await settle(lv.state(guest))).toBe('gone');
      await it.advance(100);
      expect(told()).toEqual([]);
    });

    test('a start without the image on this host is told from any other', async () => {
      expect(await startAs('1.1', 'imageless')).toEqual({
        kind: 'failed',
        reason: expect.stringContaining(it.because.imageless),
        lacks: 'storage',
      });
      expect(await settle(lv.state(guest))).toBe('gone');
    });

    test('defining starts nothing', async () => {
      expect(await settle(lv.define(guest, it.definition(guest, 'deaf')))).toMatchObject({ kind: 'succeeded' });
      expect(await settle(lv.state(guest))).toBe('gone');
    });

    test('pause and resume are observed, and told where something changed; what is gone can be neither', async () => {
      await start();
      for (const _ of [1, 2]) expect(await settle(lv.pause(guest))).toEqual({ kind: 'succeeded', detail: 'paused' });
      expect(await settle(lv.state(guest))).toBe('paused');
      for (const _ of [1, 2]) expect(await settle(lv.resume(guest))).toEqual({ kind: 'succeeded', detail: 'running' });
      await settle(lv.pause(guest));
      expect(await settle(lv.destroy(guest))).toMatchObject({ kind: 'succeeded' });
      expect(await settle(lv.pause(guest))).toMatchObject({ kind: 'failed' });
      expect(await settle(lv.resume(guest))).toMatchObject({ kind: 'failed' });
      await expectTold(...BOOTED, 'paused', 'resumed', 'paused', 'stopped destroyed');
    });

    test.each([
      ['killed QEMU', 'deaf', ['stopped died']],
      ['guest that powers off', 'leaves', ['stopped shut-down']],
      ['guest that panics', 'panics', ['panicked', 'stopped panicked']],
    ] as const)('a %s is told as what it is', async (_, program, all) => {
      await start(program);
      if (program === 'deaf') await it.settle(it.kill(guest));
      await it.until('it has stopped', () => told().at(-1)?.startsWith('stopped') ?? false);
      // QEMU stands still at a panic before it says why: that much is told now and then too.
      const heard = told().filter((kind) => program !== 'panics' || kind !== 'paused');
      expect(heard).toEqual([...BOOTED, ...all]);
      expect(await settle(lv.state(guest))).toBe('gone');
    });

    test('a guest that listens shuts down when asked', async () => {
      await start('polite');
      // The firmware hands over first: asked again until the guest hears it.
      const ask = async () => (await settle(lv.shutdown(guest, 1_000))).kind === 'succeeded';
      await it.until('it has shut down', ask);
      await expectTold(...BOOTED, 'stopped shut-down');
    });

    test('one that does not listen, or is paused, is left as it is, and that is said; gone is as good as shut down', async () => {
      await start();
      const { value, ms } = await it.timed(lv.shutdown(guest, 400));
      expect(value).toMatchObject({ kind: 'failed', reason: expect.stringContaining('still running') });
      expect(ms).toBeGreaterThanOrEqual(399);
      await settle(lv.pause(guest));
      expect(await settle(lv.shutdown(guest, 400))).toMatchObject({ kind: 'failed' });
      expect(await settle(lv.state(guest))).toBe('paused');
      await settle(lv.destroy(guest));
      expect(await settle(lv.shutdown(guest, 400))).toMatchObject({ kind: 'succeeded' });
    });

    test('what is not there answers no ping and hangs nobody; there is no migration of it to begin or to end', async () => {
      expect(await settle(lv.pingAgent(guest, 300))).toBe(false);
      expect(await settle(lv.responsive(guest))).toBe(true);
      expect(await settle(lv.migrate(guest, '192.0.2.1', 1_000))).toMatchObject({ kind: 'failed' });
      expect(await settle(lv.abortMigration(guest))).toMatchObject({ kind: 'failed' });
      await start();
      expect(await settle(lv.responsive(guest))).toBe(true);
      expect(await settle(lv.pingAgent(guest, 300))).toBe(false);
      expect(await settle(lv.abortMigration(guest))).toMatchObject({ kind: 'succeeded' });
      await settle(lv.destroy(guest));
    });

    test('without a grant the hook lets no start through; taken back once QEMU is there, it stops it no more', async () => {
      it.grant(guest, false);
      expect(await startAs('1.1')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('no grant') });
      expect(await settle(lv.state(guest))).toBe('gone');
      it.grant(guest, true);
      await start();
      it.grant(guest, false);
      await settle(lv.pause(guest));
      // libvirt asks no hook before a resume.
      expect(await settle(lv.resume(guest))).toMatchObject({ kind: 'succeeded' });
      await settle(lv.destroy(guest));
    });

    test('libvirtd killed: guests run on, what it cannot say is unknown, and when it is back they are there', async () => {
      expect(await startAs('2.7')).toMatchObject({ kind: 'succeeded' });
      await expectTold(...BOOTED);
      await it.settle(it.libvirt('killed'));
      await it.until('disconnected', () => it.events.at(-1)?.kind === 'disconnected');
      await expect(settle(lv.list())).rejects.toThrow(/libvirt/);
      expect(await settle(lv.state(guest))).toBe('unknown');
      expect(await settle(lv.processes())).toContain(guest);
      expect(await startAs('2.8')).toMatchObject({ kind: 'unknown' });
      for (const act of [lv.pause, lv.resume, lv.abortMigration])
        expect(await settle(act(guest))).toMatchObject({ kind: 'unknown' });
      expect(await settle(lv.shutdown(guest, 400))).toMatchObject({ kind: 'unknown' });
      const broken = it.events.length;
      await it.settle(it.libvirt('well'));
      await connected(broken);
      expect(await settle(lv.list())).toContainEqual({ guest, token: '2.7', state: 'running' });
      expect(told()).toEqual(BOOTED);
      await it.settle(it.kill(guest));
      await expectTold(...BOOTED, 'stopped died');
    });

    test('what happens while libvirtd is away is not told afterwards: who is connected again lists anew', async () => {
      await start();
      await expectTold(...BOOTED);
      await it.settle(it.libvirt('killed'));
      await it.until('disconnected', () => it.events.at(-1)?.kind === 'disconnected');
      const broken = it.events.length;
      await it.settle(it.kill(guest));
      await it.settle(it.libvirt('well'));
      await connected(broken);
      await it.until('it is seen to be gone', async () => (await settle(lv.state(guest))) === 'gone');
      expect(told()).toEqual(BOOTED);
    });

    test('without libvirtd, destroy kills QEMU after two seconds and still does not claim that it is gone', async () => {
      await start();
      await it.settle(it.libvirt('killed'));
      const { value, ms } = await it.timed(lv.destroy(guest));
      expect(value).toMatchObject({ kind: 'unknown' });
      expect(ms).toBeGreaterThan(7_900);
      expect(await settle(lv.processes())).not.toContain(guest);
      const broken = it.events.length;
      await it.settle(it.libvirt('well'));
      await connected(broken);
      expect(await settle(lv.destroy(guest))).toMatchObject({ kind: 'succeeded' });
    }, 40_000);

    test('a libvirtd that hangs for a moment loses no event; one that hangs for long is given up', async () => {
      await start();
      await expectTold(...BOOTED);
      await it.settle(it.libvirt('hung'));
      await it.settle(it.kill(guest));
      await it.advance(1_000);
      expect(told()).toEqual(BOOTED);
      await it.settle(it.libvirt('well'));
      await expectTold(...BOOTED, 'stopped died');
      expect(it.events.slice(since).map(({ kind }) => kind)).not.toContain('disconnected');

      await it.settle(it.libvirt('hung'));
      await expect(settle(lv.list())).rejects.toThrow(/libvirt/);
      expect(await settle(lv.state(guest))).toBe('unknown');
      await it.until('given up', () => it.events.at(-1)?.kind === 'disconnected');
      const broken = it.events.length;
      await it.settle(it.libvirt('well'));
      await connected(broken);
    }, 60_000);

    test('a libvirtd that hangs is no proof of anything: destroy kills QEMU and claims nothing', async () => {
      await start();
      await it.settle(it.libvirt('hung'));
      expect(await settle(lv.destroy(guest))).toMatchObject({ kind: 'unknown' });
      expect(await settle(lv.processes())).not.toContain(guest);
      await it.settle(it.libvirt('well'));
      await it.until('it answers', () =>
        settle(
          lv.list().then(
            () => true,
            () => false,
          ),
        ),
      );
      expect(await settle(lv.destroy(guest))).toMatchObject({ kind: 'succeeded' });
    }, 60_000);

    test('repair brings libvirtd back, and guests run on', async () => {
      await it.until('it answers', () =>
        settle(
          lv.list().then(
            () => true,
            () => false,
          ),
        ),
      );
      await start();
      await it.settle(it.libvirt('hung'));
      expect(await settle(lv.repair())).toMatchObject({ kind: 'succeeded' });
      expect(await settle(lv.list())).toContainEqual({ guest, token: '1.1', state: 'running' });
      await settle(lv.destroy(guest));
    }, 60_000);
  });
}
