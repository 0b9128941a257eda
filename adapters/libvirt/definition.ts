/**
 * A guest's libvirt domain XML: what may be in it, and how a grant is written into it.
 *
 * What is checked is what libvirt gets: the document is parsed, judged as a tree and written out anew, so nothing can
 * hide in a place where two parsers read differently.
 */
import { createHash } from 'node:crypto';
import { DOMParser, type Document, type Element, XMLSerializer } from '@xmldom/xmldom';
import { fail } from '../../services/errors.ts';
import { named } from './name.ts';

/** Namespace of the mark that Rekindle leaves in every domain it defines; the hook knows its guests by it. */
export const GRANT_NAMESPACE = 'urn:rekindle:grant';
const MAX_CHARACTERS = 256_000;
/** Children of `<os>` that have it start from elsewhere; in `<bios>` is a reboot after a boot in vain, which looks like the end of an installation. */
const OTHER_BOOTS: ReadonlySet<string> = new Set(['boot', 'bootmenu', 'bios', 'kernel', 'initrd', 'cmdline', 'dtb']);

/** Throws DEFINITION_INVALID or GUEST_NAME_INVALID unless `xml` may be defined as `guest`. */
export function checkDefinition(guest: string, xml: string): void {
  parse(named(guest), xml);
}

/** The XML to define: `xml` with a stable UUID and with `token` (null: none yet) in its metadata. Throws like `checkDefinition`. */
export function withGrant(guest: string, xml: string, token: string | null): string {
  const { document, domain, name } = parse(named(guest), xml);

  if (!child(domain, 'uuid')) {
    // The same on every host: libvirt refuses to migrate or re-define a name under another UUID.
    const uuid = document.createElement('uuid');
    uuid.textContent = uuidOf(guest);
    domain.insertBefore(uuid, name.nextSibling);
  }

  const metadata = child(domain, 'metadata') ?? document.createElement('metadata');
  if (!metadata.parentNode) domain.appendChild(metadata);
  for (const old of children(metadata).filter((element) => element.namespaceURI === GRANT_NAMESPACE))
    metadata.removeChild(old);
  const grant = document.createElementNS(GRANT_NAMESPACE, 'rekindle:grant');
  if (token !== null) grant.setAttribute('token', token);
  metadata.appendChild(grant);

  // The root alone: an XML declaration, and with it any claim about the encoding, stays behind.
  return new XMLSerializer().serializeToString(domain);
}

/**
 * The XML for the one start from which a guest is installed by the boot server of its network: its first network card is booted
 * from, and a reboot ends the domain, so that the network is booted from once and the next start is one of its own. The disk comes
 * second: a firmware that is not to boot from it does not show it to an installer either. Throws like `checkDefinition`; also
 * where there is no network card.
 */
export function installForm(guest: string, xml: string): string {
  const { document, domain } = parse(named(guest), xml);
  const devices = child(domain, 'devices');
  if (!devices || !child(devices, 'interface'))
    return fail('DEFINITION_INVALID', { guest, reason: 'it has no <interface> to boot from' });
  // libvirt takes either an order of devices or the one below.
  for (const device of children(devices))
    for (const boot of children(device).filter(({ nodeName }) => nodeName === 'boot')) device.removeChild(boot);
  const os = child(domain, 'os') ?? document.createElement('os');
  if (!os.parentNode) domain.insertBefore(os, devices);
  for (const other of children(os).filter(({ nodeName }) => OTHER_BOOTS.has(nodeName))) os.removeChild(other);
  for (const dev of ['network', 'hd']) {
    const boot = document.createElement('boot');
    boot.setAttribute('dev', dev);
    os.appendChild(boot);
  }
  for (const end of ['on_poweroff', 'on_reboot', 'on_crash']) {
    const action = child(domain, end) ?? document.createElement(end);
    if (!action.parentNode) domain.insertBefore(action, devices);
    action.textContent = 'destroy';
  }
  return new XMLSerializer().serializeToString(domain);
}

/** The token in what `virsh metadata` prints; null when none is there. */
export function tokenIn(metadata: string): string | null {
  return /\stoken=["'](\d+\.\d+)["']/.exec(metadata)?.[1] ?? null;
}

function parse(guest: string, xml: string): { document: Document; domain: Element; name: Element } {
  const refuse = (reason: string): never => fail('DEFINITION_INVALID', { guest, reason });
  if (xml.length > MAX_CHARACTERS) refuse(`it has more than ${MAX_CHARACTERS} characters`);
  // Before parsing, so that no entity is ever expanded. In well-formed XML this text can stand nowhere else but in a
  // comment or CDATA, and a definition can do without it there.
  if (/<!DOCTYPE|<!ENTITY/i.test(xml)) refuse('a DOCTYPE or an entity is not allowed');

  const document = read(xml, refuse);
  const domain = document.documentElement;
  if (domain?.nodeName !== 'domain') return refuse(`its root is <${domain?.nodeName}>, not <domain>`);

  // libvirt's own escapes (`<qemu:commandline>` and the like) live in namespaces of their own, and can do anything.
  const alien = foreign(domain);
  if (alien)
    refuse(`<${alien.nodeName}> is not part of libvirt's own domain format; only <metadata> may hold other namespaces`);

  const [name, ...more] = children(domain).filter(({ nodeName }) => nodeName === 'name');
  if (!name || more.length > 0) return refuse('it needs exactly one <name>');
  if (name.textContent !== guest || children(name).length > 0)
    refuse(`its <name> is ${JSON.stringify(name.textContent)}`);
  for (const single of ['uuid', 'metadata'])
    if (children(domain).filter(({ nodeName }) => nodeName === single).length > 1)
      refuse(`it has more than one <${single}>`);
  return { document, domain, name };
}

/** Strict: what the parser would only warn of is refused too. */
function read(xml: string, refuse: (reason: string) => never): Document {
  let flaw = '';
  const onError = (_level: string, message: string) => {
    flaw ||= message;
    throw new Error(message);
  };
  try {
    return new DOMParser({ onError }).parseFromString(xml, 'text/xml');
  } catch (error) {
    return refuse(`it is not well-formed XML: ${flaw || String(error)}`);
  }
}

function foreign(element: Element): Element | null {
  if (element.namespaceURI) return element;
  if (element.nodeName === 'metadata' && element.parentNode?.nodeName === 'domain') return null;
  for (const inner of children(element)) {
    const found = foreign(inner);
    if (found) return found;
  }
  return null;
}

function children(parent: Element): Element[] {
  return [...parent.childNodes].filter((node): node is Element => node.nodeType === 1);
}

function child(parent: Element, name: string): Element | undefined {
  return children(parent).find(({ nodeName }) => nodeName === name);
}

/** RFC 9562 version 8 (custom): a hash of the guest's name. */
function uuidOf(guest: string): string {
  const hex = createHash('sha256').update(`rekindle guest ${guest}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
