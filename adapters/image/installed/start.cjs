/**
 * Runs FILE with what V8 had made of it when the image was built (FILE.v8). V8 takes that for the very same version of
 * itself, and else makes it anew. A CommonJS script: of ES modules Node keeps nothing that it takes on another processor.
 */
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { dirname } = require('node:path');
const { constants, Script } = require('node:vm');

/** `compiled` gets the script before it runs. */
module.exports = (file, compiled = () => {}) => {
  const text = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
  const script = new Script(text, {
    filename: file,
    cachedData: kept(`${file}.v8`),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  compiled(script);
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return module.exports;
};

function kept(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
