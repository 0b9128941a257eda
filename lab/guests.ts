/** The guests: their libvirt definition and their disks on the shared directory. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { cache, DISK_BYTES, GUEST_MEMORY_MIB, GUESTS, type LabGuest, scripts, shared } from './layout.ts';

const two = (n: number) => n.toString(16).padStart(2, '0');

export function definitionOf(guest: LabGuest): string {
  const uuid = `77000000-0000-4000-9000-0000000000${two(guest.number)}`;
  return `<domain type='qemu'>
  <name>${guest.name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${GUEST_MEMORY_MIB}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${join(cache, 'guest/vmlinuz')}</kernel>
    <initrd>${join(cache, 'guest/initrd.img')}</initrd>
    <cmdline>console=ttyS0 quiet panic=0 no_timer_check lab.name=${guest.name} lab.ip=${guest.address}/24</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='allow'>qemu64</model></cpu>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>${join(scripts, 'qemu.sh')}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source file='${guest.disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='bridge'>
      <mac address='52:54:00:77:00:${two(guest.number)}'/>
      <source bridge='br0'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <serial type='file'>
      <source path='${join(shared, `${guest.name}.serial`)}' append='on'/>
      <target port='0'/>
    </serial>
    <memballoon model='none'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <panic model='isa'/>
  </devices>
</domain>
`;
}

export async function makeDisks(): Promise<void> {
  for (const guest of GUESTS) {
    const file = await open(guest.disk, 'w');
    await file.truncate(DISK_BYTES);
    await file.close();
  }
}
