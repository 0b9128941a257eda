import { describe, expect, test } from 'vitest';
import { emptyFleet } from '../../machines/fleet.ts';
import { newHost } from '../../machines/host-parts.ts';
import { forkEntries, isNews } from '../../services/controller/survey.ts';
import type { SurveyAnswer } from '../../services/protocol.ts';

const answer = (seq: number, hash: string): SurveyAnswer => ({
  kind: 'survey',
  host: 'h2',
  epoch: 3,
  incarnation: { bootId: 'b', counter: 1 },
  selfFencing: true,
  watchdog: 'test',
  instances: [],
  journal: { seq, hash },
});
const ours: Record<number, string> = { 1: 'a', 2: 'b' };
const hashAt = (seq: number) => ours[seq];
const types = (drafts: ReturnType<typeof forkEntries>) => drafts.map(({ type }) => type);

describe('the journals of surveyed nodes', () => {
  test('that lag behind or are equal raise nothing', () => {
    for (const same of [answer(0, '0'), answer(1, 'a'), answer(2, 'b')])
      expect(forkEntries(emptyFleet, hashAt, same)).toEqual([]);
  });

  test('that hold another entry at the same place freeze all starts', () => {
    expect(types(forkEntries(emptyFleet, hashAt, answer(2, 'x')))).toEqual(['log.fork-detected', 'cluster.frozen']);
  });

  test('that are longer than the log have seen what it lost: all starts freeze', () => {
    expect(types(forkEntries(emptyFleet, hashAt, answer(5, 'x')))).toEqual(['log.fork-detected', 'cluster.frozen']);
  });

  test('are still told of when the cluster is frozen already', () => {
    const frozen = { ...emptyFleet, frozen: { by: 'anna', reason: 'work', entry: '1.1' } };
    expect(types(forkEntries(frozen, hashAt, answer(2, 'x')))).toEqual(['log.fork-detected']);
  });
});

describe('an answer to the survey is written', () => {
  const known = (counter: number, surveyedEpoch: number, leased = -1) => ({
    ...emptyFleet,
    hosts: {
      h2: {
        state: 'running' as const,
        context: { ...newHost('h2'), incarnation: { bootId: 'b', counter }, surveyedEpoch, leased },
      },
    },
  });

  test('once in an epoch, and once more for a new life', () => {
    expect(isNews(known(1, 2), answer(0, '0'))).toBe(true);
    expect(isNews(known(1, 3), answer(0, '0'))).toBe(false);
    expect(isNews(known(0, 3), answer(0, '0'))).toBe(true);
  });

  test('never for a life that is over: it has no force, and would be written with every question', () => {
    expect(isNews(known(2, 2), answer(0, '0'))).toBe(false);
    expect(isNews(known(0, 2, 2), answer(0, '0'))).toBe(false);
  });
});
