import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Hypervisor, HypervisorEvent } from '../../services/ports.ts';
import type { Passing } from './time.ts';

interface End {
  readonly hypervisor: Omit<Hypervisor, 'events'>;
  readonly events: readonly HypervisorEvent[];
}

/** Two hosts. The second expects g1 and no other guest. */
export interface MigrationHarness extends Passing {
  readonly source: End;
  readonly target: End;
  readonly targetAddress: string;
  /** The guest runs on the source under token 1.1; `endless`: a migration of it lasts until somebody ends it. */
  start(guest: string, endless?: boolean): Promise<void>;
  underWay(guest: string): Promise<void>;
  /** The cable between the two. */
  cut(on: boolean): Promise<void>;
  freezeTarget(on: boolean): Promise<void>;
  end(): Promise<void>;
}

export function migrationContract(name: string, makeHarness: () => Promise<MigrationHarness>): void {
  describe(`Hypervisor, migration, ${name}`, () => {
    let it: MigrationHarness;
    let a: End['hypervisor'];
    let b: End['hypervisor'];
    let since: { a: number; b: number };
    beforeAll(async () => {
      it = await makeHarness();
      a = it.source.hypervisor;
      b = it.target.hypervisor;
    }, 60_000);
    afterAll(() => it?.end());
    beforeEach(() => {
      since = { a: it.source.events.length, b: it.target.events.length };
    });
    const settle = <T>(promise: Promise<T>) => it.settle(promise, 40_000);
    const migrate = (guest: string, timeoutMs = 20_000) => a.migrate(guest, it.targetAddress, timeoutMs);
    const ends = async (guest: string) => [await settle(a.state(guest)), await settle(b.state(guest))];

    test('a guest moves alive, with its token, and both ends say so', async () => {
      await settle(it.start('g1'));
      expect(await settle(migrate('g1'))).toMatchObject({ kind: 'succeeded' });
      expect(await ends('g1')).toEqual(['gone', 'running']);
      expect(await settle(a.processes())).toEqual([]);
      expect(await settle(b.list())).toEqual([{ guest: 'g1', token: '1.1', state: 'running' }]);
      const here = () => it.source.events.slice(since.a);
      await it.until('the source tells', () =>
        here().some((event) => event.kind === 'stopped' && event.cause === 'migrated'),
      );
      await it.until('the target tells', () =>
        it.target.events.slice(since.b).some(({ kind }) => kind === 'migrated-in'),
      );
      expect(here().map(({ kind }) => kind)).not.toContain('paused');
      await settle(b.destroy('g1'));
    });

    test('a target that does not expect the guest refuses it, and it stays', async () => {
      await settle(it.start('g2'));
      expect(await settle(migrate('g2'))).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('g2 has no grant'),
      });
      expect(await ends('g2')).toEqual(['running', 'gone']);
      await settle(a.destroy('g2'));
    });

    test('an aborted migration leaves the guest where it was', async () => {
      await settle(it.start('g1', true));
      const moving = migrate('g1');
      await settle(it.underWay('g1'));
      expect(await settle(a.abortMigration('g1'))).toMatchObject({ kind: 'succeeded' });
      const { value, ms } = await it.timed(moving);
      expect(value).toMatchObject({ kind: 'failed' });
      expect(ms).toBeLessThan(10_000);
      expect(await ends('g1')).toEqual(['running', 'gone']);
      await settle(a.destroy('g1'));
    });

    test('a migration that takes too long is called off, and the guest stays', async () => {
      await settle(it.start('g1', true));
      expect(await settle(migrate('g1', 1_000))).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('1000 ms'),
      });
      expect(await ends('g1')).toEqual(['running', 'gone']);
      await settle(a.destroy('g1'));
    });

    test('the target cut in the middle: the guest runs on here, and only what was seen of the target is claimed', async () => {
      await settle(it.start('g1', true));
      const moving = migrate('g1', 30_000);
      await settle(it.underWay('g1'));
      await settle(it.cut(true));
      // The target cannot be asked, so it is not said that nothing of the guest is there.
      expect(await settle(moving)).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('here running') });
      expect(await settle(a.state('g1'))).toBe('running');
      await settle(it.cut(false));
      await it.until('nothing of it is there', async () => (await settle(b.state('g1'))) === 'gone');
      expect(await settle(a.abortMigration('g1'))).toMatchObject({ kind: 'succeeded' });
      await settle(a.destroy('g1'));
    }, 60_000);

    test('a frozen target ends in an answer, and the answer is unknown', async () => {
      await settle(it.start('g1'));
      await settle(it.freezeTarget(true));
      expect(await settle(migrate('g1', 2_000))).toMatchObject({ kind: 'unknown' });
      expect(await settle(a.state('g1'))).toBe('running');
      await settle(it.freezeTarget(false));
      // Why it had to be unknown: once thawed, libvirt may finish what nobody waits for any more. One end has it, never both.
      await it.until('one end has it', async () => (await ends('g1')).sort().join() === 'gone,running');
    }, 60_000);
  });
}
