/** A process in the place of rekindled, so that `down` has one to end: `node rekindled.ts RUN NODE [deaf]`. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveApi } from '../../services/api-serve.ts';
import { testView } from '../api/fixture.ts';

const [run = '', node = '', deaf] = process.argv.slice(2);
const view = testView(node);
const close = await serveApi(view, { socket: join(run, 'api.sock'), port: null });
view.onShutDown = () => {
  if (deaf) throw new Error('busy');
  setImmediate(end, 'asked');
};
process.on('SIGTERM', () => void end('signalled'));
writeFileSync(join(run, 'rekindled.pid'), `${process.pid}\n`);
process.send?.('ready');

async function end(how: string): Promise<void> {
  await close();
  writeFileSync(join(run, 'ended'), how);
  rmSync(join(run, 'rekindled.pid'));
  process.exit(0);
}
