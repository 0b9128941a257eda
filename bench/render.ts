/** The figures as a table for people, and as one object for programs. */
import { cpus, loadavg, release, totalmem } from 'node:os';
import { type Figure, isMet } from './figures.ts';

export interface Result {
  readonly measurement: string;
  readonly tookMs: number;
  readonly figures: readonly Figure[];
}

export interface Report {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryMiB: number;
    readonly kernel: string;
    readonly node: string;
    /** Load average of the last minute, before the first measurement: how quiet the machine was. */
    readonly loadBefore: number;
  };
  readonly results: readonly Result[];
}

export function machine(): Report['machine'] {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
    loadBefore: Math.round(loadavg()[0]! * 10) / 10,
  };
}

export function table({ machine: on, results }: Report): string {
  const lines = [
    `${on.cores} × ${on.cpu}, ${on.memoryMiB} MiB, Linux ${on.kernel}, Node ${on.node}, load before ${on.loadBefore}`,
  ];
  if (on.loadBefore > on.cores / 2) lines.push('The machine was busy: these times are longer than they need be.');
  const all = results.flatMap(({ figures }) => figures);
  const wide = Math.max(...all.map(({ name }) => name.length));
  for (const { measurement, tookMs, figures } of results) {
    lines.push('', `${measurement} (${(tookMs / 1_000).toFixed(1)} s)`);
    for (const figure of figures) {
      lines.push(`  ${figure.name.padEnd(wide)}  ${amount(figure).padStart(18)}  ${verdict(figure)}`.trimEnd());
      lines.push(`    ${figure.about}`);
    }
  }
  return lines.join('\n');
}

const amount = ({ value, unit }: Figure) => `${number(value)} ${unit}`;

function number(value: number): string {
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function verdict(figure: Figure): string {
  const { target } = figure;
  if (target === null) return '';
  const bound = 'atMost' in target ? `≤ ${number(target.atMost)}` : `≥ ${number(target.atLeast)}`;
  return `${isMet(figure) ? 'met ' : 'missed'} ${bound}`;
}
