import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { fail } from '../../services/errors.ts';
import { type Register, wholeNumber } from '../cli.ts';
import { type DrillOptions, giveDrill } from '../drill/give.ts';
import { root } from '../installation.ts';

const drills = join(root, 'lab/drills');
const labSocket = join(root, '.lab/run/lab.sock');

export const drill: Register = (program, cli) => {
  program
    .command('drill')
    .description('list the rehearsed failures, rehearse one in the lab, or a story on this cluster')
    .argument('[NAME]', 'which one; FILE.story: a story, told on this cluster; without it they are listed')
    .option('--arm <HASH>', 'do it: the hash that was printed without this')
    .option('--as <NAME=NAME>', 'what the story calls so is called so here; may be repeated', renaming, new Map())
    .option('--allowance <SECONDS>', 'so much later than the story expects is in time', wholeNumber, 10)
    .action(async (name: string | undefined, _options, command) => {
      const globals = cli.options<DrillOptions & { allowance: number }>(command);
      if (name?.endsWith('.story')) return giveDrill(cli, { ...globals, allowanceMs: globals.allowance * 1_000 }, name);
      const names = existsSync(drills) ? drillNames() : [];
      if (name === undefined) {
        const how = 'Rehearse one in the lab: npm run lab -- up, then: rekindle drill NAME';
        return cli.print(
          globals,
          { drills: names },
          names.length > 0 ? [...names, '', how] : ['no drills are installed here'],
        );
      }
      if (names.length === 0) fail('LAB_DOWN', { missing: `no ${drills}` });
      if (!names.includes(name)) fail('UNKNOWN_SUBJECT', { subject: `drill ${name}`, known: names.join(', ') });
      if (!existsSync(labSocket)) fail('LAB_DOWN', { missing: `no ${labSocket}` });
      const args = ['run', '--silent', 'lab', '--', 'drill', name, ...(globals.json ? ['--json'] : [])];
      const run = spawn('npm', args, { cwd: root, stdio: 'inherit' });
      const [code] = (await once(run, 'exit')) as [number | null];
      process.exitCode = code ?? 1;
    });
};

function renaming(value: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [, from, to] = /^([a-z0-9-]+)=([a-z0-9-]+)$/.exec(value) ?? [];
  if (from === undefined || to === undefined) throw new InvalidArgumentError('Write NAME=NAME, such as h1=shelf-3.');
  return new Map([...before, [from, to]]);
}

function drillNames(): string[] {
  return readdirSync(drills)
    .filter((file) => /^[a-z0-9-]+\.(ts|js|drill)$/.test(file))
    .map((file) => file.replace(/\.\w+$/, ''))
    .sort();
}
