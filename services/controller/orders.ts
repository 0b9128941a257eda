/** What people ask for, checked and written down by the leader. */
import { costsMajority } from '../../machines/brake.ts';
import type { Draft } from '../../machines/entries.ts';
import { type Fleet, latestLife } from '../../machines/fleet.ts';
import { JOIN_WITHIN_MS, notJoinable } from '../../machines/join.ts';
import { isVetoable, notReinstallable } from '../../machines/reinstall.ts';
import { planDigest, reinstallPlan } from '../../machines/reinstall-plan.ts';
import { list } from '../../machines/sentences.ts';
import type { Verify } from '../ports.ts';
import { confirmOffText, type LeaderAnswer, type Order } from '../protocol.ts';
import type { Block } from './fence.ts';
import type { Pen } from './pen.ts';

export interface OrderContext {
  readonly pen: Pen;
  readonly fleet: () => Fleet;
  readonly verify: Verify;
  readonly block: (host: string, counter: number) => Promise<Block>;
  readonly stepDown: () => void;
}

const rejected = (code: string, reason: string): LeaderAnswer => ({ kind: 'rejected', code, reason });

export async function carryOut(order: Order, context: OrderContext): Promise<LeaderAnswer> {
  if (order.kind === 'step-down') {
    context.stepDown();
    return { kind: 'accepted', seq: context.fleet().seq };
  }
  const wrong = objection(order, context.fleet(), context.verify);
  if (wrong) return wrong;
  const draft = order.kind === 'confirm-off' ? await confirmOff(order, context) : draftFor(order, context.fleet());
  const seq = await context.pen.write((fleet) => (objection(order, fleet, context.verify) ? [] : [draft]));
  return seq === null
    ? (objection(order, context.fleet(), context.verify) ?? rejected('ORDER_VOID', 'the state changed meanwhile'))
    : { kind: 'accepted', seq };
}

function objection(order: Order, fleet: Fleet, verify: Verify): LeaderAnswer | null {
  if ('host' in order && !fleet.hosts[order.host]) return rejected('UNKNOWN_HOST', `there is no host ${order.host}`);
  if ('guest' in order && !fleet.guests[order.guest])
    return rejected('UNKNOWN_GUEST', `there is no guest ${order.guest}`);
  switch (order.kind) {
    case 'thaw':
      return fleet.frozen ? null : rejected('NOT_FROZEN', 'the cluster is not frozen');
    case 'release-brake':
      return fleet.brake ? null : rejected('NO_BRAKE', 'the storm brake is not on');
    case 'fence': {
      if (latestLife(fleet.hosts[order.host]!.context) < 0)
        return rejected('HOST_NEVER_JOINED', `${order.host} has never joined; there is nothing to fence`);
      // Such a fence would only wait (machines/runnable.ts), and its host would get no guest meanwhile.
      const before = Object.values(fleet.intents).flatMap(({ intent }) =>
        intent.type === 'fence' && intent.host !== order.host ? [intent.host] : [],
      );
      if (!costsMajority(fleet, [...before, order.host]).has(order.host)) return null;
      const lost =
        fleet.spec?.voters.filter((voter) => before.includes(voter) || fleet.hosts[voter]?.context.fence) ?? [];
      return rejected(
        'FENCE_COSTS_MAJORITY',
        `fencing ${order.host} would leave the voters without a majority; lost already or being fenced: ${list(lost)}`,
      );
    }
    case 'migrate':
      if (fleet.guests[order.guest]!.state !== 'running')
        return rejected('GUEST_NOT_RUNNING', `${order.guest} is ${fleet.guests[order.guest]!.state}`);
      return order.to === null || fleet.hosts[order.to]
        ? null
        : rejected('UNKNOWN_HOST', `there is no host ${order.to}`);
    case 'confirm-off': {
      const key = fleet.spec?.operators[order.by];
      if (!key) return rejected('UNKNOWN_OPERATOR', `${order.by} is not an operator of this cluster`);
      // R5 is a named person's word: only the key written in the cluster file speaks for that name.
      if (key !== order.key || !verify(key, confirmOffText(order), order.signature))
        return rejected('BAD_SIGNATURE', `the signature is not ${order.by}'s`);
      const { context } = fleet.hosts[order.host]!;
      const life = latestLife(context);
      if (life !== order.counter)
        return rejected(
          'STALE_CONFIRMATION',
          `${order.host} is in life ${life < 0 ? 'none' : life}, not ${order.counter}; look again`,
        );
      return context.fence ? rejected('ALREADY_FENCED', `${order.host} is already proven stopped`) : null;
    }
    case 'reinstall': {
      const why = notReinstallable(fleet, order.host);
      if (why !== null) return rejected('NOT_REINSTALLABLE', why);
      return planDigest(reinstallPlan(fleet, order.host, order.mode)) === order.plan
        ? null
        : rejected('PLAN_CHANGED', `what would be done to ${order.host} is no longer what you were shown; look again`);
    }
    case 'offer-join': {
      if (!fleet.spec?.provisioning)
        return rejected(
          'JOIN_NO_PROVISIONING',
          `the cluster file has no provisioning, so nobody listens for ${order.host} and its ticket`,
        );
      const why = notJoinable(fleet, order.host);
      return why === null ? null : rejected('NOT_JOINABLE', why);
    }
    case 'veto-reinstall': {
      const job = fleet.jobs[order.host];
      return job && isVetoable(job)
        ? null
        : rejected(
            'NOTHING_TO_VETO',
            `${order.host} is not about to be reinstalled${job ? `: ${job.context.why}` : ''}`,
          );
    }
    case 'publish-image': {
      const known = fleet.images[order.name];
      return known && known.version >= order.version
        ? rejected('IMAGE_NOT_NEWER', `version ${known.version} of ${order.name} is published already`)
        : null;
    }
    default:
      return null;
  }
}

async function confirmOff(order: Extract<Order, { kind: 'confirm-off' }>, { block }: OrderContext): Promise<Draft> {
  // Even a person's word comes after a majority has blocked the life: should they be wrong, the host can no longer
  // renew, and stops its guests by itself.
  const { answers } = await block(order.host, order.counter);
  const { by, checked, key, signature, counter } = order;
  return {
    type: 'fence.proven',
    subject: `host/${order.host}`,
    cause: 'operator',
    data: { counter, proof: { kind: 'R5', by, checked, key, signature, blockedBy: answers } },
  };
}

function draftFor(order: Exclude<Order, { kind: 'step-down' | 'confirm-off' }>, fleet: Fleet): Draft {
  const cause = 'operator';
  const { by } = order;
  switch (order.kind) {
    case 'fence':
      return { type: 'fence.requested', subject: `host/${order.host}`, cause, data: { by, reason: order.reason } };
    case 'freeze':
      return { type: 'cluster.frozen', subject: 'cluster', cause, data: { by, reason: order.reason } };
    case 'thaw':
      return { type: 'cluster.thawed', subject: 'cluster', cause, data: { by } };
    case 'release-brake':
      return { type: 'brake.released', subject: 'cluster', cause, data: { by } };
    case 'set-desired':
      return { type: 'guest.ordered', subject: `guest/${order.guest}`, cause, data: { desired: order.desired, by } };
    case 'migrate':
      return { type: 'guest.migration-requested', subject: `guest/${order.guest}`, cause, data: { to: order.to, by } };
    case 'reinstall': {
      const { mode, reason, plan } = order;
      return { type: 'reinstall.requested', subject: `host/${order.host}`, cause, data: { mode, by, reason, plan } };
    }
    case 'offer-join': {
      const { key, reason } = order;
      return {
        type: 'join.offered',
        subject: `host/${order.host}`,
        cause,
        data: { by, reason, key, withinMs: JOIN_WITHIN_MS },
      };
    }
    case 'veto-reinstall': {
      const { job } = fleet.jobs[order.host]!.context;
      return { type: 'reinstall.vetoed', subject: `host/${order.host}`, cause, data: { job, by } };
    }
    case 'publish-image': {
      const { name, version, manifest } = order;
      return { type: 'image.published', subject: 'cluster', cause, data: { name, version, manifest, by } };
    }
    case 'maintenance':
      return order.on
        ? {
            type: 'maintenance.started',
            subject: `host/${order.host}`,
            cause,
            data: order.drain ? { by, drain: true } : { by },
          }
        : { type: 'maintenance.ended', subject: `host/${order.host}`, cause, data: { by } };
  }
}
