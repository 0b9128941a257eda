import { describe, expect, it } from 'vitest';
import { grantsAndProofs, sameLog } from '../../lab/drill/checks.ts';
import { median, overall } from '../../lab/drill/measure.ts';
import { reinstallSteps } from '../../lab/drill/reinstall.ts';
import { summaryOf } from '../../lab/drill/tell.ts';
import type { Stored } from '../../machines/entries.ts';

let seq = 0;
const entry = (type: string, subject: string, data: object): Stored => {
  seq += 1;
  const time = new Date(seq * 1_000).toISOString();
  return {
    seq,
    hash: `h${seq}`,
    entry: { id: `1.${seq}`, type, subject, time, epoch: 1, data } as unknown as Stored['entry'],
  };
};
const id = (stored: Stored) => stored.entry.id;
const grant = (host: string, kind: string, proof: string) =>
  entry('guest.granted', 'guest/g1', {
    host,
    counter: 0,
    purpose: 'relocation',
    why: '',
    refused: [],
    release: { kind, entry: proof },
  });
const started = (host: string, token: string) => entry('start.succeeded', 'guest/g1', { host, token });

describe('the check of grants and proofs', () => {
  const first = grant('h1', 'none', '');
  const fenced = entry('fence.proven', 'host/h1', {});

  it('accepts a start under a grant that rests on the fence of the former host', () => {
    const second = grant('h2', 'R2', id(fenced));
    expect(grantsAndProofs([first, started('h1', id(first)), fenced, second, started('h2', id(second))])).toEqual([]);
  });

  it('finds a start that nobody granted', () => {
    expect(grantsAndProofs([first, started('h1', '1.999')])[0]).toContain('which nobody granted');
  });

  it('finds a start on another host than the granted one', () => {
    expect(grantsAndProofs([first, started('h3', id(first))])[0]).toContain('under a grant for guest/g1 on h1');
  });

  it('finds a second grant without a proof', () => {
    expect(grantsAndProofs([first, grant('h2', 'R2', 'nowhere')])[0]).toContain('which is not in the log');
  });

  it('finds a grant that rests on the fence of the wrong host', () => {
    const other = entry('fence.proven', 'host/h3', {});
    expect(grantsAndProofs([first, other, grant('h2', 'R2', id(other))])[0]).toContain('but h1 held it');
  });

  it('finds a proof that is none', () => {
    const suspected = entry('host.suspected', 'host/h1', {});
    expect(grantsAndProofs([first, suspected, grant('h2', 'R2', id(suspected))])[0]).toContain('a proof R2');
  });
});

describe('the comparison of logs', () => {
  it('finds the first entry in which two nodes differ', () => {
    const ours = [entry('brake.released', 'cluster', {}), entry('brake.released', 'cluster', {})];
    const theirs = ours.map((stored, index) => (index === 1 ? { ...stored, hash: 'other' } : stored));
    expect(
      sameLog(
        new Map([
          ['h1', ours],
          ['h2', ours],
        ]),
      ),
    ).toEqual([]);
    expect(
      sameLog(
        new Map([
          ['h1', ours],
          ['h2', theirs],
        ]),
      )[0],
    ).toContain(`different entries at ${ours[1]?.seq}`);
  });
});

const one = { detectedMs: 900, provenMs: 1_100, decidedMs: 1_200, runningMs: 2_000, answeringMs: 5_000 };

describe('phases', () => {
  it('of several guests are the first to be noticed and the last to come through', () => {
    expect(overall([one, { ...one, detectedMs: 800, runningMs: 2_400 }])).toEqual({
      ...one,
      detectedMs: 800,
      runningMs: 2_400,
    });
  });
  it('are not claimed while one guest has not come through', () => {
    expect(overall([one, { ...one, runningMs: null }]).runningMs).toBeNull();
  });
  it('have medians over runs, those without a value left out', () => {
    expect([median([3, 1, null, 2]), median([1, 2]), median([null])]).toEqual([2, 2, null]);
  });
});

describe('the steps of machines', () => {
  const log = [
    entry('reinstall.armed', 'host/b1', {}),
    entry('reinstall.armed', 'host/b2', {}),
    entry('reinstall.aborted', 'host/b1', {}),
    entry('reinstall.armed', 'host/b1', {}),
    entry('host.joined', 'host/b1', {}),
  ];
  const from = Date.parse(log[0]!.entry.time) - 1_000;
  const steps = { b1: reinstallSteps(log, 'b1', from), b2: reinstallSteps(log, 'b2', from) };

  it('are those of the try that succeeded, for each machine its own', () => {
    expect([steps.b1.armed, steps.b1.registered, steps.b2.armed, steps.b2.registered]).toEqual([
      4_000,
      5_000,
      2_000,
      null,
    ]);
  });
  it('have medians over all machines and runs', () => {
    const report = { drill: 'd', ok: true, phases: one, guests: {}, checks: [], timeline: [], steps };
    expect(summaryOf('d', [report, report]).steps).toMatchObject({ armed: 3_000, registered: 5_000 });
  });
});
