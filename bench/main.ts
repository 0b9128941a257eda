/**
 * `npm run bench [-- NAME…] [--json]`: what the parts cost on this machine. Each file beside this one is one
 * measurement; what exactly was measured stands below each figure. Takes under two minutes; the long ones, which run only
 * when named, some more.
 */
import { parseArgs } from 'node:util';
import { append } from './append.ts';
import { daemons } from './daemons.ts';
import type { Measurement } from './figures.ts';
import { folding } from './fold.ts';
import { imageServing } from './image-serving.ts';
import { placement } from './placement.ts';
import { machine, type Report, type Result, table } from './render.ts';
import { simulatedLosses } from './simulated-losses.ts';
import { simulatedSize } from './simulated-size.ts';
import { simulatedTime } from './simulated-time.ts';
import { simulatedWeather } from './simulated-weather.ts';

const USUAL: readonly Measurement[] = [folding, placement, simulatedTime, append, daemons, imageServing];
/** Minutes each: run only when named. */
const LONG: readonly Measurement[] = [simulatedLosses, simulatedWeather, simulatedSize];
const MEASUREMENTS = [...USUAL, ...LONG];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const unknown = positionals.filter((name) => !MEASUREMENTS.some((one) => one.name === name));
if (unknown.length > 0) {
  console.error(`no measurement ${unknown.join(', ')}; there are ${MEASUREMENTS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const results: Result[] = [];
const on = machine();
const wanted = positionals.length > 0 ? MEASUREMENTS.filter(({ name }) => positionals.includes(name)) : USUAL;
for (const { name, run } of wanted) {
  if (!values.json) console.error(`measuring ${name} …`);
  const began = performance.now();
  const figures = await run();
  results.push({ measurement: name, tookMs: Math.round(performance.now() - began), figures });
}
const report: Report = { machine: on, results };
console.log(values.json ? JSON.stringify(report) : table(report));
process.exit(0);
