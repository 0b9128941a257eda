/**
 * While an image is built: FILE ARGS… runs a program to its end and writes what V8 made of it to FILE.v8. Node must run with
 * --predictable: which functions are in it, and in what order, depends on threads and chance otherwise.
 */
const { writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const start = require('./start.cjs');

const [, , file, ...args] = process.argv;
process.argv.splice(1, 2, file);
const { rekindle } = start(file, (script) =>
  process.on('exit', () => {
    // V8 takes it only where the flags are those it was made with: none.
    setFlagsFromString('--no-predictable');
    writeFileSync(`${file}.v8`, script.createCachedData());
  }),
);
rekindle?.(args);
