#!/usr/bin/env node
/**
 * `sonde open <file>`: the pages of a store that was saved from `/debug/download`, for this machine alone.
 *
 * @module
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { debugHandler, readDownload } from '@sonde/debug';

const USAGE = 'usage: sonde open [--port <port>] <file saved from /debug/download>';

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const { file, port } = readArguments();
  const download = await readDownload(file);
  if (download.leftOut > 0) {
    console.error(`sonde: ${download.leftOut} parts of ${file} could not be read and are left out`);
  }
  const debug = debugHandler({ download });
  const server = createServer((request, response) => {
    if (debug(request, response)) return;
    // Not for good: browsers would remember it for whatever serves this port next.
    response.writeHead(302, { Location: '/debug/requests' }).end();
  });
  server.on('error', ({ message }) => {
    console.error(`sonde: the pages cannot be served: ${message}`);
    process.exitCode = 1;
  });
  server.listen(port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    console.log(`${download.process.service} · http://localhost:${port}/debug/requests · Ctrl-C ends it`);
  });
}

function readArguments(): { file: string; port: number } {
  let given: ReturnType<typeof parse>;
  try {
    given = parse();
  } catch (error) {
    throw new Error(`sonde: ${(error as Error).message}\n${USAGE}`);
  }
  const [command, file, ...more] = given.positionals;
  if (command !== 'open' || file === undefined || more.length > 0) throw new Error(USAGE);
  const port = Number(given.values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`sonde: --port is "${given.values.port}", expected a number from 0 to 65535\n${USAGE}`);
  }
  return { file, port };
}

function parse() {
  return parseArgs({ allowPositionals: true, options: { port: { type: 'string', default: '0' } } });
}
