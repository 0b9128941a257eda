import type { HostSpec, PowerWay } from '../../machines/spec.ts';
import { failure } from '../../services/errors.ts';
import type { PowerSwitch } from '../../services/ports.ts';
import { allSwitch } from './all.ts';
import { fenceAgentSwitch } from './fence-agent.ts';
import { ipmiSwitch } from './ipmi.ts';
import { noProof } from './no-proof.ts';
import { redfishSwitch } from './redfish.ts';
import { type ReadSecret, readSecret } from './secret-file.ts';

export interface CheckedSwitch extends PowerSwitch {
  /**
   * Reads the state once and throws what stands in the way: POWER_TOOL_MISSING, SECRET_FILE_UNREADABLE,
   * SECRET_FILE_EXPOSED, SECRET_FILE_SEALED, KEY_UNREADABLE, POWER_REFUSED, POWER_SILENT, POWER_UNCLEAR, POWER_CERTIFICATE,
   * POWER_SYSTEM, FENCE_PARAMETER_UNKNOWN, FENCE_PARAMETER_WRONG,
   * FENCE_AGENT_NO_PROOF.
   */
  check(): Promise<void>;
}

/**
 * The ways to cut the power of one host, in the order of the cluster file. Their calls never reject and end within
 * `timeoutMs`. `off` and `on` succeed only when the state was read back; `failed` means it was read and is the other
 * one, or that the switch certainly never heard the command. Throws FENCE_AGENT_NO_PROOF.
 */
export function powerSwitches({ power }: Pick<HostSpec, 'power'>, secret: ReadSecret = readSecret): CheckedSwitch[] {
  const one = (way: PowerWay) => switchOf(way, secret);
  return power.map((spec) => (spec.kind === 'all' ? allSwitch(spec.ways.map(one), spec.level ?? 1) : one(spec)));
}

function switchOf(spec: PowerWay, secret: ReadSecret): CheckedSwitch {
  if (spec.kind === 'ipmi') return ipmiSwitch(spec, secret);
  if (spec.kind === 'redfish') return redfishSwitch(spec, secret);
  const reason = noProof(spec.agent);
  if (reason !== null) throw failure('FENCE_AGENT_NO_PROOF', { agent: spec.agent, reason });
  return fenceAgentSwitch(spec, secret);
}
