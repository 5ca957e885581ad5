// What stands between Node and the script where a process manager runs it.
const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

const script = resolve(process.env.SCRIPT);
process.argv[1] = script;
process.once('disconnect', () => process.exit());
if (script.endsWith('.mjs')) import(pathToFileURL(script));
else require(script);
