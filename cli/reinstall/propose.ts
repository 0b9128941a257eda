/** Says what a reinstallation would do, and orders it only from who repeats the hash of exactly that. */
import type { Mode } from '../../machines/machine-facts.ts';
import { duration } from '../../machines/sentences.ts';
import type { Proposal } from '../../services/api-reinstall.ts';
import { fail } from '../../services/errors.ts';
import type { LeaderAnswer } from '../../services/protocol.ts';
import { type Cli, type Globals, whoami } from '../cli.ts';
import { follow, WORK } from './follow.ts';

export interface Confirmation extends Globals {
  readonly confirm?: string;
  readonly reason?: string;
  readonly detach?: true;
}

/** Of the 64 digits of a hash, enough for a person to compare. */
const SHOWN = 12;

/** `command`: what was typed, for the sentence that says how to go on. Throws PLAN_NOT_CONFIRMED, and what `follow` throws. */
export async function propose(cli: Cli, globals: Confirmation, proposal: Proposal, command: string): Promise<void> {
  const { host, mode, plan } = proposal;
  const hash = plan.slice(0, SHOWN);
  const { confirm, reason } = globals;
  if (confirm === undefined) {
    const how = `Nothing was done. To do it: ${command} --confirm ${hash} --reason TEXT`;
    return cli.print(globals, { ...proposal, ordered: false }, [...told(proposal), '', how]);
  }
  if (confirm.length < SHOWN || !plan.startsWith(confirm)) fail('PLAN_NOT_CONFIRMED', { given: confirm, hash });
  if (!reason)
    fail('WRONG_ARGUMENT', { what: '--confirm needs --reason TEXT, for the log', help: `${command} --help` });
  const order = { kind: 'reinstall', host, mode, by: whoami(), reason, plan } as const;
  const answer = await cli.api(globals).post<LeaderAnswer>('/v1/orders', order);
  const seq = answer.kind === 'accepted' ? answer.seq : 0;
  if (globals.detach)
    return cli.print(globals, answer, [`${WORK[mode]} of ${host} is ordered. Follow it with: rekindle watch`]);
  if (!globals.json)
    cli.terminal.out(
      `It begins in ${duration(proposal.announceMs)}, unless somebody says: rekindle reinstall ${host} --veto`,
    );
  await follow(cli, globals, { host, mode, seq });
}

const told = ({ lines, refused, stopsFirst, held, announceMs, before, mode, host }: Proposal): string[] => [
  ...lines,
  '',
  ...(refused === null ? [] : [`in the way: ${refused}`]),
  ...(refused === null && stopsFirst
    ? ['first: it is proven stopped, which cuts its power or waits for its lease']
    : []),
  ...(refused === null && held !== null ? [`it would wait: ${held}`] : []),
  `time for a veto: ${duration(announceMs)}`,
  ...(mode === 'install' ? [`how long: ${expected(before, host)}`] : []),
];

const expected = (before: Proposal['before'], host: string): string =>
  before === null
    ? 'not known, nothing was installed before'
    : `the last time ${before.host === host ? 'it' : before.host} took ${duration(before.tookMs)}`;

/** Asks the node what would be done to `subject`, a host or one of its MACs. */
export const proposalOf = (cli: Cli, globals: Globals, subject: string, mode: Mode): Promise<Proposal> =>
  cli.api(globals).get<Proposal>('/v1/reinstall', { host: subject, mode });
