/**
 * Bus over two servers at once: every message goes out on both paths under one id; the answering side handles an id
 * once and answers on each path it arrived by; the asking side takes each answerer's first answer. So one server may die
 * with a message in it and nothing is lost, and no answer waits for the slower path.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { type Bus, BusError } from '../../services/ports.ts';
import type { Connections } from './connections.ts';
import { subjectOf } from './subjects.ts';

/** Ids a server of requests remembers. At 300 hosts and 4 renewals a second still longer than a path may lag. */
const REMEMBERED = 8_192;
/** Requests under way at once; far above what one node needs, so that only a defect meets it. */
const PENDING_MOST = 4_096;

const envelopeSchema = z.strictObject({ id: z.string().max(128), body: z.unknown() });

type Ended = 'enough' | 'no-responders' | 'timeout';

interface Pending {
  /** Connections that were asked and have neither answered nor said that nobody listens. */
  readonly silent: Set<NatsConnection>;
  readonly answered: Set<string>;
  readonly onAnswer: (answer: unknown) => void;
  readonly end: (how: Ended) => void;
}

/** `node`: name this side answers under; the server lets it publish answers under no other. */
export function openBus(connections: Connections, cluster: string, node: string): Bus & { close(): void } {
  const { say } = connections;
  const prefix = subjectOf(cluster, '');
  const life = crypto.randomUUID();
  const inbox = `${connections.inbox}.${life}`;
  const pending = new Map<string, Pending>();
  const ends = new Set<() => void>();
  let sent = 0;

  ends.add(
    connections.subscribe(`${inbox}.>`, (message, connection) => {
      const [request, by] = message.subject.slice(inbox.length + 1).split('.');
      const waiting = pending.get(request!);
      if (!waiting) return;
      if (by === undefined) {
        if (message.headers?.code !== 503) return;
        waiting.silent.delete(connection);
        if (waiting.silent.size === 0 && waiting.answered.size === 0) waiting.end('no-responders');
        return;
      }
      if (waiting.answered.has(by)) return;
      const envelope = open(message);
      if (!envelope) return;
      waiting.answered.add(by);
      waiting.onAnswer(envelope.body);
    }),
  );

  function open(message: Msg): z.infer<typeof envelopeSchema> | null {
    try {
      return envelopeSchema.parse(message.json());
    } catch {
      say.warn('not understood', { subject: message.subject, bytes: message.data.length });
      return null;
    }
  }

  function send(address: string, body: unknown, reply?: string): NatsConnection[] {
    const bytes = JSON.stringify({ id: `${life}.${++sent}`, body });
    return connections.paths.flatMap((path) => {
      const connection = path.live();
      if (!connection) return [];
      connection.publish(prefix + address, bytes, reply === undefined ? {} : { reply });
      return [connection];
    });
  }

  function ask(
    address: string,
    body: unknown,
    timeoutMs: number,
    enough: (answer: unknown) => boolean,
  ): Promise<Ended> {
    return new Promise((resolve, reject) => {
      if (pending.size >= PENDING_MOST) return reject(new Error(`${PENDING_MOST} requests are waiting already`));
      const request = String(sent + 1);
      const timer = setTimeout(() => end('timeout'), timeoutMs);
      const settle = () => {
        clearTimeout(timer);
        pending.delete(request);
      };
      const end = (how: Ended) => {
        settle();
        resolve(how);
      };
      const onAnswer = (answer: unknown) => {
        try {
          if (enough(answer)) end('enough');
        } catch (cause) {
          settle();
          reject(cause);
        }
      };
      const silent = new Set<NatsConnection>();
      pending.set(request, { silent, answered: new Set(), onAnswer, end });
      for (const connection of send(address, body, `${inbox}.${request}`)) silent.add(connection);
      if (silent.size === 0) end('no-responders');
    });
  }

  return {
    async request(address, message, timeoutMs) {
      let answer: unknown;
      const how = await ask(address, message, timeoutMs, (first) => {
        answer = first;
        return true;
      });
      if (how !== 'enough') throw new BusError(how, address);
      return answer;
    },

    async gather(address, message, timeoutMs, onAnswer) {
      await ask(address, message, timeoutMs, onAnswer);
    },

    publish(address, message) {
      send(address, message);
    },

    onReach(callback) {
      const up = () => connections.paths.filter((path) => path.live()).length;
      let before = up();
      const end = connections.onChange(() => {
        const now = up();
        if (now > before) callback();
        before = now;
      });
      ends.add(end);
      return () => {
        ends.delete(end);
        end();
      };
    },

    serve(address, handler) {
      const handled = new Map<string, Promise<string | undefined>>();
      const handle = async (envelope: z.infer<typeof envelopeSchema>, from: string): Promise<string | undefined> => {
        try {
          const answer = await handler(envelope.body, from);
          return answer === undefined ? undefined : JSON.stringify({ id: envelope.id, body: answer });
        } catch (cause) {
          say.error('a message could not be handled', {
            address: from,
            reason: cause instanceof Error ? cause.message : String(cause),
          });
          return undefined;
        }
      };
      const end = connections.subscribe(prefix + address, (message, connection) => {
        const envelope = open(message);
        if (!envelope) return;
        const known = handled.get(envelope.id);
        const answer = known ?? handle(envelope, message.subject.slice(prefix.length));
        if (!known) {
          handled.set(envelope.id, answer);
          if (handled.size > REMEMBERED) handled.delete(handled.keys().next().value!);
        }
        const { reply } = message;
        if (!reply) return;
        void answer.then((bytes) => {
          if (bytes !== undefined && !connection.isClosed()) connection.publish(`${reply}.${node}`, bytes);
        });
      });
      ends.add(end);
      return () => {
        ends.delete(end);
        end();
      };
    },

    close() {
      for (const end of ends) end();
      for (const waiting of [...pending.values()]) waiting.end('timeout');
    },
  };
}
