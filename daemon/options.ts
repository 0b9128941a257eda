import { Command } from 'commander';

export interface NodeOptions {
  readonly node: string;
  readonly cluster: string;
  readonly state: string;
  readonly run: string;
  readonly externalNats?: boolean;
  readonly natsServer?: string;
  readonly libvirtUri: string;
  readonly libvirtHooks: string;
  readonly libvirtRestart: string;
  readonly libvirtTransport: string;
}

const program = new Command('rekindled')
  .description('agent, voter, controller and API of one node')
  .requiredOption('--node <NAME>', 'which node of the cluster file this is')
  .option('--cluster <FILE>', 'cluster file', '/etc/rekindle/cluster.yaml')
  .option('--state <DIR>', 'what must survive a restart', '/var/lib/rekindle')
  .option('--run <DIR>', 'sockets and what must not survive a reboot', '/run/rekindle')
  .option('--external-nats', "use the nats-server that somebody else runs at this node's address")
  .option('--nats-server <PATH>', 'nats-server binary to run')
  .option('--libvirt-uri <URI>', 'hypervisor of this host', 'qemu:///system')
  .option('--libvirt-hooks <DIR>', 'where libvirt looks for its hooks', '/etc/libvirt/hooks')
  .option('--libvirt-restart <COMMAND>', 'restarts libvirt, words separated by blanks', 'systemctl restart libvirtd')
  .option(
    '--libvirt-transport <NAME>',
    'how hosts reach each other for migrations: tls (by the keys of the nodes), tcp or ssh',
    'tls',
  );

/** Prints help or what is wrong and exits, as commander does. */
export function parseOptions(argv: readonly string[]): NodeOptions {
  return program.parse(argv, { from: 'user' }).opts<NodeOptions>();
}
