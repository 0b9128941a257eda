#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { newEnough } from './newest-node.js';

if (await newEnough(import.meta.url)) {
  const source = new URL('../../daemon/rekindled.ts', import.meta.url);
  await import(existsSync(source) ? source.href : new URL('../../dist/daemon/rekindled.js', import.meta.url).href);
}
