/**
 * Any of Debian's fence agents as a power switch. Contract: parameters as `key=value` lines on stdin, exit code 0 for
 * done or on, 2 for off, 1 for everything else. A time-out of an agent is no success, nor is its exit code alone.
 */
import type { FenceAgentSpec } from '../../machines/spec.ts';
import { failure, RekindleError } from '../../services/errors.ts';
import { nearest } from '../config/nearest.ts';
import { type FenceMetadata, parseFenceMetadata } from './fence-metadata.ts';
import type { CheckedSwitch } from './power-switches.ts';
import { type Reading, switchTo } from './read-back.ts';
import { type Ran, run } from './run.ts';
import { type ReadSecret, readSecret } from './secret-file.ts';

const METADATA_TIMEOUT_MS = 10_000;
/** Set by us, or of no use without a terminal. */
const OURS = ['action', 'version', 'help', 'verbose', 'verbose_level', 'debug', 'debug_file', 'quiet'];
const SECRET = /passw(?:or)?d$|secret|token|hexadecimal_kg|^community$/;

export function fenceAgentSwitch(spec: FenceAgentSpec, secret: ReadSecret = readSecret): CheckedSwitch {
  const { agent, parameters, secretFiles, timeoutMs, readingsApartMs } = spec;
  const target = parameters.ip ?? parameters.ipaddr;
  const method = `${agent}${target === undefined ? '' : ` ${target}`}${parameters.plug === undefined ? '' : ` ${parameters.plug}`}`;
  const missing = () => failure('POWER_TOOL_MISSING', { tool: agent, method, package: 'fence-agents' });
  const unclear = (reason: string) => failure('POWER_UNCLEAR', { method, reason });

  let known: FenceMetadata | undefined;
  const metadata = async (): Promise<FenceMetadata> => {
    if (known) return known;
    const ran = await run(agent, ['-o', 'metadata'], METADATA_TIMEOUT_MS);
    if (ran.kind === 'missing') throw missing();
    const parsed = ran.kind === 'ended' && ran.code === 0 ? parseFenceMetadata(ran.stdout) : null;
    if (!parsed) throw unclear(`"${agent} -o metadata" does not describe a fence agent`);
    known = parsed;
    return parsed;
  };

  /** The agent's input but for the action. Agents only warn about an unknown name: fence_redfish then cuts the wrong host. */
  const input = async (): Promise<string> => {
    const { parameters: names, actions } = await metadata();
    const wrong = (parameter: string, reason: string) => failure('FENCE_PARAMETER_WRONG', { agent, parameter, reason });
    for (const action of ['on', 'off', 'status']) {
      if (!actions.includes(action))
        throw failure('FENCE_AGENT_NO_PROOF', { agent, reason: `it has no action "${action}"` });
    }
    const lines: string[] = [];
    const put = (parameter: string, value: string) => {
      if (OURS.includes(parameter)) throw wrong(parameter, 'it is not for the cluster file');
      if (!names.includes(parameter)) {
        const near = nearest(parameter, names);
        throw failure('FENCE_PARAMETER_UNKNOWN', {
          agent,
          parameter,
          nearest: near === undefined ? '' : ` (did you mean ${near}?)`,
        });
      }
      // A line break would begin another parameter.
      if (/\p{Cc}/u.test(value)) throw wrong(parameter, 'its value holds a control character');
      // One pair of quotes is taken off again; without it blanks and quotes of the value itself would be lost.
      lines.push(`${parameter}="${value}"`);
    };
    for (const [parameter, value] of Object.entries(parameters)) {
      if (SECRET.test(parameter)) throw wrong(parameter, 'a secret is named by its file: move it to secretFiles');
      put(parameter, value);
    }
    for (const [parameter, file] of Object.entries(secretFiles)) put(parameter, secret(file, method));
    return lines.map((line) => `${line}\n`).join('');
  };

  const ask = async (action: string, leftMs: number): Promise<Ran | RekindleError> => {
    try {
      const ran = await run(agent, [], leftMs, `${await input()}action="${action}"\n`);
      return ran.kind === 'missing' ? missing() : ran;
    } catch (cause) {
      if (cause instanceof RekindleError) return cause;
      throw cause;
    }
  };

  const read = async (leftMs: number): Promise<Reading> => {
    const answer = await ask('status', leftMs);
    if (answer instanceof RekindleError) return { state: 'unknown', error: answer };
    if (answer.kind === 'ended') {
      // Both or nothing: exit code 2 alone also comes from agents that fail in their own way.
      if (answer.code === 2 && /^Status: OFF$/m.test(answer.stdout)) return { state: 'off' };
      if (answer.code === 0 && /^Status: ON$/m.test(answer.stdout)) return { state: 'on' };
      return { state: 'unknown', error: unclear(`exit code ${answer.code}`) };
    }
    const error =
      answer.kind === 'timed-out'
        ? failure('POWER_SILENT', { method, timeoutMs })
        : unclear('the agent could not be run');
    return { state: 'unknown', error };
  };
  const drive = (state: 'on' | 'off') =>
    switchTo(
      state,
      timeoutMs,
      async (leftMs) => {
        const answer = await ask(state, leftMs);
        if (answer instanceof RekindleError) return { kind: 'not-reached', error: answer };
        return { kind: answer.kind === 'ended' && answer.code === 0 ? 'accepted' : 'unclear' };
      },
      read,
    );

  return {
    method,
    level: spec.level ?? 1,
    readingsApartMs,
    off: () => drive('off'),
    on: () => drive('on'),
    status: async () => (await read(timeoutMs)).state,
    async check() {
      const reading = await read(timeoutMs);
      if (reading.state === 'unknown') throw reading.error;
    },
  };
}
