/** What the API sees of this node, from its first moment, before there is a log or a leader. */
import type { Connections } from '../adapters/nats/connections.ts';
import type { Stored } from '../machines/entries.ts';
import { emptyFleet } from '../machines/fleet.ts';
import type { Agent } from '../services/agent/agent.ts';
import type { ControllerView } from '../services/api-view.ts';
import type { Controller } from '../services/controller/controller.ts';
import { failure } from '../services/errors.ts';
import { type Bus, BusError, type Clock, type Journal } from '../services/ports.ts';
import { addresses, leaderAnswerSchema } from '../services/protocol.ts';

const ORDER_MS = 10_000;

export interface ViewParts {
  readonly node: string;
  readonly clock: Clock;
  readonly controller: () => Controller | null;
  readonly agent: () => Agent | null;
  readonly connections: readonly Connections[];
  readonly journal: Journal;
  readonly bus: Bus;
  /** Called with each entry once there is a controller; a listener may be there before it. */
  readonly listeners: Set<(stored: Stored) => void>;
  readonly shutDown: () => Promise<void>;
}

export function createView({
  node,
  clock,
  controller,
  agent,
  connections,
  journal,
  bus,
  listeners,
  shutDown,
}: ViewParts): ControllerView {
  const fleet = () => controller()?.fleet() ?? emptyFleet;

  const waitingFor = (): string | null => {
    const it = controller();
    if (!it) return 'the log cannot be read yet: a majority of the nats-servers is needed';
    return it.broken() ?? (it.leader() ? null : 'no leader is known yet');
  };

  return {
    node,
    fleet,
    entries: (from, to) => journal.read(from, to),
    onEntry(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async order(order) {
      try {
        return leaderAnswerSchema.parse(await bus.request(addresses.order(node), order, ORDER_MS));
      } catch (error) {
        if (error instanceof BusError && error.kind === 'no-responders')
          throw failure('NO_LEADER', { reason: 'nobody answers orders' }, error);
        throw failure('ORDER_UNKNOWN', { reason: error instanceof Error ? error.message : String(error) }, error);
      }
    },
    roles() {
      const it = agent();
      return {
        leader: controller()?.leader()?.node ?? null,
        leading: controller()?.leading() ?? false,
        lease: it && { remainingMs: Math.max(0, Math.round(it.leaseEndMs() - clock.now())), paused: it.pausedGuests() },
        nats:
          connections[0]?.paths.map((path) => ({ server: path.server.node, connected: path.live() !== null })) ?? [],
        heardAgoMs: Object.fromEntries(
          Object.keys(fleet().hosts).map((host) => [host, controller()?.heardAgoMs(host) ?? null]),
        ),
        installs: controller()?.installs() ?? {},
        waitingFor: waitingFor(),
      };
    },
    shutDown,
  };
}
