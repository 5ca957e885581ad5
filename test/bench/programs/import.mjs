// Prints the milliseconds that some modules take once the api is there. Arguments: the api, then the modules, as URLs.
const [api, ...modules] = process.argv.slice(2);
await import(api);
const start = performance.now();
for (const module of modules) await import(module);
console.log(performance.now() - start);
