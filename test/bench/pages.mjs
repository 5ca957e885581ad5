// node test/bench/pages.mjs [major …] [--all]: how long the event loop is held up while each page is made, at the most,
// with 200 full families and a trace of 5,000 spans; and what the first page weighs. Needs a build.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { nodeBinary } from '../../scripts/workspace.mjs';

const PROGRAM = fileURLToPath(new URL('./programs/pages-server.mjs', import.meta.url));
const MOST_MILLIS = 10;
/** The least of so many: a machine that does other work holds up everything now and then. */
const ROUNDS = 7;
const SUFFIXES = ['.json', '.txt', '.md', '.otlp.json', '.perfetto.json', '.otlp.jsonl'];

const kB = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;

const majors = process.argv.slice(2).map(Number).filter(Boolean);
for (const major of majors.length > 0 ? majors : [24]) await measureUnder(major);

async function measureUnder(major) {
  const server = await startServer(nodeBinary(major));
  try {
    const pages = await findPages(server);
    const rows = [];
    for (const page of pages) rows.push({ page, ...(await measurePage(server, page)) });
    rows.sort((a, b) => b.millis - a.millis);
    const shown = process.argv.includes('--all') ? rows : rows.slice(0, 10);
    console.log(`Node ${major}: ${rows.length} pages and forms, the longest first`);
    for (const { bytes, millis, page, took } of shown) {
      const verdict = millis <= MOST_MILLIS ? '' : '  over';
      console.log(
        `${millis.toFixed(1).padStart(7)} ms of ${took.toFixed(0).padStart(5)}  ${kB(bytes)}  ${page}${verdict}`,
      );
    }
    await weighFirstPage(server);
  } finally {
    server.stop();
  }
}

async function weighFirstPage({ fetch }) {
  const parts = ['/debug/requests', '/debug/sonde.css', '/debug/sonde.js'];
  const bodies = await Promise.all(parts.map((path) => fetch(path)));
  const gzipped = bodies.map(({ body }) => gzipSync(body).length);
  const sum = gzipped.reduce((a, b) => a + b);
  console.log(
    `first page, gzipped: ${kB(sum)} (${parts.map((path, i) => `${path} ${kB(gzipped[i])}, raw ${kB(bodies[i].body.length)}`).join('; ')})`,
  );
}

/** One of each kind: paths without their ids, with the names of what is asked; and each in every form. */
async function findPages({ fetch, largest }) {
  const found = new Map();
  const open = ['/debug/', `/debug/requests/trace/${largest}`];
  for (let path = open.shift(); path !== undefined; path = open.shift()) {
    const kind = kindOf(path, largest);
    if (found.has(kind)) continue;
    found.set(kind, path);
    const { body, type } = await fetch(path);
    if (!type.startsWith('text/html')) continue;
    for (const [, href] of body.toString().matchAll(/href="([^"]+)"/g)) {
      const { pathname, search } = new URL(href.replaceAll('&amp;', '&'), `http://host${path}`);
      if (pathname.startsWith('/debug/')) open.push(pathname + search);
    }
  }
  for (const path of [...found.values()]) {
    const [pathname, search = ''] = path.split('?');
    for (const suffix of SUFFIXES) {
      const form = `${pathname}${suffix}${search && `?${search}`}`;
      if (pathname.endsWith('/') || found.has(kindOf(form, largest))) continue;
      if ((await fetch(form)).status === 200) found.set(kindOf(form, largest), form);
    }
  }
  return [...found.values()];
}

function kindOf(path, largest) {
  const { pathname, searchParams } = new URL(path, 'http://host');
  const asked = [...searchParams].map(([name, value]) =>
    /^(fam|[ab]|q)$/.test(name) && name !== 'b' ? name : `${name}=${value}`,
  );
  return `${pathname.replace(largest, 'largest').replace(/[0-9a-f]{32}/, 'id')}?${asked.sort()}`;
}

async function measurePage({ ask, fetch }, page) {
  let millis = Infinity;
  let took = Infinity;
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await ask('watch');
    const before = performance.now();
    ({ length: bytes } = (await fetch(page)).body);
    took = Math.min(took, performance.now() - before);
    millis = Math.min(millis, (await ask('end')).longest);
  }
  return { bytes, millis, took };
}

async function startServer(binary) {
  const child = fork(PROGRAM, [], {
    execPath: binary,
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const answer = () =>
    new Promise((resolve, reject) => {
      const onExit = (code) => reject(new Error(`the server of pages ended with ${code}`));
      child.once('exit', onExit);
      child.once('message', (message) => {
        child.off('exit', onExit);
        resolve(message);
      });
    });
  const { largest, port } = await answer();
  return {
    largest,
    ask(what) {
      const answered = answer();
      child.send(what);
      return answered;
    },
    async fetch(path) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(20_000),
      });
      const body = Buffer.from(await response.arrayBuffer());
      return { body, status: response.status, type: response.headers.get('content-type') ?? '' };
    },
    stop: () => child.disconnect(),
  };
}
