/** What a ticket must say so that a machine can join (docs/decisions/0020). Its secret is its holder's; nothing of it is here. */
import type { Fleet } from '../machines/fleet.ts';
import { imageSources } from '../machines/sources.ts';
import { get } from '../machines/table.ts';
import { fail } from './errors.ts';

export interface Offer {
  readonly cluster: string;
  readonly host: string;
  /** Of the ticket given out last: to be asked with. Null: none is good now, or this node has not read of it yet. */
  readonly given: { readonly job: string; readonly attempt: number; readonly key: string } | null;
  /** `http://ADDRESS:PORT` of the nodes that listen for it. */
  readonly urls: readonly string[];
}

/** Throws UNKNOWN_SUBJECT. */
export function offerOf({ spec, jobs, hosts }: Fleet, host: string): Offer {
  if (!get(hosts, host)) fail('UNKNOWN_SUBJECT', { subject: `host/${host}`, known: Object.keys(hosts).join(', ') });
  const job = get(jobs, host);
  const { job: id, attempt, key } = job?.context ?? { job: '', attempt: 0, key: null };
  return {
    cluster: spec?.cluster ?? '',
    host,
    given: job?.state === 'offered' && key !== null ? { job: id, attempt, key } : null,
    urls: spec ? imageSources(spec, host) : [],
  };
}
