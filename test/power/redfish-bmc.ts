/**
 * A Redfish service on loopback with a certificate of its own. Debian has none to run, so this one is ours; Debian's client
 * redfishtool is what keeps it honest (redfish.test.ts). Each quirk is one that services in the field were seen to have.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { powerSchema, type RedfishSpec } from '../../machines/spec.ts';

export interface Quirks {
  /** Takes connections and answers nothing. */
  silent?: boolean;
  /** Answers a reset with 204 and does nothing. */
  ignores?: boolean;
  /** Carries a reset out so many milliseconds later, and answers nothing until then. */
  slowMs?: number;
  /** For so long after a reset the state is PoweringOff or PoweringOn; the reset is answered with 202. */
  betweenMs?: number;
  /** It comes to the state by itself just before the reset, which then has this status. */
  meanwhile?: 400 | 409;
  /** The next so many requests with a session are told 401. */
  expires?: number;
  /** The first so many GETs of a system end in 500. */
  stumbles?: number;
  basicOnly?: boolean;
  twoSystems?: boolean;
  /** The state as it says, whatever it is. */
  state?: unknown;
  /** Paths of systems and collections exist only with a slash at the end. */
  slash?: boolean;
  /** Systems have moved: 308 to here. */
  movedTo?: string;
  /** A PATCH needs If-Match with the tag of now; `strong`: without the W/ that GET shows. */
  etag?: 'weak' | 'strong';
  /** 400 to a PATCH that names the mode. */
  refusesMode?: boolean;
  /** Mode is BIOS again after each PATCH that does not name it. */
  losesMode?: boolean;
  /** PATCH is 405 at the system; its settings resource takes it. */
  settings?: boolean;
  /** 200 to a PATCH, and nothing changes. */
  keepsBoot?: boolean;
  large?: boolean;
}

export const UUID = '4c4c4544-0051-4b10-8047-b4c04f313233';
const OTHER_UUID = '4c4c4544-0051-4b10-8047-b4c04f319999';
const USER = 'admin';
const PASSWORD = 'lab-secret';

export type RedfishBmc = Awaited<ReturnType<typeof startRedfishBmc>>;

export async function startRedfishBmc() {
  const directory = mkdtempSync(join(tmpdir(), 'rekindle-redfish-'));
  const at = (name: string) => join(directory, name);
  const [key, cert] = [at('key.pem'), at('cert.pem')];
  const made = ['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=bmc'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', ...made],
    {
      stdio: 'ignore',
    },
  );
  const print = execFileSync('openssl', ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256'], {
    encoding: 'utf8',
  });
  const secret = (name: string, content: string, mode = 0o600) => {
    writeFileSync(at(name), content);
    chmodSync(at(name), mode);
    return at(name);
  };

  let quirks: Quirks = {};
  const on: Record<string, boolean> = { '1': true, '2': true };
  let between: string | null = null;
  let tag = 1;
  const fresh = () => ({
    BootSourceOverrideEnabled: 'Disabled',
    BootSourceOverrideTarget: 'None',
    BootSourceOverrideMode: 'UEFI',
  });
  let boot: Record<string, string> = fresh();
  let sessions = new Set<string>();
  let count = 0;
  const log: string[] = [];
  const later: NodeJS.Timeout[] = [];

  const etag = () => `W/"${tag}"`;
  const system = (id: string) => ({
    '@odata.id': `/redfish/v1/Systems/${id}`,
    Id: id,
    UUID: id === '1' ? UUID : OTHER_UUID,
    SerialNumber: `SN${id}`,
    PowerState: 'state' in quirks ? quirks.state : (between ?? (on[id] ? 'On' : 'Off')),
    Boot: quirks.settings ? fresh() : boot,
    ...(quirks.settings
      ? { '@Redfish.Settings': { SettingsObject: { '@odata.id': `/redfish/v1/Systems/${id}/SD` } } }
      : {}),
    ...(quirks.etag ? { '@odata.etag': etag() } : {}),
    ...(quirks.large ? { Oem: 'x'.repeat(2_000_000) } : {}),
    Actions: {
      '#ComputerSystem.Reset': {
        target: `/redfish/v1/Systems/${id}/Actions/ComputerSystem.Reset`,
        'ResetType@Redfish.AllowableValues': ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'],
      },
    },
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(/(.)\/$/, '$1');
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = parts.length > 0 ? JSON.parse(Buffer.concat(parts).toString()) : {};
    log.push(`${request.method} ${path}${body.ResetType ? ` ${body.ResetType}` : ''}`);
    if (quirks.silent) return;
    const say = (status: number, content?: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(content === undefined ? undefined : JSON.stringify(content));
    };

    if (path === '/redfish') return say(200, { v1: '/redfish/v1/' });
    if (path === '/redfish/v1') {
      const links = quirks.basicOnly ? {} : { Sessions: { '@odata.id': '/redfish/v1/SessionService/Sessions' } };
      return say(200, { RedfishVersion: '1.6.0', Systems: { '@odata.id': '/redfish/v1/Systems' }, Links: links });
    }
    if (path === '/redfish/v1/SessionService/Sessions' && request.method === 'POST') {
      if (body.UserName !== USER || body.Password !== PASSWORD) return say(401);
      const id = `s${++count}`;
      sessions.add(id);
      const location = `/redfish/v1/SessionService/Sessions/${id}`;
      return say(201, { '@odata.id': location }, { 'X-Auth-Token': id, Location: location });
    }
    const token = request.headers['x-auth-token'];
    const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    if (typeof token === 'string' && (quirks.expires ?? 0) > 0) {
      quirks.expires!--;
      sessions.delete(token);
    }
    if (!(typeof token === 'string' && sessions.has(token)) && request.headers.authorization !== basic) return say(401);
    if (path.startsWith('/redfish/v1/SessionService/Sessions/') && request.method === 'DELETE') {
      sessions.delete(path.split('/').at(-1)!);
      return say(204);
    }

    if (quirks.movedTo !== undefined) return say(308, undefined, { Location: `${quirks.movedTo}${request.url}` });
    if (quirks.slash && request.method === 'GET' && !request.url!.endsWith('/')) return say(404);
    if (path === '/redfish/v1/Systems') {
      const ids = quirks.twoSystems ? ['1', '2'] : ['1'];
      const Members = ids.map((id) => ({ '@odata.id': `/redfish/v1/Systems/${id}` }));
      return say(200, { Members, 'Members@odata.count': ids.length });
    }
    const [, id = '', rest] = /^\/redfish\/v1\/Systems\/([12])(\/.*)?$/.exec(path) ?? [];
    if (id === '') return say(404);
    if (request.method === 'GET' && (rest === undefined || (rest === '/SD' && quirks.settings))) {
      if ((quirks.stumbles ?? 0) > 0) {
        quirks.stumbles!--;
        return say(500);
      }
      return say(200, rest === '/SD' ? { Boot: boot } : system(id), quirks.etag ? { ETag: etag() } : {});
    }
    if (request.method === 'PATCH') {
      if (quirks.settings && rest !== '/SD') return say(405);
      const match = request.headers['if-match'];
      const wanted = quirks.etag === 'strong' ? etag().slice(2) : etag();
      if (quirks.etag && match !== wanted) return say(match === undefined ? 428 : 412);
      if (quirks.refusesMode && body.Boot?.BootSourceOverrideMode !== undefined) return say(400);
      tag++;
      if (!quirks.keepsBoot)
        boot = { ...boot, ...(quirks.losesMode ? { BootSourceOverrideMode: 'Legacy' } : {}), ...body.Boot };
      return say(200, {});
    }
    if (request.method === 'POST' && rest === '/Actions/ComputerSystem.Reset') {
      const to = body.ResetType === 'On';
      if (quirks.meanwhile) {
        on[id] = to;
        return say(quirks.meanwhile, { error: { code: 'Base.1.0.GeneralError' } });
      }
      if (quirks.ignores) return say(204);
      if (quirks.slowMs !== undefined) {
        later.push(
          setTimeout(() => {
            on[id] = to;
            say(204);
          }, quirks.slowMs),
        );
        return;
      }
      if (quirks.betweenMs !== undefined) {
        between = to ? 'PoweringOn' : 'PoweringOff';
        later.push(
          setTimeout(() => {
            between = null;
            on[id] = to;
          }, quirks.betweenMs),
        );
        return say(202, { '@odata.id': '/redfish/v1/TaskService/Tasks/1' });
      }
      on[id] = to;
      return say(204);
    }
    return say(404);
  }

  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const passwordFile = secret('password', `${PASSWORD}\n`);

  return {
    url,
    user: USER,
    password: PASSWORD,
    secret,
    /** As the cluster file would have it, with changes. */
    spec: (changes: Partial<RedfishSpec> = {}): RedfishSpec =>
      powerSchema.parse({
        kind: 'redfish',
        url,
        certificate: print.trim().split('=')[1],
        user: USER,
        passwordFile,
        timeoutMs: 4_000,
        ...changes,
      }) as RedfishSpec,
    be(next: Quirks) {
      quirks = { ...next };
      tag++;
    },
    begin() {
      boot = fresh();
      on['1'] = true;
      on['2'] = true;
      log.length = 0;
    },
    isOn: (id = '1') => on[id]!,
    boot: () => boot,
    sessions: () => sessions.size,
    /** `METHOD PATH`, in order. */
    log,
    forgetSessions() {
      sessions = new Set();
    },
    async stop() {
      for (const timer of later) clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
