/** What may be in a guest's definition, and what Rekindle writes into it. */
import { expect, test } from 'vitest';
import { checkDefinition, installForm, tokenIn, withGrant } from '../../adapters/libvirt/definition.ts';
import { quote } from '../../adapters/libvirt/shell.ts';
import { domainXml } from './guests.ts';

const plain = domainXml('g1', '/images/g1.raw');
const inside = (more: string) => plain.replace('</domain>', `${more}</domain>`);

test.each([
  ['another name', 'g1', plain.replace('<name>g1', '<name>g2')],
  ['no name', 'g1', plain.replace('<name>g1</name>', '')],
  ['two names', 'g1', inside('<name>g1</name>')],
  ['a name with something in it', 'g1', plain.replace('<name>g1', '<name>g1<x/>')],
  ['a name that only looks right', 'g1', plain.replace('<name>g1', '<name>g1 ')],
  ['two UUIDs', 'g1', inside('<uuid>a</uuid><uuid>b</uuid>')],
  ['not a domain', 'g1', '<network><name>g1</name></network>'],
  ['two documents', 'g1', plain + plain],
  ['nothing', 'g1', ''],
  ['cut off', 'g1', plain.slice(0, -9)],
  ['an attribute without quotes', 'g1', plain.replace("type='qemu'", 'type=qemu')],
  ['a DOCTYPE', 'g1', `<!DOCTYPE domain>${plain}`],
  [
    'an entity from a file',
    'g1',
    `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/shadow">]>${plain.replace('g1</name>', '&x;</name>')}`,
  ],
  ['an entity nobody declared', 'g1', plain.replace('g1</name>', 'g1&x;</name>')],
  [
    'QEMU arguments',
    'g1',
    inside('<q:commandline xmlns:q="http://libvirt.org/schemas/domain/qemu/1.0"><q:arg value="-x"/></q:commandline>'),
  ],
  [
    'QEMU arguments under another prefix, deeper',
    'g1',
    plain.replace('<devices>', '<devices><commandline xmlns="http://libvirt.org/schemas/domain/qemu/1.0"/>'),
  ],
  ['an include', 'g1', inside('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>')],
  ['a prefix of no namespace', 'g1', inside('<qemu:commandline/>')],
  ['too much', 'g1', inside(`<description>${'x'.repeat(300_000)}</description>`)],
])('%s is refused, with what to do', (_, guest, xml) => {
  expect(() => checkDefinition(guest, xml)).toThrow(
    expect.objectContaining({ code: 'DEFINITION_INVALID', todo: expect.stringContaining('g1') }),
  );
});

test.each([
  '7',
  '12345',
  '77000000-0000-4000-9000-000000000021',
  'g1; destroy g2',
  '../g1',
  'g1\n',
  '',
  'G1',
  '-g',
  '--all',
  '$(id)',
])('the name %j is refused', (guest) => {
  expect(() => checkDefinition(guest, domainXml(guest, '/x'))).toThrow(
    expect.objectContaining({ code: 'GUEST_NAME_INVALID' }),
  );
});

test('the token is written in once, replacing an earlier one, and the administrator’s own metadata stay', () => {
  const own = inside('<metadata><note xmlns="urn:example">keep me</note></metadata>');
  const twice = withGrant('g1', withGrant('g1', own, '1.2'), '3.4');
  expect(tokenIn(twice)).toBe('3.4');
  expect(twice.match(/rekindle:grant /g)).toHaveLength(1);
  expect(twice).toContain('keep me');
  expect(() => checkDefinition('g1', twice)).not.toThrow();
});

test('to be installed it boots from the network whatever else its definition says, and nothing of it starts it again', () => {
  const xml = plain
    .replace('</type>', "$&<kernel>/k</kernel><cmdline>c</cmdline><boot dev='hd'/><bios rebootTimeout='5'/>")
    .replace(/<target dev='vda'.*?\/>/, "$&<boot order='1'/>")
    .replace('<on_crash>destroy', '<on_crash>restart')
    .replace('<channel', "<interface type='bridge'><source bridge='br0'/><boot order='2'/></interface>$&");
  const form = installForm('g1', xml);
  expect(form).toMatch(/<\/type><boot dev="network"\/><boot dev="hd"\/><\/os>/);
  expect(form).not.toMatch(/<kernel|<cmdline|<boot order|rebootTimeout|restart/);
  expect(form).toContain('<on_reboot>destroy</on_reboot>');
  expect(() => installForm('g1', plain)).toThrow(/it has no <interface> to boot from/);
});

test('a guest without a UUID has the same one on every host; one that has its own keeps it', () => {
  const uuid = (xml: string) => /<uuid>(.*)<\/uuid>/.exec(xml)?.[1];
  expect(uuid(withGrant('g1', plain, null))).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(uuid(withGrant('g1', plain, '1.1'))).toBe(uuid(withGrant('g1', plain, '2.1')));
  expect(uuid(withGrant('g1', inside('<uuid>77000000-0000-4000-9000-000000000021</uuid>'), '1.1'))).toBe(
    '77000000-0000-4000-9000-000000000021',
  );
});

test('what a token is made of cannot break out of its attribute', () => {
  const xml = withGrant('g1', plain, '1.1"/><qemu:commandline a="');
  expect(() => checkDefinition('g1', xml)).not.toThrow();
  expect(tokenIn(xml)).toBeNull();
});

test('words for virsh are passed whole or not at all', () => {
  expect(quote('g1')).toBe('g1');
  expect(quote('{"execute":"guest-ping"}')).toBe(`'{"execute":"guest-ping"}'`);
  expect(quote('a; destroy b')).toBe(`'a; destroy b'`);
  for (const word of ["it's", 'a\nb', 'a\u0000']) expect(() => quote(word)).toThrow();
});
