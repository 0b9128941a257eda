import type { Draft } from '../../machines/entries.ts';
import type { Fleet } from '../../machines/fleet.ts';
import { owesItsVoice } from './liveness.ts';
import type { Pen } from './pen.ts';

/** Why a host's power could not be cut or read now, as this node sees it; null: it could; undefined: not looked at yet. */
export type PowerTrouble = (host: string) => string | null | undefined;

/** A new leader's words differ in the time since when it knows; that alone is no change. */
const withoutTime = (reason: string) => reason.replace(/, since \S+$/, '');

/** That a host cannot be fenced is best known before it must be. Once for each change, of hosts in service. */
export function notePowerTrouble(fleet: () => Fleet, pen: Pen, trouble: PowerTrouble): () => Promise<unknown> {
  const due = ({ hosts }: Fleet): Draft[] =>
    Object.entries(hosts).flatMap(([host, entity]): Draft[] => {
      const now = trouble(host);
      if (now === undefined || !owesItsVoice(entity)) return [];
      const told = entity.context.degraded.power ?? null;
      if (told === now || (told !== null && now !== null && withoutTime(told) === withoutTime(now))) return [];
      const about = { subject: `host/${host}`, cause: 'observation' } as const;
      return now === null
        ? [{ ...about, type: 'host.restored', data: { what: 'power' } }]
        : [{ ...about, type: 'host.degraded', data: { what: 'power', reason: now } }];
    });
  return async () => {
    if (due(fleet()).length > 0) await pen.write(due);
  };
}
