// `npm test`: types, lint, every test, every lab drill; ends with one line `N passed, N failed`.
//   npm test -- --no-drills      without the lab
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { remedy, root, setup } from './setup.mjs';

const results = [];
const record = (name, passed, failed, startedMs) => {
  results.push({ name, passed, failed });
  const took = `${((Date.now() - startedMs) / 1000).toFixed(0)} s`;
  console.log(`${failed === 0 ? 'ok    ' : 'FAILED'} ${name} (${passed} passed, ${failed} failed, ${took})`);
};

/** Resolves with exit code and output; `loud`: output is shown as it comes. */
function run(command, args, { loud = false, timeoutMs = 900_000 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', loud ? 'inherit' : 'pipe', loud ? 'inherit' : 'pipe'],
      env: {
        ...process.env,
        PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
        ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
      },
      timeout: timeoutMs,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

async function step(name, command, args) {
  const startedMs = Date.now();
  const { code, output } = await run(command, args);
  if (code !== 0) console.log(output.trim());
  record(name, code === 0 ? 1 : 0, code === 0 ? 0 : 1, startedMs);
}

async function tests() {
  const startedMs = Date.now();
  const file = join(root, '.lab/vitest.json');
  mkdirSync(join(root, '.lab'), { recursive: true });
  rmSync(file, { force: true });
  const { code } = await run('vitest', ['run', '--reporter=dot', '--reporter=json', `--outputFile.json=${file}`], {
    loud: true,
  });
  let passed = 0;
  let failed = 0;
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
    passed = numPassedTests;
    // A file that cannot even be loaded has no failed test of its own.
    failed = numFailedTests || numFailedTestSuites;
  } catch (error) {
    console.log(`vitest left no report: ${error.message}`);
  }
  record('tests', passed, failed || (code === 0 ? 0 : 1), startedMs);
}

const drills = join(root, 'lab/drills');
/** Those that install a machine: `npm run lab -- drill NAME`. */
const onDemand = (name) => readFileSync(join(drills, `${name}.ts`), 'utf8').includes('reinstalled({');

/** Right or wrong is judged here; how fast is measured by `npm run lab -- drill NAME --runs 10`, on a quiet machine. */
async function drill(name) {
  const startedMs = Date.now();
  const { code, output } = await run('node', ['lab/lab.ts', 'drill', name, '--untimed'], { timeoutMs: 300_000 });
  if (code !== 0) console.log(output.trim());
  record(`drill ${name}`, code === 0 ? 1 : 0, code === 0 ? 0 : 1, startedMs);
}

let missing = [];
try {
  missing = setup();
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
await step('types', 'tsc', ['-p', '.']);
await step('lint and format', join(root, 'node_modules/@biomejs/cli-linux-x64/biome'), ['check', '.']);
await tests();
if (process.argv.includes('--no-drills')) console.log('drills: left out');
else if (process.getuid() !== 0) console.log('drills: left out, the lab needs root');
else if (missing.length > 0) {
  console.log(`drills: ${remedy(missing)}`);
  results.push({ name: 'drills', passed: 0, failed: 1 });
} else {
  const names = readdirSync(drills).map((file) => file.replace(/\.ts$/, ''));
  for (const name of names.sort().filter((name) => !onDemand(name))) await drill(name);
  console.log(`drills left out, for they take minutes: ${names.filter(onDemand).join(', ')}`);
}

const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
for (const { name, failed } of results) if (failed > 0) console.log(`failed: ${name}`);
console.log(`${total('passed')} passed, ${total('failed')} failed`);
process.exitCode = total('failed') === 0 ? 0 : 1;
