import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../sim/explore/main.ts', import.meta.url));

function explore(args: string[], onErr: (text: string, stop: () => void) => void = () => {}) {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => (out += data));
  child.stderr.on('data', (data) => {
    err += data;
    onErr(err, () => child.kill('SIGINT'));
  });
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  );
}

test('seeds on two workers end with a summary', async () => {
  const { code, out, err } = await explore(['--seeds', '6..8', '--workers', '2', '--json']);
  expect(code, err).toBe(0);
  const summary = JSON.parse(out);
  expect(summary).toMatchObject({ seeds: 3, violations: 0, unsettled: 0, failing: [] });
  expect(summary.simulatedHours).toBeCloseTo((3 * 840) / 3_600, 1);
  expect(summary.faults).toBeGreaterThanOrEqual(45);
  expect(summary.timesRealTimePerCore).toBeGreaterThan(1);
}, 180_000);

test('interrupted, it tells what it has seen so far', async () => {
  let stopped = false;
  const { code, out } = await explore(['--minutes', '10', '--workers', '1', '--json'], (_, stop) => {
    if (!stopped) stop();
    stopped = true;
  });
  expect(code).toBe(0);
  expect(JSON.parse(out).seeds).toBeGreaterThanOrEqual(0);
}, 60_000);

test('what cannot be asked for is refused with what can', async () => {
  const { code, err } = await explore(['--config', 'nonsense']);
  expect(code).toBe(2);
  expect(err).toContain('no config "nonsense"');
  expect(err).toContain('three-hosts');
});
