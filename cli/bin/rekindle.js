#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { newEnough } from './newest-node.js';

if (await newEnough(import.meta.url)) {
  const source = new URL('../rekindle.ts', import.meta.url);
  const { rekindle } = await import(
    existsSync(source) ? source.href : new URL('../../dist/cli/rekindle.js', import.meta.url).href
  );
  const code = await rekindle(process.argv.slice(2));
  // A command that runs another program has set it already.
  if (code !== 0) process.exitCode = code;
}
