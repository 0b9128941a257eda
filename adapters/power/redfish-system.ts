/** Which system of a Redfish service is meant. Never by its position: fence_redfish without a path cuts the last one. */
import { failure } from '../../services/errors.ts';
import { type Left, link, type Session } from './redfish-session.ts';

/** A chassis of blades has a few dozen. */
const MAX_SYSTEMS = 64;

export type System = Readonly<Record<string, unknown>>;

/** `wanted`: UUID, serial number or path; undefined: there must be exactly one. Throws POWER_SYSTEM and what the session throws. */
export async function findSystem(
  session: Session,
  method: string,
  wanted: string | undefined,
  left: Left,
): Promise<string> {
  if (wanted?.startsWith('/')) return wanted;
  const { body: root } = await session.get('/redfish/v1/', left);
  const paths = await members(session, link(root.Systems) ?? '/redfish/v1/Systems', left);
  if (wanted === undefined) {
    if (paths.length === 1) return paths[0]!;
    throw failure('POWER_SYSTEM', {
      method,
      reason: 'the cluster file does not say which system is this host',
      systems: paths.join(', ') || 'none',
    });
  }
  const systems: { path: string; system: System }[] = [];
  for (const path of paths) systems.push({ path, system: (await session.get(path, left)).body });
  const [found, another] = systems.filter(({ system }) => isIt(system, wanted));
  if (found && !another) return found.path;
  throw failure('POWER_SYSTEM', {
    method,
    reason: another ? `two systems are ${wanted}` : `no system is ${wanted}`,
    systems: systems
      .map(({ path, system }) => `${path} (UUID ${system.UUID}, serial ${system.SerialNumber})`)
      .join(', '),
  });
}

/** True unless it says of itself that it is another one. */
export function isStillIt(system: System, wanted: string | undefined): boolean {
  return wanted === undefined || wanted.startsWith('/') || isIt(system, wanted);
}

const isIt = ({ UUID, SerialNumber }: System, wanted: string) =>
  SerialNumber === wanted || (typeof UUID === 'string' && UUID.toLowerCase() === wanted.toLowerCase());

async function members(session: Session, collection: string, left: Left): Promise<string[]> {
  const paths: string[] = [];
  let page: string | undefined = collection;
  while (page !== undefined && paths.length < MAX_SYSTEMS) {
    const { body }: { body: System } = await session.get(page, left);
    paths.push(...(Array.isArray(body.Members) ? body.Members : []).flatMap((member) => link(member) ?? []));
    page = typeof body['Members@odata.nextLink'] === 'string' ? body['Members@odata.nextLink'] : undefined;
    if (paths.length === 0) break;
  }
  return paths.slice(0, MAX_SYSTEMS);
}
