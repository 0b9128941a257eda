/** Where the parts of this installation are: the same two levels up in the source tree and in dist/. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const built = join(here, '..', '..', 'package.json');

/** The directory of package.json. */
export const root = existsSync(join(here, '..', 'package.json')) ? join(here, '..') : join(built, '..');
export const rekindledFile = join(root, 'cli/bin/rekindled.js');
