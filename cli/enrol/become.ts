/** From a ticket to a node: keys made here, certified by the leader, laid down with the cluster file. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeOwnKeys, type PublicKeys } from '../../adapters/keys/own-keys.ts';
import { writeDurably } from '../../adapters/keys/write-durably.ts';
import { installRequestSchema, type Ticket } from '../../services/provisioning.ts';
import { askForEnrolment } from './ask.ts';
import { layDown, type Places } from './lay.ts';

/** Above all that the installer has counted its requests with. */
const AFTER_THE_INSTALLER = 1_000_000_000;

/** There while an enrolment is begun and not done, over a loss of power too. */
export const begunIn = (state: string): string => join(state, 'keys', 'enrol.json');

/**
 * May be repeated after any loss of power, with the same ticket. `from`: where that is from, for errors. `done` is called
 * before what is kept for a repetition is removed. Returns the node that answered. Throws what `makeOwnKeys`,
 * `askForEnrolment` and `layDown` throw.
 */
export async function becomeNode(
  ticket: Ticket,
  from: string,
  waitMs: number,
  places: Places,
  done: () => void = () => {},
): Promise<string> {
  const { keys, request } = await makeOwnKeys(places.state, ticket.host);
  const kept = begunIn(places.state);
  const body = keptRequest(kept, ticket, keys) ?? newRequest(kept, ticket, keys, request);
  const believed = await askForEnrolment(ticket, from, body, waitMs);
  layDown(believed, ticket, keys, places);
  done();
  rmSync(kept);
  return believed.node;
}

/** The one that was sent before the power went: a certificate request made anew would be another one. */
function keptRequest(file: string, { job, attempt }: Ticket, keys: PublicKeys): string | null {
  if (!existsSync(file)) return null;
  const body = readFileSync(file, 'utf8');
  const before = installRequestSchema.parse(JSON.parse(body));
  const same = before.kind === 'enrol' && before.job === job && before.attempt === attempt;
  return same && isDeepStrictEqual(before.keys, keys) ? body : null;
}

function newRequest(file: string, { job, attempt, image }: Ticket, keys: PublicKeys, request: string): string {
  const body = JSON.stringify({ kind: 'enrol', job, attempt, n: AFTER_THE_INSTALLER, keys, request, image });
  writeDurably(file, body);
  return body;
}
