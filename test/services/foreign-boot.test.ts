/** Goal: what a node sees of foreign network boots is in the log, once for each change, also over lost answers and lives. */
import { expect, test } from 'vitest';
import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { noteForeignBoot } from '../../services/agent/foreign-boot.ts';
import { createReports } from '../../services/controller/reports.ts';
import type { Report } from '../../services/protocol.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { running, spec } from '../machines/given.ts';

test('a foreign network boot is told while it is seen, and written once for each change and life', async () => {
  const log = running(spec(3, {}));
  const written: string[] = [];
  const pen = {
    async write(decide: (fleet: Fleet) => readonly Draft[]) {
      for (const draft of decide(log.fleet)) {
        written.push(`${draft.type} ${JSON.stringify(draft.data)}`);
        log.write(draft);
      }
      return log.fleet.seq;
    },
  };
  const take = createReports(pen, () => log.fleet, { ask: async () => null });
  const scheduler = createScheduler();
  let seen: string | null | undefined;
  let sent = 0;
  let leader = true;
  const lost: (() => void)[] = [];
  const report = (type: 'host.degraded', subject: string, data: unknown, answered = () => {}) => {
    const message = { kind: 'report', id: `h1/${++sent}`, host: 'h1', type, subject, data } as Report;
    if (leader) void take(message).then(answered);
    else lost.push(() => void take(message).then(answered));
  };
  const end = noteForeignBoot('host/h1', () => seen, scheduler.clock(), { report: report as never });
  const minute = () => scheduler.runUntil(scheduler.now() + 60_000);

  await minute();
  expect(sent).toBe(0);
  seen = null;
  await minute();
  seen = '10.0.0.66 answers network boots too';
  await minute();
  // A new life begins without the troubles of the one before; this one has not gone.
  log.join('h1', 2);
  await minute();
  expect(log.host('h1').context.degraded).toEqual({ netboot: seen });
  // Without a leader one report waits, not one for each look.
  leader = false;
  seen = null;
  await minute();
  await minute();
  expect(lost).toHaveLength(1);
  leader = true;
  lost[0]!();
  await minute();
  end();
  const told = 'host.degraded {"what":"netboot","reason":"10.0.0.66 answers network boots too"}';
  expect(written).toEqual([told, told, 'host.restored {"what":"netboot"}']);
});
