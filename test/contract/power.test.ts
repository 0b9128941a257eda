import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fenceAgentSwitch } from '../../adapters/power/fence-agent.ts';
import { ipmiSwitch } from '../../adapters/power/ipmi.ts';
import { redfishSwitch } from '../../adapters/power/redfish.ts';
import type { PowerSwitch } from '../../services/ports.ts';
import { createBmc } from '../../sim/bmc.ts';
import { MODEL } from '../../sim/model.ts';
import { createProcess } from '../../sim/process.ts';
import { createRandom } from '../../sim/random.ts';
import { createScheduler } from '../../sim/scheduler.ts';
import { dummy, overLan } from '../power/agents.ts';
import { type Bmc, startBmc } from '../power/bmc.ts';
import { startRedfishBmc } from '../power/redfish-bmc.ts';
import { type PowerHarness, powerContract } from './power.ts';
import { really, virtually } from './time.ts';

async function simulated(): Promise<PowerHarness> {
  const scheduler = createScheduler();
  let runs = true;
  const bmc = createBmc('bmc h1', { readingsApartMs: 1_000 }, scheduler, createRandom(1), MODEL, {
    isOn: () => runs,
    netBoot() {},
    set(on) {
      runs = on;
    },
  });
  const modes = { well: 'alive', silent: 'dead', ignores: 'ignores', slow: 'slow' } as const;
  return {
    ...virtually(scheduler),
    power: bmc.switchFor(createProcess(scheduler)),
    timeoutMs: 5_000,
    says: 'failed',
    machineRuns: () => runs,
    be: (mode) => bmc.setMode(modes[mode]),
    async end() {},
  };
}

/** Slow enough for a busy machine, and shorter than the slowness of a slow BMC. */
const TIMEOUT_MS = 4_000;

const real = (says: PowerHarness['says'], switchOf: (bmc: Bmc) => PowerSwitch) => async (): Promise<PowerHarness> => {
  const bmc = await startBmc();
  return {
    ...really,
    power: switchOf(bmc),
    timeoutMs: TIMEOUT_MS,
    says,
    machineRuns: bmc.machineRuns,
    be(mode) {
      if (mode === 'silent') bmc.freeze();
      else bmc.thaw();
      bmc.lie(mode === 'ignores');
      bmc.dawdle(mode === 'slow' ? 2 * TIMEOUT_MS : 0);
    },
    end: bmc.stop,
  };
};

async function redfish(): Promise<PowerHarness> {
  const bmc = await startRedfishBmc();
  const modes = {
    well: {},
    silent: { silent: true },
    ignores: { ignores: true },
    slow: { slowMs: 2 * TIMEOUT_MS, state: null },
  };
  return {
    ...really,
    power: redfishSwitch(bmc.spec({ timeoutMs: TIMEOUT_MS })),
    timeoutMs: TIMEOUT_MS,
    says: 'failed',
    machineRuns: () => bmc.isOn(),
    be: (mode) => bmc.be(modes[mode]),
    end: bmc.stop,
  };
}

/** The file in which the agent keeps the state stands for the machine. */
async function fenceDummy(): Promise<PowerHarness> {
  const bmc = await startBmc();
  const file = join(bmc.directory, 'dummy');
  writeFileSync(file, 'on');
  return {
    ...really,
    power: fenceAgentSwitch(dummy({ status_file: file, power_wait: '0' })),
    timeoutMs: 5_000,
    says: 'failed',
    machineRuns: () => existsSync(file) && readFileSync(file, 'utf8') === 'on',
    end: bmc.stop,
  };
}

powerContract('simulated', simulated);
powerContract(
  'real, ipmi',
  real('failed', (bmc) => ipmiSwitch(bmc.spec({ timeoutMs: TIMEOUT_MS }))),
);
powerContract(
  'real, fence_ipmilan',
  real('unknown', (bmc) => fenceAgentSwitch(overLan(bmc, { timeoutMs: TIMEOUT_MS }))),
);
powerContract('real, redfish', redfish);
powerContract('real, fence_dummy', fenceDummy, false);
