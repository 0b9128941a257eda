/** Text that dnsmasq reads: its configuration, and the file that says whether one machine is armed. */
import { join } from 'node:path';

/** Boot loaders that are given out by TFTP, in Debian's package ipxe. */
export const LOADERS = { bios: 'undionly.kpxe', uefi: 'snponly.efi' } as const;

export interface NetBootPlace {
  readonly interface: string;
  /** This node's IPv4 address in the provisioning network. */
  readonly address: string;
  /** `10.78.0.0` and `255.255.255.0`. */
  readonly network: string;
  readonly netmask: string;
  /** TCP port of the boot scripts. */
  readonly port: number;
}

/** Only dnsmasq reads below it, and only the daemon writes. */
export const filesIn = (directory: string) => ({
  config: join(directory, 'dnsmasq.conf'),
  armed: join(directory, 'armed'),
  tftp: join(directory, 'tftp'),
});

/**
 * A proxy: addresses are the site's own DHCP server's business, this one only adds where to boot from, and only for
 * machines tagged `armed`. Everybody else gets silence, not a refusal.
 */
export function dnsmasqConfig(place: NetBootPlace, directory: string): string {
  const files = filesIn(directory);
  return [
    'port=0',
    'log-facility=-',
    `interface=${place.interface}`,
    'except-interface=lo',
    'bind-interfaces',
    'leasefile-ro',
    `dhcp-range=${place.network},proxy,${place.netmask}`,
    `dhcp-hostsdir=${files.armed}`,
    'dhcp-ignore=tag:!armed',
    'enable-tftp',
    `tftp-root=${files.tftp}`,
    'tftp-secure',
    'tftp-max=64',
    // iPXE sends option 175; firmware does not, and is given iPXE first.
    'dhcp-match=set:ipxe,175',
    `pxe-service=tag:!ipxe,x86PC,"Rekindle",${LOADERS.bios}`,
    `pxe-service=tag:!ipxe,X86-64_EFI,"Rekindle",${LOADERS.uefi}`,
    `pxe-service=tag:!ipxe,BC_EFI,"Rekindle",${LOADERS.uefi}`,
    // Without the address as third field iPXE gets an offer without a next server, and asks port 4011 until it gives up.
    `dhcp-boot=tag:ipxe,http://${place.address}:${place.port}/boot.ipxe,,${place.address}`,
    '',
  ].join('\n');
}

export const armedFile = (mac: string): string => mac.replaceAll(':', '-');
export const armedLine = (mac: string, armed: boolean): string => `${mac},set:${armed ? 'armed' : 'disarmed'}\n`;

/** What dnsmasq says when a machine asks where to boot from: one that was answered, or one that was not. */
export function askedToBoot(line: string): { readonly mac: string; readonly answered: boolean } | null {
  const found = /\bPXE\(\S+\) (?:\S+ )?([0-9a-f]{2}(?::[0-9a-f]{2}){5}) proxy(-ignored)?\b/.exec(line);
  return found && { mac: found[1]!, answered: found[2] === undefined };
}
