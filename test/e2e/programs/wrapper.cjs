// What stands between Node and the script where a process manager runs it.
const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

const script = resolve(process.env.SCRIPT);
process.argv[1] = script;
// It ends with its manager, also if that is gone already.
process.once('disconnect', () => process.exit());
if (!process.connected) process.exit();
if (script.endsWith('.mjs')) import(pathToFileURL(script));
else require(script);
