/**
 * The Enrolment port: certificates for hosts that were installed anew, by the enrolment authority of this voter.
 * docs/decisions/0017 tells why it is there and what a stolen one can do.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { ClusterSpec } from '../../machines/spec.ts';
import type { Enrolment } from '../../services/ports.ts';
import { type Addresses, nodeExtensions, VALID_DAYS } from './certificates.ts';
import type { Identities } from './identities.ts';

const OPENSSL_MS = 10_000;
/** The clock of the new machine, or of a node it meets, may be behind ours. */
const BACKDATED_MS = 86_400_000;

export interface EnrolmentPlan {
  readonly node: string;
  readonly state: string;
  readonly spec: ClusterSpec;
  /** With every key that the log has brought. */
  readonly identities: () => Identities;
  /** `cluster.yaml` and what it names (adapters/config/portable.ts); throws when they cannot be handed on. */
  readonly clusterFiles: () => Readonly<Record<string, string>>;
}

export function createEnrolment({ node, state, spec, identities, clusterFiles }: EnrolmentPlan): Enrolment {
  const at = (name: string) => join(state, 'keys', name);
  return {
    async certify(host, request) {
      const known = spec.hosts[host];
      if (!known) return failed(`${host} is no host of cluster ${spec.cluster}`);
      if (!existsSync(at('enrolment.key'))) {
        return failed(
          spec.voters.includes(node)
            ? `${node} has no keys/enrolment.key: its keys were made before there was an enrolment authority`
            : `${node} leads and is no voter, and only voters can certify: have it give its lead away with "rekindle step-down"`,
        );
      }
      const directory = await mkdtemp(join(state, 'enrolment-'));
      try {
        // What cannot be given whole is not begun: a certificate alone makes no node.
        clusterFiles();
        return await issue(directory, host, known, request);
      } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
    files: () => ({
      'keys/ca.crt': readFileSync(at('ca.crt'), 'utf8'),
      'keys/client-cas.crt': readFileSync(at('client-cas.crt'), 'utf8'),
      'keys/identities.json': `${JSON.stringify(identities(), null, 2)}\n`,
      ...clusterFiles(),
    }),
  };

  async function issue(directory: string, host: string, addresses: Addresses, request: string) {
    const file = (name: string) => join(directory, name);
    await writeFile(file('request.pem'), request, { mode: 0o600 });
    await writeFile(file('index'), '');
    await writeFile(
      file('openssl.cnf'),
      '[ca]\ndefault_ca = enrolment\n[enrolment]\n' +
        `database = ${file('index')}\nnew_certs_dir = ${directory}\nrand_serial = yes\ndefault_md = sha256\n` +
        // Nothing that the request asks for is taken over: neither its name nor its extensions.
        'policy = any\ncopy_extensions = none\nx509_extensions = extensions\n[any]\ncommonName = supplied\n' +
        `[extensions]\n${nodeExtensions(host, addresses).join('\n')}\n`,
    );
    const of = [
      '-batch',
      '-notext',
      '-config',
      file('openssl.cnf'),
      '-in',
      file('request.pem'),
      '-subj',
      `/CN=${host}`,
    ];
    const by = ['-cert', at('enrolment.crt'), '-keyfile', at('enrolment.key'), '-out', file('node.crt')];
    const from = ['-startdate', utc(Date.now() - BACKDATED_MS), '-days', String(VALID_DAYS)];
    // `openssl ca` refuses a request whose signature is not of the key in it: whoever asks holds the private one.
    const made = await execa('openssl', ['ca', ...of, ...by, ...from], {
      reject: false,
      timeout: OPENSSL_MS,
      stdin: 'ignore',
    });
    if (made.failed) return failed(`openssl does not sign the request of ${host}: ${lastLine(made.stderr)}`);
    const certificate = await readFile(file('node.crt'), 'utf8');
    if (new X509Certificate(certificate).publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
      return failed(`the request of ${host} is for another kind of key than P-256`);
    // Servers and clients know the root alone; the authority between comes with the certificate.
    return { kind: 'certified' as const, certificate: certificate + (await readFile(at('enrolment.crt'), 'utf8')) };
  }
}

const failed = (reason: string) => ({ kind: 'failed' as const, reason });

/** As openssl reads it: YYYYMMDDHHMMSSZ. */
const utc = (epochMs: number) => `${new Date(epochMs).toISOString().replace(/\D/g, '').slice(0, 14)}Z`;

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.slice(0, 200) || 'it said nothing';
