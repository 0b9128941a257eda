/**
 * Requests to one Redfish service as somebody who is logged in: in a session where there is a session service, else with the
 * password each time. Redirects are followed within the same origin only, so that the token goes nowhere else.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { failure } from '../../services/errors.ts';
import { type Answer, type Asked, ask, NoAnswer } from './redfish-request.ts';

/** BMCs have a dozen sessions; one is given back when nothing was asked for this long. Longer than readings are apart. */
const LINGER_MS = 3_000;
const REDIRECTS = 3;
const GET_AGAIN_MS = 300;
const GET_TRIES = 3;

/** Milliseconds that are left for the whole of what is being done. */
export type Left = () => number;

export interface Account {
  readonly method: string;
  readonly base: URL;
  readonly pin: string | undefined;
  readonly user: string;
  /** Read anew for each login: it may have been changed. */
  readonly password: () => string;
  readonly timeoutMs: number;
}

export interface Session {
  /** Whatever it answers, but for what says that we are not let in: throws POWER_REFUSED. Rejects with NoAnswer too. */
  send(path: string, asked: Asked, left: Left): Promise<Answer>;
  /** Body of a 2xx. Tried again on a lost connection and 5xx: a GET changes nothing. Throws POWER_UNCLEAR. */
  get(path: string, left: Left): Promise<{ readonly body: Record<string, unknown>; readonly etag: string | undefined }>;
}

/** How requests say who asks. `session`: its path, to be given back. */
interface Entry {
  readonly headers: Readonly<Record<string, string>>;
  readonly session?: string;
}

const SERVICE_ROOT = '/redfish/v1/';

export function createSession({ method, base, pin, user, password, timeoutMs }: Account): Session {
  let entry: Entry | null = null;
  let loggingIn: Promise<Entry> | null = null;
  let linger: NodeJS.Timeout | undefined;
  const refused = (reason: string) => failure('POWER_REFUSED', { method, reason });

  async function login(left: Left): Promise<Entry> {
    const basic = { Authorization: `Basic ${Buffer.from(`${user}:${password()}`).toString('base64')}` };
    const root = await plain(SERVICE_ROOT, { method: 'GET' }, left);
    const sessions = link((root.body as { Links?: { Sessions?: unknown } } | undefined)?.Links?.Sessions);
    if (sessions === undefined) return { headers: basic };
    const made = await plain(sessions, { method: 'POST', body: { UserName: user, Password: password() } }, left);
    const token = made.headers['x-auth-token'];
    if (made.status === 401 || made.status === 403) throw refused('wrong user or password');
    if (made.status >= 300 || typeof token !== 'string') return { headers: basic };
    const location = made.headers.location ?? (made.body as { '@odata.id'?: string } | undefined)?.['@odata.id'];
    return { headers: { 'X-Auth-Token': token }, ...(location === undefined ? {} : { session: location }) };
  }

  const entered = async (left: Left): Promise<Entry> => {
    if (entry) return entry;
    loggingIn ??= login(left).finally(() => {
      loggingIn = null;
    });
    entry = await loggingIn;
    return entry;
  };

  const leaveLater = () => {
    clearTimeout(linger);
    linger = setTimeout(() => {
      const over = entry;
      entry = null;
      if (over?.session === undefined) return;
      // One that cannot be given back ends by itself.
      void plain(over.session, { method: 'DELETE', headers: over.headers }, () => timeoutMs).catch(() => {});
    }, LINGER_MS).unref();
  };

  /** One request with its redirects, and once more with a slash at its end where it is not found. */
  async function plain(path: string, asked: Asked, left: Left): Promise<Answer> {
    let url = within(path);
    for (let redirects = 0; ; redirects++) {
      const answer = await ask(url, asked, pin, left());
      const to = answer.headers.location;
      // 303 after a POST points to a result and not to the place to ask.
      const again = [301, 302, 307, 308].includes(answer.status) && to !== undefined && redirects < REDIRECTS;
      if (again) url = within(new URL(to, url).href);
      else if (answer.status === 404 && !url.pathname.endsWith('/')) url = within(`${url.href}/`);
      else return answer;
    }
  }

  const within = (path: string): URL => {
    const url = new URL(path, base);
    if (url.origin !== base.origin)
      throw failure('POWER_UNCLEAR', { method, reason: `it points elsewhere: ${url.origin}` });
    return url;
  };

  const session: Session = {
    async send(path, asked, left) {
      clearTimeout(linger);
      try {
        for (let again = false; ; again = true) {
          const by = await entered(left);
          const answer = await plain(path, { ...asked, headers: { ...asked.headers, ...by.headers } }, left);
          if (answer.status === 403) throw refused('this user may not do it');
          if (answer.status !== 401) return answer;
          // Nothing was carried out for somebody it does not know, so this alone may be sent a second time.
          if (entry === by) entry = null;
          if (again) throw refused('wrong user or password');
        }
      } catch (error) {
        if (error instanceof NoAnswer && error.kind === 'certificate')
          throw failure('POWER_CERTIFICATE', { method, found: error.message });
        throw error;
      } finally {
        leaveLater();
      }
    },
    async get(path, left) {
      for (let tries = 1; ; tries++) {
        let why: string;
        try {
          const { status, body, headers } = await session.send(path, { method: 'GET' }, left);
          if (status < 300 && typeof body === 'object' && body !== null && !Array.isArray(body)) {
            const known = body as Record<string, unknown>;
            const etag = [headers.etag, known['@odata.etag']].find((tag) => typeof tag === 'string' && tag !== '');
            return { body: known, etag: etag as string | undefined };
          }
          why = status < 300 ? 'an answer that is no JSON object' : `HTTP status ${status}`;
          if (status < 500) tries = GET_TRIES;
        } catch (error) {
          if (!(error instanceof NoAnswer)) throw error;
          if (tries >= GET_TRIES || left() <= GET_AGAIN_MS) throw error;
          why = error.message;
        }
        if (tries >= GET_TRIES || left() <= GET_AGAIN_MS)
          throw failure('POWER_UNCLEAR', { method, reason: `${path}: ${why}` });
        await wait(GET_AGAIN_MS);
      }
    },
  };
  return session;
}

/** Path of a link in a Redfish document. */
export function link(to: unknown): string | undefined {
  const id = typeof to === 'object' && to !== null ? (to as { '@odata.id'?: unknown })['@odata.id'] : undefined;
  return typeof id === 'string' && id !== '' ? id : undefined;
}
