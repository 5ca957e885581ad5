import { join } from 'node:path';

/**
 * From where the exporter is looked for, which is never loaded before it is needed: beside Sonde or, in a program that is
 * one CommonJS file and has no `import.meta.url`, beside that.
 */
export const HERE: string = import.meta.url ?? process.argv[1] ?? join(process.cwd(), 'package.json');
