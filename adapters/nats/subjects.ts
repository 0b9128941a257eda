/** Names on the wire. All begin with `rekindle.<cluster>.`, so that several clusters could share one NATS. */
import { addresses } from '../../services/protocol.ts';
import type { Role } from '../keys/identities.ts';

export const streamName = (cluster: string): string => `REKINDLE_${cluster}`;
export const subjectOf = (cluster: string, address: string): string => `rekindle.${cluster}.${address}`;
export const logSubjects = (cluster: string): string => subjectOf(cluster, 'log.>');
/**
 * Where the stream's leader repeats every entry once it is stored, with its sequence in a header. Whoever listens to
 * `log.>` instead also sees appends that were refused.
 */
export const storedSubjects = (cluster: string): string => subjectOf(cluster, 'stored.>');

/** `host/h3` and `host.suspected` → `rekindle.lab.log.host.h3.host.suspected`; `cluster` has no name. */
export function logSubject(cluster: string, subject: string, type: string): string {
  return subjectOf(cluster, `log.${subject.replace('/', '.')}.${type}`);
}

/**
 * Where answers go: `_INBOX.<role>.<node>.<connection>.<request>.<answerer>`. Only its owner may listen below its first
 * three parts, and an answerer may publish only under its own name in the last: the server itself vouches for it.
 */
export const inboxOf = (user: string, name: string): string => `_INBOX.${user}.${name}`;
const answersTo = (user: string, answerer: string): string => `${inboxOf(user, '*')}.*.*.${answerer}`;

interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** The least each user needs; everything not named is denied. No user but `admin` can change or stop the stream. */
export function permissionsOf(role: Role, node: string, cluster: string): Permissions {
  const own = (address: string) => subjectOf(cluster, address);
  const inbox = `${inboxOf(role, node)}.>`;
  switch (role) {
    case 'agent':
      return {
        publish: [own(addresses.renew(node)), own(addresses.report(node)), answersTo('controller', node)],
        subscribe: [own(addresses.agent(node)), inbox],
      };
    case 'voter':
      return {
        publish: [answersTo('agent', node), answersTo('controller', node)],
        subscribe: [own(addresses.renewAll), own(addresses.voter(node)), inbox],
      };
    case 'controller':
      return {
        publish: [
          own(addresses.voter('*')),
          own(addresses.agent('*')),
          own(addresses.order(node)),
          own(addresses.provision(node)),
          own(addresses.leader),
          answersTo('agent', node),
          answersTo('controller', node),
          logSubjects(cluster),
          ...readApi(cluster),
          `$JS.API.STREAM.CREATE.${streamName(cluster)}`,
        ],
        subscribe: [
          own(addresses.renewAll),
          own(addresses.reportAll),
          own(addresses.orderAll),
          own(addresses.provisionAll),
          own(addresses.leader),
          storedSubjects(cluster),
          inbox,
        ],
      };
  }
}

/** A program that watches: follows the log from any place, with this adapter or with any client's ordered consumer; says nothing. */
export function monitorPermissions(cluster: string): Permissions {
  const stream = streamName(cluster);
  return {
    publish: [
      ...readApi(cluster),
      `$JS.API.CONSUMER.CREATE.${stream}.>`,
      `$JS.API.CONSUMER.INFO.${stream}.*`,
      `$JS.API.CONSUMER.DELETE.${stream}.*`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.*`,
    ],
    subscribe: [logSubjects(cluster), storedSubjects(cluster), `${inboxOf('client', 'monitor')}.>`],
  };
}

/** Labs and operators: all of JetStream's interface, and listening to everything of this cluster. */
export function adminPermissions(cluster: string): Permissions {
  return { publish: ['$JS.API.>'], subscribe: [subjectOf(cluster, '>'), `${inboxOf('client', 'admin')}.>`] };
}

/** Reading the stream by place. No purge, delete, update, restore or step-down. */
function readApi(cluster: string): string[] {
  const stream = streamName(cluster);
  return [`$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`];
}
