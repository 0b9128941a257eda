import { describe, expect, test } from 'vitest';
import type { Story } from '../../sim/years/incidents.ts';
import type { Outcome, StoryOptions } from '../../sim/years/outcome.ts';
import { RATES } from '../../sim/years/rates.ts';
import { tellStory } from '../../sim/years/story.ts';
import { cluster, HOUR, MINUTE, story } from './cluster.ts';

const BOOT_MS = 20_000;
const tell = (told: Story, spec = cluster(), more: Partial<StoryOptions> = {}) =>
  tellStory(spec, told, { rates: RATES, bootMs: BOOT_MS, ...more });
const downMs = (outcome: Outcome, guest: string) =>
  outcome.outages.filter((o) => o.guest === guest).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
const guestsDown = ({ outages }: Outcome) => [...new Set(outages.map(({ guest }) => guest))].sort();

describe('one story', () => {
  test('a killed QEMU costs its guest a restart and a boot, and nobody else anything', async () => {
    const outcome = await tell(story(['qemu-crash', 'g1']));
    expect(guestsDown(outcome)).toEqual(['g1']);
    expect(downMs(outcome, 'g1')).toBeGreaterThan(BOOT_MS);
    expect(downMs(outcome, 'g1')).toBeLessThan(BOOT_MS + 1_000);
    expect(outcome).toMatchObject({ fences: 0, resets: 0, asked: [], unsettled: null });
    expect(outcome.outages[0]!.kind).toBe('qemu-crash');
  });

  test('a dead host costs its guests seconds, though it is away for a day that is not simulated', async () => {
    const outcome = await tell(story(['host-dead', 'h1', 0, 24 * HOUR]));
    expect(guestsDown(outcome)).toEqual(['g1', 'g4']);
    expect(downMs(outcome, 'g1')).toBeLessThan(BOOT_MS + 10_000);
    expect(outcome).toMatchObject({ falseFences: [], needed: [], unsettled: null });
    expect(outcome.fences).toBeGreaterThan(0);
    expect(outcome.lastedMs).toBeGreaterThan(24 * HOUR);
    expect(outcome.simulatedMs).toBeLessThan(HOUR);
  });

  test('where only a spare has room, the guests of a dead host are down for as long as it takes to boot', async () => {
    const full = cluster({ capacity: { memoryMiB: 1_024, vcpus: 16 } });
    const dead = story(['host-dead', 'h1', 0, HOUR]);
    expect(downMs(await tell(dead, full), 'g1')).toBeGreaterThan(HOUR);
    const h4 = { ...full.hosts.h3!, address: 'h4', spare: true };
    const outcome = await tell(dead, { ...full, hosts: { ...full.hosts, h4 } });
    expect(guestsDown(outcome)).toEqual(['g1', 'g4']);
    expect(downMs(outcome, 'g1')).toBeGreaterThan(20_000);
    expect(downMs(outcome, 'g1')).toBeLessThan(3 * MINUTE);
    expect(outcome).toMatchObject({ falseFences: [], asked: [], unsettled: null });
  });

  test('with neither BMC nor watchdog its guests wait for a person', async () => {
    const bare = { power: [], watchdog: { kind: 'none' } };
    const operators = { anna: `U${'A'.repeat(55)}` };
    const outcome = await tell(story(['host-dead', 'h1', 0, 24 * HOUR]), cluster(bare, { operators }));
    expect(outcome.asked).toEqual(['h1 cannot be proven stopped']);
    expect(outcome.needed).toEqual(['g1', 'g4']);
    expect(downMs(outcome, 'g1')).toBeGreaterThan(RATES.personMs[0]);
    expect(downMs(outcome, 'g1')).toBeLessThan(RATES.personMs[1] + 2 * MINUTE);
    expect(outcome.unsettled).toBeNull();
  });

  test('where nobody may sign, they wait for the repair', async () => {
    const outcome = await tell(
      story(['host-dead', 'h1', 0, 5 * HOUR]),
      cluster({ power: [], watchdog: { kind: 'none' } }),
    );
    expect(downMs(outcome, 'g1')).toBeGreaterThan(5 * HOUR);
    expect(downMs(outcome, 'g1')).toBeLessThan(5 * HOUR + 2 * MINUTE);
  });

  test('a planned reboot moves guests away alive and costs nobody anything', async () => {
    const outcome = await tell(story(['planned-reboot', 'h1']));
    expect(outcome).toMatchObject({ outages: [], falseFences: [], asked: [], unsettled: null });
  });

  test('a guest that hangs is down from that moment until it has booted again', async () => {
    const probed = await tell(story(['guest-hang', 'g1', 0, HOUR]));
    expect(downMs(probed, 'g1')).toBeGreaterThan(BOOT_MS + 5_000);
    expect(downMs(probed, 'g1')).toBeLessThan(2 * MINUTE);
    const spec = cluster();
    spec.guests.g1!.probes = [];
    expect(downMs(await tell(story(['guest-hang', 'g1', 0, HOUR]), spec), 'g1')).toBeGreaterThan(HOUR + BOOT_MS);
  });

  test('a host whose link was away for hours serves again once it is back, and is not switched off for its old silence', async () => {
    const outcome = await tell(story(['link-down', 'h1', 0, 3 * HOUR]));
    expect(outcome).toMatchObject({ falseFences: [], asked: [], unsettled: null });
    expect(downMs(outcome, 'g1')).toBeLessThan(BOOT_MS + 10_000);
  });

  test('a control network that is gone for a minute pauses guests, and fences nobody', async () => {
    const outcome = await tell(story(['control-network', 'years', 0, MINUTE]));
    expect(guestsDown(outcome)).toHaveLength(6);
    expect(downMs(outcome, 'g1')).toBeLessThan(MINUTE);
    expect(outcome).toMatchObject({ fences: 0, resets: 0, unsettled: null });
  });

  test('without any power nothing runs, and all runs again when it is back', async () => {
    const outcome = await tell(story(['site-power', 'years', 0, 3 * HOUR]));
    for (const guest of guestsDown(outcome)) expect(downMs(outcome, guest)).toBeLessThan(3 * HOUR + 5 * MINUTE);
    expect(outcome).toMatchObject({ lost: [], unsettled: null });
  });

  test('is told the same way each time, and otherwise with other luck', async () => {
    const told = story(['host-hang', 'h2', 0, HOUR]);
    expect(await tell(told)).toEqual(await tell(told));
    expect(await tell(told, cluster(), { salt: 'again' })).not.toEqual(await tell(told));
  });
});

test('stories apart add up to what they are when simulated through, without a quiet moment left out', {
  timeout: 120_000,
}, async () => {
  const parts = [
    ['guest-panic', 'g1', 0],
    ['kernel-panic', 'h2', 11 * MINUTE],
    ['log-stall', 'years', 22 * MINUTE, 6_000],
  ] as const;
  const through = await tell(story(...parts), cluster(), { skip: false });
  expect(through.simulatedMs).toBeGreaterThan(22 * MINUTE);
  const apart = await Promise.all(
    parts.map(([kind, subject, , lastsMs]) => tell(story([kind, subject, 0, lastsMs ?? 0]))),
  );
  for (const guest of ['g1', 'g2', 'g3', 'g4', 'g5', 'g6']) {
    const sum = apart.reduce((total, one) => total + downMs(one, guest), 0);
    // Within what another draw of the same story differs by.
    expect(Math.abs(downMs(through, guest) - sum), guest).toBeLessThan(1_500);
  }
  expect(through.fences).toBe(apart.reduce((total, { fences }) => total + fences, 0));
});
