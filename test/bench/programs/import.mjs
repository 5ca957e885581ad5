// Prints the milliseconds that some packages take once the api is there. Arguments: their names. All by name, as a program
// imports them: the first name that a process looks up costs Node a millisecond, whoever is called so.
const names = process.argv.slice(1);
await import('@opentelemetry/api');
const start = performance.now();
for (const name of names) await import(name);
console.log(performance.now() - start);
