import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../services/errors.ts';
import type { Register } from '../cli.ts';
import { root } from '../installation.ts';

const drills = join(root, 'lab/drills');
const labSocket = join(root, '.lab/run/lab.sock');

export const drill: Register = (program, cli) => {
  program
    .command('drill')
    .description('list the rehearsed failures, or rehearse one in the lab')
    .argument('[NAME]', 'which one; without it they are listed')
    .action(async (name: string | undefined, _options, command) => {
      const globals = cli.options(command);
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

function drillNames(): string[] {
  return readdirSync(drills)
    .filter((file) => /^[a-z0-9-]+\.(ts|js|drill)$/.test(file))
    .map((file) => file.replace(/\.\w+$/, ''))
    .sort();
}
