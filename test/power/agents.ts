import { type FenceAgentSpec, powerSchema } from '../../machines/spec.ts';
import type { Bmc } from './bmc.ts';

/** As the cluster file would have it. */
export const agent = (
  spec: Omit<FenceAgentSpec, 'kind' | 'level' | 'parameters' | 'secretFiles' | 'readingsApartMs' | 'timeoutMs'> &
    Partial<FenceAgentSpec>,
) => powerSchema.parse({ ...spec, kind: 'fence-agent' }) as FenceAgentSpec;

/** fence_ipmilan towards the BMC. */
export const overLan = (bmc: Bmc, changes: Partial<FenceAgentSpec> = {}) =>
  agent({
    agent: 'fence_ipmilan',
    parameters: {
      ip: '127.0.0.1',
      ipport: String(bmc.port),
      username: 'admin',
      lanplus: '1',
      cipher: '3',
      power_wait: '0',
    },
    secretFiles: { password: bmc.spec().passwordFile },
    ...changes,
  });

export const dummy = (parameters: Record<string, string>, changes: Partial<FenceAgentSpec> = {}) =>
  agent({ agent: 'fence_dummy', parameters, ...changes });
