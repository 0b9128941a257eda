/** A BMC spoken to by ipmitool over IPMI 2.0. */
import type { IpmiSpec } from '../../machines/spec.ts';
import { failure, type RekindleError } from '../../services/errors.ts';
import { bootFromNetwork } from './ipmi-boot.ts';
import type { CheckedSwitch } from './power-switches.ts';
import { type Reading, switchTo } from './read-back.ts';
import { type Ran, run } from './run.ts';
import { asFile, type ReadSecret, readSecret } from './secret-file.ts';

const STATE = /^Chassis Power is (on|off)$/m;
/** What ipmitool says (with -v) when the BMC answered and turned us away. */
const TURNED_AWAY: readonly (readonly [RegExp, string])[] = [
  [/RAKP 2 HMAC is invalid/, 'wrong password'],
  [/unauthorized name/, 'unknown user'],
  [/password is longer than 20 bytes|invalid authentication algorithm|unauthorized role/, ''],
  // With -v ipmitool also complains of a privilege that only its own curiosity lacks, in sessions that are well.
  [/^Set (?:Session|Chassis) .*[Ii]nsufficient privilege/m, ''],
];

export function ipmiSwitch(spec: IpmiSpec, secret: ReadSecret = readSecret): CheckedSwitch {
  const { address, port, user, passwordFile, cipherSuite, timeoutMs, readingsApartMs } = spec;
  const method = `ipmi ${address}${port === 623 ? '' : `:${port}`}`;
  const args = [
    ...['-v', '-I', 'lanplus', '-H', address, '-p', String(port), '-U', user],
    // Enough to control power, so that the cluster can be given a BMC user that may do nothing more.
    ...['-L', 'OPERATOR'],
    ...(cipherSuite === undefined ? [] : ['-C', String(cipherSuite)]),
    // One retry after one second: a dead BMC is known after two, and a lost packet is not the end.
    ...['-N', '1', '-R', '1'],
  ];
  const unreached = (error: RekindleError) => ({ kind: 'not-reached', error }) as const;

  async function ask(words: readonly string[], leftMs: number): Promise<Ran | ReturnType<typeof unreached>> {
    let password: string;
    try {
      password = secret(passwordFile, method);
    } catch (error) {
      return unreached(error as RekindleError);
    }
    const ran = await asFile(password, (file) => run('ipmitool', ['-f', file, ...args, ...words], leftMs));
    if (ran.kind === 'missing')
      return unreached(failure('POWER_TOOL_MISSING', { tool: 'ipmitool', method, package: 'ipmitool' }));
    if (ran.kind === 'ended' && ran.code !== 0) {
      const away = TURNED_AWAY.map(([said, why]) => [said.exec(ran.stderr)?.[0], why] as const).find(
        ([text]) => text !== undefined,
      );
      if (away) return unreached(failure('POWER_REFUSED', { method, reason: away[1] || away[0]! }));
      // Said only when no session came about; without one no command is ever sent.
      if (/Unable to establish IPMI/.test(ran.stderr)) return unreached(failure('POWER_SILENT', { method, timeoutMs }));
    }
    return ran;
  }

  const read = async (leftMs: number): Promise<Reading> => {
    const answer = await ask(['chassis', 'power', 'status'], leftMs);
    if (answer.kind === 'not-reached') return { state: 'unknown', error: answer.error };
    const state = answer.kind === 'ended' && answer.code === 0 ? STATE.exec(answer.stdout)?.[1] : undefined;
    if (state === 'on' || state === 'off') return { state };
    const error =
      answer.kind === 'timed-out'
        ? failure('POWER_SILENT', { method, timeoutMs })
        : failure('POWER_UNCLEAR', { method, reason: said(answer) });
    return { state: 'unknown', error };
  };
  const drive = (state: 'on' | 'off') =>
    switchTo(
      state,
      timeoutMs,
      async (leftMs) => {
        const answer = await ask(['chassis', 'power', state], leftMs);
        if (answer.kind === 'not-reached') return answer;
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
    async bootFromNetwork(firmware) {
      const endMs = performance.now() + timeoutMs;
      let reached = false;
      try {
        return await bootFromNetwork(firmware, spec.bootReadBack ?? 'full', async (words) => {
          const answer = await ask(words, Math.max(1, endMs - performance.now()));
          if (answer.kind === 'not-reached') throw answer.error;
          reached = true;
          return answer;
        });
      } catch (error) {
        return { kind: reached ? 'unknown' : 'failed', reason: (error as Error).message };
      }
    },
    async check() {
      const reading = await read(timeoutMs);
      if (reading.state === 'unknown') throw reading.error;
    },
  };
}

/** The last thing it said, short enough for a log entry. */
function said(ran: Ran): string {
  if (ran.kind === 'not-run') return ran.reason;
  if (ran.kind !== 'ended') return ran.kind;
  const lines = `${ran.stdout}\n${ran.stderr}`.split('\n').filter((line) => line.trim() !== '');
  return `exit code ${ran.code}, ${(lines.at(-1) ?? 'no output').slice(0, 200)}`;
}
