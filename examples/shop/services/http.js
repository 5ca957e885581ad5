// What the three services share: a router in a dozen lines, and a client for JSON over HTTPS.
import { readFileSync } from 'node:fs';
import https from 'node:https';

/** An error that the caller should see with this status. */
export class HttpError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** `routes` maps `GET /orders/:id` to a function of `{ params, body }`, whose result is sent as JSON. */
export function router(routes) {
  const table = Object.entries(routes).map(([route, handler]) => {
    const [method, path] = route.split(' ');
    return { method, pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`), handler };
  });
  return async (request, response) => {
    const path = request.url.split('?')[0];
    const found = table.find(({ method, pattern }) => method === request.method && pattern.test(path));
    try {
      if (!found) throw new HttpError(404, `no route ${request.method} ${path}`);
      const params = found.pattern.exec(path).groups ?? {};
      const result = await found.handler({ params, body: await readJson(request) });
      send(response, 200, result);
    } catch (error) {
      send(response, error.status ?? 500, { error: error.message, code: error.code });
    }
  };
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
}

function send(response, status, value) {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}

/** Calls the payments service, which has a certificate of its own making; by the global agent, which keeps connections. */
export function callPayments(method, path, body, agent) {
  const options = {
    method,
    agent,
    ca: readFileSync(process.env.SHOP_CA),
    headers: { 'content-type': 'application/json' },
  };
  return new Promise((resolve, reject) => {
    const request = https.request(`${process.env.PAYMENTS_URL}${path}`, options, async (response) => {
      try {
        const answer = await readJson(response);
        if (response.statusCode < 400) resolve(answer);
        else reject(new HttpError(502, `payments answered ${response.statusCode}: ${answer.error}`));
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', (error) => {
      reject(
        Object.assign(new HttpError(502, `payments cannot be reached: ${error.message}`), {
          code: error.code,
        }),
      );
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Listens on PORT or, if that is taken, on another, and tells the address on stdout. */
export function listen(server, scheme) {
  server.once('listening', () => {
    console.log(`listening on ${scheme}://localhost:${server.address().port}`);
  });
  server.once('error', (error) => {
    if (error.code !== 'EADDRINUSE') throw error;
    server.listen(0);
  });
  server.listen(Number(process.env.PORT ?? 0));
}
