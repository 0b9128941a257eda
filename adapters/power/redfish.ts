/** A BMC spoken to over Redfish. */
import type { RedfishSpec } from '../../machines/spec.ts';
import { failure, RekindleError } from '../../services/errors.ts';
import type { CheckedSwitch } from './power-switches.ts';
import { type Commanded, type Reading, switchTo } from './read-back.ts';
import { bootFromNetwork } from './redfish-boot.ts';
import { NoAnswer } from './redfish-request.ts';
import { createSession, type Left } from './redfish-session.ts';
import { findSystem, isStillIt, type System } from './redfish-system.ts';
import { type ReadSecret, readSecret } from './secret-file.ts';

export function redfishSwitch(spec: RedfishSpec, secret: ReadSecret = readSecret): CheckedSwitch {
  const { user, passwordFile, timeoutMs, readingsApartMs, level = 1 } = spec;
  const base = new URL(spec.url);
  const method = `redfish ${base.host}${spec.system === undefined ? '' : ` ${spec.system}`}`;
  const session = createSession({
    method,
    base,
    pin: spec.certificate?.replaceAll(':', '').toLowerCase(),
    user,
    password: () => secret(passwordFile, method),
    timeoutMs,
  });
  let found: string | undefined;

  const within = (ms: number): Left => {
    const endMs = performance.now() + ms;
    return () => endMs - performance.now();
  };
  const told = (error: unknown): RekindleError => {
    if (error instanceof RekindleError) return error;
    if (error instanceof NoAnswer && error.kind === 'silent') return failure('POWER_SILENT', { method, timeoutMs });
    return failure('POWER_UNCLEAR', { method, reason: error instanceof Error ? error.message : String(error) });
  };

  /** The system as it is now, and that it still is the one meant: paths of blades move with their slots. */
  const system = async (left: Left): Promise<{ path: string; body: System }> => {
    for (let again = false; ; again = true) {
      found ??= await findSystem(session, method, spec.system, left);
      const path = found;
      const { body } = await session.get(path, left);
      if (isStillIt(body, spec.system)) return { path, body };
      found = undefined;
      if (again) throw failure('POWER_UNCLEAR', { method, reason: `${path} is no longer ${spec.system}` });
    }
  };

  const read = async (leftMs: number): Promise<Reading> => {
    try {
      const { PowerState: state } = (await system(within(leftMs))).body;
      // Only these two: in PoweringOff, Paused or nothing at all a machine may still write.
      if (state === 'On' || state === 'Off') return { state: state === 'On' ? 'on' : 'off' };
      return { state: 'unknown', error: failure('POWER_UNCLEAR', { method, reason: `its power state is ${state}` }) };
    } catch (error) {
      return { state: 'unknown', error: told(error) };
    }
  };

  /** A reset is sent once. Whatever comes back but "not let in", the state is read. */
  const reset = async (state: 'on' | 'off', leftMs: number): Promise<Commanded> => {
    const left = within(leftMs);
    let sent = false;
    try {
      const { body } = await system(left);
      // Many answer 409 or 400 to what is already so.
      if (body.PowerState === (state === 'on' ? 'On' : 'Off')) return { kind: 'accepted' };
      const { target, type } = resetOf(body, state);
      sent = true;
      const { status } = await session.send(target, { method: 'POST', body: { ResetType: type } }, left);
      return { kind: status < 300 ? 'accepted' : 'unclear' };
    } catch (error) {
      // Not let in, another certificate, no connection: it certainly did not get it.
      const heard = sent && !(error instanceof RekindleError) && !(error instanceof NoAnswer && !error.sent);
      return heard ? { kind: 'unclear' } : { kind: 'not-reached', error: told(error) };
    }
  };

  const resetOf = ({ Actions }: System, state: 'on' | 'off'): { target: string; type: string } => {
    const action = (Actions as Record<string, Record<string, unknown>> | undefined)?.['#ComputerSystem.Reset'];
    const target = action?.target;
    const offered = action?.['ResetType@Redfish.AllowableValues'];
    // Hard: a graceful one is up to the machine that is to be stopped.
    const types = state === 'off' ? ['ForceOff'] : ['On', 'ForceOn'];
    const type = Array.isArray(offered) ? types.find((one) => offered.includes(one)) : types[0];
    if (typeof target === 'string' && type !== undefined) return { target, type };
    throw failure('POWER_UNCLEAR', { method, reason: `this system offers no reset of type ${types.join(' or ')}` });
  };

  const drive = (state: 'on' | 'off') => switchTo(state, timeoutMs, (leftMs) => reset(state, leftMs), read);
  return {
    method,
    level,
    readingsApartMs,
    off: () => drive('off'),
    on: () => drive('on'),
    status: async () => (await read(timeoutMs)).state,
    async bootFromNetwork(firmware) {
      const left = within(timeoutMs);
      let known = false;
      try {
        const { path } = await system(left);
        known = true;
        return await bootFromNetwork(session, path, firmware, left);
      } catch (error) {
        return { kind: known ? 'unknown' : 'failed', reason: told(error).message };
      }
    },
    async check() {
      const reading = await read(timeoutMs);
      if (reading.state === 'unknown') throw reading.error;
    },
  };
}
