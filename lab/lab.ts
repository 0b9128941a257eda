/** `npm run lab -- …`: real hosts on one Linux box, and everything that can happen to them. */
import { spawn } from 'node:child_process';
import { Command, Option } from 'commander';
import { RekindleError } from '../services/errors.ts';
import { type LabStatus, labFault, labStatus } from './client.ts';
import { runsInFreshLab } from './drill/command.ts';
import type { DrillReport } from './drill/drill.ts';
import { drillNames, loadDrill } from './drill/load.ts';
import { summaryOf, tell, tellSummary } from './drill/tell.ts';
import { FAULTS } from './faults.ts';
import { type Firmware, isLayout, LAYOUTS, run } from './layout.ts';
import { ALLOWANCE_MS, tellInLab } from './stories/command.ts';
import { end, inside, up } from './world.ts';

const program = new Command('lab')
  .description(
    'Real hosts on one Linux box: network, process and mount namespaces with libvirt, QEMU, NATS and an IPMI BMC each.',
  )
  .showHelpAfterError()
  .enablePositionalOptions();

async function needLab(): Promise<LabStatus> {
  const status = await labStatus();
  if (!status) throw new Error('no lab is up; "npm run lab -- up" brings it up');
  return status;
}

/** Runs a command with this terminal and ends with its code. */
function become([command, ...args]: [string, ...string[]]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => {
      process.exitCode = code ?? 1;
      resolve();
    });
  });
}

/**
 * Runs to the end, or until a signal ends the lab: that has a session of its own, which no signal of a terminal reaches.
 */
async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const interrupted = () => {
    if (!stop.signal.aborted) void end().catch(() => {});
    stop.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupted);
  await work(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  if (!stop.signal.aborted) return;
  await end();
  process.exit(130);
}

async function onNode(name: string, command: readonly string[]): Promise<void> {
  const node = (await needLab()).nodes.find((one) => one.name === name);
  if (!node?.init) throw new Error(node ? `${name} is off` : `no node "${name}"`);
  await become(inside(node.init, command));
}

program
  .command('up')
  .description('bring the lab up; it stays until "down"')
  .option('--layout <name>', Object.keys(LAYOUTS).join(' or '), 'three')
  .option('--plain', 'without Rekindle: guests are started by hand')
  .option('--foreground', 'stay, and end the lab with Ctrl-C')
  .action(async ({ layout, plain, foreground = false }: { layout: string; plain?: boolean; foreground?: boolean }) => {
    if (!isLayout(layout)) throw new Error(`no layout "${layout}"; there are ${Object.keys(LAYOUTS).join(', ')}`);
    await interruptible(async (signal) => {
      await up({ layout, mode: plain ? 'plain' : 'rekindle', attached: foreground, say: console.log, signal });
      console.log(
        `The lab is up; its files are in ${run}. ${foreground ? 'Ctrl-C ends it.' : '"npm run lab -- down" ends it.'}`,
      );
      if (foreground) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
  });

program
  .command('down')
  .description('end the lab; nothing is left behind')
  .action(async () => console.log((await end()) ? 'The lab is down.' : 'No lab was up.'));

program
  .command('status')
  .description('what is on, what is broken, where guests run')
  .option('--json')
  .action(async ({ json }: { json?: boolean }) => {
    const status = await needLab();
    if (json) return console.log(JSON.stringify(status));
    console.log(`layout ${status.layout}, ${status.phase}`);
    for (const node of status.nodes) {
      console.log(
        `${node.name}  ${node.power}${node.bmc ? `, BMC ${node.bmc}` : ''}${node.network.map((one) => `, ${one}`).join('')}`,
      );
    }
    for (const guest of status.guests)
      console.log(`${guest.name}  ${guest.address}  on ${guest.on.join(' and ') || 'no host'}`);
  });

program
  .command('fault')
  .description('break something')
  .argument('<name>')
  .argument('[args...]')
  .option('--json', 'one JSON object; stands before the name')
  .passThroughOptions()
  .addHelpText(
    'after',
    `\nFaults:\n${Object.entries(FAULTS)
      .map(([name, { args, about }]) => `  ${`${name} ${args}`.padEnd(24)} ${about}`)
      .join('\n')}`,
  )
  .action(async (name: string, args: string[], { json }: { json?: boolean }) => {
    await needLab();
    const done = await labFault(name, args);
    console.log(json ? JSON.stringify(done) : `${name} ${args.join(' ')} at ${done.atMs}, took ${done.tookMs} ms`);
  });

interface DrillOptions {
  readonly json?: boolean;
  readonly runs: string;
  readonly untimed?: boolean;
  readonly firmware: Firmware;
  readonly oneLab?: boolean;
}

program
  .command('drill')
  .description('rehearse a failure in a lab of its own; without a name, list them')
  .argument('[name]')
  .option('--json', 'one JSON object')
  .option('--runs <n>', 'so often, then medians', '1')
  .option('--one-lab', 'all runs in the same lab: what has been brought back is damaged again')
  .option('--untimed', 'judge what happened, not how fast: for machines whose speed nobody knows')
  .addOption(new Option('--firmware <name>', 'of its bare machine').choices(['uefi', 'bios']).default('uefi'))
  .action(async (name: string | undefined, options: DrillOptions) => {
    if (name === undefined) {
      for (const known of drillNames()) console.log(`${known.padEnd(26)} ${(await loadDrill(known)).about}`);
      return;
    }
    const runs = Number(options.runs);
    if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs is a whole number from 1 on, not ${options.runs}`);
    const reports: DrillReport[] = [];
    const tellAll = () => {
      const summary = summaryOf(name, reports);
      if (options.json) console.log(JSON.stringify(runs === 1 ? reports[0] : summary));
      else if (runs > 1) console.log(tellSummary(summary));
      if (summary.ok < runs) process.exitCode = 1;
    };
    await interruptible(async (signal) => {
      const say = options.json ? () => {} : console.log;
      const labs = options.oneLab ? 1 : runs;
      for (let lab = 0; lab < labs; lab++)
        for await (const report of runsInFreshLab(name, { ...options, signal }, runs / labs, say)) {
          reports.push(report);
          if (!options.json) console.log(tell(report).join('\n'));
        }
    }).catch((error: unknown) => {
      // What was measured before is worth something without the rest.
      if (reports.length > 0) tellAll();
      throw error;
    });
    tellAll();
  });

program
  .command('story')
  .description('tell a story of drills/ with real hosts, in a lab of its own')
  .argument('<file>', 'a story file, or the name of one in drills/')
  .option('--json', 'one JSON object')
  .option('--allowance <seconds>', 'so much later than expected is in time', String(ALLOWANCE_MS / 1_000))
  .action(async (file: string, options: { json?: boolean; allowance: string }) => {
    const allowanceMs = Number(options.allowance) * 1_000;
    if (!(allowanceMs >= 0)) throw new Error(`--allowance is a number of seconds, not ${options.allowance}`);
    await interruptible(async (signal) => {
      const result = await tellInLab(file, allowanceMs, options.json ? () => {} : console.log, signal);
      if (options.json) console.log(JSON.stringify(result));
      else {
        for (const { line, what } of result.problems) console.log(`        line ${line}: ${what}`);
        console.log(`${result.passed ? 'passed' : 'FAILED'}  ${file}`);
      }
      if (!result.passed) process.exitCode = 1;
    });
  });

program
  .command('exec')
  .description('run a command on a node')
  .argument('<node>')
  .argument('<command...>')
  .passThroughOptions()
  .action((node: string, command: string[]) => onNode(node, command));

program
  .command('shell')
  .description('a shell on a node')
  .argument('<node>')
  .action((node: string) => onNode(node, ['bash', '-i']));

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof RekindleError) console.error(`[${error.code}] ${error.todo}`);
  process.exitCode = error instanceof RekindleError ? error.exit : 1;
});
